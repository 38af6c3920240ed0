"""The answer to an import."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.http.paging import Page
from kit.http.wire import ResponseModel
from targets_svc.plan_imports.models import PlanImportRow
from targets_svc.plan_imports.repository import conflicts_of
from targets_svc.plan_imports.service import Imported
from targets_svc.plans.domain import ItemState, Severity, totals
from targets_svc.plans.schemas import PlanVersionRead

PREFIX = "/api/v1/targets"
_SUMMARY: dict[str, Any] = {
    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
    "year": 2017,
    "sheet": "2017年分解表",
    "created_at": "2017-03-10T02:00:00Z",
    "errors": 0,
    "warnings": 0,
    "plan_id": None,
    "marked_workbook": f"{PREFIX}/plan-imports/019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d/marked.xlsx",
}


class Outcome(StrEnum):
    """CHECKED: a dry run without errors; REJECTED: errors, nothing stored; DRAFTED: a draft waits to be issued."""

    CHECKED = "CHECKED"
    REJECTED = "REJECTED"
    DRAFTED = "DRAFTED"


class ConflictRead(ResponseModel):
    """One finding in one cell."""

    cell: Annotated[str, Field(description="单元格，如C5")]
    rule: Annotated[str, Field(description="P1–P12为计划规则；T1标题，T2数值单位，T3表头，T4读不出的数值")]
    severity: Severity
    unit: str | None
    indicator: str | None
    message: str


class ImportedItem(ResponseModel):
    """One cell of the plan as read."""

    unit: str
    indicator: str
    state: ItemState
    value: int | None


class PlanImportSummary(ResponseModel):
    """An import in a list."""

    id: UUID
    year: int
    sheet: str
    created_at: datetime
    errors: int
    warnings: int
    plan_id: Annotated[UUID | None, Field(description="保存成的草案；只核对的、有错误的为空")]
    marked_workbook: str

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_SUMMARY]}}

    @classmethod
    def of(cls, row: PlanImportRow) -> "PlanImportSummary":
        """From its row."""
        return cls(**_summary(row))


class PlanImportList(ResponseModel):
    """A page of imports."""

    items: list[PlanImportSummary]
    next: str | None

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {"examples": [{"items": [_SUMMARY], "next": None}]}
    }

    @classmethod
    def of_page(cls, rows: Sequence[PlanImportRow], page: Page) -> "PlanImportList":
        """From one row more than the page holds, if there are so many."""
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return cls(
            items=[PlanImportSummary.of(row) for row in rows[: page.limit]],
            next=page.next([str(last.id)], {}) if last else None,
        )


class PlanImportDetail(PlanImportSummary):
    """An import with every finding."""

    conflicts: list[ConflictRead]

    model_config = ResponseModel.model_config | {"json_schema_extra": {"examples": [_SUMMARY | {"conflicts": []}]}}

    @classmethod
    def of_row(cls, row: PlanImportRow) -> "PlanImportDetail":
        """From its row."""
        found = [ConflictRead.model_validate(conflict) for conflict in conflicts_of(row)]
        return cls(**_summary(row), conflicts=found)


def _summary(row: PlanImportRow) -> dict[str, Any]:
    found = conflicts_of(row)
    errors = sum(conflict.severity is Severity.ERROR for conflict in found)
    plain = {name: getattr(row, name) for name in ("id", "year", "sheet", "created_at", "plan_id")}
    return plain | {
        "errors": errors,
        "warnings": len(found) - errors,
        "marked_workbook": f"{PREFIX}/plan-imports/{row.id}/marked.xlsx",
    }


class PlanImportRead(ResponseModel):
    """What became of the file."""

    id: UUID
    year: int
    title: str | None
    sheet: Annotated[str, Field(description="工作表名称；csv为空")]
    dry_run: bool
    outcome: Outcome
    errors: int
    warnings: int
    conflicts: list[ConflictRead]
    items: list[ImportedItem]
    totals: dict[str, int]
    plan: PlanVersionRead | None
    marked_workbook: Annotated[str, Field(description="标出各处问题的工作簿的地址")]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
                    "year": 2017,
                    "title": "2017年城乡就业工作目标任务分解表",
                    "sheet": "2017年分解表",
                    "dry_run": True,
                    "outcome": "REJECTED",
                    "errors": 1,
                    "warnings": 0,
                    "conflicts": [
                        {
                            "cell": "C6",
                            "rule": "P6",
                            "severity": "ERROR",
                            "unit": "ZZ01",
                            "indicator": "I01a",
                            "message": "其中项大于总项",
                        }
                    ],
                    "items": [{"unit": "ZZ01", "indicator": "I01", "state": "ASSIGNED", "value": 7000}],
                    "totals": {"I01": 130000},
                    "plan": None,
                    "marked_workbook": "/api/v1/targets/plan-imports/019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d/marked.xlsx",
                }
            ]
        }
    }

    @classmethod
    def of(cls, imported: Imported) -> "PlanImportRead":
        """From the use case's answer."""
        reading = imported.reading
        errors = sum(conflict.severity is Severity.ERROR for conflict in reading.conflicts)
        return cls(
            id=imported.id,
            year=imported.year,
            title=reading.title,
            sheet=imported.sheet,
            dry_run=imported.dry_run,
            outcome=_outcome(imported),
            errors=errors,
            warnings=len(reading.conflicts) - errors,
            conflicts=[ConflictRead.model_validate(conflict) for conflict in reading.conflicts],
            items=[ImportedItem.model_validate(item) for item in reading.items],
            totals=totals(reading.items),
            plan=PlanVersionRead.model_validate(imported.draft) if imported.draft else None,
            marked_workbook=f"{PREFIX}/plan-imports/{imported.id}/marked.xlsx",
        )


def _outcome(imported: Imported) -> Outcome:
    if imported.draft is not None:
        return Outcome.DRAFTED
    return Outcome.CHECKED if imported.reading.is_sound else Outcome.REJECTED
