"""Reports over HTTP: the whole way, every way back, and who may do what."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from tests.targets_svc.conftest import Targets
from tests.targets_svc.reports.flow import approve, carry, draft, figures, plan_of, step


@pytest.fixture(scope="module")
async def plan(targets: Targets) -> dict[str, Any]:
    return await plan_of(targets)


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


async def test_a_report_becomes_official_through_three_people(targets: Targets, plan: dict[str, Any]) -> None:
    begun = await draft(targets, "ZZ01", "2017-01", figures(plan, "ZZ01", I01=500, I01a=100))

    assert (begun.status_code, begun.json()["state"], begun.headers["etag"]) == (201, "DRAFT", '"1"')
    assert begun.json()["due_at"] == "2017-02-08T16:00:00Z"
    assert begun.json()["late"] is True
    assert "R14_LATE" in {warning["code"] for warning in begun.json()["warnings"]}
    done = (await carry(targets, "ZZ01", "2017-01")).json()
    assert (done["state"], done["revision"], done["open_revision"]) == ("APPROVED", 1, None)
    assert (done["submitted_by"], done["reviewed_by"], done["approved_by"]) == ("staff-ZZ01", "reviewer-ZZ01", "city")
    assert {cell["indicator"]: cell["value"] for cell in done["cells"]}["I01"] == 500


async def test_a_draft_is_changed_on_its_latest_version_only(targets: Targets, plan: dict[str, Any]) -> None:
    cells = figures(plan, "ZZ03", I03=5)
    begun = await draft(targets, "ZZ03", "2017-02", cells)

    assert (await draft(targets, "ZZ03", "2017-02", cells)).status_code == 428
    changed = await draft(targets, "ZZ03", "2017-02", cells[:1], begun.headers["etag"])
    assert (changed.status_code, len(changed.json()["cells"])) == (200, 1)
    stale = await draft(targets, "ZZ03", "2017-02", cells, begun.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_STALE")
    assert (await draft(targets, "ZZ03", "2017-03", cells, '"1"')).status_code == 412


async def test_a_draft_sent_again_with_its_key_is_answered_again_and_not_stale(
    targets: Targets, plan: dict[str, Any]
) -> None:
    async with targets.staff("ZZ03") as staff:
        body, key = {"cells": figures(plan, "ZZ03")}, staff.key()
        first = await staff.put("/reports/ZZ03/2017-09", json=body, headers=key)
        again = await staff.put("/reports/ZZ03/2017-09", json=body, headers=key)
        await step(staff, "ZZ03", "2017-09", "submission")

    assert (first.status_code, again.status_code, again.headers["etag"]) == (201, 201, first.headers["etag"])


async def test_a_submission_lacks_nothing_and_all_its_gaps_are_named(targets: Targets, plan: dict[str, Any]) -> None:
    await draft(targets, "ZZ02", "2017-02", [{"indicator": "I01", "value": 7}, {"indicator": "I02", "value": None}])
    async with targets.staff("ZZ02") as staff:
        refused = await step(staff, "ZZ02", "2017-02", "submission")
        state = (await staff.get("/reports/ZZ02/2017-02")).json()["state"]

    assert (refused.status_code, refused.json()["code"]) == (422, "REPORT_INVALID")
    assert codes(refused) == {("/cells", "R11_MISSING"), ("/cells/1/comment", "R11_NO_REASON")}
    assert len(refused.json()["errors"]) == 9
    assert state == "DRAFT"


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (
            [{"indicator": "I01", "value": 5}, {"indicator": "I01a", "value": 6}, {"indicator": "I04", "value": -1}],
            {("/cells/1/value", "R6_SUBSET"), ("/cells/2/value", "R4_NEGATIVE")},
        ),
        (
            [{"indicator": "I01", "value": "5"}, {"indicator": "P99", "value": 1}],
            {("/cells/0/value", "VALUE_FORMAT"), ("/cells/1/indicator", "UNKNOWN_INDICATOR")},
        ),
    ],
)
async def test_a_wrong_draft_is_refused_with_every_fault_and_nothing_is_kept(
    targets: Targets, cells: list[dict[str, Any]], found: set[tuple[str, str]]
) -> None:
    refused = await draft(targets, "ZZ03", "2017-05", cells)

    assert (refused.status_code, refused.json()["code"]) == (422, "REPORT_INVALID")
    assert codes(refused) == found
    async with targets.staff("ZZ03") as staff:
        assert (await staff.get("/reports/ZZ03/2017-05")).status_code == 404


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ({"indicator": "I01", "value": True}, "TYPE"),
        ({"indicator": "I01", "value": 1.5}, "TYPE"),
        ({"indicator": "I01"}, "REQUIRED"),
        ({"indicator": "I01", "value": 1, "unit": "ZZ02"}, "UNKNOWN_FIELD"),
    ],
)
async def test_a_cell_of_another_shape_is_refused(targets: Targets, cell: dict[str, Any], code: str) -> None:
    refused = await draft(targets, "ZZ03", "2017-05", [cell])

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)


@pytest.mark.parametrize(("month", "code"), [("2016-12", "R1_NO_PLAN"), ("2099-01", "R1_NO_PLAN")])
async def test_a_month_outside_the_plan_is_refused(targets: Targets, month: str, code: str) -> None:
    refused = await draft(targets, "ZZ03", month, [])

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)


async def test_another_units_report_does_not_exist(targets: Targets, plan: dict[str, Any]) -> None:
    await draft(targets, "ZZ04", "2017-01", figures(plan, "ZZ04"))
    async with targets.staff("ZZ05") as stranger, targets.reviewer("ZZ05") as reviewer, targets.city() as city:
        answers = [
            await stranger.get("/reports/ZZ04/2017-01"),
            await stranger.put("/reports/ZZ04/2017-01", json={"cells": []}, headers={"If-Match": '"1"'}),
            await step(stranger, "ZZ04", "2017-01", "submission"),
            await step(reviewer, "ZZ04", "2017-01", "review"),
            await step(reviewer, "ZZ04", "2017-01", "return", reason="数据与台账不符"),
            await stranger.get("/reports", params={"unit": "ZZ04"}),
            await city.get("/reports/ZZ99/2017-01"),
        ]
        listed = (await stranger.get("/reports")).json()["items"]

    assert [answer.status_code for answer in answers] == [404] * 7
    assert listed == []


async def test_decisions_need_an_idempotency_key_and_are_made_once(targets: Targets, plan: dict[str, Any]) -> None:
    await draft(targets, "ZZ06", "2017-01", figures(plan, "ZZ06"))
    async with targets.staff("ZZ06") as staff, targets.reviewer("ZZ06") as reviewer:
        assert (await staff.post("/reports/ZZ06/2017-01/submission")).status_code == 200
        assert (await reviewer.post("/reports/ZZ06/2017-01/review")).json()["code"] == "IDEMPOTENCY_KEY_MISSING"
        key = reviewer.key()
        first = await reviewer.post("/reports/ZZ06/2017-01/review", headers=key)
        again = await reviewer.post("/reports/ZZ06/2017-01/review", headers=key)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content


async def test_a_returned_report_is_mended_as_the_same_revision(targets: Targets, plan: dict[str, Any]) -> None:
    await draft(targets, "ZZ07", "2017-01", figures(plan, "ZZ07", I01=100))
    async with targets.staff("ZZ07") as staff, targets.reviewer("ZZ07") as reviewer, targets.city() as city:
        submitted = await step(staff, "ZZ07", "2017-01", "submission")
        await step(reviewer, "ZZ07", "2017-01", "review")
        short = await step(city, "ZZ07", "2017-01", "return", reason="有误 ")
        returned = await step(city, "ZZ07", "2017-01", "return", reason="人数与台账不符，请核对")
    mended = await draft(targets, "ZZ07", "2017-01", figures(plan, "ZZ07", I01=90), returned.headers["etag"])
    done = await carry(targets, "ZZ07", "2017-01")
    connection = await targets.connect()
    shown = []
    async with targets.staff("ZZ07") as staff:
        for instant in ("first_submitted_at", "$1::timestamptz", "$1::timestamptz - interval '1 microsecond'"):
            times = [datetime.fromisoformat(done.json()["submitted_at"])] if "$1" in instant else []
            await connection.execute(
                f"UPDATE report SET due_at = {instant} WHERE unit = 'ZZ07' AND year = 2017 AND month = 1", *times
            )
            report = (await staff.get("/reports/ZZ07/2017-01")).json()
            shown.append((report["late"], report["late_again"]))
    await connection.close()

    assert (done.json()["late"], done.json()["late_again"]) == (True, False)
    assert shown == [(False, True), (False, False), (False, True)]
    assert (short.status_code, short.json()["errors"][0]["code"]) == (422, "R12_REASON")
    assert (returned.json()["state"], returned.json()["return_reason"]) == ("RETURNED", "人数与台账不符，请核对")
    assert (returned.json()["submitted_by"], returned.json()["reviewed_by"]) == (None, None)
    assert (mended.json()["state"], mended.json()["revision"]) == ("DRAFT", 1)
    assert done.json()["first_submitted_at"] == submitted.json()["first_submitted_at"]
    assert done.json()["submitted_at"] > submitted.json()["submitted_at"]


async def test_a_submission_is_withdrawn_by_its_submitter_before_review(targets: Targets, plan: dict[str, Any]) -> None:
    await draft(targets, "ZZ08", "2017-01", figures(plan, "ZZ08"))
    async with (
        targets.staff("ZZ08") as staff,
        targets.account("colleague", "STAFF", "ZZ08") as colleague,
        targets.reviewer("ZZ08") as reviewer,
    ):
        await step(staff, "ZZ08", "2017-01", "submission")
        assert (await step(colleague, "ZZ08", "2017-01", "withdrawal")).json()["code"] == "NOT_SUBMITTER"
        withdrawn = await step(staff, "ZZ08", "2017-01", "withdrawal")
        assert (withdrawn.json()["state"], withdrawn.json()["submitted_by"]) == ("DRAFT", None)
        await step(staff, "ZZ08", "2017-01", "submission")
        await step(reviewer, "ZZ08", "2017-01", "review")
        too_late = await step(staff, "ZZ08", "2017-01", "withdrawal")
        assert (too_late.status_code, too_late.json()["code"]) == (409, "REPORT_STATE_CONFLICT")


async def test_a_correction_is_official_only_once_it_is_approved(targets: Targets, plan: dict[str, Any]) -> None:
    await approve(targets, "ZZ09", "2017-01", figures(plan, "ZZ09", I01=100))
    async with targets.staff("ZZ09") as staff:
        first = (await staff.get("/reports/ZZ09/2017-01")).json()
        opened = await step(staff, "ZZ09", "2017-01", "correction", reason="补录漏报人员台账")
        changed = await draft(targets, "ZZ09", "2017-01", figures(plan, "ZZ09", I01=80), opened.headers["etag"])
        meanwhile = (await staff.get("/reports/ZZ09/2017-01")).json()
        done = (await carry(targets, "ZZ09", "2017-01")).json()
        now = (await staff.get("/reports/ZZ09/2017-01")).json()
        then = (await staff.get("/reports/ZZ09/2017-01", params={"known_at": first["approved_at"]})).json()
        before = await staff.get("/reports/ZZ09/2017-01", params={"known_at": "2017-06-01T00:00:00Z"})
        broken = await staff.get("/reports/ZZ09/2017-01", params={"known_at": "yesterday"})

    def net(revision: dict[str, Any]) -> tuple[int, int]:
        return revision["revision"], next(c["value"] for c in revision["cells"] if c["indicator"] == "I01")

    assert (opened.json()["state"], net(opened.json())) == ("DRAFT", (2, 100))
    assert changed.status_code == 200
    assert (net(meanwhile), meanwhile["state"]) == ((1, 100), "APPROVED")
    assert (net(meanwhile["open_revision"]), meanwhile["open_revision"]["state"]) == ((2, 80), "DRAFT")
    assert net(done) == net(now) == (2, 80)
    assert net(then) == (1, 100)
    assert (before.status_code, before.json()["code"]) == (404, "NOTHING_OFFICIAL")
    assert broken.status_code == 422
    async with targets.staff("ZZ09") as staff, targets.staff("ZZ10") as other:
        revisions = (await staff.get("/reports/ZZ09/2017-01/revisions")).json()["items"]
        hidden = await other.get("/reports/ZZ09/2017-01/revisions")
    assert [(r["revision"], r["state"], r["correction_reason"]) for r in revisions] == [
        (1, "APPROVED", None),
        (2, "APPROVED", "补录漏报人员台账"),
    ]
    assert revisions[0]["approved_at"] == first["approved_at"]
    assert (hidden.status_code, hidden.json()["code"]) == (404, "REPORT_NOT_FOUND")


async def test_figures_below_the_last_approved_month_need_a_correction(targets: Targets, plan: dict[str, Any]) -> None:
    await approve(targets, "ZZ10", "2017-01", figures(plan, "ZZ10", I01=100))

    refused = await draft(targets, "ZZ10", "2017-02", figures(plan, "ZZ10", I01=99))
    net = [{"indicator": "I01", "value": 85, "gross": 410, "attrition": 325}, *figures(plan, "ZZ10")[1:]]
    accepted = await draft(targets, "ZZ10", "2017-02", net)

    assert codes(refused) == {("/cells/0/value", "R5_FALL")}
    assert accepted.status_code == 201
    assert ("/cells/0/value", "R4_NET_FALL") in {(w["pointer"], w["code"]) for w in accepted.json()["warnings"]}


async def test_an_approval_is_refused_while_a_rule_is_broken_again(targets: Targets, plan: dict[str, Any]) -> None:
    """February was sound when it was submitted; a correction of January has since gone above it."""
    await approve(targets, "ZZ11", "2017-01", figures(plan, "ZZ11", I03=10))
    await draft(targets, "ZZ11", "2017-02", figures(plan, "ZZ11", I03=20))
    async with targets.staff("ZZ11") as staff, targets.reviewer("ZZ11") as reviewer, targets.city() as city:
        await step(staff, "ZZ11", "2017-02", "submission")
        await step(reviewer, "ZZ11", "2017-02", "review")
        opened = await step(staff, "ZZ11", "2017-01", "correction", reason="补录漏报人员台账")
        await draft(targets, "ZZ11", "2017-01", figures(plan, "ZZ11", I03=30), opened.headers["etag"])
        await carry(targets, "ZZ11", "2017-01")
        refused = await step(city, "ZZ11", "2017-02", "approval")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "R5_FALL")


async def test_four_eyes_hold_over_http(targets: Targets, plan: dict[str, Any]) -> None:
    """Accounts with more rights than any real one has still cannot sign twice."""
    await draft(targets, "ZZ12", "2017-01", figures(plan, "ZZ12"))
    every = ("report.write", "report.submit", "report.review", "report.approve")
    async with (
        targets.account("one", "STAFF", "ZZ12", *every) as one,
        targets.account("two", "CITY", None, *every) as two,
        targets.reviewer("ZZ12") as reviewer,
        targets.city() as city,
    ):
        await step(one, "ZZ12", "2017-01", "submission")
        twice = await step(one, "ZZ12", "2017-01", "review")
        unreviewed = await step(two, "ZZ12", "2017-01", "approval")
        await step(two, "ZZ12", "2017-01", "review")
        own = await step(one, "ZZ12", "2017-01", "approval")
        again = await step(two, "ZZ12", "2017-01", "approval")
        no_scope = await step(reviewer, "ZZ12", "2017-01", "approval")
        done = await step(city, "ZZ12", "2017-01", "approval")

    assert (twice.status_code, twice.json()["code"]) == (409, "FOUR_EYES")
    assert unreviewed.json()["code"] == "REPORT_STATE_CONFLICT"
    assert (own.status_code, own.json()["code"]) == (403, "NOT_CITY_LEVEL")
    assert (again.status_code, again.json()["code"]) == (409, "FOUR_EYES")
    assert no_scope.status_code == 403
    assert done.json()["state"] == "APPROVED"


async def test_of_two_approvers_exactly_one_wins(targets: Targets, plan: dict[str, Any]) -> None:
    await draft(targets, "ZZ13", "2017-01", figures(plan, "ZZ13"))
    async with (
        targets.staff("ZZ13") as staff,
        targets.reviewer("ZZ13") as reviewer,
        targets.city() as one,
        targets.account("deputy", "CITY") as other,
    ):
        await step(staff, "ZZ13", "2017-01", "submission")
        await step(reviewer, "ZZ13", "2017-01", "review")
        answers = await asyncio.gather(*(step(account, "ZZ13", "2017-01", "approval") for account in (one, other)))

    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_an_approver_with_a_stale_version_is_told(targets: Targets, plan: dict[str, Any]) -> None:
    begun = await draft(targets, "ZZ13", "2017-02", figures(plan, "ZZ13"))
    async with targets.staff("ZZ13") as staff:
        stale = await staff.post("/reports/ZZ13/2017-02/submission", headers={"If-Match": '"9"'})
        fresh = await staff.post("/reports/ZZ13/2017-02/submission", headers={"If-Match": begun.headers["etag"]})

    assert (stale.status_code, fresh.status_code) == (412, 200)


async def test_the_city_reports_its_own_rates(targets: Targets) -> None:
    cells = [
        {"indicator": "R01", "value": "3.96", "numerator": 396, "denominator": 10000},
        {"indicator": "R02", "value": 0},
        {"indicator": "R03", "value": "91.50"},
    ]
    begun = await draft(targets, "ZZ", "2017-06", cells)
    pending = await draft(targets, "ZZ", "2017-05", [{"indicator": "P01", "value": 1}])
    wrong = await draft(targets, "ZZ", "2017-05", [cells[0] | {"value": "3.98"}])

    assert begun.status_code == 201
    assert begun.json()["cells"][0]["value"] == "3.96"
    assert codes(pending) == {("/cells/0/value", "R3_PENDING")}
    assert codes(wrong) == {("/cells/0/value", "R9_RATE")}


async def test_what_the_plan_leaves_open_is_reported_by_nobody(targets: Targets, plan: dict[str, Any]) -> None:
    """创业担保贷款 is 待明确 for the city, so that no district has a figure either."""
    refused = await draft(targets, "ZZ04", "2017-05", [*figures(plan, "ZZ04"), {"indicator": "P01", "value": 1}])

    assert {code for _, code in codes(refused)} == {"R3_PENDING"}


async def test_figures_of_the_month_alone_become_cumulative_once(targets: Targets, plan: dict[str, Any]) -> None:
    async def put(month: str, cells: list[dict[str, Any]], etag: str | None = None) -> Any:
        async with targets.staff("ZZ05") as staff:
            headers = {"If-Match": etag} if etag else {}
            return await staff.put(
                f"/reports/ZZ05/{month}", json={"cells": cells, "basis": "INCREMENT"}, headers=headers
            )

    net = {"indicator": "I01", "value": 90, "gross": 100, "attrition": 10}
    january = await put("2017-01", [net, *figures(plan, "ZZ05", I03=5)[1:]])
    too_early = await put("2017-02", figures(plan, "ZZ05"))
    await carry(targets, "ZZ05", "2017-01")
    february = await put("2017-02", [net, *figures(plan, "ZZ05", I03=7)[1:]])
    again = await put("2017-02", [net, *figures(plan, "ZZ05", I03=7)[1:]], february.headers["etag"])
    approved = (await carry(targets, "ZZ05", "2017-02")).json()

    def shown(report: Any) -> list[tuple[int, int | None, int | None]]:
        cells = {cell["indicator"]: cell for cell in report["cells"]}
        return [tuple(cells[code][key] for key in ("value", "gross", "attrition")) for code in ("I01", "I03")]

    assert shown(january.json()) == [(90, 100, 10), (5, None, None)]
    assert codes(too_early) == {("/basis", "BASIS_NO_PREVIOUS")}
    assert shown(february.json()) == shown(again.json()) == shown(approved) == [(180, 200, 20), (12, None, None)]
    assert (approved["basis"], january.json()["basis"]) == ("INCREMENT", "INCREMENT")


async def test_reports_are_listed_by_page_and_state(targets: Targets, plan: dict[str, Any]) -> None:
    for month in range(1, 6):
        await draft(targets, "ZZ15", f"2017-0{month}", figures(plan, "ZZ15"))
    await carry(targets, "ZZ15", "2017-01")
    async with targets.staff("ZZ15") as staff, targets.city() as city:
        pages, cursor = [], None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await staff.get("/reports", params=query)).json()
            pages.append([item["month"] for item in page["items"]])
            if (cursor := page["next"]) is None:
                break
        approved = (await city.get("/reports", params={"unit": "ZZ15", "state": "APPROVED"})).json()["items"]
        january = (await city.get("/reports", params={"month": "2017-01"})).json()["items"]

    assert pages == [["2017-01", "2017-02"], ["2017-03", "2017-04"], ["2017-05"]]
    assert [(item["month"], item["state"]) for item in approved] == [("2017-01", "APPROVED")]
    assert {item["unit"] for item in january} > {"ZZ15", "ZZ13"}
    assert all(item["month"] == "2017-01" for item in january)


async def test_a_correction_begun_by_mistake_is_withdrawn_and_another_can_be_made(
    targets: Targets, plan: dict[str, Any]
) -> None:
    place, reason = ("ZZ12", "2017-10"), {"reason": "误开更正，数据无误"}
    await draft(targets, *place, figures(plan, "ZZ12", I02=5))
    async with targets.staff("ZZ12") as staff, targets.reviewer("ZZ12") as reviewer, targets.staff("ZZ13") as other:
        path = "correction/withdrawal"
        first = await step(staff, *place, path, **reason)
        await carry(targets, *place)
        approved = (await staff.get("/reports/ZZ12/2017-10")).json()
        await step(staff, *place, "correction", reason="十月数据有误，更正")
        foreign = await step(other, *place, path, **reason)
        dropped = await step(staff, *place, path, **reason)
        after = (await staff.get("/reports/ZZ12/2017-10")).json()
        (listed,) = (await staff.get("/reports", params={"month": "2017-10"})).json()["items"]
        again = await step(staff, *place, path, **reason)

        await step(staff, *place, "correction", reason="十月数据有误，更正")
        etag = (await staff.get("/reports/ZZ12/2017-10")).headers["etag"]
        await draft(targets, *place, figures(plan, "ZZ12", I02=6), etag)
        await step(staff, *place, "submission")
        on_its_way = await step(staff, *place, path, **reason)
        await step(reviewer, *place, "return", reason="与台账不符，请核对")
        returned = await step(staff, *place, path, **reason)
        await step(staff, *place, "correction", reason="十月数据有误，更正")
        etag = (await staff.get("/reports/ZZ12/2017-10")).headers["etag"]
        await draft(targets, *place, figures(plan, "ZZ12", I02=7), etag)
        corrected = (await carry(targets, *place)).json()
        revisions = (await staff.get("/reports/ZZ12/2017-10/revisions")).json()["items"]

    assert (first.status_code, first.json()["code"]) == (409, "REPORT_STATE_CONFLICT")
    assert "首次填报" in first.json()["detail"]
    assert (foreign.status_code, dropped.status_code, dropped.json()["state"]) == (404, 200, "APPROVED")
    assert (after["cells"], after["open_revision"], after["revision"]) == (approved["cells"], None, 1)
    assert (listed["state"], listed["revision"]) == ("APPROVED", 1)
    assert [answer.status_code for answer in (again, on_its_way, returned)] == [409, 409, 200]
    assert [(r["revision"], r["state"], r["withdrawn_by"]) for r in revisions] == [
        (1, "APPROVED", None),
        (2, "WITHDRAWN", "staff-ZZ12"),
        (3, "WITHDRAWN", "staff-ZZ12"),
        (4, "APPROVED", None),
    ]
    assert (corrected["revision"], {c["indicator"]: c["value"] for c in corrected["cells"]}["I02"]) == (4, 7)
