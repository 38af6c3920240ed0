"""The plan: cells in three states, versions by date, sums, and proposals to split a figure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from targets_svc.indicators.domain import Indicator
from targets_svc.units.domain import CITY

NOT_ASSIGNED_TOKENS = frozenset({"——", "—", "－－", "--"})
PENDING_TOKENS = frozenset({"待定", "待明确"})
"""What stands in a cell instead of a figure; a blank cell is an error, never one of these."""


class ItemState(StrEnum):
    """A figure was assigned (zero included), none was (`——`), or it is still to be settled (待明确)."""

    ASSIGNED = "ASSIGNED"
    NOT_ASSIGNED = "NOT_ASSIGNED"
    PENDING = "PENDING"


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One cell; `value` in the indicator's smallest unit, present exactly when the cell is assigned."""

    unit: str
    indicator: str
    state: ItemState
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a year's plan (targets design §5.3).

    Attributes:
        effective_from: first legal day on which this version is in force.
        items: all cells, the city's own (unit ZZ) among them.
    """

    year: int
    version: int
    title: str
    doc_no: str
    issued_on: date
    effective_from: date
    items: tuple[PlanItem, ...]

    def item(self, unit: str, indicator: str) -> PlanItem | None:
        """The cell, or None where the plan has none."""
        return next((i for i in self.items if (i.unit, i.indicator) == (unit, indicator)), None)

    @property
    def units(self) -> frozenset[str]:
        """The units that the plan covers, by explicit list (巩义 has a code, but no row)."""
        return frozenset(item.unit for item in self.items)

    @property
    def indicators(self) -> frozenset[str]:
        """The indicators that the plan names."""
        return frozenset(item.indicator for item in self.items)


def totals(items: Iterable[PlanItem]) -> dict[str, int]:
    """The 合计 of each decomposed indicator: the sum of its assigned cells, 市本级 included; never stored."""
    sums: dict[str, int] = {}
    for item in items:
        if item.unit != CITY and item.value is not None:
            sums[item.indicator] = sums.get(item.indicator, 0) + item.value
    return sums


class Severity(StrEnum):
    """An ERROR blocks; a WARNING is to be looked at."""

    ERROR = "ERROR"
    WARNING = "WARNING"


class Fault(NamedTuple):
    """One rule that is not kept, and where (targets design §6).

    Attributes:
        unit: None for a whole column.
    """

    rule: str
    unit: str | None
    indicator: str | None
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = "/".join(part for part in (self.unit, self.indicator) if part)
        return f"{self.rule} {where}: {self.message}"


def find_faults(
    items: Sequence[PlanItem],
    stated: Mapping[str, int] | None,
    body: Mapping[str, int],
    units: Collection[str],
    indicators: Mapping[str, Indicator],
) -> list[Fault]:
    """Rules P1–P6 and P10 of the targets design; every fault at once.

    Args:
        stated: the 合计 row as printed; None where there is none to compare.
        body: the totals of the notice's text.
        units: codes that may carry cells.
    """
    faults: list[Fault] = []
    seen: set[tuple[str, str]] = set()
    for item in items:
        at = (item.unit, item.indicator)
        if item.unit not in units:
            faults.append(Fault("P2", *at, "单位不在计划范围内"))
        if item.indicator not in indicators:
            faults.append(Fault("P2", *at, "没有这项指标"))
        elif indicators[item.indicator].decomposed == (item.unit == CITY):
            faults.append(Fault("P2", *at, "分解指标由各单位承担，市级指标由全市承担"))
        if at in seen:
            faults.append(Fault("P3", *at, "单元格重复"))
        seen.add(at)
        if (item.state is ItemState.ASSIGNED) != (item.value is not None):
            faults.append(Fault("P4", *at, "已分解的应有数值，未分解或待明确的不应有数值"))
        if item.value is not None and item.value < 0:
            faults.append(Fault("P5", *at, "数值不能为负"))
    return faults + _subset_faults(items, indicators) + _sum_faults(totals(items), stated, body)


def find_gaps(items: Sequence[PlanItem], indicators: Mapping[str, Indicator]) -> list[Fault]:
    """Cells that are not there at all: each unit of the plan states every indicator that the plan splits (rule P4)."""
    there = {(item.unit, item.indicator) for item in items}
    units = dict.fromkeys(item.unit for item in items if item.unit != CITY)
    split_codes = [code for code, i in indicators.items() if i.decomposed and any(c == code for _, c in there)]
    if not units:
        return [Fault("P4", None, None, "至少应有一个单位的任务")]
    return [
        Fault("P4", unit, code, f"单位{unit}缺少指标{code}：未下达请填NOT_ASSIGNED，待明确请填PENDING")
        for unit in units
        for code in split_codes
        if (unit, code) not in there
    ]


def _subset_faults(items: Iterable[PlanItem], indicators: Mapping[str, Indicator]) -> list[Fault]:
    values = {(i.unit, i.indicator): i.value for i in items if i.value is not None}
    faults = []
    for (unit, code), value in values.items():
        parent = indicators[code].parent if code in indicators else None
        whole = values.get((unit, parent)) if parent else None
        if whole is not None and value > whole:
            faults.append(Fault("P6", unit, code, "其中项大于总项"))
    return faults


def _sum_faults(sums: Mapping[str, int], stated: Mapping[str, int] | None, body: Mapping[str, int]) -> list[Fault]:
    printed = sums if stated is None else stated
    faults = [
        Fault("P1", None, code, "各单位之和与合计不符")
        for code in printed.keys() | sums.keys()
        if sums.get(code, 0) != printed.get(code, 0)
    ]
    faults += [Fault("P10", None, code, "合计与正文不符") for code in body if body[code] != printed.get(code, 0)]
    return sorted(faults)


def find_doubts(
    items: Sequence[PlanItem], indicators: Mapping[str, Indicator], before: Mapping[tuple[str, str], int]
) -> list[Fault]:
    """Rules P8, P9 and P12: what a person should look at, and may be right.

    Args:
        before: the assigned values of the year before, empty when there is no such plan.
    """
    doubts: list[Fault] = []
    states = {(item.unit, item.indicator): item.state for item in items}
    for item in items:
        at = (item.unit, item.indicator)
        indicator = indicators.get(item.indicator)
        if item.value is None or indicator is None:
            continue
        if indicator.parent and states.get((item.unit, indicator.parent)) is ItemState.NOT_ASSIGNED:
            doubts.append(Fault("P9", *at, "下达了其中项，却未下达总项", Severity.WARNING))
        if indicator.quantum and item.value % indicator.quantum:
            doubts.append(Fault("P12", *at, f"不是{indicator.quantum}的整数倍", Severity.WARNING))
        if at in before and 10 * abs(item.value - before[at]) > 3 * before[at]:
            doubts.append(Fault("P8", *at, "与上年相比变动超过30%", Severity.WARNING))
    return doubts


def find_losses(plan: Plan, before: Plan) -> list[Fault]:
    """Units and indicators of the version before that this one does not name: seldom meant, easily overlooked (P2)."""
    units = [
        Fault("P2", unit, None, "原计划有这个单位，这一版没有，请确认", Severity.WARNING)
        for unit in sorted(before.units - plan.units)
    ]
    indicators = [
        Fault("P2", None, code, "原计划有这项指标，这一版没有，请确认", Severity.WARNING)
        for code in sorted(before.indicators - plan.indicators)
    ]
    return units + indicators


class Difference(NamedTuple):
    """A cell that two versions state differently; None where a version lacks it."""

    unit: str
    indicator: str
    old: PlanItem | None
    new: PlanItem | None


def differences(old: Plan, new: Plan) -> list[Difference]:
    """The cells that differ, in no particular order (targets design §5.3)."""
    before = {(item.unit, item.indicator): item for item in old.items}
    after = {(item.unit, item.indicator): item for item in new.items}
    return [
        Difference(*at, before.get(at), after.get(at))
        for at in before.keys() | after.keys()
        if before.get(at) != after.get(at)
    ]


class Dated(Protocol):
    """A version, and its first day."""

    @property
    def version(self) -> int:
        """Counts from one."""

    @property
    def effective_from(self) -> date:
        """The first legal day on which it is in force."""


_V = TypeVar("_V", bound=Dated)


def version_in_force(versions: Iterable[_V], on: date) -> _V | None:
    """The latest version whose first day is not after `on`; None before the first one."""
    return max((v for v in versions if v.effective_from <= on), key=_by_date, default=None)


def version_for_period(versions: Sequence[_V], on: date) -> _V | None:
    """The version by which a period of the year is measured: that in force on its last day.

    A plan covers its whole year, so the months before its first day are measured by its first version.
    """
    return version_in_force(versions, on) or min(versions, key=_by_date, default=None)


def _by_date(version: Dated) -> tuple[date, int]:
    return (version.effective_from, version.version)


def split(total: int, weights: Sequence[int], quantum: int = 1, floor: int = 0) -> list[int]:
    """Proposes parts of `total`, in the order of the weights; they always sum to it (targets design §5.3).

    Everybody gets `floor`; the rest goes out in quanta by largest fraction, ties to the earlier part; what is left
    over below one quantum goes to the largest weight. Weights that are all zero count as equal.

    Raises:
        ValueError: no weights, a negative one, a quantum below one, or a total smaller than the floors together.
    """
    spread = total - floor * len(weights)
    if not weights or min(weights) < 0 or quantum < 1 or floor < 0 or spread < 0:
        raise ValueError("these conditions cannot be met")
    shares = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(shares)
    quanta, rest = divmod(spread, quantum)
    counts = [quanta * share // whole for share in shares]
    by_fraction = sorted(range(len(shares)), key=lambda i: (-(quanta * shares[i] % whole), i))
    for i in by_fraction[: quanta - sum(counts)]:
        counts[i] += 1
    parts = [floor + quantum * count for count in counts]
    parts[shares.index(max(shares))] += rest
    return parts
