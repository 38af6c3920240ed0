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
    "corrects": None,
    "rejected_by": None,
    "rejected_at": None,
    "rejection_reason": None,
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
    corrects: Annotated[
        UUID | None,
        Field(strict=False, description="更正已公布的值时填其编号；公布后新的核对用更正的值，以前的核对不变"),
    ] = None

    def proposal(self) -> Proposal:
        """For the use case."""
        cited = self.reference
        return Proposal(self.parameter, self.from_on, self.value, cited.document, cited.clause, self.corrects)


class RejectionCreate(RequestModel):
    """Why a proposal is turned down."""

    reason: Annotated[ShortText, Field(description="退回原因")]

    model_config = RequestModel.model_config | {"json_schema_extra": {"examples": [{"reason": "与文件第三条不一致"}]}}


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
    state: Literal["PROPOSED", "PUBLISHED", "REJECTED"]
    proposed_by: str
    proposed_at: datetime
    published_by: str | None
    published_at: datetime | None
    catalogue_version: Annotated[
        str | None, Field(description="公布后目录的版本；各进程约一秒内改用，以前的核对仍可按原版本重现")
    ]
    corrects: Annotated[UUID | None, Field(description="更正了哪一个值")]
    rejected_by: str | None
    rejected_at: datetime | None
    rejection_reason: str | None

    @classmethod
    def of(cls, row: ParameterValueRow) -> "ParameterValueRead":
        return cls(
            id=row.value_id,
            measure=row.measure,
            parameter=row.parameter,
            from_on=row.from_on,
            value=row.value,
            reference=CitationRead(document=row.document, clause=row.clause),
            state="REJECTED" if row.rejected_by else "PROPOSED" if row.sequence is None else "PUBLISHED",
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            published_by=row.published_by,
            published_at=row.published_at,
            catalogue_version=None if row.sequence is None else f"{base_catalogue().version}.{row.sequence}",
            corrects=row.corrects,
            rejected_by=row.rejected_by,
            rejected_at=row.rejected_at,
            rejection_reason=row.rejection_reason,
        )


class ParameterValueList(ResponseModel):
    """Everything proposed and published for a measure; a table of few rows comes whole."""

    items: list[ParameterValueRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_EXAMPLE]}]}}
