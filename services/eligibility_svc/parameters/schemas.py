"""Parameters of the bureau on the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from eligibility_svc.measures.repository import base_catalogue
from eligibility_svc.measures.schemas import CitationRead
from eligibility_svc.parameters.models import ParameterValueRow
from eligibility_svc.parameters.service import Proposal
from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, ShortText

_EXAMPLE: Any = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00",
    "measure": "startup-star",
    "parameter": "amount",
    "from": "2018-10-01",
    "value": "1500.00",
    "reference": {"document": "郑人社〔2018〕99号", "clause": "三"},
    "state": "PUBLISHED",
    "proposed_by": "city",
    "proposed_at": "2018-09-20T01:00:00Z",
    "published_by": "city-reviewer",
    "published_at": "2018-09-21T01:00:00Z",
    "catalogue_version": f"{base_catalogue().version}.1",
}


class ReferenceCreate(RequestModel):
    """The rule that sets the value."""

    document: Annotated[ShortText, Field(description="文号", examples=["郑人社〔2018〕99号"])]
    clause: Annotated[ShortText, Field(description="条款", examples=["三"])]


class ParameterValueCreate(RequestModel):
    """A dated value with its reference."""

    model_config = RequestModel.model_config | ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "parameter": "amount",
                    "from": "2018-10-01",
                    "value": "1500.00",
                    "reference": {"document": "郑人社〔2018〕99号", "clause": "三"},
                }
            ]
        },
    )

    parameter: Annotated[Code, Field(description="参数名，见措施目录的parameters")]
    from_on: Annotated[LegalDate, Field(alias="from", description="自哪一天起施行")]
    value: Annotated[str, Field(min_length=1, max_length=20, description="金额为元，比例为百分数，均为文字")]
    reference: ReferenceCreate

    def proposal(self) -> Proposal:
        """For the use case."""
        return Proposal(self.parameter, self.from_on, self.value, self.reference.document, self.reference.clause)


class ParameterValueRead(ResponseModel):
    """A proposed or published value."""

    model_config = ResponseModel.model_config | {
        "populate_by_name": True,
        "json_schema_extra": {"examples": [_EXAMPLE]},
    }

    id: UUID
    measure: str
    parameter: str
    from_on: Annotated[date, Field(alias="from")]
    value: str
    reference: CitationRead
    state: Literal["PROPOSED", "PUBLISHED"]
    proposed_by: str
    proposed_at: datetime
    published_by: str | None
    published_at: datetime | None
    catalogue_version: Annotated[
        str | None, Field(description="公布后目录的版本；各进程约一秒内改用，以前的核对仍可按原版本重现")
    ]

    @classmethod
    def of(cls, row: ParameterValueRow) -> "ParameterValueRead":
        return cls(
            id=row.value_id,
            measure=row.measure,
            parameter=row.parameter,
            from_on=row.from_on,
            value=row.value,
            reference=CitationRead(document=row.document, clause=row.clause),
            state="PROPOSED" if row.sequence is None else "PUBLISHED",
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            published_by=row.published_by,
            published_at=row.published_at,
            catalogue_version=None if row.sequence is None else f"{base_catalogue().version}.{row.sequence}",
        )


class ParameterValueList(ResponseModel):
    """Everything proposed and published for a measure; a table of few rows comes whole."""

    items: list[ParameterValueRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_EXAMPLE]}]}}
