"""Standards over HTTP: two people put a version into force; every result says by which one it was made."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import asyncpg
import pytest

from kit.clock import now
from onebox.credentials import scopes_by_kind
from targets_svc.standards.repository import shipped
from targets_svc.warnings.service import judge_closed
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.month_closes.closing import close
from tests.targets_svc.register.people import event
from tests.targets_svc.reports.flow import approve, draft, figures, plan_of
from tests.targets_svc.warnings.test_warnings import worker_database

CONTENT: dict[str, Any] = dict(shipped()["content"])
STRICT = CONTENT | {
    "levels": CONTENT["levels"] | {"blue": "-2.00", "yellow": "-4.00", "orange": "-6.00"},
    "curve": "SEASONAL",
    "deadlines": CONTENT["deadlines"] | {"report_days": 2, "action_days": 30},
    "reconciliation": {"ok": "10.00", "notice": "20.00", "unexplained": "50.00"},
    "validation": CONTENT["validation"] | {"jump_share_of_target": "90.00", "register_apart": "50.00"},
}


@pytest.fixture
async def city(targets: Targets) -> AsyncIterator[Client]:
    async with targets.account("city", "CITY", None, "standard.write", "warning.read") as account:
        yield account


@pytest.fixture
async def second(targets: Targets) -> AsyncIterator[Client]:
    async with targets.account("city-reviewer", "CITY_REVIEWER", None, "standard.publish") as account:
        yield account


async def draw_up(city: Client, content: dict[str, Any], effective_from: str, **change: Any) -> Any:
    body = {"effective_from": effective_from, "reference": "郑就业办〔2017〕20号", "content": content} | change
    return await city.post("/standards", json=body, headers=Client.key())


async def publish(second: Client, standard_id: str) -> Any:
    return await second.post(f"/standards/{standard_id}/publication", headers=Client.key())


async def put_in_force(city: Client, second: Client, content: dict[str, Any], effective_from: str) -> dict[str, Any]:
    drawn = await draw_up(city, content, effective_from)
    assert drawn.status_code == 201, drawn.text
    published = await publish(second, drawn.json()["id"])
    assert published.status_code == 200, published.text
    found: dict[str, Any] = published.json()
    return found


async def judge(targets: Targets) -> None:
    database = worker_database(targets)
    try:
        async with database.transaction() as tx:
            await judge_closed(tx, 2017, now())
    finally:
        await database.close()


async def row(account: Client, path: str, unit: str, **query: Any) -> dict[str, Any]:
    """The unit's line of I01 in a table, with the version by which the table was made."""
    answer = await account.get(path, params=query)
    assert answer.status_code == 200, answer.text
    table = answer.json()
    found = next(r for r in table["items"] if (r["unit"], r["indicator"]) == (unit, "I01"))
    version: dict[str, Any] = {"version": table["standard_version"], "curve": table.get("curve")}
    return version | found


async def test_a_new_version_judges_the_months_from_its_first_day_and_no_closed_one(
    targets: Targets, city: Client, second: Client
) -> None:
    plan = await plan_of(targets)
    for month, actual in (("2017-05", 2250), ("2017-06", 2730), ("2017-07", 3300)):
        full = {i["indicator"]: i["value"] for i in plan["items"] if i["unit"] == "ZZ04" and i["value"] is not None}
        await approve(targets, "ZZ04", month, figures(plan, "ZZ04", **(full | {"I01": actual, "I01a": 0, "I01b": 0})))
    closed = await close(targets, "2017-05", reason="其余单位机构调整，暂缺")
    await judge(targets)
    july = await row(city, "/progress", "ZZ04", month="2017-07")
    before = now()
    drawn = await draw_up(city, STRICT, "2017-07-01")
    unpublished = await row(city, "/progress", "ZZ04", month="2017-07")
    async with targets.account("city", "CITY_REVIEWER", None, "standard.publish") as herself:
        own = await publish(herself, drawn.json()["id"])
    published = await publish(second, drawn.json()["id"])
    again = await publish(second, drawn.json()["id"])
    months = [await row(city, "/progress", "ZZ04", month=m) for m in ("2017-05", "2017-06", "2017-07")]
    linear = await row(city, "/progress", "ZZ04", month="2017-07", curve="LINEAR")
    then = await row(city, "/progress", "ZZ04", month="2017-07", known_at=before.isoformat())
    kept = await row(city, f"/month-closes/{closed['id']}/progress", "ZZ04")
    warned = (await city.get("/warnings", params={"unit": "ZZ04", "indicator": "I01"})).json()["items"]

    assert (july["version"], july["curve"], july["gap"], july["level"]) == (1, "LINEAR", "-3.33", "BLUE")
    assert unpublished == july
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    assert (published.status_code, published.json()["version"]) == (200, 2)
    assert (again.status_code, again.json()["code"]) == (409, "STANDARD_PUBLISHED")
    assert [(m["version"], m["curve"], m["level"]) for m in months] == [
        (1, "LINEAR", "BLUE"),
        (1, "LINEAR", "BLUE"),
        (2, "SEASONAL", "RED"),
    ]
    assert (months[2]["pace"], months[2]["gap"]) == ("62.00", "-7.00")
    assert (linear["curve"], linear["gap"], linear["level"]) == ("LINEAR", "-3.33", "YELLOW")
    assert then == july, "what was known before it was published"
    assert (kept["version"], kept["level"]) == (1, "BLUE")
    assert [(w["standard_version"], w["gap"], w["level"]) for w in warned] == [(1, "-4.17", "BLUE")]

    late = await draw_up(city, CONTENT, "2017-05-31")
    assert [(e["pointer"], e["code"]) for e in late.json()["errors"]] == [("/effective_from", "MONTH_CLOSED")]
    held = await draw_up(city, CONTENT, "2017-06-30")
    await close(targets, "2017-06", reason="其余单位机构调整，暂缺")
    too_late = await publish(second, held.json()["id"])
    assert (held.status_code, too_late.status_code) == (201, 422)

    await close(targets, "2017-07", reason="其余单位机构调整，暂缺")
    await judge(targets)
    (warned,) = (await city.get("/warnings", params={"unit": "ZZ04", "indicator": "I01"})).json()["items"]
    assert (warned["standard_version"], warned["gap"], warned["level"]) == (2, "-7.00", "RED")


async def test_deadlines_tolerances_and_doubts_follow_the_version_of_their_month(
    targets: Targets, city: Client, second: Client
) -> None:
    await put_in_force(city, second, STRICT, "2018-01-01")
    plan = await plan_of(targets)
    async with targets.account("city", "CITY", None, "plan.write") as writer:
        named = {name: plan[name] for name in ("title", "doc_no", "issued_on", "items")}
        next_year = named | {"year": 2018, "effective_from": "2018-03-01"}
        plan_id = (await writer.post("/plans", json=next_year)).json()["id"]
    async with targets.account("issuer", "CITY_REVIEWER", None, "plan.issue") as issuer:
        await issuer.post(f"/plans/{plan_id}/issue", headers=Client.key())

    seen: dict[str, Any] = {}
    async with targets.staff("ZZ05") as staff:
        for n, year in enumerate((2017, 2018)):
            for k in range(10):
                await staff.post("/events", json=event(100 + 10 * n + k, "ZZ05", f"{year}-01-10"))
            cells = figures(plan, "ZZ05", I01=12, I03=300)
            begun = (await draft(targets, "ZZ05", f"{year}-01", cells)).json()
            await approve(targets, "ZZ05", f"{year}-03", cells)
            bridge = await row(staff, "/reconciliations", "ZZ05", month=f"{year}-03")
            assessed = (await city.get("/assessments", params={"month": f"{year}-03"})).json()
            unit = next(r for r in assessed["items"] if r["unit"] == "ZZ05")
            doubts = {w["code"] for w in begun["warnings"]}
            seen[str(year)] = [
                *(begun["due_at"], bridge["version"], bridge["verdict"], unit["reconciliation_flags"]),
                *("R7_JUMP" in doubts, "R16_REGISTER" in doubts, assessed["standard_version"]),
            ]

    assert seen == {
        "2017": ["2017-02-08T16:00:00Z", 1, "FLAG", 1, True, True, 1],
        "2018": ["2018-02-02T16:00:00Z", 4, "NOTICE", 0, False, False, 4],
    }


async def test_the_official_source_of_an_indicator_is_a_matter_of_the_standards(
    targets: Targets, city: Client, second: Client
) -> None:
    async with targets.staff("ZZ06") as staff:
        for n in range(3):
            await staff.post(
                "/events", json=event(200 + n, "ZZ06", "2019-02-01") | {"year": 2017, "event_date": "2017-08-01"}
            )
    reported = await row(city, "/progress", "ZZ06", month="2017-08")
    await put_in_force(city, second, CONTENT | {"actual_sources": {"I01": "REGISTER"}}, "2017-08-01")
    registered = await row(city, "/progress", "ZZ06", month="2017-08")
    asked = await row(city, "/progress", "ZZ06", month="2017-08", source="REPORT")

    assert (reported["actual"], registered["actual"], registered["status"], asked["actual"]) == (None, 3, "A", None)


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("levels.blue", "0.00", "/levels/blue"),
        ("levels.blue", "-5%", "/content/levels/blue"),
        ("levels.blue", -5, "/content/levels/blue"),
        ("seasonal.default", ["100.00"] * 11, "/content/seasonal/default"),
        ("deadlines.report_days", 0, "/content/deadlines/report_days"),
        ("curve", "CUBIC", "/content/curve"),
        ("actual_sources", {"I01": "GUESS"}, "/content/actual_sources/I01"),
    ],
)
async def test_a_wrong_version_is_refused_by_its_place(city: Client, path: str, value: Any, pointer: str) -> None:
    content = deepcopy(CONTENT)
    *groups, name = path.split(".")
    for group in groups:
        content = content[group]
    content[name] = value
    whole = deepcopy(CONTENT) | ({groups[0]: content} if groups else content)
    refused = await draw_up(city, whole, "2030-01-01")

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_the_list_shows_drafts_to_those_two_duties_alone_and_one_version_by_its_day(
    targets: Targets, city: Client, second: Client
) -> None:
    drawn = (await draw_up(city, CONTENT, "2031-01-01")).json()
    async with targets.staff("ZZ07") as staff:
        for_staff = [item["version"] for item in (await staff.get("/standards")).json()["items"]]
        then = (await staff.get("/standards", params={"as_of": "2016-12-31"})).json()["items"]
        long_ago = (await staff.get("/standards", params={"as_of": "1900-01-01"})).json()["items"]
    drafts = [item["version"] for item in (await second.get("/standards")).json()["items"]]

    assert drawn["version"] in drafts
    assert drawn["version"] not in for_staff
    assert [(item["version"], item["id"]) for item in then] == [(1, None)]
    assert then == long_ago


async def test_of_two_publications_at_once_one_is_done_and_the_table_keeps_it(
    targets: Targets, city: Client, second: Client
) -> None:
    standard_id = (await draw_up(city, CONTENT, "2032-01-01")).json()["id"]
    sign = "UPDATE standard SET published_by = $2, published_at = now() WHERE id = $1"
    connection = await targets.connect()
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(sign, standard_id, "city")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE standard SET content = '{}' WHERE id = $1", standard_id)
        answers = await asyncio.gather(*(publish(second, standard_id) for _ in range(2)))
        changed = await connection.execute(sign, standard_id, "somebody")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM standard")
    finally:
        await connection.close()
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert changed == "UPDATE 0"


async def test_two_drafts_at_once_have_numbers_of_their_own(city: Client) -> None:
    answers = await asyncio.gather(*(draw_up(city, CONTENT, "2033-01-01") for _ in range(4)))
    assert len({answer.json()["version"] for answer in answers}) == 4


def test_no_kind_of_account_both_draws_up_and_publishes_standards() -> None:
    both = {"targets.standard.write", "targets.standard.publish"}
    held = {kind: both & set(scopes) for kind, scopes in scopes_by_kind().items()}

    assert all(len(scopes) < 2 for scopes in held.values())
    assert set().union(*held.values()) == both


async def test_a_course_is_proposed_from_whole_past_years_or_what_is_missing_named(
    targets: Targets, city: Client
) -> None:
    asked = {"indicator": "I07", "from": 2015, "to": 2016}
    small = [("ZZ", "R01", "4.00"), *((unit, "I07", 100) for unit in ("ZZ01", "ZZ02"))]
    items = [{"unit": unit, "indicator": code, "state": "ASSIGNED", "value": value} for unit, code, value in small]
    none = await city.get("/seasonal-courses", params=asked)
    async with (
        targets.account("city", "CITY", None, "plan.write") as writer,
        targets.account("issuer", "CITY_REVIEWER", None, "plan.issue") as issuer,
    ):
        for year in (2015, 2016):
            body = {
                "year": year,
                "title": "旧年计划",
                "doc_no": f"旧{year}",
                "issued_on": f"{year}-01-01",
                "items": items,
            }
            made = await writer.post("/plans", json=body | {"effective_from": f"{year}-01-01"})
            await issuer.post(f"/plans/{made.json()['id']}/issue", headers=Client.key())
    connection = await targets.connect("targets_owner")
    try:
        await connection.execute(
            """
            WITH months AS (
                INSERT INTO report (unit, year, month, revision, row_version, due_at)
                SELECT u, y, m, 1, 1, now() FROM unnest(ARRAY['ZZ01', 'ZZ02']) u, unnest(ARRAY[2015, 2016]) y,
                    generate_series(1, 12) m WHERE (u, y, m) <> ('ZZ02', 2016, 5) RETURNING unit, year, month)
            INSERT INTO report_revision (unit, year, month, revision, state, created_by, created_at, submitted_by,
                submitted_at, reviewed_by, reviewed_at, approved_by, approved_at, basis)
            SELECT unit, year, month, 1, 'APPROVED', 'a', now(), 'a', now(), 'b', now(), 'c', now(), 'CUMULATIVE'
            FROM months
            """
        )
        await connection.execute(
            """
            INSERT INTO report_cell (unit, year, month, revision, indicator, position, value)
            SELECT unit, year, month, 1, 'I07', 0,
                CASE year WHEN 2015 THEN 10 * month ELSE greatest(0, 20 * month - 120) END
            FROM report_revision WHERE year IN (2015, 2016)
            """
        )
        gap = await city.get("/seasonal-courses", params=asked)
        await connection.execute("INSERT INTO report VALUES ('ZZ02', 2016, 5, 1, 1, now())")
        await connection.execute(
            """
            INSERT INTO report_revision (unit, year, month, revision, state, created_by, created_at, submitted_by,
                submitted_at, reviewed_by, reviewed_at, approved_by, approved_at, basis)
            VALUES ('ZZ02', 2016, 5, 1, 'APPROVED', 'a', now(), 'a', now(), 'b', now(), 'c', now(), 'CUMULATIVE')
            """
        )
        await connection.execute("INSERT INTO report_cell VALUES ('ZZ02', 2016, 5, 1, 'I07', 0, 0)")
    finally:
        await connection.close()
    found = await city.get("/seasonal-courses", params=asked)
    one = await city.get("/seasonal-courses", params=asked | {"to": 2015})
    rate = await city.get("/seasonal-courses", params=asked | {"indicator": "R01"})
    taken = await draw_up(
        city,
        CONTENT | {"seasonal": CONTENT["seasonal"] | {"by_indicator": {"I07": found.json()["shares"]}}},
        "2035-01-01",
    )

    assert (none.status_code, none.json()["code"], none.json()["detail"].count("12月")) == (404, "COURSE_UNKNOWN", 2)
    assert gap.json()["detail"].startswith("2016年5月没有全市完整的已批准数据")
    assert (found.status_code, found.json()["years"]) == (200, [2015, 2016])
    assert found.json()["shares"] == [
        "4.17", "8.33", "12.50", "16.67", "20.83", "25.00", "37.50", "50.00", "62.50", "75.00", "87.50", "100.00",
    ]  # fmt: skip
    assert [answer.json()["errors"][0]["code"] for answer in (one, rate)] == ["YEARS", "INDICATOR"]
    assert taken.status_code == 201


@pytest.mark.parametrize("month", ["1000-01", "1899-12", "9999-12"])
@pytest.mark.parametrize("path", ["/progress", "/reconciliations", "/street-progress", "/rankings", "/completeness"])
async def test_any_month_that_can_be_written_has_a_standard_or_is_refused(
    targets: Targets, path: str, month: str
) -> None:
    query = {"month": month, "unit": "ZZ12"} if path == "/street-progress" else {"month": month}
    async with targets.city() as city:
        answer = await city.get(path, params=query)
    assert answer.status_code < 500, answer.text
