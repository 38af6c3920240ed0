"""The use case of a pool quote: base, pool and parts from what the caller says. Nothing is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kit.errors import FieldError, ValidationFailedError
from loans_svc.reward_pools.domain import (
    Base,
    Cancellation,
    Disbursement,
    Parts,
    Recipient,
    Role,
    base_of,
    find_faults,
    find_lending_faults,
    net_base,
    pool_of,
    share_pool,
)
from loans_svc.rules.domain import Catalogue, RewardScheme


@dataclass(frozen=True, slots=True)
class Lending:
    """A year's new lending of one recipient, in fen."""

    recipient: str
    disbursed_fen: int
    cancelled_fen: int


@dataclass(frozen=True, slots=True)
class PoolOrder:
    """What is asked; lending either entry by entry or summed by recipient, None where not given.

    Attributes:
        weights: by position of the recipient; None = its net lending.
    """

    year: int
    unit: str
    scheme: str
    given_pool_fen: int | None
    disbursements: Sequence[Disbursement] | None
    cancellations: Sequence[Cancellation]
    lending: Sequence[Lending] | None
    brought_forward_fen: int
    roles: Sequence[Role]
    recipients: Sequence[tuple[str, str]]
    weights: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class PoolQuote:
    """Base, pool and parts; `recipients` carry the weights that were used."""

    order: PoolOrder
    scheme: RewardScheme
    base: Base
    pool_fen: int
    recipients: Sequence[Recipient]
    parts: Parts

    @property
    def is_scheme_in_force(self) -> bool:
        """All year long."""
        return self.scheme.is_in_force_all(self.order.year)


def quote_reward_pool(order: PoolOrder, catalogue: Catalogue) -> PoolQuote:
    """The pool of a year and place, and each recipient's part of it.

    Raises:
        ValidationFailedError: unknown scheme, contradictory lending, or weights that leave money unallocated.
    """
    scheme = catalogue.reward_schemes.get(order.scheme)
    if scheme is None:
        known = "、".join(catalogue.reward_schemes)
        raise ValidationFailedError(
            errors=[FieldError("/scheme", "UNKNOWN_CODE", f"没有这个奖补办法代码；可用的代码：{known}。")]
        )
    net = _net_lending(order.lending or ())
    _refuse([*_order_faults(order, scheme, net)])
    recipients = [
        Recipient(name, role, weight if weight is not None else max(0, net[name]))
        for (name, role), weight in zip(order.recipients, order.weights, strict=True)
    ]
    _refuse([*find_faults(order.roles, recipients)])
    base = _base(order)
    pool = order.given_pool_fen if scheme.rate_ppm is None else pool_of(base.base_fen, scheme.rate_ppm)
    return PoolQuote(order, scheme, base, pool or 0, recipients, share_pool(pool or 0, order.roles, recipients))


def _refuse(faults: list[FieldError]) -> None:
    if faults:
        raise ValidationFailedError(errors=faults)


def _net_lending(lending: Sequence[Lending]) -> Mapping[str, int]:
    return {entry.recipient: entry.disbursed_fen - entry.cancelled_fen for entry in lending}


def _base(order: PoolOrder) -> Base:
    if order.lending is None:
        return base_of(order.year, order.disbursements or (), order.cancellations, order.brought_forward_fen)
    disbursed = sum(entry.disbursed_fen for entry in order.lending)
    cancelled = sum(entry.cancelled_fen for entry in order.lending)
    return net_base(disbursed, cancelled, order.brought_forward_fen)


def _order_faults(order: PoolOrder, scheme: RewardScheme, net: Mapping[str, int]) -> Iterator[FieldError]:
    if order.lending is None and order.disbursements is None and scheme.rate_ppm is not None:
        yield FieldError("/disbursements", "REQUIRED", "请填写逐笔发放（disbursements），或各单位合计（lending）。")
    if order.lending is not None and (order.disbursements is not None or order.cancellations):
        yield FieldError("/lending", "GIVEN_TWICE", "逐笔发放与各单位合计只能填写一种，请删去其中一种。")
    if len(net) < len(order.lending or ()):
        yield FieldError("/lending", "DUPLICATE_RECIPIENT", "同一单位只能填写一次，请合并后再试。")
    if scheme.rate_ppm is None and order.given_pool_fen is None:
        yield FieldError("/pool", "REQUIRED", "此办法的总额由上级下达，请填写下达金额。")
    if scheme.rate_ppm is not None and order.given_pool_fen is not None:
        yield FieldError("/pool", "NOT_APPLICABLE", "此办法的总额按新发放额计算，请删去这一项。")
    for i, ((name, _), weight) in enumerate(zip(order.recipients, order.weights, strict=True)):
        if weight is None and name not in net:
            yield FieldError(f"/recipients/{i}/weight", "REQUIRED", "请填写权重，或在 lending 中填写该单位的发放额。")
    yield from find_lending_faults(order.disbursements or (), order.cancellations)
