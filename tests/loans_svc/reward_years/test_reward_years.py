"""E19 and E20 from stored loans; recomputation, close, and what comes after it."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from kit.testing import Caller, serving
from loans_svc.main import create_app
from loans_svc.reward_years.domain import Lending, RewardRole, compute_year
from tests.loans_svc.lending import CONTRACT, Office, key


@pytest.fixture(scope="module")
async def years(infrastructure: Any, loans_settings: Any) -> Any:
    """An office without other tests' loans and money in its fund."""
    database = infrastructure.new_database()
    url = loans_settings.database_url.get_secret_value().rsplit("/", 1)[0] + f"/{database}"
    settings = loans_settings.model_copy(update={"database_url": type(loans_settings.database_url)(url)})
    with serving(create_app(settings)) as address:
        office = Office(address, database, infrastructure, Caller(infrastructure.keys.internal_signing_key, "loans"))
        await office.deposit("CITY", "100000000.00")
        yield office


async def lend(office: Office, day: str, amount: str, **application: Any) -> str:
    contract = CONTRACT | {"disbursed_on": day, "rule": "R2023"}
    return await office.disbursed(contract, amount=amount, **application)


async def weights(office: Office) -> None:
    body = {"from_year": 2020, "bank": 60, "fund_operator": 25, "hr_office": 15, "evidence": "会商纪要第1号"}
    proposed = await office.post("OFFICER", "/reward-weights", body)
    assert proposed.status_code == 201, proposed.text
    path = f"/reward-weights/{proposed.json()['id']}/confirmation"
    assert (await office.post("REVIEWER", path, None, "officer")).json()["code"] == "FOUR_EYES"
    assert (await office.post("REVIEWER", path, None)).json()["confirmed_by"] == "reviewer"
    assert (await office.post("REVIEWER", path, None)).json()["code"] == "REWARD_WEIGHTS_CONFIRMED"


async def pool(office: Office, year: int, unit: str = "ZZ") -> dict[str, Any]:
    answer = await office.post("OFFICER", "/reward-pools", {"year": year, "unit": unit})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def close(office: Office, found: dict[str, Any], subject: str | None = None, etag: str = "*") -> httpx.Response:
    async with office.account("REVIEWER", subject) as client:
        return await client.post(f"/reward-pools/{found['id']}/closure", headers=key() | {"If-Match": etag})


async def test_E19_the_year_bears_what_is_booked_in_it_and_a_close_is_final(years: Office) -> None:  # noqa: N802
    missing = await years.post("OFFICER", "/reward-pools", {"year": 2024, "unit": "ZZ"})
    assert missing.json()["code"] == "REWARD_WEIGHTS_MISSING"
    await weights(years)
    for day, amount in (("2024-03-01", "200000.00"), ("2024-12-31", "300000.00"), ("2025-01-01", "500000.00")):
        await lend(years, day, amount)
    gone = await lend(years, "2024-05-05", "123456.78")
    later = await lend(years, "2024-06-01", "150000.00")
    await years.cancelled(gone, "2024-08-01")
    repaid = await lend(years, "2023-11-01", "80000.00")
    await years.event(repaid, "REPAYMENT", "2024-02-01", amount="80000.00")
    found = await pool(years, 2024)
    assert (found["base"], found["pool"], found["disbursed"], found["cancelled"]) == (
        "650000.00",
        "6500.00",
        "773456.78",
        "123456.78",
    )
    assert [part["amount"] for part in found["roles"]] == ["3900.00", "1625.00", "975.00"]
    again = await pool(years, 2024)
    assert again == found | {"computed_at": again["computed_at"]}
    assert (await close(years, found, "officer")).json()["code"] == "FOUR_EYES"
    closed = (await close(years, found)).json()
    assert (closed["state"], closed["closed_by"], closed["pool"]) == ("CLOSED", "reviewer", "6500.00")
    assert (await close(years, found)).json()["code"] == "YEAR_CLOSED"
    assert (await pool(years, 2024)) == closed

    await years.cancelled(later, "2025-02-10")
    late = await lend(years, "2024-07-07", "10000.00")  # told after the close of its year
    following = await pool(years, 2025)
    assert (following["base"], following["pool"]) == ("360000.00", "3600.00")
    await years.cancelled(late, "2025-03-03")
    assert (await close(years, following)).json()["code"] == "REWARD_FIGURES_CHANGED"
    assert ((await pool(years, 2025))["base"], (await pool(years, 2024))["base"]) == ("350000.00", "650000.00")

    service = await asyncpg.connect(years.infrastructure.plain_url("loans_app", years.database))
    assert await service.execute("UPDATE loans.reward_year SET pool_fen = 1 WHERE state = 'CLOSED'") == "UPDATE 0"
    await service.close()


async def test_a_district_has_its_own_pool_and_sees_no_other(years: Office) -> None:
    await lend(years, "2026-01-05", "100000.00", unit="ZZ01")
    own = await pool(years, 2026, "ZZ01")
    assert (own["base"], [part["recipient"] for part in own["recipients"]]) == ("100000.00", ["bank-a", "CITY", "ZZ01"])
    path = f"/reward-pools/{own['id']}"
    assert (await years.get("STAFF", path, unit="ZZ01")).json() == own
    assert (await years.get("STAFF", path, unit="ZZ02")).json()["code"] == "REWARD_YEAR_NOT_FOUND"
    assert (await close(years, own)).json()["code"] == "YEAR_NOT_OVER"
    async with years.account("REVIEWER") as client:
        assert (await client.post(f"{path}/closure", headers=key())).json()["code"] == "IF_MATCH_REQUIRED"
    stale = await close(years, own, etag='"9"')
    assert stale.json()["code"] == "VERSION_STALE"


async def test_concurrent_computations_of_a_year_store_one(years: Office) -> None:
    answers = await asyncio.gather(*(pool(years, 2021, "ZZ09") for _ in range(4)))
    assert len({answer["id"] for answer in answers}) == 1
    assert answers[0]["pool"] == "0.00"
    another = await years.post("OFFICER", "/reward-pools", {"year": 2021, "unit": "ZZ09"}, unit="ZZ08")
    assert (another.status_code, another.json()["code"]) == (404, "REWARD_YEAR_NOT_FOUND")
    empty = await years.post("OFFICER", "/reward-pools", {"year": 2021, "unit": "ZZ09", "scheme": "CENTRAL_AWARD_75"})
    assert empty.json()["code"] == "REWARD_SCHEME_WITHOUT_RATE"


async def test_money_from_above_is_shared_by_the_years_lending_and_closed_as_it_was_given(years: Office) -> None:
    """CENTRAL_AWARD_75 (loans design §1.9): the amount is an input; two thirds and one third were lent."""
    await weights(years)
    given = {"year": 2025, "unit": "ZZ10", "scheme": "CENTRAL_AWARD_75", "pool": "100.01"}
    nothing = await years.post("OFFICER", "/reward-pools", given)
    assert nothing.json()["code"] == "REWARD_NOTHING_LENT"
    await lend(years, "2025-03-03", "200000.00", unit="ZZ10")
    await lend(years, "2025-03-04", "100000.00", unit="ZZ10", bank="bank-b")
    wrong = await years.post("OFFICER", "/reward-pools", given | {"scheme": "REWARD_1PCT"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/pool")
    found = (await years.post("OFFICER", "/reward-pools", given)).json()
    assert (found["pool"], found["base"], found["is_scheme_in_force"]) == ("100.01", "300000.00", True)
    assert [part["amount"] for part in found["roles"]] == ["60.01", "25.00", "15.00"]
    assert [part["amount"] for part in found["recipients"]] == ["40.01", "20.00", "25.00", "15.00"]
    closed = (await close(years, found)).json()
    assert (closed["state"], closed["pool"]) == ("CLOSED", "100.01")


async def test_pools_and_weights_can_be_looked_through(years: Office) -> None:
    await weights(years)
    own = [await pool(years, year, "ZZ11") for year in (2021, 2022)]
    other = await pool(years, 2021, "ZZ12")

    async def listed(query: str, role: str = "OFFICER", **rows: str) -> list[str]:
        answer = await years.get(role, f"/reward-pools?{query}", **rows)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await listed("unit=ZZ11") == [own[1]["id"], own[0]["id"]]
    assert await listed("unit=ZZ11&year=2021&state=COMPUTED") == [own[0]["id"]]
    assert await listed("unit=ZZ11&state=CLOSED") == []
    assert await listed("", "STAFF", unit="ZZ12") == [other["id"]]
    assert await listed("unit=ZZ11", "STAFF", unit="ZZ12") == []
    first = (await years.get("OFFICER", "/reward-pools?unit=ZZ11&limit=1")).json()
    assert await listed(f"unit=ZZ11&limit=1&cursor={first['next']}") == [own[0]["id"]]
    weights_seen = (await years.get("OFFICER", "/reward-weights")).json()["items"]
    assert {one["confirmed_by"] for one in weights_seen} == {"reviewer"}


def test_E20_the_spare_fen_goes_to_the_largest_remainder() -> None:  # noqa: N802
    """Pool 10 000 001 fen: 6 000 000.6, 2 500 000.25, 1 500 000.15; banks 333/333/334.000001."""
    lending = [
        Lending("bank-a", "CITY", "ZZ01", 333_000_000),
        Lending("bank-b", "CITY", "ZZ02", 333_000_000),
        Lending("bank-c", "CITY", "ZZ01", 334_000_100),
    ]
    weights_of = {RewardRole.BANK: 60, RewardRole.FUND_OPERATOR: 25, RewardRole.HR_OFFICE: 15}
    found = compute_year(lending, weights_of, 10_000, 0)
    assert (found.base.base_fen, found.pool_fen) == (1_000_000_100, 10_000_001)
    assert found.parts.roles == (6_000_001, 2_500_000, 1_500_000)
    assert sum(found.parts.recipients) == found.pool_fen
    assert found.parts.recipients[:3] == (1_998_000, 1_998_000, 2_004_001)


def test_more_cancelled_than_lent_is_carried_forward_and_pays_nothing() -> None:
    lending = [Lending("bank-a", "CITY", "ZZ01", 100), Lending("bank-a", "CITY", "ZZ01", -300)]
    found = compute_year(lending, dict.fromkeys(RewardRole, 1), 10_000, 50)
    assert (found.base.base_fen, found.base.carried_forward_fen, found.pool_fen) == (0, 250, 0)
    assert sum(found.parts.recipients) == 0
