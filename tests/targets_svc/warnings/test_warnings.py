"""Warnings from the close of a month to their end, over HTTP and with real workers."""

import asyncio
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from python_calamine import CalamineWorkbook

from kit.clock import today
from kit.db.engine import Database
from kit.testing import settings_of
from targets_svc.month_closes.service import CLOSED
from targets_svc.warnings.service import escalate_unanswered, judge_closed, judge_provisionally
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.event_uploads.files import working, working_here
from tests.targets_svc.month_closes.closing import close
from tests.targets_svc.progress.june import JUNE
from tests.targets_svc.reports.flow import approve, figures, plan_of

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's
GAP = "其余单位机构调整，暂缺"
PLAN = {"action_plan": "七月、八月各组织三场专场招聘会，重点帮扶登记失业人员"}
UNITS = ("ZZ04", "ZZ08", "ZZ10", "ZZ15")
READ, ANSWER = "warning.read", "warning.acknowledge"
SLOW = ("-m", "tests.targets_svc.warnings.slow_worker")


def city(targets: Targets) -> Client:
    return targets.account("city", "CITY", None, READ, ANSWER)


def staff(targets: Targets, unit: str) -> Client:
    return targets.account(f"staff-{unit}", "STAFF", unit, READ, ANSWER)


async def listed(account: Client, **query: Any) -> dict[tuple[str, str], dict[str, Any]]:
    answer = await account.get("/warnings", params={"limit": 100, "year": 2017} | query)
    assert answer.status_code == 200, answer.text
    return {(row["unit"], row["indicator"]): row for row in answer.json()["items"]}


async def history(account: Client, warning: dict[str, Any]) -> list[tuple[str, str]]:
    answer = await account.get(f"/warnings/{warning['id']}")
    return [(event["step"], event["level"]) for event in answer.json()["history"]]


async def judged(targets: Targets, closed: dict[str, Any]) -> dict[str, Any]:
    """Waits until a worker has judged a closed month; the job's row."""
    connection = await targets.connect()
    try:
        async with asyncio.timeout(30):
            while True:
                row = await connection.fetchrow("SELECT * FROM job WHERE dedupe_key = $1", f"{CLOSED}:{closed['id']}")
                if row is not None and row["state"] == "SUCCEEDED":
                    return dict(row)
                await asyncio.sleep(0.03)
    finally:
        await connection.close()


def worker_database(targets: Targets) -> Database:
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    return Database(settings_of(environment).database_url.get_secret_value(), schema="targets", pool_size=4)


async def report(targets: Targets, month: str, **actual: int) -> None:
    """I01 as given; the other indicators complete, so that nothing else warns."""
    plan = await plan_of(targets)
    full = {(i["unit"], i["indicator"]): i["value"] for i in plan["items"] if i["value"] is not None}
    for unit, value in actual.items():
        others = {code: value for (of, code), value in full.items() if of == unit}
        others |= {"I01": value, "I01a": min(others["I01a"], value), "I01b": min(others["I01b"], value)}
        await approve(targets, unit, month, figures(plan, unit, **others))


@pytest.fixture(scope="module")
async def june(targets: Targets) -> dict[str, Any]:
    """The four units of the design's June that are behind, closed; the first worker dies while it judges."""
    actual = {row.unit: row.actual for row in JUNE if row.unit in UNITS}
    await report(targets, "2017-06", **actual)
    async with working(targets, SLOW) as first:
        closed = await close(targets, "2017-06", reason=GAP)
        connection = await targets.connect()
        async with asyncio.timeout(20):
            while not await connection.fetchval("SELECT max(progress_done) FROM job WHERE kind = $1", CLOSED):
                await asyncio.sleep(0.03)
        assert await connection.fetchval("SELECT count(*) FROM warning") == 0
        await connection.close()
        await first.kill()
    async with working_here(targets):
        job = await judged(targets, closed)
    assert job["attempts"] == 2
    return closed


async def test_the_levels_of_a_closed_month_become_warnings_once(targets: Targets, june: dict[str, Any]) -> None:
    """Overdue reports of the other units are at least yellow; a second run of the job finds nothing to do."""
    async with city(targets) as account:
        found = await listed(account, indicator="I01")
        steps = await history(account, found["ZZ04", "I01"])
    database = worker_database(targets)
    try:
        async with database.transaction() as tx:
            again = await judge_closed(tx, 2017, datetime.now(UTC))
        async with database.transaction() as tx:
            nightly = await judge_provisionally(tx, datetime(2017, 7, 20, tzinfo=UTC))
    finally:
        await database.close()

    levels = {row.unit: row.level_linear for row in JUNE}
    assert {unit: found[unit, "I01"]["level"] for unit in UNITS} == {unit: levels[unit] for unit in UNITS}
    assert {row["level"] for (unit, _), row in found.items() if unit not in UNITS} == {"ORANGE"}
    assert (found["ZZ04", "I01"]["gap"], found["ZZ04", "I01"]["needed_per_month"]) == ("-7.00", "570.0")
    assert not found["ZZ04", "I01"]["is_provisional"]
    assert found["ZZ08", "I01"]["answer_due_at"] is None
    assert steps == [("OPENED", "YELLOW")]
    assert (again.steps, nightly.steps) == ({}, {})


async def test_two_runs_at_once_open_each_warning_once(targets: Targets, june: dict[str, Any]) -> None:
    """And one that asked to be told hears of each once."""
    wish = {"url": "https://198.41.0.4/hooks", "events": ["warning.opened"]}
    async with targets.account("system-ZZ", "CITY", "ZZ", "webhook.manage") as system:
        assert (await system.post("/webhook-endpoints", json=wish)).status_code == 201
    connection = await targets.connect("targets_owner")
    await connection.execute("DELETE FROM warning_judgement")
    await connection.execute("DELETE FROM warning_event")
    await connection.execute("DELETE FROM warning")
    database = worker_database(targets)

    async def run() -> Counter[str]:
        async with database.transaction() as tx:
            return Counter((await judge_closed(tx, 2017, datetime.now(UTC))).steps)

    try:
        done = await asyncio.gather(run(), run(), run())
        cells = await connection.fetchval("SELECT count(*) FROM warning")
        told = await connection.fetch("SELECT DISTINCT body::json -> 'data' ->> 'warning_id' FROM webhook_message")
        deliveries = await connection.fetchval("SELECT count(*) FROM webhook_delivery")
    finally:
        await database.close()
        await connection.close()

    assert sum(done, Counter()) == {"OPENED": cells}
    assert (len(told), deliveries) == (cells, cells)
    assert sum(bool(steps) for steps in done) == 1


async def test_a_unit_sees_and_answers_its_own_warnings(targets: Targets, june: dict[str, Any]) -> None:
    due_on = str(today() + timedelta(days=30))
    async with staff(targets, "ZZ04") as own, staff(targets, "ZZ10") as other, city(targets) as above:
        seen = await listed(own)
        path = f"/warnings/{seen['ZZ04', 'I01']['id']}"
        foreign = [
            await other.get(path),
            await other.post(f"{path}/acknowledgement", json=PLAN | {"due_on": due_on}),
            await other.get("/warnings", params={"unit": "ZZ04"}),
            await other.get("/supervision-list", params={"year": 2017, "unit": "ZZ04"}),
            await above.post(f"{path}/acknowledgement", json=PLAN | {"due_on": due_on}),
        ]
        short = await own.post(f"{path}/acknowledgement", json={"action_plan": "加强", "due_on": due_on})
        past = await own.post(f"{path}/acknowledgement", json=PLAN | {"due_on": "2017-08-31"})
        etag = (await own.get(path)).headers["etag"]
        answered = await own.post(f"{path}/acknowledgement", json=PLAN | {"due_on": due_on}, headers={"If-Match": etag})
        stale = await own.post(f"{path}/acknowledgement", json=PLAN | {"due_on": due_on}, headers={"If-Match": etag})
        steps = await history(above, seen["ZZ04", "I01"])

    assert {unit for unit, _ in seen} == {"ZZ04"}
    assert [answer.status_code for answer in foreign] == [404] * 5
    assert "由被预警的单位自己反馈" in foreign[-1].json()["detail"]
    assert (short.json()["errors"][0]["code"], past.json()["errors"][0]["code"]) == ("ACTION_PLAN", "DUE_ON")
    assert (answered.status_code, answered.json()["acknowledged_by"]) == (200, "staff-ZZ04")
    assert stale.status_code == 412
    assert steps == [("OPENED", "YELLOW"), ("ACKNOWLEDGED", "YELLOW")]


async def test_the_supervision_list_begins_with_the_worst(targets: Targets, june: dict[str, Any]) -> None:
    async with city(targets) as above, staff(targets, "ZZ15") as own:
        answer = (await above.get("/supervision-list", params={"year": 2017})).json()
        mine = (await own.get("/supervision-list", params={"year": 2017})).json()
        file = await above.get("/supervision-list.xlsx", params={"year": 2017})
        empty = (await above.get("/supervision-list", params={"year": 2016})).json()

    listed_cells = [(item["unit"], item["indicator"]) for item in answer["items"]]
    assert listed_cells[0] == ("ZZ15", "I01"), "orange, and the only orange one with a figure"
    assert [level for level, _ in Counter(item["level"] for item in answer["items"]).most_common()] == [
        "ORANGE",
        "YELLOW",
    ]
    assert listed_cells[-2:] == [("ZZ10", "I01"), ("ZZ04", "I01")], "yellow: −8.00 before −7.00"
    assert ("ZZ08", "I01") not in listed_cells, "blue is no supervision"
    assert {item["unit"] for item in mine["items"]} == {"ZZ15"}
    assert empty["items"] == []
    rows = CalamineWorkbook.from_filelike(io.BytesIO(file.content)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "2017年城乡就业工作目标任务督办单"
    assert f"共{len(listed_cells)}项" in str(rows[1][0])
    by_unit = {(row[1], row[2]): row for row in rows[3:] if len(row) > 2 and row[2]}
    line = next(row for row in by_unit.values() if row[1] == "荥阳市" and row[7] == "-7.00")
    assert (line[4], line[5], line[6], line[8], line[9]) == (6000, 2580, "43.00", "570.0", "黄")
    assert line[11] == PLAN["action_plan"]


async def test_unanswered_warnings_take_the_next_colour_once_for_each_deadline(
    targets: Targets, june: dict[str, Any]
) -> None:
    database = worker_database(targets)
    later = datetime.now(UTC) + timedelta(days=20)
    try:
        async with database.transaction() as tx:
            first = await escalate_unanswered(tx, later)
        async with database.transaction() as tx:
            second = await escalate_unanswered(tx, later)
    finally:
        await database.close()
    async with city(targets) as above:
        found = await listed(above, indicator="I01")
        steps = await history(above, found["ZZ10", "I01"])

    assert first.steps["UNANSWERED"] > 0
    assert second.steps == {}
    assert found["ZZ04", "I01"]["level"] == "YELLOW", "it was answered"
    assert (found["ZZ10", "I01"]["level"], found["ZZ15", "I01"]["level"]) == ("ORANGE", "RED")
    assert found["ZZ08", "I01"]["level"] == "BLUE"
    assert steps == [("OPENED", "YELLOW"), ("UNANSWERED", "ORANGE")]


async def test_the_next_closed_month_lowers_ends_and_raises(targets: Targets, june: dict[str, Any]) -> None:
    """July: 荥阳 catches up, 航空港 falls to yellow, 管城 stands still, 二七 drops to yellow."""
    await report(targets, "2017-07", ZZ04=4000, ZZ08=11000, ZZ10=6300, ZZ15=1500)
    await close(targets, "2017-07", reason=GAP)
    database = worker_database(targets)
    try:
        async with database.transaction() as tx:
            await judge_closed(tx, 2017, datetime.now(UTC))
    finally:
        await database.close()
    async with city(targets) as above:
        open_ones = await listed(above, indicator="I01", state="OPEN")
        ended = await listed(above, indicator="I01", state="ENDED")
        steps = {unit: await history(above, (open_ones | ended)[unit, "I01"]) for unit in UNITS}
        path = f"/warnings/{ended['ZZ04', 'I01']['id']}/acknowledgement"
    async with staff(targets, "ZZ04") as own:
        late = await own.post(path, json=PLAN | {"due_on": str(today())})

    assert steps["ZZ04"][-1] == ("ENDED", "GREEN")
    assert steps["ZZ15"] == [("OPENED", "ORANGE"), ("UNANSWERED", "RED"), ("FALLEN", "YELLOW")]
    assert steps["ZZ10"] == [("OPENED", "YELLOW"), ("UNANSWERED", "ORANGE")], "−16.33 is orange still"
    assert steps["ZZ08"] == [("OPENED", "BLUE"), ("RAISED", "YELLOW")]
    assert open_ones["ZZ10", "I01"]["month"] == "2017-07"
    assert (late.status_code, late.json()["code"]) == (409, "WARNING_ENDED")


async def test_what_happened_to_a_warning_cannot_be_changed(targets: Targets, june: dict[str, Any]) -> None:
    for role in ("targets_app", "targets_worker"):
        connection = await targets.connect(role)
        try:
            for statement in (
                "UPDATE warning_event SET level = 'BLUE'",
                "DELETE FROM warning_event",
                "DELETE FROM warning",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_pages_of_warnings_follow_each_other(targets: Targets, june: dict[str, Any]) -> None:
    async with city(targets) as above:
        whole = [row["id"] for row in (await above.get("/warnings", params={"limit": 100})).json()["items"]]
        cursor, pieces = None, []
        while True:
            page = await above.get("/warnings", params={"limit": 30} | ({"cursor": cursor} if cursor else {}))
            pieces += [row["id"] for row in page.json()["items"]]
            if (cursor := page.json()["next"]) is None:
                break

    assert pieces[:100] == whole
    assert len(set(pieces)) == len(pieces)
