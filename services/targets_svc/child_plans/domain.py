"""A unit's targets among its parts: the sums hold, or a second person accepts with a reason that they do not (P7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from targets_svc.indicators.domain import Indicator
from targets_svc.plans.domain import Fault, Severity, split


class Mode(StrEnum):
    """EXACT: the parts sum to the target. AT_LEAST: they may go beyond it (加码), which is pointed out."""

    EXACT = "EXACT"
    AT_LEAST = "AT_LEAST"


@dataclass(frozen=True, slots=True)
class Part:
    """A street or town, by the unit's own code."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PartItem:
    """One cell."""

    part: str
    indicator: str
    value: int


def find_faults(
    unit: str,
    parts: Sequence[Part],
    items: Sequence[PartItem],
    targets: Mapping[str, int],
    indicators: Mapping[str, Indicator],
    mode: Mode,
    *,
    accepts_shortfall: bool,
) -> list[Fault]:
    """Rules P2–P7 of a split; every fault at once.

    Args:
        targets: the unit's assigned cells.
        accepts_shortfall: a reason was given why the parts sum to less.
    """
    faults = [
        Fault("P2", part.code, None, f"街道（乡镇）代码应以{unit}-开头")
        for part in parts
        if not part.code.startswith(f"{unit}-")
    ]
    codes = [part.code for part in parts]
    faults += [Fault("P3", code, None, "街道（乡镇）重复") for code in dict.fromkeys(codes) if codes.count(code) > 1]
    seen: set[tuple[str, str]] = set()
    for item in items:
        at = (item.part, item.indicator)
        if item.part not in codes:
            faults.append(Fault("P2", *at, "没有列出这个街道（乡镇）"))
        if item.indicator not in targets:
            faults.append(Fault("P2", *at, "本单位没有下达该指标的任务"))
        if at in seen:
            faults.append(Fault("P3", *at, "单元格重复"))
        if item.value < 0:
            faults.append(Fault("P5", *at, "数值不能为负"))
        seen.add(at)
    return faults + _subset_faults(items, indicators) + _sum_faults(items, targets, mode, accepts=accepts_shortfall)


def _subset_faults(items: Iterable[PartItem], indicators: Mapping[str, Indicator]) -> list[Fault]:
    values = {(item.part, item.indicator): item.value for item in items}
    faults = []
    for (part, code), value in values.items():
        parent = indicators[code].parent if code in indicators else None
        whole = values.get((part, parent)) if parent else None
        if whole is not None and value > whole:
            faults.append(Fault("P6", part, code, "其中项大于总项"))
    return faults


def _sum_faults(items: Iterable[PartItem], targets: Mapping[str, int], mode: Mode, *, accepts: bool) -> list[Fault]:
    sums = sums_of(items)
    faults = []
    for code, target in targets.items():
        if sums.get(code, 0) < target and not accepts:
            faults.append(
                Fault("P7", None, code, f"各街道（乡镇）之和小于本单位任务数，相差{target - sums.get(code, 0)}")
            )
        if sums.get(code, 0) > target and mode is Mode.EXACT:
            faults.append(Fault("P7", None, code, f"各街道（乡镇）之和大于本单位任务数，相差{sums[code] - target}"))
    return faults


def find_doubts(
    items: Sequence[PartItem], targets: Mapping[str, int], indicators: Mapping[str, Indicator]
) -> list[Fault]:
    """What to look at before it is issued: sums beyond or below the target (P7), figures off the quantum (P12)."""
    sums = sums_of(items)
    doubts = []
    for code, target in targets.items():
        apart = sums.get(code, 0) - target
        if apart:
            how = f"层层加码：超出本单位任务数{apart}" if apart > 0 else f"未足额分解：少于本单位任务数{-apart}"
            doubts.append(Fault("P7", None, code, how, Severity.WARNING))
    for item in items:
        quantum = indicators[item.indicator].quantum if item.indicator in indicators else None
        if quantum and item.value % quantum:
            doubts.append(Fault("P12", item.part, item.indicator, f"不是{quantum}的整数倍", Severity.WARNING))
    return doubts


def sums_of(items: Iterable[PartItem]) -> dict[str, int]:
    """By indicator, what the parts have together."""
    sums: dict[str, int] = {}
    for item in items:
        sums[item.indicator] = sums.get(item.indicator, 0) + item.value
    return sums


def propose(
    targets: Mapping[str, int], weights: Mapping[str, int], quanta: Mapping[str, int], floor: int
) -> list[PartItem]:
    """A split of every target by one set of weights, in the order of the parts; each sums exactly (P7).

    Args:
        quanta: by indicator; 1 where none is given.

    Raises:
        ValueError: a target is smaller than the floors together.
    """
    codes = list(weights)
    shares = [weights[code] for code in codes]
    return [
        PartItem(part, code, value)
        for code, target in targets.items()
        for part, value in zip(codes, split(target, shares, quanta.get(code, 1), floor), strict=True)
    ]
