"""A bank's file on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from kit.http.paging import Page
from kit.http.wire import RequestModel, ResponseModel, YuanOut
from loans_svc.bank_lines.domain import CAUSE_TEXTS, Cause, FileState
from loans_svc.bank_lines.models import BankDifferenceRow
from loans_svc.bank_lines.service import FileView
from loans_svc.loans.schemas import Reason
from loans_svc.rules.domain import Tranche

_ID = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"


class BankFileAccepted(ResponseModel):
    """The file, whose number is its job's, too."""

    id: UUID
    job: UUID

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"id": _ID, "job": _ID}]}}


class RowError(ResponseModel):
    """What is wrong with a cell; row 1 is the header."""

    row: int | None
    column: str | None
    code: str
    message: str


class BankFileRead(ResponseModel):
    """The file that came last and how it compares with the batch."""

    id: UUID
    state: FileState = Field(
        description="RECEIVED核对中；REFUSED有误未采用；MATCHED逐行一致；DIFFERENT有差异待处理；RESOLVED差异已裁定"
    )
    lines: int
    matched: int = Field(description="金额一分不差的行数")
    total: YuanOut = Field(description="银行申报合计")
    causes: dict[str, int] = Field(description="差异按原因计数；本批有而银行未报的行计入NOT_IN_FILE")
    errors: list[RowError] = Field(description="最多100条；有错误的文件一行也不采用")
    uploaded_by: str
    uploaded_at: datetime
    resolved_by: str | None
    resolved_at: datetime | None
    resolution_reason: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "id": _ID,
                    "state": "DIFFERENT",
                    "lines": 2,
                    "matched": 1,
                    "total": "3892.78",
                    "causes": {"DAYS": 1},
                    "errors": [],
                    "uploaded_by": "bank-a",
                    "uploaded_at": "2025-07-03T02:00:00Z",
                    "resolved_by": None,
                    "resolved_at": None,
                    "resolution_reason": None,
                }
            ]
        }
    }

    @classmethod
    def of(cls, view: FileView) -> "BankFileRead":
        """From the use case's answer."""
        file = view.file
        return cls(
            id=file.id,
            state=FileState(file.state),
            lines=file.lines,
            matched=file.matched,
            total=file.total_fen,
            causes=view.causes,
            errors=[RowError(**error) for error in file.errors],
            uploaded_by=file.uploaded_by,
            uploaded_at=file.uploaded_at,
            resolved_by=file.resolved_by,
            resolved_at=file.resolved_at,
            resolution_reason=file.resolution_reason,
        )


class DifferenceRead(ResponseModel):
    """A line that is not matched."""

    row: int | None = Field(description="银行文件的行号；银行没有这一行的为空")
    loan: str = Field(description="银行填写的编号；银行没有这一行的为系统的贷款编号")
    loan_id: UUID | None
    tranche: Tranche
    relates_to: str
    bank_amount: YuanOut | None
    our_amount: YuanOut | None
    cause: Cause
    message: str

    @classmethod
    def of(cls, row: BankDifferenceRow) -> "DifferenceRead":
        """From the row."""
        cause = Cause(row.cause)
        return cls(
            row=row.row_no,
            loan=row.loan_ref or str(row.loan_id),
            loan_id=row.loan_id,
            tranche=Tranche(row.tranche),
            relates_to=row.relates_to,
            bank_amount=row.bank_fen,
            our_amount=row.our_fen,
            cause=cause,
            message=f"{CAUSE_TEXTS[cause]}。",
        )


class DifferenceList(ResponseModel):
    """A page of differences."""

    items: list[DifferenceRead]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "row": 3,
                            "loan": _ID,
                            "loan_id": _ID,
                            "tranche": "STATE",
                            "relates_to": "2025Q2",
                            "bank_amount": "1967.78",
                            "our_amount": "1946.39",
                            "cause": "DAYS",
                            "message": "天数不同。",
                        }
                    ],
                    "next": None,
                }
            ]
        }
    }

    @classmethod
    def of_page(cls, rows: Sequence[BankDifferenceRow], page: Page, filters: Mapping[str, Any]) -> "DifferenceList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        last = shown[-1] if len(rows) > page.limit else None
        return cls(
            items=[DifferenceRead.of(row) for row in shown], next=page.next([last.number], filters) if last else None
        )


class ResolutionCreate(RequestModel):
    """Of each line the lesser amount is paid; why."""

    reason: Reason

    model_config = RequestModel.model_config | {
        "json_schema_extra": {"examples": [{"reason": "经与银行核实，按两者中较小的金额拨付"}]}
    }


class ResolutionAccepted(ResponseModel):
    """The job that writes it."""

    job: UUID

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [{"job": _ID}]}}
