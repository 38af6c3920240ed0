"""The 2017 plan over HTTP, cell by cell against the annex of 郑政办文〔2017〕15号."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.db.engine import Database
from targets_svc.plans.domain import ItemState
from targets_svc.plans.errors import BrokenPlanError, IssuedPlanDiffersError
from targets_svc.plans.repository import plan_files
from targets_svc.plans.service import issue_plan, read_plan
from targets_svc.seed import seed
from tests.targets_svc.conftest import Targets

COLUMNS = ("I01", "I01a", "I01b", "I02", "I03", "I03a", "I04", "I05", "I06", "I07")
# As printed: name, then the ten figures. Written down from the notice, not from the service's data file.
ANNEX = """
市本级 —— —— —— —— 18000 —— 2000 —— —— ——
新密市 7000 1400 600 13500 1210 300 1600 8600 700 400
登封市 5500 1400 500 13500 610 300 1000 8500 700 400
新郑市 6500 1400 450 13000 970 300 1550 8000 700 400
荥阳市 6000 1400 600 13000 910 300 1000 8500 700 400
中牟县 2700 700 250 12500 610 300 550 7500 700 400
上街区 2700 500 150 100 610 30 450 200 180 50
金水区 28000 6400 2350 100 910 30 6000 800 180 50
二七区 21800 5400 1750 300 730 30 5000 500 180 50
中原区 21800 5500 2050 300 910 30 5500 700 260 50
管城回族区 15000 4000 1150 400 1030 30 3500 800 240 50
惠济区 3000 500 150 400 610 30 950 1500 260 50
郑州高新区 2000 500 50 300 730 30 150 500 260 100
郑州经济开发区 2000 200 50 300 730 30 450 600 260 100
郑东新区 3000 500 50 300 610 30 150 300 280 100
郑州航空港经济综合实验区 3000 200 50 2000 820 30 150 3000 400 100
"""
TOTALS = (130000, 30000, 10200, 70000, 30000, 1800, 30000, 50000, 6000, 2700)


async def test_the_plan_equals_the_annex_cell_by_cell(targets: Targets) -> None:
    async with targets.city() as city:
        units = {unit["name"]: unit["code"] for unit in (await city.get("/units")).json()["items"]}
        plan = (await city.get("/plans/2017")).json()
    expected: dict[tuple[str, str], tuple[str, int | None]] = {}
    for line in ANNEX.split("\n")[1:-1]:
        name, *figures = line.split()
        for column, figure in zip(COLUMNS, figures, strict=True):
            is_assigned = figure != "——"
            expected[units[name], column] = ("ASSIGNED", int(figure)) if is_assigned else ("NOT_ASSIGNED", None)

    served = {(i["unit"], i["indicator"]): (i["state"], i["value"]) for i in plan["items"] if i["unit"] != "ZZ"}

    assert served == expected
    assert sum(state == "ASSIGNED" for state, _ in served.values()) == 152
    assert sum(state == "NOT_ASSIGNED" for state, _ in served.values()) == 8
    assert plan["totals"] == dict(zip(COLUMNS, TOTALS, strict=True))
    assert (plan["year"], plan["doc_no"], plan["version"]) == (2017, "郑政办文〔2017〕15号", 1)


async def test_the_city_holds_three_rates_and_the_pending_loan_target(targets: Targets) -> None:
    async with targets.city() as city:
        plan = (await city.get("/plans/2017")).json()

    assert [i for i in plan["items"] if i["unit"] == "ZZ"] == [
        {"unit": "ZZ", "indicator": "R01", "state": "ASSIGNED", "value": "4.00"},
        {"unit": "ZZ", "indicator": "R02", "state": "ASSIGNED", "value": 0},
        {"unit": "ZZ", "indicator": "R03", "state": "ASSIGNED", "value": "90.00"},
        {"unit": "ZZ", "indicator": "P01", "state": "PENDING", "value": None},
    ]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("2017", 200),
        ("2017?as_of=2017-03-10", 200),
        ("2017?as_of=2017-03-09", 404),
        ("2016", 404),
        ("2017?as_of=2017-3-9", 422),
    ],
)
async def test_a_plan_is_found_from_its_first_day_on(targets: Targets, query: str, status: int) -> None:
    async with targets.city() as city:
        answer = await city.get(f"/plans/{query}")

    assert answer.status_code == status
    if status == 404:
        assert answer.json()["code"] == "PLAN_NOT_FOUND"


async def test_an_account_without_the_scope_is_refused(targets: Targets) -> None:
    headers = targets.caller.headers("targets.unit.read")
    async with httpx.AsyncClient(base_url=targets.url, headers=headers, trust_env=False) as stranger:
        assert (await stranger.get("/api/v1/targets/units")).status_code == 200
        assert (await stranger.get("/api/v1/targets/plans/2017")).status_code == 403


async def test_a_proposal_is_split_over_http(targets: Targets) -> None:
    async with targets.city() as city:
        body: dict[str, Any] = {"total": 10, "weights": {"ZZ11": 1, "ZZ02": 1, "ZZ01": 1}}
        answer = await city.post("/decomposition-proposals", json=body)
        refused = await city.post("/decomposition-proposals", json=body | {"floor": 4})

    assert answer.json() == {"parts": {"ZZ01": 4, "ZZ02": 3, "ZZ11": 3}}
    assert (refused.status_code, refused.json()["code"]) == (422, "PROPOSAL_IMPOSSIBLE")


@pytest.fixture
async def database(targets: Targets) -> Any:
    database = Database(targets.settings.database_url.get_secret_value(), schema="targets", pool_size=1)
    yield database
    await database.close()


async def test_seeding_again_changes_nothing(targets: Targets, database: Database) -> None:
    connection = await targets.connect()
    try:
        before = await connection.fetch("SELECT *, xmin::text FROM plan_item ORDER BY plan_id, unit, indicator")
        assert await seed(database) == []
        assert await connection.fetch("SELECT *, xmin::text FROM plan_item ORDER BY plan_id, unit, indicator") == before
    finally:
        await connection.close()


def test_the_seed_command_needs_nothing_but_the_database(infrastructure: Any) -> None:
    environment = {
        "JIUYE_DATABASE_URL": infrastructure.url("targets_app", infrastructure.new_database()),
        "PYTHONPATH": "services",
        "PATH": os.environ["PATH"],
    }
    runs = [
        subprocess.run(
            [sys.executable, "-m", "targets_svc.seed"],
            cwd=Path(__file__).parents[3],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(2)
    ]

    assert [json.loads(run.stdout)["issued"] for run in runs] == [["2017-v1"], []]


async def test_an_issued_version_is_never_overwritten(database: Database) -> None:
    changed = read_plan(plan_files()[0].replace("城乡就业工作目标任务分解表", "就业目标任务分解表"))

    with pytest.raises(IssuedPlanDiffersError):
        async with database.transaction() as tx:
            await issue_plan(tx, changed)


@pytest.mark.parametrize(
    "statement", ["UPDATE plan_item SET value = 0", "DELETE FROM plan_item", "UPDATE plan SET version = 9"]
)
async def test_the_service_cannot_change_an_issued_plan_even_by_sql(targets: Targets, statement: str) -> None:
    connection = await targets.connect()
    try:
        with pytest.raises(Exception, match="permission denied"):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("ZZ07: [28000,", "ZZ07: [28001,", "P1 I01"),
        ("  ZZ06: [2700,", "  ZZ16: [2700,", "P2 ZZ16"),
        ("columns: [I01,", "columns: [I99,", "I99"),
        ("  ZZ02: [5500,", "  ZZ01: [5500,", "P3"),
        ("ZZ07: [28000, 6400,", "ZZ07: [28000, 28400,", "P6 ZZ07/I01a"),
        ("ZZ07: [28000,", "ZZ07: [-28000,", "P5 ZZ07/I01"),
        ("ZZ07: [28000,", "ZZ07: [28000.5,", "ZZ07/I01"),
        ("ZZ07: [28000,", "ZZ07: [,", "YAML"),
        ("ZZ07: [28000,", "ZZ07: [~,", "ZZ07/I01"),
        ("ZZ07: [28000, 6400,", "ZZ07: [28000,", "格式不对"),
        ("body: {I01: 130000", "body: {I01: 13000", "P10 I01"),
        ("version: 1\n", "", "version"),
        ("year: 2017", "year: twenty", "int"),
    ],
)
def test_a_broken_plan_file_is_refused_with_the_rule_and_the_place(old: str, new: str, fault: str) -> None:
    text = plan_files()[0]
    assert old in text

    with pytest.raises(BrokenPlanError) as refused:
        read_plan(text.replace(old, new, 1))

    assert fault in str(refused.value)


def test_every_plan_file_of_the_service_is_sound() -> None:
    plans = [read_plan(text) for text in plan_files()]

    assert [(plan.year, plan.version) for plan in plans] == [(2017, 1)]
    assert {i.state for plan in plans for i in plan.items} == set(ItemState)
