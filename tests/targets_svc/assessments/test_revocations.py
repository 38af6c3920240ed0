"""A confirmed finding that was wrong is revoked by two people; what was known before stays sayable."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.targets_svc.assessments.test_publications import FINDING, huiji, post
from tests.targets_svc.assessments.test_scores import HUIJI
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.reports.flow import approve, figures, plan_of

REVOCATION = {"reference": "郑就业办查〔2018〕1号", "reason": "复查认定签到系统故障，培训属实"}


@pytest.fixture(scope="module")
async def year_end(targets: Targets) -> Targets:
    await approve(targets, "ZZ11", "2017-12", figures(await plan_of(targets), "ZZ11", **HUIJI))
    return targets


@pytest.fixture
async def city(year_end: Targets) -> AsyncIterator[Client]:
    async with year_end.account("city", "CITY", None, "assessment.write") as account:
        yield account


@pytest.fixture
async def second(year_end: Targets) -> AsyncIterator[Client]:
    async with year_end.account("city-reviewer", "CITY_REVIEWER", None, "assessment.publish") as account:
        yield account


async def found(city: Client, second: Client, **change: Any) -> str:
    """A confirmed finding's path."""
    entered = await post(city, "/assessment-findings", FINDING | change)
    path = f"/assessment-findings/{entered.json()['id']}"
    assert (await post(second, f"{path}/confirmation")).status_code == 200
    return path


async def test_a_revoked_finding_counts_no_more_and_what_was_known_stays(
    year_end: Targets, city: Client, second: Client
) -> None:
    path = await found(city, second)
    vetoed = await huiji(city)
    entered = await post(city, f"{path}/revocation", REVOCATION)
    waiting = await huiji(city)
    async with year_end.staff("ZZ11") as staff:
        not_told = (await staff.get("/assessment-findings")).json()["items"]
    async with year_end.account("city", "CITY_REVIEWER", None, "assessment.publish") as herself:
        own = await post(herself, f"{path}/revocation/confirmation")
    confirmed = await post(second, f"{path}/revocation/confirmation")
    again = await post(second, f"{path}/revocation/confirmation")
    another = await post(city, f"{path}/revocation", REVOCATION)
    after, then = await huiji(city), await huiji(city, vetoed["known_at"])
    async with year_end.staff("ZZ11") as staff, year_end.staff("ZZ07") as other:
        told = (await staff.get("/assessment-findings")).json()["items"]
        foreign = (await other.get("/assessment-findings")).json()["items"]

    assert (vetoed["score"], vetoed["findings"]) == ("74.99", [FINDING["reference"]])
    assert (entered.status_code, entered.json()["is_in_force"]) == (201, True)
    assert entered.json()["revocation"]["confirmed_by"] is None
    assert (waiting["score"], not_told[0]["revocation"]) == ("74.99", None), "one person changes nothing"
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    assert (confirmed.status_code, confirmed.json()["is_in_force"]) == (200, False)
    assert confirmed.json()["revocation"]["confirmed_by"] == "city-reviewer"
    assert (again.status_code, again.json()["code"]) == (404, "REVOCATION_NOT_FOUND")
    assert (another.status_code, another.json()["code"]) == (409, "REVOCATION_OPEN")
    assert (after["score"], after["grade"], after["findings"]) == ("94.50", "EXCELLENT", [])
    assert then == vetoed
    assert (told[0]["is_in_force"], told[0]["revocation"]["reference"]) == (False, REVOCATION["reference"])
    assert foreign == []


async def test_a_revocation_that_was_taken_back_leaves_the_finding_in_force(city: Client, second: Client) -> None:
    path = await found(city, second, unit="ZZ12")
    await post(city, f"{path}/revocation", REVOCATION)
    withdrawn = await post(second, f"{path}/revocation/withdrawal", {"reason": "复查文件尚未送达"})
    gone = await post(second, f"{path}/revocation/confirmation")
    anew = await post(city, f"{path}/revocation", REVOCATION)

    assert (withdrawn.status_code, withdrawn.json()["is_in_force"], withdrawn.json()["revocation"]) == (200, True, None)
    assert (gone.json()["code"], anew.status_code) == ("REVOCATION_NOT_FOUND", 201)


async def test_only_a_confirmed_finding_is_revoked(city: Client, second: Client) -> None:
    entered = (await post(city, "/assessment-findings", FINDING | {"unit": "ZZ13"})).json()
    early = await post(city, f"/assessment-findings/{entered['id']}/revocation", REVOCATION)
    unknown = await post(city, "/assessment-findings/019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d/revocation", REVOCATION)
    no_reference = await post(city, f"/assessment-findings/{entered['id']}/revocation", REVOCATION | {"reference": ""})

    assert (early.status_code, early.json()["code"]) == (409, "FINDING_NOT_CONFIRMED")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "FINDING_NOT_FOUND")
    assert no_reference.json()["errors"][0]["pointer"] == "/reference"


async def test_of_two_revocations_at_once_one_is_entered(city: Client, second: Client) -> None:
    path = await found(city, second, unit="ZZ14")
    answers = await asyncio.gather(*(post(city, f"{path}/revocation", REVOCATION) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_the_table_keeps_what_is_signed(year_end: Targets, city: Client, second: Client) -> None:
    path = await found(city, second, unit="ZZ15")
    await post(city, f"{path}/revocation", REVOCATION)
    sign = "UPDATE assessment_revocation SET confirmed_by = $1, confirmed_at = now() WHERE unit = 'ZZ15'"
    connection = await year_end.connect()
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(sign, "city")
        await post(second, f"{path}/revocation/confirmation")
        changed = await connection.execute(sign, "somebody")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM assessment_revocation")
    finally:
        await connection.close()
    assert changed == "UPDATE 0"
