"""A pool quote on the wire."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, ShortText, Year, YuanIn, YuanOut
from kit.money import fixed, yuan
from loans_svc.reward_pools.domain import Cancellation, Disbursement, Role
from loans_svc.reward_pools.service import Lending, PoolOrder, PoolQuote
from loans_svc.wire import PositiveYuan

_MOST_SUM_FEN = 10**13  # 100 thousand million yuan: far beyond a city's year, and products stay exact anyway
_WEIGHT_PLACES = 4
_WEIGHT = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?")


class RewardRole(StrEnum):
    """Who may be rewarded (郑政〔2018〕31号 clause 十)."""

    BANK = "BANK"
    FUND_OPERATOR = "FUND_OPERATOR"
    HR_OFFICE = "HR_OFFICE"
    OTHER = "OTHER"


class WeightSource(StrEnum):
    CALLER = "CALLER"
    LENDING = "LENDING"


def _sum(fen: int) -> int:
    if not 0 <= fen <= _MOST_SUM_FEN:
        raise ValueError("OUT_OF_RANGE|金额不能小于0，也不能超过100000000000.00元")
    return fen


def _weight(value: Any) -> int:
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or not _WEIGHT.fullmatch(value):
        raise ValueError('WEIGHT|权重应为不小于0的整数，或最多四位小数的文字，如60或"333000000.00"')
    return int(Decimal(value).scaleb(_WEIGHT_PLACES))


def _weight_text(scaled: int) -> str:
    text = fixed(scaled, 10**_WEIGHT_PLACES, _WEIGHT_PLACES)
    return text.rstrip("0").rstrip(".")


SumYuan = Annotated[
    YuanIn,
    AfterValidator(_sum),
    WithJsonSchema({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$", "examples": ["650000.00"]}),
]
Weight = Annotated[
    int,
    BeforeValidator(_weight),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
                {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$"},
            ],
            "examples": [60, "333000000.00"],
        }
    ),
]
_NONE: dict[str, Any] = {"default": "0.00"}  # the default as it would be written on the wire
UnitCode = Annotated[str, StringConstraints(pattern=r"^ZZ([0-9]{2})?$", max_length=4)]


class DisbursementIn(RequestModel):
    """New lending; extensions and re-loans only where new money flowed."""

    disbursed_on: LegalDate
    amount: PositiveYuan
    reference: Annotated[Code | None, Field(description="发放编号；与撤销对应时填写")] = None


class CancellationIn(RequestModel):
    """A disbursement taken back, in the year of its booking. Repayments are none."""

    booked_on: LegalDate
    amount: PositiveYuan
    reference: Annotated[Code | None, Field(description="被撤销的发放编号；以前年度的可不填")] = None


class LendingIn(RequestModel):
    """One recipient's lending of the year."""

    recipient: ShortText
    disbursed: SumYuan
    cancelled: Annotated[SumYuan, Field(json_schema_extra=_NONE)] = 0


class RoleIn(RequestModel):
    """A kind of recipient with its weight."""

    role: Annotated[RewardRole, Field(strict=False)]
    weight: Annotated[Weight, Field(description="各类单位之间的权重，通知没有规定，由您填写")]


class RecipientIn(RequestModel):
    """Somebody to be rewarded."""

    recipient: ShortText
    role: Annotated[RewardRole, Field(strict=False)]
    weight: Annotated[
        Weight | None, Field(description="同类单位之间的权重：新发放额、笔数或评分；不填取 lending 的净额")
    ] = None


POOL_EXAMPLE: dict[str, Any] = {
    "year": 2024,
    "unit": "ZZ07",
    "disbursements": [
        {"disbursed_on": "2024-03-01", "amount": "200000.00", "reference": "D-1"},
        {"disbursed_on": "2024-12-31", "amount": "300000.00", "reference": "D-2"},
        {"disbursed_on": "2024-05-05", "amount": "123456.78", "reference": "D-3"},
        {"disbursed_on": "2024-06-01", "amount": "150000.00", "reference": "D-4"},
    ],
    "cancellations": [{"booked_on": "2024-08-01", "amount": "123456.78", "reference": "D-3"}],
    "roles": [
        {"role": "BANK", "weight": 60},
        {"role": "FUND_OPERATOR", "weight": 25},
        {"role": "HR_OFFICE", "weight": 15},
    ],
    "recipients": [
        {"recipient": "甲银行", "role": "BANK", "weight": "450000.00"},
        {"recipient": "乙银行", "role": "BANK", "weight": "200000.00"},
        {"recipient": "担保基金管理中心", "role": "FUND_OPERATOR", "weight": 1},
        {"recipient": "区创业贷款服务中心", "role": "HR_OFFICE", "weight": 1},
    ],
}


class PoolQuoteRequest(RequestModel):
    """A place's year of lending, and who shares the reward by which weights."""

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [POOL_EXAMPLE]}}

    year: Year
    unit: Annotated[UnitCode, Field(description="责任单位代码，如ZZ07；ZZ为全市")]
    scheme: Annotated[Code, Field(description="奖补办法代码，见贴息规则的reward_schemes")] = "REWARD_1PCT"
    pool: Annotated[SumYuan | None, Field(description="上级下达的总额，仅用于没有计算比例的办法")] = None
    disbursements: Annotated[
        list[DisbursementIn] | None, Field(max_length=10_000, description="逐笔发放；只计 year 当年的")
    ] = None
    cancellations: Annotated[
        list[CancellationIn],
        Field(max_length=10_000, description="撤销和退回；只计 year 当年入账的", default_factory=list),
    ]
    lending: Annotated[list[LendingIn] | None, Field(max_length=1_000, description="各单位当年合计，代替逐笔发放")] = (
        None
    )
    brought_forward: Annotated[
        SumYuan, Field(description="以前年度结转、尚未扣减的撤销额", json_schema_extra=_NONE)
    ] = 0
    roles: Annotated[list[RoleIn], Field(min_length=1, max_length=10)]
    recipients: Annotated[list[RecipientIn], Field(min_length=1, max_length=1_000)]

    def to_order(self) -> PoolOrder:
        return PoolOrder(
            year=self.year,
            unit=self.unit,
            scheme=self.scheme,
            given_pool_fen=self.pool,
            disbursements=None
            if self.disbursements is None
            else [Disbursement(entry.disbursed_on, entry.amount, entry.reference) for entry in self.disbursements],
            cancellations=[
                Cancellation(entry.booked_on, entry.amount, entry.reference) for entry in self.cancellations
            ],
            lending=None
            if self.lending is None
            else [Lending(entry.recipient, entry.disbursed, entry.cancelled) for entry in self.lending],
            brought_forward_fen=self.brought_forward,
            roles=[Role(entry.role, entry.weight) for entry in self.roles],
            recipients=[(entry.recipient, entry.role) for entry in self.recipients],
            weights=[entry.weight for entry in self.recipients],
        )


class RolePart(ResponseModel):
    """What a kind of recipient gets."""

    role: RewardRole
    weight: str
    weight_source: WeightSource
    amount: YuanOut


class RecipientPart(ResponseModel):
    """What a recipient gets."""

    recipient: str
    role: RewardRole
    weight: str
    weight_source: WeightSource
    amount: YuanOut


class PoolNote(ResponseModel):
    code: str
    message: str


class PoolQuoteRead(ResponseModel):
    """Base, pool and parts; roles sum to the pool, recipients to their role."""

    year: int
    unit: str
    scheme: str
    rate: str | None = Field(description="占基数的百分比；空表示总额由上级下达")
    disbursed: YuanOut
    cancelled: YuanOut
    brought_forward: YuanOut
    base: YuanOut = Field(description="计提基数，不小于0")
    carried_forward: YuanOut = Field(description="结转下年扣减")
    pool: YuanOut
    roles: list[RolePart]
    recipients: list[RecipientPart]
    explanation_zh: str
    notes: list[PoolNote]

    @classmethod
    def of(cls, quote: PoolQuote) -> "PoolQuoteRead":
        """From the use case's answer."""
        order, base = quote.order, quote.base
        return cls(
            year=order.year,
            unit=order.unit,
            scheme=order.scheme,
            rate=None if quote.scheme.rate_ppm is None else fixed(quote.scheme.rate_ppm, 10_000, 4),
            disbursed=base.disbursed_fen,
            cancelled=base.cancelled_fen,
            brought_forward=base.brought_forward_fen,
            base=base.base_fen,
            carried_forward=base.carried_forward_fen,
            pool=quote.pool_fen,
            roles=[
                RolePart(
                    role=RewardRole(role.role),
                    weight=_weight_text(role.weight),
                    weight_source=WeightSource.CALLER,
                    amount=amount,
                )
                for role, amount in zip(order.roles, quote.parts.roles, strict=True)
            ],
            recipients=_recipients(quote),
            explanation_zh=_explanation(quote),
            notes=_notes(quote),
        )


def _recipients(quote: PoolQuote) -> list[RecipientPart]:
    parts = zip(quote.recipients, quote.order.weights, quote.parts.recipients, strict=True)
    return [
        RecipientPart(
            recipient=recipient.recipient,
            role=RewardRole(recipient.role),
            weight=_weight_text(recipient.weight) if given is not None else yuan(recipient.weight),
            weight_source=WeightSource.LENDING if given is None else WeightSource.CALLER,
            amount=amount,
        )
        for recipient, given, amount in parts
    ]


def _explanation(quote: PoolQuote) -> str:
    base = quote.base
    if quote.scheme.rate_ppm is None:
        return f"{quote.order.year}年奖补资金{yuan(quote.pool_fen)}元由上级下达，按权重分配，各级合计与总额一致。"
    rate = fixed(quote.scheme.rate_ppm, 10_000, 4)
    return (
        f"{quote.order.year}年新发放{yuan(base.disbursed_fen)}元，扣除当年入账的撤销{yuan(base.cancelled_fen)}元、"
        f"以前年度结转{yuan(base.brought_forward_fen)}元，计提基数{yuan(base.base_fen)}元；"
        f"基数×{rate}%＝{yuan(quote.pool_fen)}元（四舍五入到分），按权重分配，各级合计与总额一致。"
        f"依据：{quote.scheme.evidence['rate'].source}。"
    )


def _notes(quote: PoolQuote) -> list[PoolNote]:
    notes = [PoolNote(code="WEIGHTS_BY_CALLER", message="通知没有规定各类单位之间的分配比例，本次按提交的权重分配。")]
    if not quote.is_scheme_in_force:
        notes.append(
            PoolNote(
                code="SCHEME_NOT_IN_FORCE",
                message="所选办法登记的有效期未覆盖该年度全年（见贴息规则），请主管部门确认后使用。",
            )
        )
    if quote.base.carried_forward_fen:
        notes.append(PoolNote(code="CARRIED_FORWARD", message="当年撤销多于新发放，基数按0计，差额结转下年扣减。"))
    return notes
