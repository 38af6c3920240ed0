"""What is done with a plan file: read, compared with every rule, and made a draft if nothing blocks it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import FieldError
from kit.http.forms import FormInvalidError
from kit.ids import new_id
from targets_svc.annex.domain.grid import Grid
from targets_svc.indicators.repository import load_indicators
from targets_svc.plan_imports import repository
from targets_svc.plan_imports.domain.conflicts import Conflict
from targets_svc.plan_imports.domain.header import Header, find_header
from targets_svc.plan_imports.domain.reading import Reading, Terms, find_year, read_annex
from targets_svc.plan_imports.errors import AnnexNotFoundError, PlanImportNotFoundError
from targets_svc.plan_imports.models import PlanImportRow
from targets_svc.plans.domain import Plan
from targets_svc.plans.models import PlanRow
from targets_svc.plans.service import assigned_before, draft_plan, find_plan_for_period
from targets_svc.units.domain import CITY
from targets_svc.units.repository import load_units


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for beside the file.

    Attributes:
        year: None to take it from the title.
        doc_no, effective_from: needed for a draft, not for a dry run.
        issued_on: the date of the document; by default the first day in force.
        body: totals of the notice's text, compared with the sums (rule P10).
    """

    dry_run: bool
    year: int | None = None
    doc_no: str | None = None
    issued_on: date | None = None
    effective_from: date | None = None
    body: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; `draft` only when it was stored as one."""

    id: UUID
    year: int
    sheet: str
    dry_run: bool
    reading: Reading
    draft: PlanRow | None


async def import_plan(tx: AsyncSession, sheets: Sequence[Grid], asked: Asked, actor: str, at: datetime) -> Imported:
    """Reads the one sheet that is an annex; a sound one becomes a draft unless it is a dry run.

    The city's own figures, which the annex does not print, are taken over from the version before.

    Raises:
        AnnexNotFoundError: no sheet, or several, with the annex's header.
        FormInvalidError: the year is unknown, or a draft lacks its document number or first day.
    """
    grid, header = _choose(sheets)
    year = asked.year or find_year(grid, header)
    _require_form(asked, year)
    assert year is not None
    before = await find_plan_for_period(tx, year, date(year, 12, 31))
    reading = read_annex(grid, header, await _terms(tx, asked, year, before))
    draft = None
    if reading.is_sound and not asked.dry_run:
        plan = _plan(reading, asked, year, before)
        draft = (await draft_plan(tx, plan, asked.body, actor, at)).row
    row = PlanImportRow(id=new_id(), year=year, created_by=actor, created_at=at, plan_id=draft and draft.id)
    await repository.add_import(tx, row, grid, reading.conflicts)
    return Imported(row.id, year, grid.name, asked.dry_run, reading, draft)


async def read_import(tx: AsyncSession, import_id: UUID, actor: str) -> PlanImportRow:
    """An actor's own import.

    Raises:
        PlanImportNotFoundError.
    """
    row = await repository.find_row(tx, import_id, actor)
    if row is None:
        raise PlanImportNotFoundError
    return row


async def list_imports(tx: AsyncSession, actor: str, after: UUID | None, limit: int) -> Sequence[PlanImportRow]:
    """An actor's own imports, the latest first."""
    return await repository.list_imports(tx, actor, after, limit)


async def find_import(tx: AsyncSession, import_id: UUID, actor: str) -> tuple[Grid, list[Conflict]]:
    """The sheet of an actor's own import, and what was found in it.

    Raises:
        PlanImportNotFoundError.
    """
    found = await repository.find_import(tx, import_id, actor)
    if found is None:
        raise PlanImportNotFoundError
    return found


def _choose(sheets: Sequence[Grid]) -> tuple[Grid, Header]:
    found = [(grid, header) for grid in sheets if (header := find_header(grid, load_indicators()))]
    if not found:
        raise AnnexNotFoundError
    if len(found) > 1:
        raise AnnexNotFoundError("有不止一个工作表像分解表；请只保留要导入的那一个工作表。")
    return found[0]


def _require_form(asked: Asked, year: int | None) -> None:
    errors = []
    if year is None:
        errors.append(FieldError("/year", "REQUIRED", "标题中没有年度，请填写year"))
    known = {code for code, indicator in load_indicators().items() if indicator.decomposed}
    if not asked.body.keys() <= known:
        errors.append(FieldError("/body_totals", "UNKNOWN_INDICATOR", "有不认识的指标代码，请对照指标目录核对"))
    if not asked.dry_run:
        if not asked.doc_no:
            errors.append(FieldError("/doc_no", "REQUIRED", "请填写文号"))
        if asked.effective_from is None:
            errors.append(FieldError("/effective_from", "REQUIRED", "请填写生效日期"))
        elif year is not None and asked.effective_from.year != year:
            errors.append(FieldError("/effective_from", "YEAR_DIFFERS", "生效日期应在计划年度之内"))
    if errors:
        raise FormInvalidError(errors=errors)


async def _terms(tx: AsyncSession, asked: Asked, year: int, before: Plan | None) -> Terms:
    """The rows that must be there are those of the latest plan; for the very first plan all units."""
    units = {code: unit for code, unit in load_units().items() if unit.parent is not None}
    latest = before or await find_plan_for_period(tx, year - 1, date(year - 1, 12, 31))
    coverage = (latest.units if latest else frozenset(units)) - {CITY}
    return Terms(year, load_indicators(), load_units(), coverage, await assigned_before(tx, year), asked.body)


def _plan(reading: Reading, asked: Asked, year: int, before: Plan | None) -> Plan:
    assert asked.doc_no is not None
    assert asked.effective_from is not None
    city = tuple(item for item in before.items if item.unit == CITY) if before else ()
    title = reading.title or f"{year}年城乡就业工作目标任务分解表"
    issued_on = asked.issued_on or asked.effective_from
    return Plan(year, 0, title, asked.doc_no, issued_on, asked.effective_from, (*reading.items, *city))
