"""What is done with reports. Every step locks the report, decides by the pure rules, and records who did it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import Month
from kit.errors import FieldError
from kit.http.errors import VersionStaleError
from kit.http.etags import check_if_match
from kit.webhooks.service import announce
from kit.working_days import load_calendar
from targets_svc.indicators.repository import load_indicators
from targets_svc.month_closes.service import require_open
from targets_svc.plans.domain import ItemState
from targets_svc.plans.service import find_plan_for_period
from targets_svc.register.repository import counts_to_month
from targets_svc.report_rules.domain import (
    Assignment,
    Basis,
    Cell,
    Entry,
    check_period,
    find_errors,
    find_gaps,
    find_warnings,
    read_entries,
    to_cumulative,
)
from targets_svc.reports import repository
from targets_svc.reports.domain import Actor, Signatures, State, Step, authorise, is_late, is_late_again, next_state
from targets_svc.reports.errors import (
    NothingOfficialError,
    ReportInvalidError,
    ReportNotFoundError,
    TransitionRefusedError,
)
from targets_svc.reports.models import ReportRow, RevisionRow
from targets_svc.standards.repository import find_standard
from targets_svc.units.domain import CITY, limited_to, may_report, may_see
from targets_svc.units.repository import load_units
from targets_svc.webhooks import REPORT_EVENTS
from targets_svc.working_days.domain import due_at

_UNSIGNED = dict.fromkeys(("submitted_by", "submitted_at", "reviewed_by", "reviewed_at"))


@dataclass(frozen=True, slots=True)
class Content:
    """One revision with its figures, and what is unusual about them while it is not approved."""

    revision: RevisionRow
    cells: Sequence[Cell]
    warnings: Sequence[FieldError] = ()


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as an answer shows it.

    Attributes:
        shown: the revision that the call was about; for a reader the official one, if there is one.
        late_again: whether the first revision was handed in in time and, once sent back, again after the deadline.
        open: the revision on its way, when another one is shown.
        is_new: whether this call created the report.
    """

    report: ReportRow
    shown: Content
    late: bool
    late_again: bool
    open: Content | None = None
    is_new: bool = False


async def save_draft(
    tx: AsyncSession,
    actor: Actor,
    unit: str,
    month: Month,
    entries: Sequence[Entry],
    if_match: str | None,
    now: datetime,
    basis: Basis = Basis.CUMULATIVE,
) -> ReportView:
    """Begins a report, or replaces the figures of its draft (a returned one becomes a draft again).

    Figures of the month alone are made cumulative here, once; that they came so is kept.

    Raises:
        ReportNotFoundError: not a unit for which this account reports.
        ReportInvalidError: rules R1, R3–R6, R9, R10; all faults at once.
        IfMatchRequiredError, VersionStaleError: the report exists already.
        TransitionRefusedError: it is on its way, or approved.
        MonthClosedError: the month was closed without it.
    """
    if not may_report(actor.unit, unit):
        raise ReportNotFoundError
    assignment = await _assignment(tx, unit, month, now)
    report = await repository.lock_report(tx, unit, month)
    if report is None or report.revision == 1:
        await require_open(tx, month)
    is_new = report is None and await repository.begin_report(tx, unit, month, await _due_at(tx, month))
    if is_new and if_match is not None:
        raise VersionStaleError
    if report is None:
        report = await _locked(tx, actor, unit, month)
    if is_new:
        revision = repository.add_revision(tx, report, created_by=actor.subject, created_at=now)
    else:
        check_if_match(if_match, report.row_version, required=True)
        revision = await repository.load_latest(tx, report)
    after = _decide(revision, Step.EDIT, actor)
    against = _for_revision(assignment, revision)
    cells, faults = read_entries(entries, against.indicators)
    if basis is Basis.INCREMENT:
        cells, unfounded = to_cumulative(cells, against)
        faults += unfounded
    _refuse(faults + find_errors(cells, against))
    await _record(tx, report, revision, after, basis=basis.value)
    await repository.replace_cells(tx, revision, cells)
    return await _view(tx, report, revision, now, against, is_new=is_new)


async def _due_at(tx: AsyncSession, month: Month) -> datetime:
    return due_at(month, load_calendar(), (await find_standard(tx, month.last)).deadlines.report_days)


async def submit_report(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, if_match: str | None, now: datetime
) -> ReportView:
    """Hands the draft in; every assigned figure is there and no rule is broken (R11).

    Raises:
        ReportNotFoundError, VersionStaleError, TransitionRefusedError, ReportInvalidError.
    """
    if not may_report(actor.unit, unit):
        raise ReportNotFoundError
    report, revision, after = await _step(tx, actor, unit, month, Step.SUBMIT, if_match)
    against = await _require_sound(tx, revision, now)
    await _record(tx, report, revision, after, submitted_by=actor.subject, submitted_at=now)
    report.first_submitted_at = report.first_submitted_at or now
    return await _view(tx, report, revision, now, against)


async def review_report(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, if_match: str | None, now: datetime
) -> ReportView:
    """The unit's (or the city's) reviewer vouches for it.

    Raises:
        ReportNotFoundError, VersionStaleError, TransitionRefusedError, FourEyesError.
    """
    report, revision, after = await _step(tx, actor, unit, month, Step.REVIEW, if_match)
    await _record(tx, report, revision, after, reviewed_by=actor.subject, reviewed_at=now)
    return await _view(tx, report, revision, now)


async def approve_report(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, if_match: str | None, now: datetime
) -> ReportView:
    """The city makes it official, if it still keeps every rule (R18).

    Raises:
        ReportNotFoundError, VersionStaleError, TransitionRefusedError, NotCityLevelError, FourEyesError,
        ReportInvalidError.
    """
    report, revision, after = await _step(tx, actor, unit, month, Step.APPROVE, if_match)
    await _require_sound(tx, revision, now)
    await _record(tx, report, revision, after, approved_by=actor.subject, approved_at=now)
    return await _view(tx, report, revision, now)


async def return_report(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, reason: str, if_match: str | None, now: datetime
) -> ReportView:
    """Sends it back with a reason (R12); the signatures so far are void.

    Raises:
        ReportNotFoundError, VersionStaleError, TransitionRefusedError.
    """
    report, revision, after = await _step(tx, actor, unit, month, Step.RETURN, if_match)
    returned = {"returned_by": actor.subject, "returned_at": now, "return_reason": reason}
    await _record(tx, report, revision, after, **_UNSIGNED, **returned)
    return await _view(tx, report, revision, now)


async def withdraw_report(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, if_match: str | None, now: datetime
) -> ReportView:
    """The submitter takes it back before anybody has reviewed it.

    Raises:
        ReportNotFoundError, VersionStaleError, TransitionRefusedError, NotSubmitterError.
    """
    report, revision, after = await _step(tx, actor, unit, month, Step.WITHDRAW, if_match)
    await _record(tx, report, revision, after, **_UNSIGNED)
    return await _view(tx, report, revision, now)


async def correct_report(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, reason: str, if_match: str | None, now: datetime
) -> ReportView:
    """Opens a new revision with the approved figures; the approved one stays official until the new one is.

    Raises:
        ReportNotFoundError, VersionStaleError, TransitionRefusedError.
    """
    if not may_report(actor.unit, unit):
        raise ReportNotFoundError
    report = await _locked(tx, actor, unit, month)
    check_if_match(if_match, report.row_version, required=False)
    approved = await repository.load_latest(tx, report)
    next_state(State(approved.state), Step.CORRECT)
    cells = await repository.load_cells(tx, approved)
    report.revision = await repository.last_number(tx, report) + 1
    report.row_version += 1
    revision = repository.add_revision(tx, report, created_by=actor.subject, created_at=now, correction_reason=reason)
    await repository.replace_cells(tx, revision, cells)
    return await _view(tx, report, revision, now)


async def withdraw_correction(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, reason: str, if_match: str | None, now: datetime
) -> ReportView:
    """Ends a correction that nobody has in hand; what is approved stays official, and may be corrected anew.

    Raises:
        ReportNotFoundError, VersionStaleError, TransitionRefusedError.
    """
    if not may_report(actor.unit, unit):
        raise ReportNotFoundError
    report, revision, after = await _step(tx, actor, unit, month, Step.DROP, if_match)
    official = await repository.find_official(tx, report, now)
    if official is None:
        raise TransitionRefusedError("这是首次填报，不是更正，不能撤回更正；请修改草稿后报送。")
    revision.withdraw(actor.subject, now, reason)
    await _record(tx, report, revision, after)
    report.revision = official.revision
    return await _view(tx, report, official, now)


async def read_report(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, known_at: datetime | None, now: datetime
) -> ReportView:
    """What is official, beside what is on its way; at an instant, what was official then.

    Raises:
        ReportNotFoundError: no such report, or another unit's.
        NothingOfficialError: nothing was approved by `known_at`.
    """
    _require_visible(actor, unit)
    report = await repository.find_report(tx, unit, month)
    if report is None:
        raise ReportNotFoundError
    official = await repository.find_official(tx, report, known_at or now)
    if official is None and known_at is not None:
        raise NothingOfficialError
    latest = await repository.load_latest(tx, report) if known_at is None else None
    if official is None or latest is None or latest.revision == official.revision:
        return await _view(tx, report, official or latest or await repository.load_latest(tx, report), now)
    shown = await _content(tx, report, official, now)
    return ReportView(
        report, shown, _late(report, now), _late_again(report, official), open=await _content(tx, report, latest, now)
    )


async def list_revisions(tx: AsyncSession, actor: Actor, unit: str, month: Month) -> Sequence[RevisionRow]:
    """Every revision and who carried it, the first one first.

    Raises:
        ReportNotFoundError: no such report, or another unit's.
    """
    _require_visible(actor, unit)
    report = await repository.find_report(tx, unit, month)
    if report is None:
        raise ReportNotFoundError
    return await repository.list_revisions(tx, report)


async def list_reports(
    tx: AsyncSession,
    actor: Actor,
    *,
    unit: str | None,
    month: Month | None,
    state: State | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[tuple[ReportRow, RevisionRow]]:
    """Reports that the account sees, with their latest revisions.

    Raises:
        ReportNotFoundError: the filter names another unit.
    """
    if unit is not None:
        _require_visible(actor, unit)
    return await repository.list_reports(
        tx, unit=unit or limited_to(actor.unit), month=month, state=state, after=after, limit=limit
    )


async def _step(
    tx: AsyncSession, actor: Actor, unit: str, month: Month, step: Step, if_match: str | None
) -> tuple[ReportRow, RevisionRow, State]:
    """The locked report, and the state into which the step would bring it; nothing is changed yet."""
    report = await _locked(tx, actor, unit, month)
    check_if_match(if_match, report.row_version, required=False)
    revision = await repository.load_latest(tx, report)
    after = _decide(revision, step, actor)
    if report.revision == 1:
        await require_open(tx, month)
    return report, revision, after


def _decide(revision: RevisionRow, step: Step, actor: Actor) -> State:
    after = next_state(State(revision.state), step)
    authorise(step, actor, Signatures(revision.submitted_by, revision.reviewed_by))
    return after


async def _record(tx: AsyncSession, report: ReportRow, revision: RevisionRow, state: State, **signed: Any) -> None:
    """State and signatures together: the table admits neither without the other."""
    for name, value in {"state": state.value, **signed}.items():
        setattr(revision, name, value)
    report.row_version += 1
    told = REPORT_EVENTS.get(state)
    if told is not None:
        data = {"unit": report.unit, "month": str(Month(report.year, report.month))}
        await announce(tx, told.name, data, unit=report.unit)


async def _locked(tx: AsyncSession, actor: Actor, unit: str, month: Month) -> ReportRow:
    _require_visible(actor, unit)
    report = await repository.lock_report(tx, unit, month)
    if report is None:
        raise ReportNotFoundError
    return report


def _require_visible(actor: Actor, unit: str) -> None:
    if unit not in load_units() or not may_see(actor.unit, unit):
        raise ReportNotFoundError


async def _assignment(tx: AsyncSession, unit: str, month: Month, now: datetime) -> Assignment:
    """What the unit owes for the month (R1, R2)."""
    plan = await find_plan_for_period(tx, month.year, month.last)
    _refuse(check_period(month, legal_day(now), has_plan=plan is not None))
    assert plan is not None
    if unit not in plan.units:
        raise ReportNotFoundError
    pending = {item.indicator: item for item in plan.items if item.unit == CITY and item.state is ItemState.PENDING}
    return Assignment(
        load_indicators(),
        pending | {item.indicator: item for item in plan.items if item.unit == unit},
        month.number,
        (await find_standard(tx, month.last)).validation,
        await repository.load_earlier(tx, unit, month),
        registered=await _registered(tx, unit, month),
    )


async def _registered(tx: AsyncSession, unit: str, month: Month) -> dict[str, int]:
    counts = await counts_to_month(tx, month.year, month.number, None)
    return {indicator: n for (of, indicator), n in counts.items() if of == unit}


def _for_revision(assignment: Assignment, revision: RevisionRow) -> Assignment:
    return replace(assignment, is_correction=revision.revision > 1)


async def _require_sound(tx: AsyncSession, revision: RevisionRow, now: datetime) -> Assignment:
    against = await _assignment_of(tx, revision, now)
    cells = await repository.load_cells(tx, revision)
    _refuse(find_errors(cells, against) + find_gaps(cells, against))
    return against


async def _assignment_of(tx: AsyncSession, revision: RevisionRow, now: datetime) -> Assignment:
    month = Month(revision.year, revision.month)
    return _for_revision(await _assignment(tx, revision.unit, month, now), revision)


def _refuse(found: Sequence[FieldError]) -> None:
    if found:
        raise ReportInvalidError(errors=found)


def _late(report: ReportRow, now: datetime) -> bool:
    return is_late(report.first_submitted_at, report.due_at, now)


def _late_again(report: ReportRow, revision: RevisionRow) -> bool:
    """A correction is no answer to the deadline."""
    is_first = revision.revision == 1
    return is_first and is_late_again(report.first_submitted_at, revision.submitted_at, report.due_at)


async def _content(
    tx: AsyncSession, report: ReportRow, revision: RevisionRow, now: datetime, against: Assignment | None = None
) -> Content:
    cells = await repository.load_cells(tx, revision)
    if revision.state == State.APPROVED:
        return Content(revision, cells)
    against = against or await _assignment_of(tx, revision, now)
    return Content(revision, cells, find_warnings(cells, against, is_late=_late(report, now)))


async def _view(
    tx: AsyncSession,
    report: ReportRow,
    revision: RevisionRow,
    now: datetime,
    against: Assignment | None = None,
    *,
    is_new: bool = False,
) -> ReportView:
    await tx.flush()
    shown = await _content(tx, report, revision, now, against)
    return ReportView(report, shown, _late(report, now), _late_again(report, revision), is_new=is_new)
