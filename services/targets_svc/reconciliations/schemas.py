"""Reconciliations on the wire."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from kit.dates import Month
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
    verdict: Annotated[Verdict, Field(description="OK不超过1%，NOTICE不超过3%，FLAG超过3%或未解释部分超过0.5%")]
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
    items: list[BridgeRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "month": "2017-06",
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
    def of(cls, month: Month, bridges: Sequence[Bridge]) -> "ReconciliationRead":
        """From the domain."""
        return cls(month=str(month), items=[BridgeRead.of(bridge) for bridge in bridges])
