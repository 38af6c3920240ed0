"""Splitting a unit's targets: proposed by weights, drawn up by the unit, issued by the level above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import FieldError
from kit.ids import new_id
from targets_svc.child_plans import repository
from targets_svc.child_plans.domain import Mode, Part, PartItem, find_doubts, find_faults, propose
from targets_svc.child_plans.errors import (
    ChildPlanFourEyesError,
    ChildPlanInvalidError,
    ChildPlanIssuedError,
    ChildPlanNotFoundError,
    NotLevelAboveError,
    ParentPlanChangedError,
)
from targets_svc.child_plans.models import ChildPlanRow
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import Fault, ItemState, Plan
from targets_svc.plans.errors import ImpossibleProposalError, PlanNotFoundError
from targets_svc.plans.service import find_plan_for_period
from targets_svc.units.domain import CITY, limited_to, may_report, may_see
from targets_svc.units.repository import load_units
from targets_svc.withdrawals.errors import WithdrawnError


@dataclass(frozen=True, slots=True)
class Draft:
    """A split as a unit hands it in."""

    unit: str
    year: int
    title: str
    doc_no: str
    mode: Mode
    parts: Sequence[Part]
    items: Sequence[PartItem]
    shortfall_reason: str | None


@dataclass(frozen=True, slots=True)
class Split:
    """A stored version with its cells, and what to look at."""

    row: ChildPlanRow
    items: Sequence[PartItem]
    doubts: Sequence[Fault]


async def propose_split(
    tx: AsyncSession,
    *,
    own_unit: str | None,
    unit: str,
    year: int,
    weights: Mapping[str, int],
    quanta: Mapping[str, int],
    floor: int,
) -> list[PartItem]:
    """Every target of the unit by one set of weights; nothing is stored.

    Raises:
        ChildPlanNotFoundError: another unit.
        PlanNotFoundError, ImpossibleProposalError.
    """
    if unit == CITY or unit not in load_units() or not may_see(own_unit, unit):
        raise ChildPlanNotFoundError
    targets = _targets(await _parent(tx, year), unit)
    try:
        return propose(targets, weights, quanta, floor)
    except ValueError:
        raise ImpossibleProposalError("有的指标不足以满足每个街道（乡镇）的最低数；请减小floor。") from None


async def draft_split(tx: AsyncSession, *, subject: str, own_unit: str | None, draft: Draft, now: datetime) -> Split:
    """Stores the next version as a draft, when every rule is kept.

    Raises:
        ChildPlanNotFoundError: not a unit for which this account speaks.
        PlanNotFoundError: no plan of that year to split.
        ChildPlanInvalidError: rules P2–P7, all faults at once.
    """
    if draft.unit == CITY or not may_report(own_unit, draft.unit):
        raise ChildPlanNotFoundError
    parent = await _parent(tx, draft.year)
    targets = _targets(parent, draft.unit)
    _require_sound(draft, targets)
    row = ChildPlanRow(
        unit=draft.unit,
        id=new_id(),
        year=draft.year,
        version=await repository.lock_next_version(tx, draft.unit, draft.year),
        parent_version=parent.version,
        title=draft.title,
        doc_no=draft.doc_no,
        mode=draft.mode.value,
        parts=[{"code": part.code, "name": part.name} for part in draft.parts],
        shortfall_reason=draft.shortfall_reason,
        state="DRAFT",
        created_by=subject,
        created_at=now,
    )
    await repository.add(tx, row, draft.items)
    return Split(row, draft.items, find_doubts(draft.items, targets, load_indicators()))


async def issue_split(tx: AsyncSession, *, subject: str, own_unit: str | None, plan_id: UUID, now: datetime) -> Split:
    """The level above issues a draft, with its shortfall if it gives a reason for one.

    Raises:
        NotLevelAboveError, ChildPlanNotFoundError, ChildPlanIssuedError, WithdrawnError, ChildPlanFourEyesError,
        ParentPlanChangedError.
    """
    if limited_to(own_unit) is not None:
        raise NotLevelAboveError
    row = await _lock_draft(tx, plan_id, own_unit)
    if row.created_by == subject:
        raise ChildPlanFourEyesError
    if (await _parent(tx, row.year)).version != row.parent_version:
        raise ParentPlanChangedError
    row.state, row.issued_by, row.issued_at = "ISSUED", subject, now
    await tx.flush()
    return await _loaded(tx, row)


async def withdraw_split(
    tx: AsyncSession, *, subject: str, own_unit: str | None, plan_id: UUID, reason: str, now: datetime
) -> Split:
    """Ends a draft: the unit takes it back, or the level above sends it back.

    Raises:
        ChildPlanNotFoundError: none of this id, or another unit's.
        ChildPlanIssuedError, WithdrawnError.
    """
    row = await _lock_draft(tx, plan_id, own_unit)
    row.state = "WITHDRAWN"
    row.withdraw(subject, now, reason)
    await tx.flush()
    return await _loaded(tx, row)


async def _lock_draft(tx: AsyncSession, plan_id: UUID, own_unit: str | None) -> ChildPlanRow:
    row = await repository.lock_draft(tx, plan_id)
    seen = row or await repository.find(tx, plan_id)
    if seen is None or not may_see(own_unit, seen.unit):
        raise ChildPlanNotFoundError
    if row is None:
        raise WithdrawnError if seen.state == "WITHDRAWN" else ChildPlanIssuedError
    return row


async def read_split(tx: AsyncSession, plan_id: UUID, *, own_unit: str | None, with_drafts: bool) -> Split:
    """A version.

    Raises:
        ChildPlanNotFoundError: none of this id, another unit's, or a draft that is not for this account.
    """
    row = await repository.find(tx, plan_id)
    if row is None or not may_see(own_unit, row.unit) or (row.state != "ISSUED" and not with_drafts):
        raise ChildPlanNotFoundError
    return await _loaded(tx, row)


async def list_splits(
    tx: AsyncSession, *, year: int, unit: str | None, own_unit: str | None, with_drafts: bool
) -> Sequence[ChildPlanRow]:
    """The versions of a year that the account sees, by unit and number.

    Raises:
        ChildPlanNotFoundError: the filter names another unit.
    """
    if unit is not None and (unit not in load_units() or not may_see(own_unit, unit)):
        raise ChildPlanNotFoundError
    return await repository.list_versions(tx, year=year, unit=unit or limited_to(own_unit), with_drafts=with_drafts)


async def _parent(tx: AsyncSession, year: int) -> Plan:
    plan = await find_plan_for_period(tx, year, date(year, 12, 31))
    if plan is None:
        raise PlanNotFoundError
    return plan


def _targets(plan: Plan, unit: str) -> dict[str, int]:
    """The unit's assigned cells in the order of the annex.

    Raises:
        ChildPlanNotFoundError: the plan assigns it nothing.
    """
    given = {i.indicator: i.value for i in plan.items if i.unit == unit and i.state is ItemState.ASSIGNED}
    found = {code: value for code in load_indicators() if (value := given.get(code)) is not None}
    if not found:
        raise ChildPlanNotFoundError("该年度没有给本单位下达任务，不需要分解；请核对单位和年度。")
    return found


async def _loaded(tx: AsyncSession, row: ChildPlanRow) -> Split:
    items = await repository.load_items(tx, row)
    parent = await _parent(tx, row.year)
    targets = _targets(parent, row.unit) if parent.version == row.parent_version else {}
    return Split(row, items, find_doubts(items, targets, load_indicators()))


def _require_sound(draft: Draft, targets: Mapping[str, int]) -> None:
    faults = find_faults(
        draft.unit,
        draft.parts,
        draft.items,
        targets,
        load_indicators(),
        draft.mode,
        accepts_shortfall=draft.shortfall_reason is not None,
    )
    if not faults:
        return
    known = load_indicators()  # a code that is none of ours is input, which is not repeated
    found = [
        FieldError(
            _pointer(fault, draft),
            fault.rule,
            f"{fault.indicator if fault.indicator in known else ''}{fault.message}",
        )
        for fault in faults
    ]
    raise ChildPlanInvalidError(errors=found)


def _pointer(fault: Fault, draft: Draft) -> str:
    """The cell or the part that a fault is about; for a sum all cells."""
    for position, item in enumerate(draft.items):
        if (item.part, item.indicator) == (fault.unit, fault.indicator):
            return f"/items/{position}"
    for position, part in enumerate(draft.parts):
        if part.code == fault.unit:
            return f"/parts/{position}"
    return "/items"
