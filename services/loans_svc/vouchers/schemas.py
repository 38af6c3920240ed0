"""Vouchers on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.http.paging import Page
from kit.http.wire import Code, MonthText, RequestModel, ResponseModel, YuanOut
from loans_svc.vouchers.models import VoucherMonthRow
from loans_svc.vouchers.service import BookView

_MONTH: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "book": "CITY",
    "month": "2025-01",
    "vouchers": 3,
    "promises": 12,
    "debit_total": "50150000.00",
    "credit_total": "50150000.00",
    "closed_by": "city",
    "closed_at": "2025-02-05T02:00:00Z",
}


class VoucherMonthCreate(RequestModel):
    """Which month of which book."""

    book: Annotated[Code, Field(description="账套：担保基金代码，或SUBSIDY（贴息资金）")]
    month: MonthText

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"book": "CITY", "month": "2017-01"}]}
    }


class VoucherMonthRead(ResponseModel):
    """A month whose vouchers have their numbers."""

    id: UUID
    book: str
    month: str
    vouchers: int = Field(description="“记”字凭证张数，编号自1起连续")
    promises: int = Field(description="“表外”字凭证张数（担保承诺，不涉及资金），另行连续编号")
    debit_total: YuanOut = Field(description="“记”字凭证借方合计")
    credit_total: YuanOut = Field(description="“记”字凭证贷方合计，与借方相等")
    closed_by: str
    closed_at: datetime

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_MONTH]}}

    @classmethod
    def of(cls, row: VoucherMonthRow) -> "VoucherMonthRead":
        """From the row."""
        return cls(
            id=row.id,
            book=row.book,
            month=row.month,
            vouchers=row.vouchers,
            promises=row.promises,
            debit_total=row.debit_fen,
            credit_total=row.debit_fen,
            closed_by=row.closed_by,
            closed_at=row.closed_at,
        )


class VoucherMonthList(ResponseModel):
    """A page of months."""

    items: list[VoucherMonthRead]
    next: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_MONTH], "next": None}]}}

    @classmethod
    def of_page(cls, rows: Sequence[VoucherMonthRow], page: Page, filters: Mapping[str, Any]) -> "VoucherMonthList":
        """From one month more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[VoucherMonthRead.of(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], filters) if last else None,
        )


class BookRead(ResponseModel):
    """A book and which month is next."""

    book: str
    title: str
    last_month: str | None = Field(description="已结出凭证的最后一个月")
    next_month: str | None = Field(description="下一个应结的月份；还没有账务的为空")
    waiting: int = Field(description="尚未编入凭证的账务笔数")

    @classmethod
    def of(cls, view: BookView) -> "BookRead":
        """From what the use case answers."""
        return cls(
            book=view.book,
            title=view.title,
            last_month=str(view.last) if view.last else None,
            next_month=str(view.next) if view.next else None,
            waiting=view.waiting,
        )


class BookList(ResponseModel):
    """All books, whole."""

    items: list[BookRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "book": "CITY",
                            "title": "市级创业担保贷款担保基金",
                            "last_month": "2025-01",
                            "next_month": "2025-02",
                            "waiting": 4,
                        }
                    ]
                }
            ]
        }
    }
