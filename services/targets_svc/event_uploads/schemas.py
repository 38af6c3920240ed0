"""Uploads on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.http.paging import Page
from kit.http.wire import ResponseModel
from targets_svc.event_uploads.domain import Mode
from targets_svc.event_uploads.models import UploadRow


class UploadAccepted(ResponseModel):
    """The job that was begun; its address is in `Location`."""

    id: Annotated[UUID, Field(description="任务编号，也是这次上传的编号")]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"}]}
    }


class UploadCounts(ResponseModel):
    """Rows by what became of them, as far as the upload has come."""

    rows: int
    counted: Annotated[int, Field(description="已登记并计数")]
    duplicate: Annotated[int, Field(description="已登记，同一人同年已计数，不再计")]
    pending: Annotated[int, Field(description="已登记，待核实后才计数")]
    skipped: Annotated[int, Field(description="以前登记过同一内容，没有变化")]
    valid: Annotated[int, Field(description="校验通过，未登记（试运行，或文件中有错误行）")]
    faulty: Annotated[int, Field(description="有错误，未登记")]


class UploadSummary(ResponseModel):
    """An upload in a list."""

    id: UUID
    state: Annotated[str, Field(description="任务状态：PENDING、RUNNING、SUCCEEDED、PARTIAL、FAILED、CANCELLED")]
    format: str
    mode: Mode
    dry_run: bool
    received_at: datetime
    rows: int | None
    faulty_rows: int | None
    refusal: str | None


_SUMMARY: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "state": "SUCCEEDED",
    "format": "CSV",
    "mode": "ALL_OR_NOTHING",
    "dry_run": False,
    "received_at": "2017-07-02T01:00:00Z",
    "rows": 3,
    "faulty_rows": 0,
    "refusal": None,
}


class UploadList(ResponseModel):
    """A page of uploads."""

    items: list[UploadSummary]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_SUMMARY], "next": None}]}
    }

    @classmethod
    def of_page(cls, rows: Sequence[tuple[UploadRow, str]], page: Page) -> "UploadList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1][0] if len(rows) > page.limit else None
        same = ("format", "mode", "received_at", "rows", "faulty_rows", "refusal")
        return cls(
            items=[
                UploadSummary(
                    id=upload.upload_id,
                    state=state,
                    dry_run=upload.is_dry_run,
                    **{name: getattr(upload, name) for name in same},
                )
                for upload, state in rows[: page.limit]
            ],
            next=page.next([str(last.upload_id)], {}) if last else None,
        )


class UploadRead(ResponseModel):
    """One upload."""

    id: UUID
    format: str
    mode: Mode
    dry_run: bool
    received_at: datetime
    rows: Annotated[int | None, Field(description="数据行数；尚未校验完时为空")]
    faulty_rows: int | None
    refusal: Annotated[str | None, Field(description="整个文件无法读取时的原因")]
    done: UploadCounts

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                    "format": "CSV",
                    "mode": "ALL_OR_NOTHING",
                    "dry_run": False,
                    "received_at": "2017-07-02T01:00:00Z",
                    "rows": 3,
                    "faulty_rows": 0,
                    "refusal": None,
                    "done": {
                        "rows": 3,
                        "counted": 2,
                        "duplicate": 1,
                        "pending": 0,
                        "skipped": 0,
                        "valid": 0,
                        "faulty": 0,
                    },
                }
            ]
        }
    }

    @classmethod
    def of(cls, upload: UploadRow, counts: dict[str, int]) -> "UploadRead":
        """From the row and the sums of its batches."""
        return cls(
            id=upload.upload_id,
            format=upload.format,
            mode=Mode(upload.mode),
            dry_run=upload.is_dry_run,
            received_at=upload.received_at,
            rows=upload.rows,
            faulty_rows=upload.faulty_rows,
            refusal=upload.refusal,
            done=UploadCounts(**counts),
        )
