"""What is done with plans: read from a file, issue, find the version in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import now
from kit.errors import FieldError
from kit.jobs.queue import enqueue
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans import repository
from targets_svc.plans.domain import (
    NOT_ASSIGNED_TOKENS,
    PENDING_TOKENS,
    Difference,
    Fault,
    ItemState,
    Plan,
    PlanItem,
    differences,
    find_doubts,
    find_faults,
    find_gaps,
    find_losses,
    split,
    version_for_period,
    version_in_force,
)
from targets_svc.plans.errors import (
    BrokenPlanError,
    ImpossibleProposalError,
    IssuedPlanDiffersError,
    PlanFourEyesError,
    PlanInvalidError,
    PlanIssuedError,
    PlanNotFoundError,
)
from targets_svc.plans.models import PlanRow
from targets_svc.units.domain import CITY
from targets_svc.units.repository import load_units
from targets_svc.withdrawals.errors import WithdrawnError

_CAME_WITH = "jiuye"
ISSUED = "targets.plan_issued"
"""The job that follows an issue: what waited for a plan that names it is looked at again."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A stored draft, and what a person should look at before it is issued."""

    row: PlanRow
    plan: Plan
    doubts: tuple[Fault, ...]


async def find_plan(tx: AsyncSession, year: int, as_of: date) -> Plan:
    """The version in force on a legal day.

    Raises:
        PlanNotFoundError: no plan of that year, or none in force yet.
    """
    row = version_in_force(await repository.find_versions(tx, year), as_of)
    if row is None:
        raise PlanNotFoundError
    return await repository.load_plan(tx, row)


async def find_plan_for_period(tx: AsyncSession, year: int, last_day: date) -> Plan | None:
    """The version by which a period is measured that ends on `last_day`; None for a year without a plan."""
    row = version_for_period(await repository.find_versions(tx, year), last_day)
    return None if row is None else await repository.load_plan(tx, row)


async def issue_plan(tx: AsyncSession, plan: Plan) -> bool:
    """Stores a version, or finds it stored already; whether it is new.

    Raises:
        IssuedPlanDiffersError: the same version was issued with other content (rule P11).
    """
    for row in await repository.find_versions(tx, plan.year):
        if row.version == plan.version:
            stored = await repository.load_plan(tx, row)
            if _comparable(stored) != _comparable(plan):
                raise IssuedPlanDiffersError
            return False
    plan_id = await repository.add_draft(tx, plan, by=_CAME_WITH, at=now())
    await repository.sign(tx, plan_id, by=plan.doc_no, at=now())  # its notice has issued it
    return True


def _comparable(plan: Plan) -> tuple[object, ...]:
    return (plan.title, plan.doc_no, plan.issued_on, plan.effective_from, frozenset(plan.items))


async def draft_plan(tx: AsyncSession, plan: Plan, body: Mapping[str, int], actor: str, at: datetime) -> Drafted:
    """Stores a new version as a draft; its number is the next one of the year, whatever `plan.version` says.

    Args:
        body: totals of the notice's text, compared with the sums (rule P10).

    Raises:
        PlanInvalidError: an error among the rules, all at once; the pointers count the items.
    """
    _require_sound(plan, body)
    plan = replace(plan, version=await repository.lock_year(tx, plan.year))
    doubts = await _find_doubts(tx, plan)
    plan_id = await repository.add_draft(tx, plan, by=actor, at=at)
    row = await repository.find_row(tx, plan_id)
    assert row is not None
    return Drafted(row, plan, tuple(doubts))


async def read_version(tx: AsyncSession, year: int, version: int, *, with_drafts: bool) -> Drafted:
    """One version with what to look at, for whoever issues it.

    Raises:
        PlanNotFoundError.
    """
    row = await _find_row(tx, year, version, with_drafts=with_drafts)
    plan = await repository.load_plan(tx, row)
    return Drafted(row, plan, tuple(await _find_doubts(tx, plan)))


async def _find_doubts(tx: AsyncSession, plan: Plan) -> list[Fault]:
    """Against the version issued before it, or the last one of the year before."""
    versions = [row for row in await repository.find_versions(tx, plan.year) if row.version < plan.version]
    earlier = max(versions, key=lambda row: row.version, default=None)
    before = (
        await repository.load_plan(tx, earlier)
        if earlier
        else await find_plan_for_period(tx, plan.year - 1, date(plan.year - 1, 12, 31))
    )
    doubts = find_doubts(plan.items, load_indicators(), await assigned_before(tx, plan.year))
    return doubts + (find_losses(plan, before) if before else [])


async def issue_draft(tx: AsyncSession, plan_id: UUID, actor: str, at: datetime) -> PlanRow:
    """A second person issues a draft; from then on nothing about it changes.

    Raises:
        PlanNotFoundError, PlanIssuedError, WithdrawnError, PlanFourEyesError.
    """
    draft = await _lock_draft(tx, plan_id)
    if draft.created_by == actor:
        raise PlanFourEyesError
    await repository.sign(tx, plan_id, by=actor, at=at)
    await enqueue(tx, ISSUED, {"plan_id": str(plan_id)}, owner=actor, dedupe_key=f"{ISSUED}:{plan_id}")
    await tx.refresh(draft)
    return draft


async def withdraw_draft(tx: AsyncSession, plan_id: UUID, reason: str, actor: str, at: datetime) -> PlanRow:
    """Ends a draft that nobody has issued; its number is not given again.

    Raises:
        PlanNotFoundError, PlanIssuedError, WithdrawnError.
    """
    draft = await _lock_draft(tx, plan_id)
    draft.state = "WITHDRAWN"
    draft.withdraw(actor, at, reason)
    await tx.flush()
    return draft


async def _lock_draft(tx: AsyncSession, plan_id: UUID) -> PlanRow:
    draft = await repository.lock_draft(tx, plan_id)
    if draft is None:
        row = await repository.find_row(tx, plan_id)
        if row is None:
            raise PlanNotFoundError("没有这一草案；请在版本列表中核对编号。")
        raise WithdrawnError if row.state == "WITHDRAWN" else PlanIssuedError
    return draft


async def list_years(tx: AsyncSession) -> Sequence[PlanRow]:
    """Of each year with a plan the version issued last, the latest year first."""
    return await repository.find_latest_issued(tx)


async def list_versions(tx: AsyncSession, year: int, *, with_drafts: bool) -> list[PlanRow]:
    """The versions of a year; drafts for those who draw them up or issue them."""
    rows = await repository.find_all_versions(tx, year)
    return [row for row in rows if with_drafts or row.state == "ISSUED"]


async def find_version(tx: AsyncSession, year: int, version: int, *, with_drafts: bool) -> Plan:
    """One version by its number.

    Raises:
        PlanNotFoundError.
    """
    return await repository.load_plan(tx, await _find_row(tx, year, version, with_drafts=with_drafts))


async def _find_row(tx: AsyncSession, year: int, version: int, *, with_drafts: bool) -> PlanRow:
    rows = await list_versions(tx, year, with_drafts=with_drafts)
    row = next((row for row in rows if row.version == version), None)
    if row is None:
        raise PlanNotFoundError("没有这一版，或尚未下达；请在版本列表中核对版本号。")
    return row


async def compare_versions(
    tx: AsyncSession, year: int, first: int, second: int, *, with_drafts: bool
) -> list[Difference]:
    """The cells that two versions state differently, in the order of the annex.

    Raises:
        PlanNotFoundError: one of them does not exist.
    """
    old = await find_version(tx, year, first, with_drafts=with_drafts)
    new = await find_version(tx, year, second, with_drafts=with_drafts)
    units, indicators = load_units(), load_indicators()
    return sorted(differences(old, new), key=lambda d: (units[d.unit].sort_no, indicators[d.indicator].sort_no))


async def assigned_before(tx: AsyncSession, year: int) -> dict[tuple[str, str], int]:
    """The values that the last version of the year before assigned; empty when there is none."""
    plan = await find_plan_for_period(tx, year - 1, date(year - 1, 12, 31))
    items = plan.items if plan else ()
    return {(item.unit, item.indicator): item.value for item in items if item.value is not None}


def _require_sound(plan: Plan, body: Mapping[str, int]) -> None:
    units, indicators = load_units(), load_indicators()
    gaps = [gap for gap in find_gaps(plan.items, indicators) if gap.unit is None or gap.unit in units]
    found = find_faults(plan.items, None, body, units, indicators) + gaps
    position = {(item.unit, item.indicator): n for n, item in enumerate(plan.items)}
    errors = [
        FieldError(
            f"/items/{position[fault.unit, fault.indicator]}"
            if fault.unit and fault.indicator and (fault.unit, fault.indicator) in position
            else "/items",
            fault.rule,
            fault.message,
        )
        for fault in found
    ]
    if plan.effective_from.year != plan.year:
        errors.append(FieldError("/effective_from", "YEAR_DIFFERS", "生效日期应在计划年度之内"))
    if errors:
        raise PlanInvalidError(errors=errors)


def propose_parts(total: int, weights: Mapping[str, int], quantum: int, floor: int) -> dict[str, int]:
    """Splits a figure over units or streets; units of the plan in the order of the annex, others as given.

    Raises:
        ImpossibleProposalError.
    """
    units = load_units()
    keys = list(weights)
    if all(key in units for key in keys):
        keys.sort(key=lambda key: units[key].sort_no)
    try:
        return dict(zip(keys, split(total, [weights[key] for key in keys], quantum, floor), strict=True))
    except ValueError:
        raise ImpossibleProposalError("总数不足以满足每个单位的最低数；请减小floor或增大total。") from None


def read_plan(text: str) -> Plan:
    """Reads a plan file and checks it against every rule; the file's totals are compared, never stored.

    Raises:
        BrokenPlanError: with all faults at once.
    """
    try:
        data = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506  a safe loader that also refuses repeated keys
        items = [*_rows(data["columns"], data["rows"]), *_city_items(data["city"])]
        plan = Plan(
            year=_typed(data["year"], int),
            version=_typed(data["version"], int),
            title=_typed(data["title"], str),
            doc_no=_typed(data["doc_no"], str),
            issued_on=_typed(data["issued_on"], date),
            effective_from=_typed(data["effective_from"], date),
            items=tuple(items),
        )
        stated = dict(zip(data["columns"], data["totals"], strict=True))
        body = dict(data["body"])
    except yaml.YAMLError as error:
        raise BrokenPlanError([f"不是规范的YAML：{type(error).__name__}"]) from None
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenPlanError([f"缺少项目或格式不对：{error}"]) from None
    if faults := find_faults(plan.items, stated, body, load_units(), load_indicators()):
        raise BrokenPlanError([str(fault) for fault in faults])
    return plan


def _rows(columns: Sequence[str], rows: Mapping[str, Sequence[Any]]) -> list[PlanItem]:
    return [
        _item(unit, indicator, raw)
        for unit, cells in rows.items()
        for indicator, raw in zip(columns, cells, strict=True)
    ]


def _city_items(cells: Mapping[str, Any]) -> list[PlanItem]:
    return [_item(CITY, indicator, raw) for indicator, raw in cells.items()]


def _item(unit: str, indicator: str, raw: object) -> PlanItem:
    """A figure, or one of the tokens for none; a blank cell is an error, never a zero."""
    if isinstance(raw, str) and raw in NOT_ASSIGNED_TOKENS:
        return PlanItem(unit, indicator, ItemState.NOT_ASSIGNED)
    if isinstance(raw, str) and raw in PENDING_TOKENS:
        return PlanItem(unit, indicator, ItemState.PENDING)
    try:
        return PlanItem(unit, indicator, ItemState.ASSIGNED, load_indicators()[indicator].read(raw))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{unit}/{indicator}: {error}") from None


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}")
    return value


class _UniqueKeys(yaml.SafeLoader):
    """Two rows of one unit are a fault (P3); plain YAML would keep the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As the safe loader, for keys that differ."""
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise ValueError("P3: a key stands twice")
        return super().construct_mapping(node, deep)
