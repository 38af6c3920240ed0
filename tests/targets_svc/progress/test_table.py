"""The table's rows from what was observed, without a database."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from kit.errors import DomainError
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.domain import ItemState, Plan, PlanItem
from targets_svc.progress.domain.arithmetic import Curve, Level, ObsStatus
from targets_svc.progress.domain.observation import (
    Cell,
    Observation,
    OfficialCell,
    ReportState,
    days_overdue,
    from_register,
    from_reports,
)
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.domain.table import Period, Row, build_table
from targets_svc.standards.repository import shipped_standard
from targets_svc.units.repository import load_units

INDICATORS, UNITS = load_indicators(), load_units()
A, P, L, O, M = (ObsStatus(code) for code in "APLOM")  # noqa: E741  the codes of the standard
ASSIGNED, NOT_ASSIGNED, PENDING = ItemState


def plan(*items: PlanItem) -> Plan:
    return Plan(2017, 1, "", "", date(2017, 3, 10), date(2017, 3, 10), items)


ITEMS = (
    PlanItem("ZZ00", "I01", NOT_ASSIGNED),
    PlanItem("ZZ07", "I01", ASSIGNED, 1000),
    PlanItem("ZZ08", "I01", ASSIGNED, 1000),
    PlanItem("ZZ", "R01", ASSIGNED, 400),
    PlanItem("ZZ", "R02", ASSIGNED, 0),
    PlanItem("ZZ", "P01", PENDING),
)


def official(unit: str, code: str, value: int | None, parts: tuple[int, int] | None = None) -> OfficialCell:
    return OfficialCell(unit, 6, code, value, *(parts or (None, None)))


def table(seen: Mapping[Cell, Observation], kept_before: Mapping[str, bool] | None = None) -> dict[Cell, Row]:
    unknown = {(item.unit, item.indicator): Observation(None, O) for item in ITEMS}
    period = Period(6, Curve.LINEAR, shipped_standard(), kept_before or {})
    rows = build_table(plan(*ITEMS), INDICATORS, UNITS, unknown | dict(seen), period)
    return {(row.unit, row.indicator): row for row in rows}


def test_rows_come_in_the_order_of_the_annex_with_the_city_first() -> None:
    assert list(table({})) == [
        *(("ZZ", "I01"), ("ZZ", "R01"), ("ZZ", "R02"), ("ZZ", "P01")),
        *(("ZZ00", "I01"), ("ZZ07", "I01"), ("ZZ08", "I01")),
    ]


def test_what_is_not_assigned_or_pending_is_grey_and_stays_out_of_the_sum() -> None:
    rows = table(
        {
            ("ZZ00", "I01"): Observation(70, M),
            ("ZZ07", "I01"): Observation(600, A),
            ("ZZ08", "I01"): Observation(400, A),
        }
    )
    extra, pending, city = rows["ZZ00", "I01"], rows["ZZ", "P01"], rows["ZZ", "I01"]

    assert (extra.actual, extra.completion, extra.rank, extra.level, extra.status) == (70, None, None, Level.GREY, M)
    assert (pending.target, pending.pace, pending.level, pending.status) == (None, None, Level.GREY, O)
    assert (city.target, city.actual, city.status, city.rank, city.needed) == (2000, 1000, A, None, None)


def test_a_missing_report_has_no_rank_and_makes_the_sum_provisional() -> None:
    rows = table({("ZZ07", "I01"): Observation(600, A), ("ZZ08", "I01"): Observation(None, P)})

    assert [rows[unit, "I01"].rank for unit in ("ZZ07", "ZZ08")] == [1, None]
    assert (rows["ZZ08", "I01"].level, rows["ZZ08", "I01"].completion) == (Level.GREY, None)
    assert (rows["ZZ", "I01"].actual, rows["ZZ", "I01"].status) == (600, P)


def test_an_overdue_report_is_at_least_yellow() -> None:
    rows = table({("ZZ07", "I01"): Observation(None, L, 10), ("ZZ08", "I01"): Observation(None, L, 11)})

    assert [rows[unit, "I01"].level for unit in ("ZZ07", "ZZ08", "ZZ")] == [Level.YELLOW, Level.ORANGE, Level.ORANGE]
    assert (rows["ZZ", "I01"].actual, rows["ZZ", "I01"].status) == (None, L)


@pytest.mark.parametrize(
    ("value", "kept_before", "completion", "level"),
    [
        (396, {}, "100.00", Level.GREEN),
        (400, {"R01": False}, "100.00", Level.GREEN),
        (412, {}, "97.00", Level.ORANGE),
        (412, {"R01": True}, "97.00", Level.ORANGE),
        (412, {"R01": False}, "97.00", Level.RED),
    ],
)
def test_a_rate_is_compared_with_its_limit_and_not_with_the_pace(
    value: int, kept_before: dict[str, bool], completion: str, level: Level
) -> None:
    row = table({("ZZ", "R01"): Observation(value, A)}, kept_before)["ZZ", "R01"]

    assert row.completion is not None
    assert (row.completion.shown(), row.level, row.pace, row.gap) == (completion, level, None, None)


@pytest.mark.parametrize(("households", "completion"), [(0, "100.00"), (1, "0.00")])
def test_no_zero_employment_household_may_be_left(households: int, completion: str) -> None:
    row = table({("ZZ", "R02"): Observation(households, A)})["ZZ", "R02"]

    assert row.completion is not None
    assert row.completion.shown() == completion


def test_reports_are_observed_by_how_far_they_are() -> None:
    cells = [official("ZZ00", "I01", 70), official("ZZ07", "I01", None), official("ZZ", "P01", None)]

    def observed(waiting: set[str], days: int) -> dict[Cell, Observation]:
        return from_reports(ITEMS, INDICATORS, ReportState(cells, waiting, days))

    early, late = observed({"ZZ08"}, 0), observed(set(), 3)
    assert early["ZZ00", "I01"] == Observation(70, M)
    assert early["ZZ07", "I01"] == late["ZZ07", "I01"] == Observation(None, O)  # reported without data, with a reason
    assert (early["ZZ08", "I01"], late["ZZ08", "I01"]) == (Observation(None, P), Observation(None, L, 3))
    assert early["ZZ", "P01"] == late["ZZ", "P01"] == Observation(None, O)


def test_a_city_rate_comes_from_sums_and_not_from_a_mean() -> None:
    """(30 + 10) / (1000 + 200) is 3.33 %, the mean of 3.0 and 5.0 would be 4.0 %."""
    parts = [official("ZZ07", "R01", 300, (30, 1000)), official("ZZ08", "R01", 500, (10, 200))]

    def city_rate(cells: list[OfficialCell]) -> Observation:
        return from_reports(ITEMS, INDICATORS, ReportState(cells, (), 0))["ZZ", "R01"]

    assert city_rate(parts) == Observation(333, A)
    assert city_rate([*parts, official("ZZ", "R01", 396)]) == Observation(396, A)
    assert city_rate([official("ZZ07", "R01", 300)]) == Observation(None, O)


def test_the_register_is_counted_net_of_natural_attrition() -> None:
    counts = {("ZZ07", "I01"): 310, ("ZZ07", "I01N"): 325, ("ZZ00", "I01"): 2}
    seen = from_register(ITEMS, INDICATORS, counts)

    assert seen["ZZ07", "I01"] == Observation(-15, A)
    assert seen["ZZ08", "I01"] == Observation(0, A)
    assert seen["ZZ00", "I01"] == Observation(2, M)
    assert seen["ZZ", "R01"] == seen["ZZ", "P01"] == Observation(None, O)


def test_a_report_is_overdue_from_the_instant_after_its_deadline() -> None:
    due = datetime(2017, 7, 7, 16, tzinfo=UTC)
    steps = [timedelta(-1), timedelta(0), timedelta(microseconds=1), timedelta(days=10), timedelta(days=10, seconds=1)]

    assert [days_overdue(due, due + step) for step in steps] == [0, 0, 1, 10, 11]


@pytest.mark.parametrize(
    ("year", "month", "chosen"),
    [
        (None, None, "2018-02"),
        (2017, None, "2017-12"),
        (2018, None, "2018-02"),
        (None, "2017-06", "2017-06"),
        (2017, "6", "2017-06"),
        (2017, "06", "2017-06"),
        (2018, "2018-03", "2018-03"),
        (2017, "2016-06", "YEAR_DIFFERS"),
        (2018, "4", "MONTH_IN_FUTURE"),
        (2019, None, "NO_CLOSED_MONTH"),
    ],
)
def test_the_month_asked_for_is_by_default_the_last_closed_one(
    year: int | None, month: str | None, chosen: str
) -> None:
    try:
        found = str(choose_month(year, month, date(2018, 3, 1)))
    except DomainError as error:
        found = error.errors[0].code

    assert found == chosen
    assert str(choose_month(None, None, date(2018, 1, 31))) == "2017-12"
