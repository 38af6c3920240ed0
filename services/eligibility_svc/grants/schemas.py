"""Grants on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from eligibility_svc.grants.models import GrantRow
from kit.http.paging import Page
from kit.http.wire import ResponseModel, YuanOut


class GrantRead(ResponseModel):
    """One grant; who it is stands behind `applicant_ref` alone."""

    id: UUID
    applicant_ref: UUID
    measure: str
    unit: str
    as_of: date
    amount: YuanOut | None
    payer: str | None
    application_id: UUID
    granted_at: datetime
    paid_on: date | None

    @classmethod
    def of(cls, row: GrantRow) -> "GrantRead":
        return cls(
            id=row.grant_id,
            applicant_ref=row.applicant_ref,
            measure=row.measure,
            unit=row.unit,
            as_of=row.as_of,
            amount=row.amount_fen,
            payer=row.payer,
            application_id=row.application_id,
            granted_at=row.granted_at,
            paid_on=row.paid_on,
        )


class GrantList(ResponseModel):
    """A page of grants."""

    items: list[GrantRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                            "applicant_ref": "5f0c2a9e-8b1d-4c3e-9f7a-1b2c3d4e5f60",
                            "measure": "startup-grant",
                            "unit": "ZZ07",
                            "as_of": "2018-09-01",
                            "amount": "10000.00",
                            "payer": None,
                            "application_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00",
                            "granted_at": "2018-09-05T01:00:00Z",
                            "paid_on": None,
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(cls, rows: Sequence[GrantRow], page: Page, filters: Mapping[str, Any]) -> "GrantList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        is_last = len(rows) <= page.limit
        return cls(
            items=[GrantRead.of(row) for row in shown],
            next=None if is_last else page.next([str(shown[-1].grant_id)], filters),
        )
