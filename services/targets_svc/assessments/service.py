"""The assessment of every unit at the end of a month, from official figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from kit.ids import new_id
from kit.working_days import load_calendar
from targets_svc.assessment_rules.repository import find_rule_sets, load_rule_sets
from targets_svc.assessments import repository
from targets_svc.assessments.domain import (
    Graded,
    Result,
    RuleSet,
    Score,
    grade,
    in_force,
    score,
)
from targets_svc.assessments.errors import (
    AssessmentFourEyesError,
    FindingConfirmedError,
    FindingNotConfirmedError,
    FindingNotFoundError,
    PublicationNotFoundError,
    PublicationPublishedError,
    RevocationNotFoundError,
    RevocationOpenError,
    RuleSetNotFoundError,
)
from targets_svc.assessments.models import FindingRow, PublicationRow, RevocationRow
from targets_svc.completeness.domain import owed, tally
from targets_svc.completeness.repository import find_received
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState, Plan
from targets_svc.plans.service import find_plan_for_period
from targets_svc.progress.domain.observation import Cell
from targets_svc.progress.service import ProgressSource, Question, read_progress
from targets_svc.register.repository import counts_to_month
from targets_svc.standards.repository import find_standard, find_standards
from targets_svc.units.domain import CITY, limited_to, may_see
from targets_svc.units.repository import load_units
from targets_svc.withdrawals.service import why_not_open
from targets_svc.working_days.domain import deadlines


@dataclass(frozen=True, slots=True)
class Assessed:
    """One unit; 市本级 has a score and no grade, since it is no district."""

    unit: str
    score: Score
    graded: Graded | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer, and by what it was made."""

    month: Month
    plan_version: int
    standard_version: int
    rules: RuleSet
    known_at: datetime
    units: list[Assessed]


async def assess_units(
    tx: AsyncSession,
    month: Month,
    *,
    rule_set: str | None,
    known_at: datetime | None,
    own_unit: str | None,
    now: datetime,
) -> Assessment:
    """Scores and grades of all units; the same question with the same instant has the same answer.

    A unit's account sees its own. The plan is the version in force on the month's last day.

    Raises:
        PlanNotFoundError, RuleSetNotFoundError.
    """
    at = min(known_at or now, now)
    rules = in_force(await find_rule_sets(tx), rule_set or load_rule_sets()[0].code, month.last, at)
    if rules is None:
        raise RuleSetNotFoundError
    asked = Question(month, ProgressSource.POLICY, known_at=known_at)
    table = await read_progress(tx, asked, own_unit=None, now=now)
    results: dict[str, list[Result]] = {}
    for row in table.rows:
        if row.unit != CITY and row.target is not None:
            line = Result(row.indicator, row.target, row.actual, row.completion)
            results.setdefault(row.unit, []).append(line)
    late, flags = await _late_reports(tx, month, at), await _flags(tx, month, known_at, now)
    findings = await repository.find_confirmed(tx, month.year, at)
    scores = {
        unit: score(lines, late.get(unit, 0), flags.get(unit, 0), rules, findings.get(unit, ()))
        for unit, lines in results.items()
    }
    found = {unit: one for unit, one in scores.items() if one is not None}
    grades = grade({unit: one.total for unit, one in found.items() if load_units()[unit].is_ranked}, rules)
    own = limited_to(own_unit)
    seen = [Assessed(unit, one, grades.get(unit)) for unit, one in found.items() if own in {None, unit}]
    return Assessment(month, table.plan_version, table.standard_version, rules, at, seen)


async def _late_reports(tx: AsyncSession, month: Month, at: datetime) -> dict[str, int]:
    """By unit, the reports whose deadline has passed that came late or never."""
    months = [Month(month.year, number) for number in range(1, month.number + 1)]
    due = deadlines(months, load_calendar(), await find_standards(tx), at)
    owed_by_month = {}
    for m in months:
        plan = await find_plan_for_period(tx, m.year, m.last)
        if plan is not None and due[m.number] < at:
            owed_by_month[m.number] = owed(plan, load_indicators())
    received = await find_received(tx, month.year, month.number, at)
    return {unit: one.expected - one.on_time for unit, one in tally(owed_by_month, received, due).items()}


async def _flags(tx: AsyncSession, month: Month, known_at: datetime | None, now: datetime) -> dict[str, int]:
    """By unit, the indicators for which report and register both have a figure and disagree beyond tolerance."""
    sources = {
        source: await read_progress(tx, Question(month, source, known_at=known_at), own_unit=None, now=now)
        for source in (ProgressSource.REPORT, ProgressSource.REGISTER)
    }
    plan = await find_plan_for_period(tx, month.year, month.last)
    tolerances = (await find_standard(tx, month.last, known_at)).reconciliation
    counted = await counts_to_month(tx, month.year, month.number, known_at)
    values = {
        source: {(row.unit, row.indicator): row.actual for row in table.rows} for source, table in sources.items()
    }
    flags: dict[str, int] = {}
    for cell in _assigned(plan) & counted.keys():
        reported, registered = values[ProgressSource.REPORT][cell], values[ProgressSource.REGISTER][cell]
        if reported is not None and registered is not None and tolerances.is_flagged(reported, registered):
            flags[cell[0]] = flags.get(cell[0], 0) + 1
    return flags


def _assigned(plan: Plan | None) -> set[Cell]:
    items = plan.items if plan else ()
    return {(i.unit, i.indicator) for i in items if i.unit != CITY and i.state is ItemState.ASSIGNED}


async def enter_finding(
    tx: AsyncSession, *, unit: str, year: int, reference: str, reason: str, by: str, at: datetime
) -> FindingRow:
    """Figures of a unit that an inspection found to be made up; a veto once a second person has confirmed it.

    Raises:
        FindingNotFoundError: no such unit.
    """
    if unit == CITY or unit not in load_units():
        raise FindingNotFoundError
    row = FindingRow(
        id=new_id(), unit=unit, year=year, reference=reference, reason=reason, entered_by=by, entered_at=at
    )
    tx.add(row)
    await tx.flush()
    return row


async def confirm_finding(tx: AsyncSession, finding_id: UUID, by: str, at: datetime) -> FindingRow:
    """From now on the unit's assessments of that year are vetoed.

    Raises:
        FindingNotFoundError, FindingConfirmedError, WithdrawnError, AssessmentFourEyesError.
    """
    row = await _lock_finding(tx, finding_id)
    if row.entered_by == by:
        raise AssessmentFourEyesError
    row.confirmed_by, row.confirmed_at = by, at
    await tx.flush()
    return row


async def withdraw_finding(tx: AsyncSession, finding_id: UUID, reason: str, by: str, at: datetime) -> FindingRow:
    """Takes back what nobody has confirmed.

    Raises:
        FindingNotFoundError, FindingConfirmedError, WithdrawnError.
    """
    row = await _lock_finding(tx, finding_id)
    row.withdraw(by, at, reason)
    await tx.flush()
    return row


async def _lock_finding(tx: AsyncSession, finding_id: UUID) -> FindingRow:
    row = await repository.lock_finding(tx, finding_id)
    if row is None:
        found = await repository.read_finding(tx, finding_id)
        raise why_not_open(found and found[0], FindingNotFoundError, FindingConfirmedError)
    return row


async def enter_revocation(
    tx: AsyncSession, finding_id: UUID, *, reference: str, reason: str, by: str, at: datetime
) -> tuple[FindingRow, RevocationRow]:
    """A confirmed finding was wrong; it counts no more once a second person has confirmed that.

    Raises:
        FindingNotFoundError, FindingNotConfirmedError, WithdrawnError, RevocationOpenError.
    """
    found = await repository.read_finding(tx, finding_id)
    if found is None:
        raise FindingNotFoundError
    finding, _ = found
    if finding.confirmed_by is None:
        raise why_not_open(finding, FindingNotFoundError, FindingNotConfirmedError)
    row = RevocationRow(
        id=new_id(),
        finding_id=finding.id,
        unit=finding.unit,
        reference=reference,
        reason=reason,
        entered_by=by,
        entered_at=at,
    )
    tx.add(row)
    try:
        await tx.flush()
    except IntegrityError:  # there is one, or somebody has just entered one
        raise RevocationOpenError from None
    return finding, row


async def confirm_revocation(
    tx: AsyncSession, finding_id: UUID, by: str, at: datetime
) -> tuple[FindingRow, RevocationRow]:
    """From now on assessments of that year are made without the finding; what is published stays as it is.

    Raises:
        FindingNotFoundError, RevocationNotFoundError, AssessmentFourEyesError.
    """
    finding, row = await _lock_revocation(tx, finding_id)
    if row.entered_by == by:
        raise AssessmentFourEyesError
    row.confirmed_by, row.confirmed_at = by, at
    await tx.flush()
    return finding, row


async def withdraw_revocation(tx: AsyncSession, finding_id: UUID, reason: str, by: str, at: datetime) -> FindingRow:
    """The finding stays in force.

    Raises:
        FindingNotFoundError, RevocationNotFoundError.
    """
    finding, row = await _lock_revocation(tx, finding_id)
    row.withdraw(by, at, reason)
    await tx.flush()
    return finding


async def _lock_revocation(tx: AsyncSession, finding_id: UUID) -> tuple[FindingRow, RevocationRow]:
    row = await repository.lock_revocation(tx, finding_id)
    found = await repository.read_finding(tx, finding_id)
    if found is None:
        raise FindingNotFoundError
    if row is None:
        raise RevocationNotFoundError
    return found[0], row


async def list_findings(
    tx: AsyncSession,
    *,
    own_unit: str | None,
    unit: str | None,
    year: int | None,
    is_confirmed: bool | None,
    after: UUID | None,
    limit: int,
) -> list[tuple[FindingRow, RevocationRow | None]]:
    """Findings that the account sees; a unit its own, once they are confirmed.

    Raises:
        FindingNotFoundError: the filter names another unit.
    """
    if unit is not None and (unit not in load_units() or not may_see(own_unit, unit)):
        raise FindingNotFoundError
    own = limited_to(own_unit)
    return await repository.list_findings(
        tx,
        unit=unit or own,
        year=year,
        is_confirmed=is_confirmed,
        only_confirmed=own is not None,
        after=after,
        limit=limit,
    )


async def draw_up(
    tx: AsyncSession, found: Assessment, content: dict[str, Any], by: str, at: datetime
) -> PublicationRow:
    """Keeps an assessment as it is now, for a second person to publish exactly this one.

    Args:
        content: the assessment as it is shown.
    """
    row = PublicationRow(
        id=new_id(),
        year=found.month.year,
        month=found.month.number,
        rule_set=found.rules.code,
        content=content,
        drawn_up_by=by,
        drawn_up_at=at,
    )
    tx.add(row)
    await tx.flush()
    return row


async def publish(tx: AsyncSession, publication_id: UUID, by: str, at: datetime) -> PublicationRow:
    """Publishes what was drawn up; a later publication of the same month takes its place and leaves it readable.

    Raises:
        PublicationNotFoundError, PublicationPublishedError, WithdrawnError, AssessmentFourEyesError.
    """
    row = await _lock_publication(tx, publication_id)
    if row.drawn_up_by == by:
        raise AssessmentFourEyesError
    row.published_by, row.published_at = by, at
    await tx.flush()
    return row


async def withdraw_publication(
    tx: AsyncSession, publication_id: UUID, reason: str, by: str, at: datetime
) -> PublicationRow:
    """Ends what was drawn up and nobody has published.

    Raises:
        PublicationNotFoundError, PublicationPublishedError, WithdrawnError.
    """
    row = await _lock_publication(tx, publication_id)
    row.withdraw(by, at, reason)
    await tx.flush()
    return row


async def _lock_publication(tx: AsyncSession, publication_id: UUID) -> PublicationRow:
    row = await repository.lock_publication(tx, publication_id)
    if row is None:
        raise why_not_open(
            await repository.find_publication(tx, publication_id), PublicationNotFoundError, PublicationPublishedError
        )
    return row


async def read_publication(tx: AsyncSession, publication_id: UUID, own_unit: str | None) -> PublicationRow:
    """One publication; units see it once it is published.

    Raises:
        PublicationNotFoundError.
    """
    row = await repository.find_publication(tx, publication_id)
    if row is None or (limited_to(own_unit) is not None and row.published_by is None):
        raise PublicationNotFoundError
    return row


async def list_publications(
    tx: AsyncSession,
    *,
    own_unit: str | None,
    year: int | None,
    is_published: bool | None,
    after: Sequence[Any] | None,
    limit: int,
) -> Sequence[PublicationRow]:
    """Publications that the account sees; units those that are published."""
    return await repository.list_publications(
        tx,
        year=year,
        is_published=is_published,
        only_published=limited_to(own_unit) is not None,
        after=after,
        limit=limit,
    )
