"""Forecasts and rankings over HTTP, from six months of approved reports."""

from collections.abc import AsyncIterator
from itertools import accumulate
from typing import Any

import pytest

from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.forecasts.test_foresight import JINSHUI
from tests.targets_svc.progress.june import JUNE
from tests.targets_svc.reports.flow import approve, figures, plan_of


@pytest.fixture(scope="module")
async def half_year(targets: Targets) -> Targets:
    """金水's six months of §7.2; the other districts' June of §7.1 but one."""
    plan = await plan_of(targets)
    for month, value in enumerate(accumulate(JINSHUI), start=1):
        await approve(targets, "ZZ07", f"2017-{month:02d}", figures(plan, "ZZ07", I01=value))
    for row in JUNE:
        if row.unit not in {"ZZ07", "ZZ04"}:
            await approve(targets, row.unit, "2017-06", figures(plan, row.unit, I01=row.actual))
    await approve(targets, "ZZ00", "2017-06", figures(plan, "ZZ00", I03=9000, I04=1000))
    return targets


@pytest.fixture
async def city(half_year: Targets) -> AsyncIterator[Client]:
    async with half_year.city() as account:
        yield account


JUNE_2017: dict[str, Any] = {"year": 2017, "month": "2017-06", "indicator": "I01"}


async def test_both_curves_are_shown_because_they_may_differ(city: Client) -> None:
    body = (await city.get("/forecasts", params=JUNE_2017 | {"unit": "ZZ07"})).json()

    assert [(i["curve"], i["forecast"], i["half_width"], i["verdict"]) for i in body["items"]] == [
        ("LINEAR", "30240.0", "2186.6", "LIKELY"),
        ("SEASONAL", "28000.0", "707.5", "AT_RISK"),
    ]
    assert body["coverage"][0] == {"curve": "LINEAR", "covered": 0, "of": 0, "share": None}
    assert "独立" in body["assumption"]


async def test_missing_months_are_no_zeros(city: Client) -> None:
    items = (await city.get("/forecasts", params=JUNE_2017)).json()["items"]
    by_unit = {(i["unit"], i["curve"]): i for i in items}

    assert by_unit["ZZ01", "LINEAR"]["verdict"] == "INSUFFICIENT"
    assert by_unit["ZZ01", "LINEAR"]["forecast"] is None
    assert by_unit["ZZ", "LINEAR"]["verdict"] == "INSUFFICIENT"
    assert ("ZZ00", "LINEAR") not in by_unit
    assert len(items) == 2 * 16


async def test_the_register_has_every_month(city: Client) -> None:
    body = (await city.get("/forecasts", params=JUNE_2017 | {"source": "REGISTER", "unit": "ZZ"})).json()

    assert {(i["actual"], i["forecast"], i["verdict"]) for i in body["items"]} == {(0, "0.0", "UNLIKELY")}


async def test_a_unit_foresees_itself_and_the_city(half_year: Targets) -> None:
    async with half_year.staff("ZZ07") as staff:
        items = (await staff.get("/forecasts", params=JUNE_2017)).json()["items"]
        placings = (await staff.get("/rankings", params=JUNE_2017)).json()["items"]

    assert {i["unit"] for i in items} == {"ZZ", "ZZ07"}
    assert [(p["unit"], p["rank"]) for p in placings] == [("ZZ07", 7)]


async def test_the_ranking_is_exact_with_ties_and_the_silent_last(city: Client) -> None:
    items = (await city.get("/rankings", params=JUNE_2017)).json()["items"]

    ordered = sorted((row for row in JUNE if row.unit != "ZZ04"), key=lambda row: (row.rank or 0, row.unit))
    assert [(i["unit"], i["completion"]) for i in items[:14]] == [(row.unit, row.completion) for row in ordered]
    assert [i["rank"] for i in items[:14]] == [1, 2, 2, 4, 5, 6, 7, 8, 9, 9, 11, 12, 13, 14]
    assert [i["unit"] for i in items if i["is_tied"]] == ["ZZ12", "ZZ13", "ZZ02", "ZZ05"]
    assert [(i["unit"], i["group"], i["rank"]) for i in items[14:]] == [("ZZ04", "NOT_REPORTED", None)]


async def test_the_citys_own_offices_stand_apart(city: Client) -> None:
    items = (await city.get("/rankings", params=JUNE_2017 | {"indicator": "I03"})).json()["items"]

    assert (items[-1]["unit"], items[-1]["group"], items[-1]["rank"], items[-1]["completion"]) == (
        "ZZ00", "APART", None, "50.00",
    )  # fmt: skip
    assert {i["indicator"] for i in items} == {"I03"}


@pytest.mark.parametrize("path", ["/rankings", "/forecasts"])
async def test_faults_of_the_question_are_named(city: Client, path: str) -> None:
    assert (await city.get(path, params={"year": 2016})).status_code == 404
    assert (await city.get(path, params={"year": 2017, "month": "2016-06"})).status_code == 422
    assert (await city.get(path, params={"indicator": "?"})).status_code == 422
