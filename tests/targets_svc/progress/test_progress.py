"""Progress over HTTP: the golden table of the design, vintages, the register, a revised plan, and who sees what."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kit.db.engine import Database
from targets_svc.plans.domain import PlanItem
from targets_svc.plans.repository import plan_files
from targets_svc.plans.service import issue_plan, read_plan
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.progress.june import CITY_JUNE, JUNE, June
from tests.targets_svc.register.people import event
from tests.targets_svc.reports.flow import approve, carry, draft, figures, plan_of, step

Rows = dict[tuple[str, str], dict[str, Any]]


async def progress(account: Client, **query: Any) -> Rows:
    answer = await account.get("/progress", params={"year": 2017, "month": "2017-06"} | query)
    assert answer.status_code == 200, answer.text
    return {(row["unit"], row["indicator"]): row for row in answer.json()["items"]}


@pytest.fixture(scope="module")
async def june(targets: Targets) -> Targets:
    """The reports of §7.1, approved; the city's own rates of §7.6 for two months."""
    plan = await plan_of(targets)
    for row in JUNE:
        await approve(targets, row.unit, "2017-06", figures(plan, row.unit, I01=row.actual))
    for month, households in (("2017-05", 1), ("2017-06", 1)):
        cells = [
            {"indicator": "R01", "value": "4.12", "numerator": 412, "denominator": 10000},
            {"indicator": "R02", "value": households},
            {"indicator": "R03", "value": "91.50"},
        ]
        assert (await draft(targets, "ZZ", month, cells)).status_code == 201
        assert (await carry(targets, "ZZ", month)).status_code == 200
    return targets


@pytest.fixture
async def city(june: Targets) -> AsyncIterator[Client]:
    async with june.city() as account:
        yield account


def expected(row: June, gap: str, level: str, pace: str) -> dict[str, Any]:
    return {
        "unit": row.unit,
        "indicator": "I01",
        "target": row.target,
        "actual": row.actual,
        "completion": row.completion,
        "pace": pace,
        "gap": gap,
        "level": level,
        "rank": row.rank,
        "needed_per_month": row.needed_per_month,
        "status": "A",
    }


@pytest.mark.parametrize("source", ["REPORT", "POLICY"])
async def test_the_june_table_comes_out_to_the_last_digit(city: Client, source: str) -> None:
    linear = await progress(city, source=source)
    seasonal = await progress(city, source=source, curve="SEASONAL")

    for row in (*JUNE, CITY_JUNE):
        assert linear[row.unit, "I01"] == expected(row, row.gap_linear, row.level_linear, "50.00")
        assert seasonal[row.unit, "I01"] == expected(row, row.gap_seasonal, row.level_seasonal, "54.00")


async def test_every_cell_of_the_plan_has_a_row_and_the_city_its_sums(city: Client) -> None:
    rows = await progress(city)

    assert len(rows) == 160 + 10 + 4
    unassigned = rows["ZZ00", "I01"]
    assert unassigned == {
        **dict.fromkeys(("target", "actual", "completion", "pace", "gap", "rank", "needed_per_month")),
        "unit": "ZZ00",
        "indicator": "I01",
        "level": "GREY",
        "status": "M",
    }
    assert (rows["ZZ", "P01"]["level"], rows["ZZ", "P01"]["status"]) == ("GREY", "O")
    assert {row["target"] for (unit, code), row in rows.items() if unit == "ZZ" and code == "I05"} == {50000}


async def test_rates_are_judged_by_their_limits(city: Client) -> None:
    rows = await progress(city)

    assert {code: (rows["ZZ", code]["target"], rows["ZZ", code]["actual"]) for code in ("R01", "R02", "R03")} == {
        "R01": ("4.00", "4.12"),
        "R02": (0, 1),
        "R03": ("90.00", "91.50"),
    }
    assert [rows["ZZ", code]["completion"] for code in ("R01", "R02", "R03")] == ["97.00", "0.00", "101.67"]
    assert [rows["ZZ", code]["level"] for code in ("R01", "R02", "R03")] == ["RED", "RED", "GREEN"]
    assert rows["ZZ", "R01"]["pace"] is None
    may = await progress(city, month="2017-05")
    assert may["ZZ", "R01"]["level"] == "ORANGE"


async def test_what_was_known_before_the_approvals_is_said_as_it_was(city: Client) -> None:
    """The report of June is due at midnight after 7 July 2017, Beijing."""
    levels = {}
    for known_at in ("2017-07-07T16:00:00Z", "2017-07-07T16:00:01Z", "2017-07-17T16:00:01Z"):
        row = (await progress(city, known_at=known_at))["ZZ01", "I01"]
        assert (row["target"], row["actual"], row["completion"], row["rank"]) == (7000, None, None, None)
        levels[known_at] = (row["status"], row["level"])

    assert list(levels.values()) == [("O", "GREY"), ("L", "YELLOW"), ("L", "ORANGE")]


async def test_a_unit_sees_its_own_rows_with_their_rank_and_the_city(june: Targets) -> None:
    async with june.staff("ZZ07") as staff:
        rows = await progress(staff)

    assert {unit for unit, _ in rows} == {"ZZ07", "ZZ"}
    assert rows["ZZ07", "I01"]["rank"] == 7
    assert rows["ZZ", "I01"]["actual"] == 67095


async def test_a_table_that_has_not_changed_is_not_sent_again(june: Targets, city: Client) -> None:
    query = {"year": 2017, "month": "2017-06", "source": "REPORT"}
    first = await city.get("/progress", params=query)
    etag = first.headers["etag"]
    same = await city.get("/progress", params=query, headers={"If-None-Match": f'"x", W/{etag}'})
    other = await city.get("/progress", params=query | {"curve": "SEASONAL"}, headers={"If-None-Match": etag})
    async with june.staff("ZZ07") as staff:
        narrower = await staff.get("/progress", params=query, headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert same.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"
    assert (other.status_code, narrower.status_code) == (200, 200)
    assert first.headers["content-type"] == "application/json"


@pytest.mark.parametrize("table", ["rankings", "forecasts", "completeness", "reconciliations", "assessments"])
async def test_other_tables_are_known_by_their_cells(city: Client, table: str) -> None:
    query = {"year": 2017, "month": "2017-06"}
    first = await city.get(f"/{table}", params=query)
    known = {"If-None-Match": first.headers["etag"]}
    same = await city.get(f"/{table}", params=query, headers=known)
    earlier = await city.get(f"/{table}", params=query | {"month": "2017-05"}, headers=known)

    assert (first.status_code, same.status_code, same.content, earlier.status_code) == (200, 304, b"", 200)


async def test_a_report_that_waits_is_announced_and_not_counted(june: Targets, city: Client) -> None:
    plan = await plan_of(june)
    await draft(june, "ZZ00", "2017-06", figures(plan, "ZZ00", I03=9000, I04=1000))
    async with june.staff("ZZ00") as staff:
        await step(staff, "ZZ00", "2017-06", "submission")
    rows = await progress(city)

    waiting, sum_so_far = rows["ZZ00", "I03"], rows["ZZ", "I03"]
    assert (waiting["actual"], waiting["status"], waiting["level"]) == (None, "P", "GREY")
    assert (sum_so_far["target"], sum_so_far["actual"], sum_so_far["status"]) == (30000, 0, "P")


async def test_a_correction_changes_progress_once_approved_and_never_what_was_known(
    june: Targets, city: Client
) -> None:
    plan = await plan_of(june)
    async with june.staff("ZZ15") as staff:
        first = (await staff.get("/reports/ZZ15/2017-06")).json()
        opened = await step(staff, "ZZ15", "2017-06", "correction", reason="补录漏报人员台账")
    await draft(june, "ZZ15", "2017-06", figures(plan, "ZZ15", I01=1050), opened.headers["etag"])
    before = (await progress(city))["ZZ15", "I01"]["actual"]
    await carry(june, "ZZ15", "2017-06")
    after = (await progress(city))["ZZ15", "I01"]
    then = (await progress(city, known_at=first["approved_at"]))["ZZ15", "I01"]

    assert (before, after["actual"], after["completion"]) == (1020, 1050, "35.00")
    assert (then["actual"], then["completion"]) == (1020, "34.00")
    async with june.staff("ZZ15") as staff:
        opened = await step(staff, "ZZ15", "2017-06", "correction", reason="补录有误，恢复原数")
    await draft(june, "ZZ15", "2017-06", figures(plan, "ZZ15", I01=1020), opened.headers["etag"])
    await carry(june, "ZZ15", "2017-06")


async def test_the_register_is_counted_at_once_and_cumulatively(june: Targets, city: Client) -> None:
    async with june.staff("ZZ14") as staff:
        for person, on in ((1, "2017-05-31"), (2, "2017-06-30"), (3, "2017-07-01")):
            assert (await staff.post("/events", json=event(person, "ZZ14", on))).json()["counted"]
        may = await progress(staff, source="REGISTER", month="2017-05")
        june_rows = await progress(staff, source="REGISTER")
        early = await progress(staff, source="REGISTER", known_at="2017-06-30T00:00:00Z")
        gone = (await staff.post("/events", json=event(1, "ZZ14", "2017-05-30", indicator="I01N"))).json()
        net = await progress(staff, source="REGISTER")

    assert [rows["ZZ14", "I01"]["actual"] for rows in (may, june_rows, early)] == [1, 2, 0]
    assert (june_rows["ZZ14", "I01"]["completion"], june_rows["ZZ14", "I01"]["status"]) == ("0.07", "A")
    assert june_rows["ZZ", "I01"]["actual"] == 2
    assert gone["counted"] is True
    assert net["ZZ14", "I01"]["actual"] == 1
    assert (net["ZZ", "R01"]["actual"], net["ZZ", "R01"]["status"]) == (None, "O")


async def test_a_second_version_of_the_plan_counts_from_its_first_day(june: Targets, city: Client) -> None:
    """§7.10: 航空港 3000 → 2400 from July; the same 1020 are 34.00 % or 42.50 %, and both can be said again."""
    first = read_plan(plan_files()[0])
    items = tuple(
        PlanItem(i.unit, i.indicator, i.state, 2400) if (i.unit, i.indicator) == ("ZZ15", "I01") else i
        for i in first.items
    )
    second = replace(first, version=2, effective_from=date(2017, 7, 1), items=items)
    database = Database(june.settings.database_url.get_secret_value(), schema="targets", pool_size=1)
    try:
        async with database.transaction() as tx:
            assert await issue_plan(tx, second)
    finally:
        await database.close()

    on_30_june = await progress(city, as_of="2017-06-30")
    on_1_july = await progress(city, as_of="2017-07-01")
    plans = [(await city.get("/plans/2017", params={"as_of": day})).json() for day in ("2017-06-30", "2017-07-01")]

    assert on_30_june["ZZ15", "I01"]["completion"] == "34.00"
    assert on_1_july["ZZ15", "I01"]["completion"] == "42.50"
    assert (await progress(city))["ZZ15", "I01"]["completion"] == "34.00"
    assert [plan["version"] for plan in plans] == [1, 2]
    assert [plan["totals"]["I01"] for plan in plans] == [130000, 129400]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"year": 2017}, 200),
        ({"month": "2017-06"}, 200),
        ({"year": 2017, "month": "6"}, 200),
        ({"year": 2016}, 404),
        ({"year": 2017, "month": "2016-06"}, 422),
        ({"year": 2017, "month": "13"}, 422),
        ({"year": 2017, "curve": "LINEAL"}, 422),
        ({"year": 2017, "source": "BOTH"}, 422),
        ({"year": 2017, "known_at": "2017-06-30"}, 422),
        ({"year": 2099}, 422),
    ],
)
async def test_a_question_is_answered_or_its_fault_is_named(city: Client, query: dict[str, Any], status: int) -> None:
    answer = await city.get("/progress", params=query)

    assert answer.status_code == status
    if query == {"year": 2017}:
        assert answer.json()["month"] == "2017-12"
