"""Reading the annex: an export is read back as itself, however its signs are typed, and every fault has its cell."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targets_svc.annex.domain.grid import Value, grid_of
from targets_svc.annex.schemas import annex_workbook
from targets_svc.indicators.repository import load_indicators
from targets_svc.plan_imports.domain.figures import UnreadableFigureError, read_figure
from targets_svc.plan_imports.domain.header import find_header
from targets_svc.plan_imports.schemas.tables import read_file
from targets_svc.plans.domain import ItemState, Plan, PlanItem, Severity
from targets_svc.units.repository import load_units
from tests.targets_svc.plan_imports.files import PLAN, annex_only, csv_of, read, read_rows, rows_of, sheet_of, xlsx

CODES = [code for code, indicator in load_indicators().items() if indicator.decomposed]
UNITS = [code for code, unit in load_units().items() if unit.parent]
NOT_ASSIGNED = ["——", "—", "－－", "--", " —— ", "— —"]
FULL_WIDTH = str.maketrans("0123456789,", "０１２３４５６７８９，")


SEEDS = st.integers(0, 2**32 - 1)


def any_plan(random: Random) -> Plan:
    """Any plan of all units and indicators whose subsets are parts; three states."""
    items = []
    for unit in UNITS:
        wholes: dict[str, int | None] = {}
        for code in CODES:
            parent = load_indicators()[code].parent
            most = wholes[parent] if parent and wholes[parent] is not None else 10**8
            state = random.choice(list(ItemState))
            value = random.randint(0, most or 0) if state is ItemState.ASSIGNED else None
            wholes[code] = value
            items.append(PlanItem(unit, code, state, value))
    return replace(PLAN, items=tuple(items))


def typed(value: Value, random: Random) -> Value:
    """A cell as somebody else might type it."""
    if isinstance(value, int):
        plain = str(value)
        return random.choice(
            [value, float(value), plain, f"{value:,}", f" {plain}\n", f"{value:,}".translate(FULL_WIDTH)]
        )
    if value == "——":
        return random.choice(NOT_ASSIGNED)
    if value == "待明确":
        return random.choice(["待明确", "待定", " 待 定"])
    return value


def names(rows: list[list[Value]], random: Random) -> None:
    units = load_units()
    by_name = {unit.name: unit for unit in units.values()}
    for row in rows[4:-1]:
        unit = by_name[str(row[0])]
        row[0] = random.choice(
            [
                unit.name,
                unit.short_name,
                unit.code,
                unit.code.lower(),
                *unit.aliases,
                f"{unit.name[:2]}\n{unit.name[2:]}",
            ]
        )


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_plan_laid_out_and_read_again_is_the_same_plan(seed: int) -> None:
    random = Random(seed)
    plan = any_plan(random)
    rows = [[typed(v, random) if r >= 4 and c else v for c, v in enumerate(row)] for r, row in enumerate(rows_of(plan))]
    names(rows, random)

    reading = read_rows(rows)

    assert [c for c in reading.conflicts if c.severity is Severity.ERROR] == []
    assert set(reading.items) == set(plan.items)
    assert reading.title == plan.title


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_the_import_of_an_export_is_the_identity(seed: int) -> None:
    plan = any_plan(Random(seed))
    (sheet,) = read_file(annex_workbook(sheet_of(plan), plan))

    assert set(read(sheet).items) == set(plan.items)


def test_the_annex_of_2017_is_read_without_a_word_from_every_kind_of_file() -> None:
    exported = annex_workbook(sheet_of(), PLAN)
    files = [exported, xlsx(rows_of()), *(csv_of(rows_of(), codec) for codec in ("utf-8", "utf-8-sig", "gb18030"))]

    for content in files:
        (sheet,) = read_file(content)
        reading = read(sheet)
        assert set(reading.items) == set(annex_only(PLAN).items)
        assert reading.conflicts == ()


def test_a_formula_is_its_value() -> None:
    (sheet,) = read_file(xlsx(rows_of(), formulas={"B6": "=3500*2"}))

    assert read(sheet).conflicts == ()


def test_a_header_in_one_row_and_a_parent_merged_over_its_parts_are_understood() -> None:
    rows = rows_of()
    one = [[*rows[2]], *rows[4:]]
    one[0][2:4] = ["其中：失业人员再就业", "其中：帮助就业困难人员实现就业"]
    one[0][6] = "返乡农民工创业培训"
    three = rows_of()
    three[2][1:4] = ["新增城镇就业", None, None]
    three[3][1] = "小计"

    for variant in (one, three):
        reading = read(grid_of("", [["2017年"], ["单位：人"], *variant] if variant is one else variant))
        assert set(reading.items) == set(annex_only(PLAN).items)
        assert [c.rule for c in reading.conflicts] == []


# row and column of the printed table from 1, what is put there, then the cell and rule that must be found
FAULTS: list[tuple[str, Value, set[tuple[str, str]]]] = [
    ("B6", None, {("B6", "P4")}),
    ("B6", "7000或——", {("B6", "P4")}),
    ("B6", "七千", {("B6", "T4")}),
    ("B6", True, {("B6", "T4")}),
    ("B6", -7000, {("B6", "P5")}),
    ("B6", 7000.5, {("B6", "P5")}),
    ("B6", "7000.5", {("B6", "P5")}),
    ("B6", float("1e300"), {("B6", "P5")}),
    ("B6", 7100, {("B21", "P1")}),
    ("B6", 0, {("B21", "P1"), ("C6", "P6"), ("D6", "P6")}),
    ("B21", 130001, {("B21", "P1")}),
    ("B21", "十三万", {("B21", "T4")}),
    ("A6", "巩义市", {("A6", "P2"), ("A4", "P2"), *((f"{c}21", "P1") for c in "BCDEFGHIJK")}),
    ("A6", "登封", {("A7", "P3"), ("A4", "P2"), *((f"{c}21", "P1") for c in "BCDEFGHIJK")}),
    ("C6", 7001, {("C6", "P6"), ("C21", "P1")}),
    ("A2", "单位：万人", {("A2", "T2")}),
    ("A1", "2018年城乡就业工作目标任务分解表", {("A1", "T1")}),
    ("E3", "新增农村劳动力", {("E3", "T3"), ("A3", "T3")}),
    ("E3", "创业培训", {("F3", "P3"), ("A3", "T3")}),
]


def test_every_fault_is_found_in_its_cell() -> None:
    found = {}
    for where, value, _ in FAULTS:
        rows = rows_of()
        rows[int(where[1:]) - 1][ord(where[0]) - ord("A")] = value
        errors = [c for c in read_rows(rows).conflicts if c.severity is Severity.ERROR]
        found[where, str(value)] = {(c.cell, c.rule) for c in errors}

    for where, value, expected in FAULTS:
        assert found[where, str(value)] == expected, (where, value)


def test_what_may_be_right_is_a_warning() -> None:
    rows = rows_of()
    rows[5][1], rows[20][1] = 7050, 130050
    rows[4][6] = 30
    rows[20][6] = 1830
    rows[4][5], rows[20][5] = "——", 12000

    reading = read_rows(rows[:1] + rows[1:])

    assert {(c.cell, c.rule) for c in reading.conflicts} == {("B6", "P12"), ("G5", "P9")}
    assert reading.is_sound


def test_a_shifted_header_blames_the_header() -> None:
    rows = rows_of()
    rows[3] = [None, *rows[3][:-1]]

    cells = {c.cell for c in read_rows(rows).conflicts if c.rule == "T3"}

    assert cells


def test_a_sheet_without_the_header_is_not_an_annex() -> None:
    assert find_header(grid_of("", [["姓名", "单位", "电话"], ["张三", "金水区", "1"]]), load_indicators()) is None


@pytest.mark.parametrize(
    ("value", "rule"),
    [("", "T4"), ("１２３４５６７８９０", "P5"), ("1,23", "T4"), ("--5", "P4"), (float("nan"), "P5"), ("1e3", "T4")],
)
def test_odd_figures_are_refused(value: Value, rule: str) -> None:
    with pytest.raises(UnreadableFigureError) as refused:
        read_figure(value)

    assert refused.value.rule == rule
