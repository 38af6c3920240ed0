"""Grants on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from eligibility_svc.applications.schemas import IdTypeText, ReasonCreate
from eligibility_svc.checks.schemas import MeasureCode
from eligibility_svc.grants.entering import Document, EarlierGrant, GrantView
from eligibility_svc.grants.models import GrantRow
from kit.http.paging import Page
from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, YuanIn, YuanOut

_ID = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
_READ: dict[str, Any] = {
    "id": _ID,
    "applicant_ref": "5f0c2a9e-8b1d-4c3e-9f7a-1b2c3d4e5f60",
    "measure": "startup-grant",
    "unit": "ZZ07",
    "origin": "APPLICATION",
    "as_of": "2018-09-01",
    "amount": "10000.00",
    "payer": None,
    "application_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c00",
    "granted_at": "2018-09-05T01:00:00Z",
    "paid_on": None,
    "revoked_at": None,
}


class DocumentCreate(RequestModel):
    """A document; the name is not needed to find somebody again, so it is not asked for."""

    id_type: IdTypeText
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class AboutCreate(DocumentCreate):
    """A person whom a grant to somebody else was about."""

    months: Annotated[int | None, Field(ge=1, le=600, description="已补贴的月数；只在按月限制的待遇填写")] = None


class GrantCreate(RequestModel):
    """A grant of the time before the register."""

    measure: MeasureCode
    applicant: DocumentCreate
    as_of: Annotated[LegalDate, Field(description="给予之日")]
    amount: Annotated[YuanIn | None, Field(gt=0, description="给予的金额；没有金额的待遇不填")] = None
    unit: Annotated[Code | None, Field(description="给予待遇的单位；默认本单位，市级账号必填")] = None
    reference: Annotated[
        str,
        StringConstraints(min_length=2, max_length=100, strip_whitespace=True),
        Field(description="批准文件或发放凭证的编号"),
    ]
    persons: Annotated[
        list[AboutCreate], Field(default_factory=list, max_length=100, description="按人计的待遇所涉及的人员")
    ]

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "measure": "startup-grant",
                    "applicant": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011"},
                    "as_of": "2018-07-02",
                    "amount": "10000.00",
                    "unit": "ZZ07",
                    "reference": "郑创补〔2018〕17号",
                }
            ]
        }
    }

    def earlier(self) -> EarlierGrant:
        """For the use case."""
        persons = [Document(each.id_type, each.id_number, each.months) for each in self.persons]
        applicant = Document(self.applicant.id_type, self.applicant.id_number)
        return EarlierGrant(self.measure, applicant, self.as_of, self.amount, self.unit, self.reference, persons)


class RevocationCreate(ReasonCreate):
    """Why a grant is taken back."""

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"reason": "核查发现营业执照系转让取得，不属首次创业"}]}
    }


class GrantRead(ResponseModel):
    """One grant; who it is stands behind `applicant_ref` alone."""

    id: UUID
    applicant_ref: UUID
    measure: str
    unit: str
    as_of: date
    amount: YuanOut | None
    payer: str | None
    origin: Annotated[Literal["APPLICATION", "ENTERED"], Field(description="APPLICATION由申请决定，ENTERED由单位补登")]
    application_id: Annotated[UUID | None, Field(description="补登的没有申请")]
    granted_at: Annotated[datetime, Field(description="作出决定或补登的时间")]
    paid_on: date | None
    revoked_at: Annotated[datetime | None, Field(description="撤销的时间；撤销后不再计入")]

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
            origin="ENTERED" if row.application_id is None else "APPLICATION",
            application_id=row.application_id,
            granted_at=row.granted_at,
            paid_on=row.paid_on,
            revoked_at=row.revoked_at,
        )


class GrantDetail(GrantRead):
    """One grant with its proof, and why it was revoked."""

    reference: Annotated[str | None, Field(description="补登的批准文件或发放凭证编号")]
    revocation_reason: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                _READ
                | {
                    "origin": "ENTERED",
                    "application_id": None,
                    "reference": "郑创补〔2018〕17号",
                    "revocation_reason": None,
                }
            ]
        }
    }

    @classmethod
    def of_view(cls, view: GrantView) -> "GrantDetail":
        shown = dict(GrantRead.of(view.row))
        return cls(**shown, reference=view.reference, revocation_reason=view.revocation)


class GrantList(ResponseModel):
    """A page of grants."""

    items: list[GrantRead]
    next: str | None

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"items": [_READ], "next": None}]}}

    @classmethod
    def of_page(cls, rows: Sequence[GrantRow], page: Page, filters: Mapping[str, Any]) -> "GrantList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        is_last = len(rows) <= page.limit
        return cls(
            items=[GrantRead.of(row) for row in shown],
            next=None if is_last else page.next([str(shown[-1].grant_id)], filters),
        )
