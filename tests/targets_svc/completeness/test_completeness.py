"""Completeness over HTTP: what is in, what was sent back, what was on time."""

from typing import Any

from tests.targets_svc.conftest import Targets
from tests.targets_svc.reports.flow import approve, draft, figures, plan_of, step

QUERY = {"year": 2017, "month": "2017-02"}


async def of(targets: Targets, unit: str | None = None) -> dict[str, Any]:
    async with targets.staff(unit) if unit else targets.city() as account:
        answer = await account.get("/completeness", params=QUERY)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_reports_are_counted_as_they_come_and_go(targets: Targets) -> None:
    plan = await plan_of(targets)
    empty = await of(targets)
    await approve(targets, "ZZ07", "2017-01", figures(plan, "ZZ07", I01=100))
    await draft(targets, "ZZ01", "2017-01", figures(plan, "ZZ01", I01=50))
    with_draft = await of(targets)
    async with targets.staff("ZZ01") as staff, targets.reviewer("ZZ01") as reviewer:
        await step(staff, "ZZ01", "2017-01", "submission")
        submitted = await of(targets)
        await step(reviewer, "ZZ01", "2017-01", "return", reason="数据与台账不符")
    returned = await of(targets)

    assert [b["received"] for b in (empty, with_draft, submitted, returned)] == [0, 1, 2, 1]
    assert {b["expected"] for b in (empty, returned)} == {32}
    assert (submitted["completeness"], submitted["timeliness"]) == ("6.25", "0.00")
    assert (submitted["cells_expected"], submitted["cells_filled"]) == (304, 20)
    silent = {row["unit"]: row["missing"] for row in returned["items"]}
    assert (silent["ZZ07"], silent["ZZ01"]) == (["2017-02"], ["2017-01", "2017-02"])
    assert (empty["completeness"], empty["first_month"], empty["last_month"]) == ("0.00", "2017-01", "2017-02")


async def test_the_first_submission_decides_whether_it_was_on_time(targets: Targets) -> None:
    plan = await plan_of(targets)
    await approve(targets, "ZZ02", "2017-02", figures(plan, "ZZ02"))
    connection = await targets.connect()
    try:
        for late, on_time in (("1 microsecond", 0), ("0 seconds", 1)):
            await connection.execute(
                f"UPDATE report SET first_submitted_at = due_at + interval '{late}' WHERE unit = 'ZZ02'"
            )
            own = next(row for row in (await of(targets))["items"] if row["unit"] == "ZZ02")
            assert (own["expected"], own["received"], own["on_time"]) == (2, 1, on_time)
    finally:
        await connection.close()


async def test_a_unit_sees_its_own_line_beside_the_citys_total(targets: Targets) -> None:
    body = await of(targets, "ZZ07")

    assert [row["unit"] for row in body["items"]] == ["ZZ07"]
    assert body["expected"] == 32


async def test_a_year_without_a_plan_is_named(targets: Targets) -> None:
    async with targets.city() as city:
        assert (await city.get("/completeness", params={"year": 2016})).json()["code"] == "PLAN_NOT_FOUND"
