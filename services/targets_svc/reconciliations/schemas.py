"""Reconciliations on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.dates import Month
from kit.http.paging import Page
from kit.http.wire import ResponseModel
from kit.money import fixed
from targets_svc.reconciliations.domain import Bridge, Verdict


class BridgeTerms(ResponseModel):
    """What the difference is made of; late arrivals are subtracted."""

    dup_removed: Annotated[int, Field(description="本单位同一人重复登记，只计一次")]
    displaced_elsewhere: Annotated[int, Field(description="同一人计在其他单位")]
    retracted_after_report: Annotated[int, Field(description="月报批准后撤销")]
    pending_verification: Annotated[int, Field(description="待核实")]
    late_arrivals: Annotated[int, Field(description="月报批准后才登记（减项）")]
    unexplained: Annotated[int, Field(description="未能解释的差额")]


class BridgeRead(ResponseModel):
    """One cell: difference = the sum of its terms, late arrivals subtracted."""

    unit: str
    indicator: str
    reported: int
    registered: int
    difference: int
    relative: Annotated[str, Field(description="差异占比，百分数，两位小数")]
    verdict: Annotated[
        Verdict,
        Field(description="按评价标准：OK一致，NOTICE提示，FLAG标记（相差过大，或未解释部分过大）；默认1%、3%、0.5%"),
    ]
    terms: BridgeTerms

    @classmethod
    def of(cls, bridge: Bridge) -> "BridgeRead":
        """From the domain."""
        terms = bridge.terms
        return cls(
            unit=bridge.unit,
            indicator=bridge.indicator,
            reported=bridge.reported,
            registered=bridge.registered,
            difference=bridge.difference,
            relative=fixed(bridge.relative, 100, 2),
            verdict=bridge.verdict,
            terms=BridgeTerms(
                dup_removed=terms.dup_removed,
                displaced_elsewhere=terms.displaced_elsewhere,
                retracted_after_report=terms.retracted_after_report,
                pending_verification=terms.pending_verification,
                late_arrivals=terms.late_arrivals,
                unexplained=bridge.unexplained,
            ),
        )


class ReconciliationRead(ResponseModel):
    """The month's bridges."""

    month: str
    standard_version: Annotated[int, Field(description="所用评价标准的版本")]
    items: list[BridgeRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "month": "2017-06",
                    "standard_version": 1,
                    "items": [
                        {
                            "unit": "ZZ04",
                            "indicator": "I01",
                            "reported": 2580,
                            "registered": 2498,
                            "difference": 82,
                            "relative": "3.18",
                            "verdict": "FLAG",
                            "terms": {
                                "dup_removed": 31,
                                "displaced_elsewhere": 12,
                                "retracted_after_report": 9,
                                "pending_verification": 22,
                                "late_arrivals": 3,
                                "unexplained": 11,
                            },
                        }
                    ],
                }
            ]
        }
    }

    @classmethod
    def of(cls, month: Month, standard_version: int, bridges: Sequence[Bridge]) -> "ReconciliationRead":
        """From the domain."""
        items = [BridgeRead.of(bridge) for bridge in bridges]
        return cls(month=str(month), standard_version=standard_version, items=items)


class LedgerEntry(ResponseModel):
    """An event of the ledger; never whom it is about."""

    event_id: UUID
    event_date: date
    source_system: str
    source_ref: str
    received_at: datetime
    recorded_by: str
    held_by: Annotated[UUID | None, Field(description="同一人同年同指标实际计数的事件；已计数的即本事件")]
    held_by_unit: str | None
    retracted_at: datetime | None
    reason: Annotated[str | None, Field(description="撤销的原因")]


class LedgerEntryList(ResponseModel):
    """A page of events."""

    items: list[LedgerEntry]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "event_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                            "event_date": "2017-05-10",
                            "source_system": "hr-registration",
                            "source_ref": "JS-2017-000123",
                            "received_at": "2017-06-01T00:00:00Z",
                            "recorded_by": "staff-ZZ04",
                            "held_by": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00",
                            "held_by_unit": "ZZ05",
                            "retracted_at": None,
                            "reason": None,
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(cls, rows: Sequence[Any], page: Page, filters: Mapping[str, Any]) -> "LedgerEntryList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[LedgerEntry.model_validate(row) for row in rows[: page.limit]],
            next=page.next([str(last.event_id)], filters) if last else None,
        )
