"""Whatever one person hands in and another signs can be taken back until it is signed, and never afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from targets_svc.standards.repository import shipped
from tests.targets_svc.assessment_rules.test_rule_sets import RULES
from tests.targets_svc.assessments.test_publications import FINDING
from tests.targets_svc.child_plans.test_child_plans import body as split
from tests.targets_svc.child_plans.test_child_plans import proposed as proposed_split
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.event_mappings.test_changes import ROW

REASON = {"reason": "文号填写有误，另行提交"}
number = count(1)


async def mapping(_: Targets, first: Client) -> Any:
    return await first.post("/event-mappings", json=ROW | {"code": f"ROW{next(number)}"}, headers=Client.key())


async def finding(_: Targets, first: Client) -> Any:
    return await first.post("/assessment-findings", json=FINDING, headers=Client.key())


async def publication(_: Targets, first: Client) -> Any:
    return await first.post("/assessment-publications", json={"month": "2017-06"}, headers=Client.key())


async def plan(_: Targets, first: Client) -> Any:
    issued = (await first.get("/plans/2017", params={"version": 1})).json()
    named = {name: issued[name] for name in ("year", "title", "doc_no", "issued_on", "items")}
    return await first.post("/plans", json=named | {"effective_from": "2017-07-01"}, headers=Client.key())


async def child_plan(targets: Targets, first: Client) -> Any:
    return await first.post("/child-plans", json=split((await proposed_split(targets)).json()["items"]))


async def standard(_: Targets, first: Client) -> Any:
    body = {"effective_from": "2034-01-01", "reference": "郑就业办〔2033〕9号", "content": shipped()["content"]}
    return await first.post("/standards", json=body, headers=Client.key())


async def rule_set(_: Targets, first: Client) -> Any:
    return await first.post("/assessment-rule-sets", json=RULES | {"code": f"SET{next(number)}"}, headers=Client.key())


async def month_close(_: Targets, first: Client) -> Any:
    body = {"month": f"2017-{next(number) % 12 + 1:02d}", "reason": "按已批准的月报结账"}
    return await first.post("/month-closes", json=body)


@dataclass(frozen=True)
class Case:
    make: Callable[[Targets, Client], Awaitable[Any]]
    path: str
    sign: str
    first: tuple[str, str | None, str]
    second: str
    signed: str

    def accounts(self, targets: Targets) -> tuple[Client, Client]:
        kind, unit, scope = self.first
        hers = (scope, "plan.read")
        return targets.account("first", kind, unit, *hers), targets.account(
            "second", "CITY_REVIEWER", None, self.second
        )


CASES = [
    Case(mapping, "/event-mapping-changes", "confirmation", ("CITY", None, "mapping.write"), "mapping.confirm",
         "MAPPING_CONFIRMED"),
    Case(finding, "/assessment-findings", "confirmation", ("CITY", None, "assessment.write"), "assessment.publish",
         "FINDING_CONFIRMED"),
    Case(publication, "/assessment-publications", "publication", ("CITY", None, "assessment.write"),
         "assessment.publish", "PUBLICATION_PUBLISHED"),
    Case(plan, "/plans", "issue", ("CITY", None, "plan.write"), "plan.issue", "PLAN_ISSUED"),
    Case(child_plan, "/child-plans", "issue", ("STAFF", "ZZ11", "child_plan.write"), "plan.issue",
         "CHILD_PLAN_ISSUED"),
    Case(standard, "/standards", "publication", ("CITY", None, "standard.write"), "standard.publish",
         "STANDARD_PUBLISHED"),
    Case(rule_set, "/assessment-rule-sets", "publication", ("CITY", None, "assessment.write"), "assessment.publish",
         "RULE_SET_PUBLISHED"),
    Case(month_close, "/month-closes", "approval", ("CITY", None, "month.propose"), "month.approve",
         "PROPOSAL_DECIDED"),
]  # fmt: skip
case = pytest.mark.parametrize("case", CASES, ids=[c.path[1:] for c in CASES])


async def post(account: Client, path: str, body: dict[str, str] | None = None) -> Any:
    return await account.post(path, json=body, headers=Client.key())


@case
async def test_what_nobody_has_signed_is_taken_back_for_good(targets: Targets, case: Case) -> None:
    first, second = case.accounts(targets)
    async with first, second:
        made = await case.make(targets, first)
        path = f"{case.path}/{made.json()['id']}"
        no_reason = await post(first, f"{path}/withdrawal", {"reason": "错"})
        done = await post(first, f"{path}/withdrawal", REASON)
        again = await post(first, f"{path}/withdrawal", REASON)
        signed = await post(second, f"{path}/{case.sign}")
        unknown = await post(first, f"{case.path}/019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d/withdrawal", REASON)
        anew = await case.make(targets, first)

    assert made.status_code == 201, made.text
    assert (no_reason.status_code, no_reason.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert (done.status_code, done.json()["withdrawn_by"], done.json()["withdrawal_reason"]) == (
        200,
        "first",
        REASON["reason"],
    )
    ended = "PROPOSAL_DECIDED" if case.make is month_close else "WITHDRAWN"
    assert [(answer.status_code, answer.json()["code"]) for answer in (again, signed)] == [(409, ended)] * 2
    assert (unknown.status_code, anew.status_code) == (404, 201)


@case
async def test_what_is_signed_stays(targets: Targets, case: Case) -> None:
    first, second = case.accounts(targets)
    async with first, second:
        path = f"{case.path}/{(await case.make(targets, first)).json()['id']}"
        signed = await post(second, f"{path}/{case.sign}")
        late = await post(first, f"{path}/withdrawal", REASON)

    assert signed.status_code == 200, signed.text
    assert (late.status_code, late.json()["code"]) == (409, case.signed)


@case
async def test_of_signing_and_taking_back_at_once_one_wins(targets: Targets, case: Case) -> None:
    first, second = case.accounts(targets)
    async with first, second:
        path = f"{case.path}/{(await case.make(targets, first)).json()['id']}"
        answers = await asyncio.gather(post(second, f"{path}/{case.sign}"), post(first, f"{path}/withdrawal", REASON))

    assert sorted(answer.status_code for answer in answers) == [200, 409], [answer.text for answer in answers]


@case
async def test_whoever_would_sign_it_may_send_it_back(targets: Targets, case: Case) -> None:
    first, second = case.accounts(targets)
    async with first, second:
        path = f"{case.path}/{(await case.make(targets, first)).json()['id']}"
        sent_back = await post(second, f"{path}/withdrawal", REASON)
        if case.make is month_close:  # it is rejected
            assert sent_back.status_code == 403
            sent_back = await post(second, f"{path}/rejection", REASON)

    assert sent_back.status_code == 200, sent_back.text


async def test_another_unit_does_not_take_back_a_split(targets: Targets) -> None:
    case = next(case for case in CASES if case.make is child_plan)
    first, _ = case.accounts(targets)
    async with first, targets.account("staff-ZZ12", "STAFF", "ZZ12", "child_plan.write") as other:
        path = f"{case.path}/{(await case.make(targets, first)).json()['id']}"
        refused = await post(other, f"{path}/withdrawal", REASON)

    assert (refused.status_code, refused.json()["code"]) == (404, "CHILD_PLAN_NOT_FOUND")


@pytest.mark.parametrize(
    ("make", "query"),
    [
        (mapping, {"confirmed": False}),
        (finding, {"confirmed": False}),
        (publication, {"published": False}),
        (month_close, {"state": "PROPOSED"}),
    ],
    ids=["mapping", "finding", "publication", "month_close"],
)
async def test_what_waits_for_a_signature_is_listed_until_it_is_taken_back(
    targets: Targets, make: Callable[[Targets, Client], Awaitable[Any]], query: dict[str, Any]
) -> None:
    case = next(case for case in CASES if case.make is make)
    first, second = case.accounts(targets)
    async with first, second:
        made = (await case.make(targets, first)).json()["id"]

        async def waits() -> bool:
            answer = await second.get(case.path, params=query | {"limit": 100})
            assert answer.status_code == 200, answer.text
            return made in {item["id"] for item in answer.json()["items"]}

        before = await waits()
        await post(first, f"{case.path}/{made}/withdrawal", REASON)

        assert (before, await waits()) == (True, False)
