"""Yearly reward pools on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from kit.errors import FieldError
from kit.http.paging import Page
from kit.http.problems import validation_failed
from kit.http.wire import Code, RequestModel, ResponseModel, Text, Year, YuanOut
from loans_svc.reward_pools.schemas import UnitCode
from loans_svc.reward_years.domain import RewardRole
from loans_svc.reward_years.models import RewardYearRow, WeightsRow
from loans_svc.reward_years.service import WeightsOrder
from loans_svc.rules.repository import catalogue
from loans_svc.wire import PositiveYuan

_ID = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
_Weight = Annotated[int, Field(ge=0, le=1_000_000)]

_WEIGHTS: dict[str, Any] = {
    "id": _ID,
    "from_year": 2024,
    "bank": 60,
    "fund_operator": 25,
    "hr_office": 15,
    "evidence": "市财政局会商纪要第1号",
    "proposed_by": "loan-officer",
    "proposed_at": "2025-01-05T02:00:00Z",
    "confirmed_by": None,
    "confirmed_at": None,
}


class WeightsCreate(RequestModel):
    """Only the proportion counts; at least one is not zero."""

    from_year: Annotated[Year, Field(description="自哪一年度起适用")]
    bank: Annotated[_Weight, Field(description="经办银行")]
    fund_operator: Annotated[_Weight, Field(description="担保基金运营管理机构")]
    hr_office: Annotated[_Weight, Field(description="人力资源社会保障部门经办机构")]
    evidence: Annotated[Text, Field(description="依据的文件名称和文号")]

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "from_year": 2024,
                    "bank": 60,
                    "fund_operator": 25,
                    "hr_office": 15,
                    "evidence": "市财政局会商纪要第1号",
                }
            ]
        }
    }

    def order(self) -> WeightsOrder:
        """For the use case.

        Raises:
            ValidationFailedError: all weights are zero.
        """
        if self.bank + self.fund_operator + self.hr_office == 0:
            validation_failed([FieldError("", "NO_WEIGHT", "各类单位的权重合计为零，资金无法分配；请填写权重。")])
        return WeightsOrder(**self.model_dump())


class WeightsRead(ResponseModel):
    """Weights and who carried them."""

    id: UUID
    from_year: int
    bank: int
    fund_operator: int
    hr_office: int
    evidence: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_WEIGHTS]}}

    @classmethod
    def of(cls, row: WeightsRow) -> "WeightsRead":
        """From the row."""
        return cls.model_validate(row)


class WeightsList(ResponseModel):
    """All weights, the newest proposal first."""

    items: list[WeightsRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_WEIGHTS]}]}}


class PoolCreate(RequestModel):
    """Which year and place."""

    year: Year
    unit: Annotated[UnitCode, Field(description="单位代码，全市为ZZ", examples=["ZZ"])]
    scheme: Annotated[Code, Field(description="奖补办法代码，见贴息规则的reward_schemes")] = "REWARD_1PCT"
    pool: Annotated[
        PositiveYuan | None, Field(description="上级下达的总额；仅用于不按发放额计提的办法（CENTRAL_AWARD_75）")
    ] = None

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"year": 2024, "unit": "ZZ"}]}}


class PoolRoleRead(ResponseModel):
    """What a kind of recipients gets."""

    role: RewardRole
    weight: int
    amount: YuanOut


class PoolRecipientRead(ResponseModel):
    """What one recipient gets."""

    role: RewardRole
    recipient: str = Field(description="银行代码、基金代码或单位代码")
    lending: YuanOut = Field(description="当年净新发放额，即分配权重")
    amount: YuanOut


_POOL: dict[str, Any] = {
    "id": _ID,
    "year": 2024,
    "unit": "ZZ",
    "state": "COMPUTED",
    "scheme": "REWARD_1PCT",
    "is_scheme_in_force": False,
    "weights": _ID,
    "disbursed": "773456.78",
    "cancelled": "123456.78",
    "brought_forward": "0.00",
    "base": "650000.00",
    "carried_forward": "0.00",
    "pool": "6500.00",
    "roles": [{"role": "BANK", "weight": 60, "amount": "3900.00"}],
    "recipients": [{"role": "BANK", "recipient": "bank-a", "lending": "650000.00", "amount": "3900.00"}],
    "computed_by": "loan-officer",
    "computed_at": "2025-01-06T02:00:00Z",
    "closed_by": None,
    "closed_at": None,
}


class PoolRead(ResponseModel):
    """A year's pool; all parts sum to it."""

    id: UUID
    year: int
    unit: str
    state: Literal["COMPUTED", "CLOSED"]
    scheme: str
    is_scheme_in_force: bool = Field(description="该办法是否全年有效；否的，请核对是否有延续的决定")
    weights: UUID
    disbursed: YuanOut = Field(description="当年发放，含关账后才到达的往年发放")
    cancelled: YuanOut = Field(description="当年入账的撤销")
    brought_forward: YuanOut = Field(description="上年不足扣减、结转来的")
    base: YuanOut
    carried_forward: YuanOut = Field(description="本年不足扣减、结转下年的")
    pool: YuanOut
    roles: list[PoolRoleRead]
    recipients: list[PoolRecipientRead]
    computed_by: str
    computed_at: datetime
    closed_by: str | None
    closed_at: datetime | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_POOL]}}

    @classmethod
    def of(cls, row: RewardYearRow) -> "PoolRead":
        """From the row."""
        return cls.model_validate(
            {
                "id": row.id,
                "year": row.year,
                "unit": row.unit,
                "state": row.state,
                "scheme": row.scheme,
                "is_scheme_in_force": catalogue().reward_schemes[row.scheme].is_in_force_all(row.year),
                "weights": row.weights,
                "disbursed": row.disbursed_fen,
                "cancelled": row.cancelled_fen,
                "brought_forward": row.brought_forward_fen,
                "base": row.base_fen,
                "carried_forward": row.carried_forward_fen,
                "pool": row.pool_fen,
                "roles": [part | {"amount": part["amount_fen"]} for part in row.parts["roles"]],
                "recipients": [
                    part | {"lending": part["weight_fen"], "amount": part["amount_fen"]}
                    for part in row.parts["recipients"]
                ],
                "computed_by": row.computed_by,
                "computed_at": row.computed_at,
                "closed_by": row.closed_by,
                "closed_at": row.closed_at,
            }
        )


class PoolList(ResponseModel):
    """A page of pools."""

    items: list[PoolRead]
    next: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_POOL], "next": None}]}}

    @classmethod
    def of_page(cls, rows: Sequence[RewardYearRow], page: Page, filters: Mapping[str, Any]) -> "PoolList":
        """From one pool more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[PoolRead.of(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )
