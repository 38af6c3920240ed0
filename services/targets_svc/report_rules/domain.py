"""Rules R1–R16 on the figures of a report: errors block, warnings are shown beside the answer.

All figures are cumulative since January, in the indicator's smallest unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from statistics import median

from kit.dates import Month
from kit.errors import FieldError
from kit.money import fixed
from targets_svc.indicators.domain import Indicator, IndicatorKind
from targets_svc.plans.domain import ItemState, PlanItem
from targets_svc.standards.domain import WHOLE, Validation

_FULL_RATE = 10_000  # 100.00 %
_MEDIAN_NEEDS = 2


class Basis(StrEnum):
    """What a typed figure counts from: January, or the end of the month before. Only the first is ever stored."""

    CUMULATIVE = "CUMULATIVE"
    INCREMENT = "INCREMENT"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a report.

    Attributes:
        value: None where the unit has no data and says so in `comment`.
        comment: why there is no figure, or why it is unusual.
        numerator, denominator: what a rate was computed from.
        gross, attrition: what a net figure was computed from (城镇累计新就业、自然减员).
    """

    indicator: str
    value: int | None
    comment: str | None = None
    numerator: int | None = None
    denominator: int | None = None
    gross: int | None = None
    attrition: int | None = None

    @property
    def before_attrition(self) -> int | None:
        """What its subsets (其中) are compared with."""
        return self.value if self.gross is None else self.gross


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell as a unit typed it: the value still in its wire form."""

    indicator: str
    value: int | str | None
    comment: str | None = None
    numerator: int | None = None
    denominator: int | None = None
    gross: int | None = None
    attrition: int | None = None


@dataclass(frozen=True, slots=True)
class OfficialMonth:
    """The approved figures of an earlier month of the same year."""

    month: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a report is measured against.

    Attributes:
        items: the unit's cells of the plan, by indicator.
        validation: when a figure is unusual.
        earlier: approved earlier months of the year, in order.
        is_correction: a correction may go below what was approved.
        registered: what the real-name register counts for the unit to the end of the month, by indicator.
    """

    indicators: Mapping[str, Indicator]
    items: Mapping[str, PlanItem]
    month: int
    validation: Validation
    earlier: Sequence[OfficialMonth] = field(default_factory=tuple)
    is_correction: bool = False
    registered: Mapping[str, int] = field(default_factory=dict)

    def expected(self) -> list[str]:
        """Indicators for which the unit owes a figure."""
        return [code for code, item in self.items.items() if item.state is ItemState.ASSIGNED]

    def last_official(self, code: str) -> Cell | None:
        """The cell of the last approved earlier month that has it."""
        return next((m.cells[code] for m in reversed(self.earlier) if code in m.cells), None)


def read_entries(entries: Sequence[Entry], indicators: Mapping[str, Indicator]) -> tuple[list[Cell], list[FieldError]]:
    """Cells from what was typed, and a fault for each value in another form than its indicator has."""
    cells: list[Cell] = []
    found: list[FieldError] = []
    for position, entry in enumerate(entries):
        indicator, value = indicators.get(entry.indicator), None
        if indicator is not None and entry.value is not None:
            try:
                value = indicator.read(entry.value)
            except ValueError:
                form = '百分数文字，最多两位小数，如"3.96"' if indicator.decimals else "整数，不加引号"
                found.append(FieldError(f"/cells/{position}/value", "VALUE_FORMAT", f"该指标的数值应为{form}"))
        parts = (entry.numerator, entry.denominator, entry.gross, entry.attrition)
        cells.append(Cell(entry.indicator, value, entry.comment, *parts))
    return cells, found


def to_cumulative(cells: Sequence[Cell], against: Assignment) -> tuple[list[Cell], list[FieldError]]:
    """Figures of the month alone as figures since January: the approved ones of the month before are added.

    Rates and stocks are what stands at the month's end on either basis.
    """
    official = {month.month: month.cells for month in against.earlier}
    before = official.get(against.month - 1) if against.month > 1 else {}
    if before is None:
        message = "上月月报尚未批准，不能按当月增量填报；请改填自1月起的累计数，或待上月批准后再报"
        return list(cells), [FieldError("/basis", "BASIS_NO_PREVIOUS", message)]
    summed: list[Cell] = []
    found: list[FieldError] = []
    for position, cell in enumerate(cells):
        indicator, last = against.indicators.get(cell.indicator), before.get(cell.indicator)
        if indicator is None or indicator.kind is not IndicatorKind.FLOW or last is None:
            summed.append(cell)
        elif cell.value is not None and last.value is None:
            message = "上月没有这项指标的数据，不能按当月增量填报；请整份改填自1月起的累计数"
            found.append(FieldError(f"/cells/{position}/value", "BASIS_NO_PREVIOUS", message))
        else:
            summed.append(_added(cell, last))
    return summed, found


def _added(cell: Cell, last: Cell) -> Cell:
    if cell.value is None or last.value is None:
        return cell
    gross, attrition = cell.gross, cell.attrition
    if gross is not None and attrition is not None:
        gross, attrition = gross + (last.before_attrition or 0), attrition + (last.attrition or 0)
    return replace(cell, value=cell.value + last.value, gross=gross, attrition=attrition)


def check_period(month: Month, today: date, *, has_plan: bool) -> list[FieldError]:
    """R1: a month of a year with a plan, begun already."""
    if not has_plan:
        return [FieldError("path:month", "R1_NO_PLAN", "该年度没有下达计划，请核对月份")]
    if month.first > today:
        return [FieldError("path:month", "R1_FUTURE", "不能填报尚未到来的月份，请核对月份")]
    return []


def find_errors(cells: Sequence[Cell], against: Assignment) -> list[FieldError]:
    """R3–R6, R9, R10 and unknown or repeated indicators: what no draft may hold; pointers into `cells`."""
    found: list[FieldError] = []
    by_code = {cell.indicator: cell for cell in cells}
    seen: set[str] = set()
    for position, cell in enumerate(cells):
        where = f"/cells/{position}"
        if cell.indicator not in against.indicators:
            found.append(FieldError(f"{where}/indicator", "UNKNOWN_INDICATOR", "没有这项指标，请对照指标目录核对"))
            continue
        if cell.indicator in seen:
            found.append(FieldError(f"{where}/indicator", "DUPLICATE_INDICATOR", "同一指标只能填报一次，请删除重复项"))
        seen.add(cell.indicator)
        found += _cell_errors(where, cell, by_code, against)
    return found


def _cell_errors(where: str, cell: Cell, cells: Mapping[str, Cell], against: Assignment) -> Iterator[FieldError]:
    indicator = against.indicators[cell.indicator]
    item = against.items.get(cell.indicator)
    if item is not None and item.state is ItemState.PENDING and cell.value is not None:
        yield FieldError(f"{where}/value", "R3_PENDING", "该指标的任务待明确，暂不填报，请删除")
    if cell.value is not None and cell.value < 0 and not indicator.attrition:
        yield FieldError(f"{where}/value", "R4_NEGATIVE", "累计数不能为负，请核对")
    yield from _part_errors(where, cell, indicator)
    yield from _fall_errors(where, cell, indicator, against)
    parent = cells.get(indicator.parent) if indicator.parent else None
    whole = parent.before_attrition if parent else None
    if whole is not None and cell.value is not None and cell.value > whole:
        yield FieldError(f"{where}/value", "R6_SUBSET", "其中项不能大于总项（扣减自然减员之前），请核对")


def _part_errors(where: str, cell: Cell, indicator: Indicator) -> Iterator[FieldError]:
    is_rate = indicator.kind is IndicatorKind.RATE
    rate_parts = (cell.numerator, cell.denominator)
    net_parts = (cell.gross, cell.attrition)
    if not is_rate and rate_parts != (None, None):
        yield FieldError(f"{where}/numerator", "NOT_A_RATE", "该指标不是比率，不填分子和分母")
    if not indicator.attrition and net_parts != (None, None):
        yield FieldError(f"{where}/gross", "NOT_A_NET_FIGURE", "该指标不扣减自然减员，不填累计新就业和自然减员")
    if (cell.gross is None) != (cell.attrition is None):
        yield FieldError(f"{where}/attrition", "R4_PARTS", "累计新就业和自然减员应同时填写")
    elif cell.gross is not None and cell.attrition is not None:
        if min(cell.gross, cell.attrition) < 0:
            yield FieldError(f"{where}/gross", "R4_NEGATIVE", "累计新就业和自然减员不能为负，请核对")
        elif cell.value != cell.gross - cell.attrition:
            yield FieldError(f"{where}/value", "R4_PARTS", "应等于累计新就业减去自然减员，请核对")
    if is_rate:
        yield from _rate_errors(where, cell)


def _rate_errors(where: str, cell: Cell) -> Iterator[FieldError]:
    if cell.value is not None and cell.value > _FULL_RATE:
        yield FieldError(f"{where}/value", "R10_RATE_RANGE", "比率应在0至100之间，请核对")
    if (cell.numerator is None) != (cell.denominator is None):
        yield FieldError(f"{where}/denominator", "R9_PARTS", "分子和分母应同时填写")
        return
    if cell.numerator is None or cell.denominator is None or cell.value is None:
        return
    if cell.denominator <= 0 or cell.numerator < 0:
        yield FieldError(f"{where}/denominator", "R9_DENOMINATOR", "分母应大于零，分子不能为负，请核对")
    elif abs(cell.value * cell.denominator - _FULL_RATE * cell.numerator) > cell.denominator:
        yield FieldError(f"{where}/value", "R9_RATE", "与分子除以分母的结果相差超过0.01个百分点，请核对")


def _fall_errors(where: str, cell: Cell, indicator: Indicator, against: Assignment) -> Iterator[FieldError]:
    """R5. A net figure may fall by attrition, when its two parts show it and neither of them falls."""
    last = against.last_official(cell.indicator)
    if last is None or against.is_correction or indicator.kind is not IndicatorKind.FLOW:
        return
    if cell.gross is not None and cell.attrition is not None:
        if cell.gross < (last.before_attrition or 0) or cell.attrition < (last.attrition or 0):
            yield FieldError(
                f"{where}/gross", "R5_FALL", "累计新就业、自然减员均不能低于上次批准数；确需更正请走更正流程"
            )
    elif cell.value is not None and last.value is not None and cell.value < last.value:
        yield FieldError(f"{where}/value", "R5_FALL", "累计数不能低于上次批准数；确需更正请走更正流程")


def find_gaps(cells: Sequence[Cell], against: Assignment) -> list[FieldError]:
    """R11: what a draft may lack and a submission may not: a figure, or the reason why there is none."""
    given = {cell.indicator: position for position, cell in enumerate(cells)}
    found = [
        FieldError(
            "/cells",
            "R11_MISSING",
            f"缺少指标{code}（{against.indicators[code].name}）；没有数据的请填空值并在备注中说明",
        )
        for code in against.expected()
        if code not in given
    ]
    for code, position in given.items():
        if cells[position].value is None and not (cells[position].comment or "").strip():
            found.append(
                FieldError(f"/cells/{position}/comment", "R11_NO_REASON", f"指标{code}没有数据，请在备注中说明原因")
            )
    return found


def find_warnings(cells: Sequence[Cell], against: Assignment, *, is_late: bool) -> list[FieldError]:
    """R3, R4, R7, R8, R14–R16: unusual, not forbidden; a comment on the cell explains it to the reviewer."""
    found = [FieldError("path:month", "R14_LATE", "已超过报送期限")] if is_late else []
    for position, cell in enumerate(cells):
        if cell.value is not None and cell.indicator in against.indicators:
            found += _cell_warnings(f"/cells/{position}/value", cell, against)
    last = against.earlier[-1] if against.earlier else None
    figures = {cell.indicator: cell.value for cell in cells}
    if last is not None and figures and figures == {code: c.value for code, c in last.cells.items()}:
        found.append(FieldError("/cells", "R15_COPIED", "各项数据与上一期完全相同，请确认不是照抄"))
    return found


def _cell_warnings(where: str, cell: Cell, against: Assignment) -> Iterator[FieldError]:
    indicator = against.indicators[cell.indicator]
    item = against.items.get(cell.indicator)
    if item is None or item.state is ItemState.NOT_ASSIGNED:
        yield FieldError(where, "R3_NOT_ASSIGNED", "该指标未下达任务，数据单独列示，不计入完成情况")
    if indicator.kind is not IndicatorKind.FLOW:
        return
    if _is_apart(cell, indicator, against):
        yield FieldError(where, "R16_REGISTER", f"与实名登记相差超过{_percent(against)}%，请对账并在备注中说明")
    steps = _increments(cell, against)
    if not steps:
        return
    latest, before = steps[-1], steps[:-1]
    if latest < 0:
        yield FieldError(where, "R4_NET_FALL", "本期净增为负，请核对自然减员")
    typical = median(before) if len(before) >= _MEDIAN_NEEDS else 0
    target = item.value if item is not None and item.value else 0
    rule = against.validation
    is_far_from_usual = typical > 0 and latest > rule.jump_times_median * typical
    if is_far_from_usual or (target and WHOLE * latest > rule.jump_share_of_target * target):
        yield FieldError(where, "R7_JUMP", "本期增量明显偏大，请核对并在备注中说明")
    if len(steps) >= 2 and steps[-1] == steps[-2] == 0:
        yield FieldError(where, "R8_NO_PROGRESS", "连续两期没有增量，请核对并在备注中说明")


def _is_apart(cell: Cell, indicator: Indicator, against: Assignment) -> bool:
    """R16, for an indicator of which the register knows anything at all; natural attrition is taken off there, too."""
    counted, value = against.registered.get(indicator.code), cell.value
    if not counted or value is None:
        return False
    net = counted - against.registered.get(indicator.attrition or "", 0)
    return WHOLE * abs(value - net) > against.validation.register_apart * max(value, net, 1)


def _percent(against: Assignment) -> str:
    return fixed(against.validation.register_apart, 100, 2).removesuffix(".00")


def _increments(cell: Cell, against: Assignment) -> list[int]:
    """Increments over months that follow each other, from January or the first of an unbroken run, to this month."""
    values = {m.month: m.cells[cell.indicator].value for m in against.earlier if cell.indicator in m.cells}
    values[against.month] = cell.value
    steps: list[int] = []
    for month in range(1, against.month + 1):
        now, before = values.get(month), 0 if month == 1 else values.get(month - 1)
        if now is None or before is None:
            steps = []
        else:
            steps.append(now - before)
    return steps
