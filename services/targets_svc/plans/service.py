"""What is done with plans: read from a file, issue, find the version in force."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.indicators.repository import load_indicators
from targets_svc.plans import repository
from targets_svc.plans.domain import (
    ItemState,
    Plan,
    PlanItem,
    find_faults,
    split,
    version_for_period,
    version_in_force,
)
from targets_svc.plans.errors import (
    BrokenPlanError,
    ImpossibleProposalError,
    IssuedPlanDiffersError,
    PlanNotFoundError,
)
from targets_svc.units.domain import CITY
from targets_svc.units.repository import load_units

_NOT_ASSIGNED = frozenset({"——", "—", "－－", "--"})
_PENDING = frozenset({"待定", "待明确"})


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
    await repository.add_plan(tx, plan)
    return True


def _comparable(plan: Plan) -> tuple[object, ...]:
    return (plan.title, plan.doc_no, plan.issued_on, plan.effective_from, frozenset(plan.items))


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
        raise BrokenPlanError(faults)
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
    if isinstance(raw, str) and raw in _NOT_ASSIGNED:
        return PlanItem(unit, indicator, ItemState.NOT_ASSIGNED)
    if isinstance(raw, str) and raw in _PENDING:
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
