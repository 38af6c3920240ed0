"""The plan: cells in three states, versions by date, sums, and proposals to split a figure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

from targets_svc.indicators.domain import Indicator
from targets_svc.units.domain import CITY


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


def find_faults(
    items: Sequence[PlanItem],
    stated: Mapping[str, int],
    body: Mapping[str, int],
    units: Collection[str],
    indicators: Mapping[str, Indicator],
) -> list[str]:
    """Rules P1–P6 and P10 of the targets design, as one line for each fault.

    Args:
        stated: the 合计 row as printed.
        body: the totals of the notice's text.
        units: codes that may carry cells.
    """
    faults: list[str] = []
    seen: set[tuple[str, str]] = set()
    for item in items:
        where = f"{item.unit}/{item.indicator}"
        if item.unit not in units:
            faults.append(f"P2 {where}: 单位不在计划范围内")
        if item.indicator not in indicators:
            faults.append(f"P2 {where}: 没有这项指标")
        if (item.unit, item.indicator) in seen:
            faults.append(f"P3 {where}: 单元格重复")
        seen.add((item.unit, item.indicator))
        if (item.state is ItemState.ASSIGNED) != (item.value is not None):
            faults.append(f"P4 {where}: 已分解的应有数值，未分解或待明确的不应有数值")
        if item.value is not None and item.value < 0:
            faults.append(f"P5 {where}: 数值不能为负")
    return faults + _subset_faults(items, indicators) + _sum_faults(totals(items), stated, body)


def _subset_faults(items: Iterable[PlanItem], indicators: Mapping[str, Indicator]) -> list[str]:
    values = {(i.unit, i.indicator): i.value for i in items if i.value is not None}
    faults = []
    for (unit, code), value in values.items():
        parent = indicators[code].parent if code in indicators else None
        whole = values.get((unit, parent)) if parent else None
        if whole is not None and value > whole:
            faults.append(f"P6 {unit}/{code}: 其中项大于总项")
    return faults


def _sum_faults(sums: Mapping[str, int], stated: Mapping[str, int], body: Mapping[str, int]) -> list[str]:
    faults = [
        f"P1 {code}: 各单位之和与合计不符" for code in stated.keys() | sums.keys() if sums.get(code) != stated.get(code)
    ]
    faults += [f"P10 {code}: 合计与正文不符" for code in body if body[code] != stated.get(code)]
    return sorted(faults)


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
