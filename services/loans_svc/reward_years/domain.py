"""From stored lending to a year's pool and its parts (loans design S23–S26)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from loans_svc.reward_pools.domain import Base, Parts, Recipient, Role, net_base, pool_of, share_pool

CITY = "ZZ"


class RewardRole(StrEnum):
    """Who is rewarded (郑政〔2018〕31号（十）); the members are those that appear in the year's loans."""

    BANK = "BANK"
    FUND_OPERATOR = "FUND_OPERATOR"
    HR_OFFICE = "HR_OFFICE"


@dataclass(frozen=True, slots=True)
class Lending:
    """New lending of the year, or its cancellation (negative), in fen, with those who had a hand in it."""

    bank: str
    fund: str
    unit: str
    amount_fen: int

    def member(self, role: RewardRole) -> str:
        """Who of a role it is to the credit of."""
        return {RewardRole.BANK: self.bank, RewardRole.FUND_OPERATOR: self.fund, RewardRole.HR_OFFICE: self.unit}[role]


@dataclass(frozen=True, slots=True)
class YearPool:
    """A year's pool, shared out."""

    base: Base
    pool_fen: int
    roles: tuple[Role, ...]
    recipients: tuple[Recipient, ...]
    parts: Parts


def compute_year(
    lending: Sequence[Lending],
    weights: Mapping[RewardRole, int],
    rate_ppm: int | None,
    brought_forward_fen: int,
    given_pool_fen: int = 0,
) -> YearPool:
    """Base, pool and parts; a recipient's weight is its net new lending, never negative.

    Args:
        weights: of the roles, from a dated and confirmed row; at least one is positive.
        rate_ppm: of the base; None where the amount comes from above (CENTRAL_AWARD_75, loans design §1.9).
        brought_forward_fen: cancellations that the year before could not deduct.
        given_pool_fen: the amount from above.

    Raises:
        ValueError: money came from above for a year in which nobody lent; it stays unallocated (S16).
    """
    disbursed = sum(entry.amount_fen for entry in lending if entry.amount_fen > 0)
    cancelled = -sum(entry.amount_fen for entry in lending if entry.amount_fen < 0)
    base = net_base(disbursed, cancelled, brought_forward_fen)
    pool = given_pool_fen if rate_ppm is None else pool_of(base.base_fen, rate_ppm)
    roles = tuple(Role(role.value, weights[role]) for role in RewardRole)
    recipients = tuple(_recipients(lending))
    if pool == 0:
        return YearPool(base, 0, roles, recipients, Parts((0,) * len(roles), (0,) * len(recipients)))
    return YearPool(base, pool, roles, recipients, share_pool(pool, roles, recipients))


def _recipients(lending: Sequence[Lending]) -> Sequence[Recipient]:
    sums: defaultdict[tuple[RewardRole, str], int] = defaultdict(int)
    for entry in lending:
        for role in RewardRole:
            sums[role, entry.member(role)] += entry.amount_fen
    order = list(RewardRole)
    keys = sorted(sums, key=lambda key: (order.index(key[0]), key[1]))
    return [Recipient(name, role.value, max(0, sums[role, name])) for role, name in keys]
