"""Central and local money reach the bank on different days: each payer is seen apart."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from kit.db.engine import Database
from tests.loans_svc.batches.test_batches import compute, opened, paid
from tests.loans_svc.lending import Office

ARRIVAL = {"payer_scheme": "ZZ2022_CITY_STATE", "payer": "CENTRE", "arrived_on": "2026-01-20"}


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


def by_payer(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["payer"]: (one["arrived"], one["missing"]) for one in answer["payers"]}


async def test_each_payers_money_is_seen_apart_and_never_more_than_it_owes(office: Office, books: Database) -> None:
    await office.disbursed(unit="ZZ15")
    batch = (await paid(office, books, "ZZ15", "2023Q3"))["id"]
    path = f"/subsidy-batches/{batch}/arrivals"
    nothing = (await office.get("BANK", path, bank="bank-a")).json()
    # 300 000 for 47 days at 3.85 % is 1 507.92: half, a quarter, a quarter.
    assert by_payer(nothing) == {
        "CENTRE": ("0.00", "753.96"), "PROVINCE": ("0.00", "376.98"), "CITY": ("0.00", "376.98"),
    }  # fmt: skip
    part = ARRIVAL | {"amount": "700.00", "bank_ref": "DZ-1"}
    first = await office.post("BANK", path, part, bank="bank-a")
    assert first.status_code == 201, first.text
    assert by_payer(first.json())["CENTRE"] == ("700.00", "53.96")
    assert (await office.post("BANK", path, part | {"amount": "1.00"}, bank="bank-a")).json()["code"] == "BANK_REF_USED"
    for change, pointer in (
        ({"amount": "53.97"}, "/amount"),
        ({"payer": "DISTRICT"}, "/payer"),
        ({"payer_scheme": "ZZ2022_CITY_LOCAL"}, "/payer"),
        ({"arrived_on": "2199-01-01"}, "/arrived_on"),
    ):
        wrong = await office.post("BANK", path, part | {"amount": "1.00", "bank_ref": "DZ-2"} | change, bank="bank-a")
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, pointer), wrong.text
    rest = part | {"amount": "53.96", "bank_ref": "DZ-3", "arrived_on": "2026-02-10"}
    done = (await office.post("BANK", path, rest, bank="bank-a")).json()
    centre = done["payers"][0]
    assert (centre["missing"], centre["last_arrived_on"], len(done["items"])) == ("0.00", "2026-02-10", 2)

    back = f"{path}/{first.json()['items'][0]['id']}/retraction"
    reason = {"reason": "这一笔是另一批的到账"}
    taken = (await office.post("BANK", back, reason, bank="bank-a")).json()
    assert by_payer(taken)["CENTRE"] == ("53.96", "700.00")
    assert taken["items"][-1]["reason"] == reason["reason"]
    assert (await office.post("BANK", back, reason, bank="bank-a")).json()["code"] == "ARRIVAL_NOT_FOUND"
    anew = await office.post("BANK", path, part | {"amount": "1.00"}, bank="bank-a")
    assert anew.status_code == 201, anew.text  # under the reference that the wrong one had
    assert (await office.post("BANK", path, part | {"amount": "1.00"}, bank="bank-a")).json()["code"] == "BANK_REF_USED"
    itself = f"{path}/{taken['items'][-1]['id']}/retraction"
    assert (await office.post("BANK", itself, reason, bank="bank-a")).json()["code"] == "ARRIVAL_NOT_FOUND"

    assert (await office.get("BANK", path, bank="bank-b")).json()["code"] == "BATCH_NOT_FOUND"
    assert (await office.post("BANK", path, part, bank="bank-b")).json()["code"] == "BATCH_NOT_FOUND"
    for role in ("loans_app", "loans_worker"):
        service = await asyncpg.connect(office.infrastructure.plain_url(role, office.database))
        for statement in ("DELETE FROM loans.payer_arrival", "UPDATE loans.payer_arrival SET amount_fen = 1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
        await service.close()


async def test_two_clerks_together_record_no_more_than_is_due(office: Office, books: Database) -> None:
    await office.disbursed(unit="ZZ11")
    waiting = await opened(office, "ZZ11", "2023Q3", bank="bank-a")
    await compute(books, waiting)
    early = await office.get("OFFICER", f"/subsidy-batches/{waiting}/arrivals")
    assert early.json()["code"] == "BATCH_NOT_APPROVED"
    await office.post("REVIEWER", f"/subsidy-batches/{waiting}/rejection", {"reason": "换一批次再报"})
    batch = (await paid(office, books, "ZZ11", "2023Q3"))["id"]
    path = f"/subsidy-batches/{batch}/arrivals"
    bodies = [ARRIVAL | {"amount": "300.00", "bank_ref": f"DZ-R{number}"} for number in range(4)]
    answers = await asyncio.gather(*(office.post("OFFICER", path, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 422, 422]
    assert by_payer((await office.get("OFFICER", path)).json())["CENTRE"] == ("600.00", "153.96")
