"""A year of loans through the API, told late: all signed lines and the year's reward pool, recomputed from nothing.

More loans by JIUYE_TEST_YEAR; `make test-long` takes 5 000.
"""

import asyncio
import itertools
import os
import random
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from kit.dates import Quarter
from kit.db.engine import Database
from kit.money import fen_from_yuan, yuan
from loans_svc.batches.domain import quarters_between
from loans_svc.loans.domain import Happening, Kind
from loans_svc.rules.domain import BorrowerKind
from loans_svc.subsidies.domain.explanation import percent
from tests.loans_svc.batches.portfolio import Stored, Worth, random_loan
from tests.loans_svc.batches.test_batches import compute, opened
from tests.loans_svc.lending import Office, key
from tests.loans_svc.reward_years.test_reward_years import pool, weights, years
from tests.loans_svc.reward_years.test_year_of_thousands import assert_whole

__all__ = ["years"]
LOANS = int(os.environ.get("JIUYE_TEST_YEAR", "10"))
UNITS = ["ZZ01", "ZZ02"] if LOANS < 500 else [f"ZZ{number:02d}" for number in range(1, 16)]
BANKS = ["bank-a"] if LOANS < 500 else ["bank-a", "bank-b"]
QUARTERS = quarters_between(Quarter(2023, 3), Quarter(2024, 1))
FUND = "YEAR"
AT_ONCE = 4


class Patient(Office):
    """Asks again with the same key when it is told to, as banks do: a long run meets a busy machine."""

    async def post(self, role: str, path: str, body: Any, subject: str | None = None, **rows: str) -> httpx.Response:
        header = key()
        async with self.account(role, subject, **rows) as client:
            for _ in range(5):
                answer = await client.post(path, json=body, headers=header)
                if answer.status_code != 503:
                    break
                await asyncio.sleep(int(answer.headers["Retry-After"]))
        return answer


@pytest.fixture(scope="module")
async def books(years: Office) -> AsyncIterator[Database]:
    database = Database(years.infrastructure.url("loans_worker", years.database), schema="loans")
    yield database
    await database.close()


async def all_of(calls: Iterable[Awaitable[Any]]) -> None:
    """A few at a time."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(call: Awaitable[Any]) -> None:
        async with gate:
            await call

    await asyncio.gather(*(one(call) for call in calls))


async def lend(office: Office, loan: Stored, place: tuple[str, str]) -> None:
    """Applied for, approved and disbursed over HTTP; its id is the service's."""
    order = loan.order
    assert order.borrower_kind is not None
    assert order.day_count is not None
    assert order.period_scheme is not None
    contract = {
        "disbursed_on": order.disbursed_on.isoformat(),
        "matures_on": order.matures_on.isoformat(),
        "contract_rate": percent(order.contract_ppm),
        "benchmark_rate": percent(order.benchmark_ppm),
        "rule": order.rule,
        "day_count": order.day_count.value,
        "period_scheme": order.period_scheme.value,
        "bank_ref": secrets.token_hex(8),
        "booked_on": order.disbursed_on.isoformat(),
    }
    loan.id = UUID(
        await office.disbursed(
            contract | {"evidence": "借款合同"},
            bank=place[0],
            unit=place[1],
            fund=FUND,
            amount=yuan(order.principal_fen),
            borrower_kind=order.borrower_kind.value,
        )
    )


async def happen(office: Office, loan: Stored, one: Happening) -> None:
    fields: dict[str, Any] = {}
    if one.amount_fen is not None:
        fields["amount"] = yuan(one.amount_fen)
    if one.until is not None:
        fields["until"] = one.until.isoformat()
    if one.contract_ppm is not None:
        fields |= {"contract_rate": percent(one.contract_ppm), "benchmark_rate": percent(one.benchmark_ppm or 0)}
    answer = await office.event(str(loan.id), one.kind.value, one.effective_on.isoformat(), **fields)
    assert answer.status_code == 201, answer.text


async def run_batch(office: Office, books: Database, place: tuple[str, str], quarter: Quarter) -> str:
    batch = await opened(office, place[1], str(quarter), bank=place[0])
    await compute(books, batch)
    payment = {"paid_on": "2025-07-18", "payment_ref": batch}
    for role, step, body in (
        ("OFFICER", "submission", None), ("REVIEWER", "review", None), ("CITY", "approval", None),
        ("FINANCE", "payment", payment),
    ):  # fmt: skip
        done = await office.post(role, f"/subsidy-batches/{batch}/{step}", body)
        assert done.status_code == 200, done.text
    return batch


async def posted(office: Office, batches: list[str]) -> dict[UUID, Worth]:
    """By loan the signed sums of all lines, as the API lists them; zero sums left out."""
    sums: defaultdict[UUID, defaultdict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    async with office.account("OFFICER") as client:
        for batch in batches:
            cursor, total = "", 0
            while True:
                answer = (await client.get(f"/subsidy-batches/{batch}/lines?limit=100{cursor}")).json()
                for line in answer["items"]:
                    fen = fen_from_yuan(line["amount"].removeprefix("-")) * (-1 if line["amount"][0] == "-" else 1)
                    sums[UUID(line["loan_id"])][line["relates_to"], line["tranche"]] += fen
                    total += fen
                if answer["next"] is None:
                    break
                cursor = f"&cursor={answer['next']}"
            shown = (await client.get(f"/subsidy-batches/{batch}")).json()["total"]
            assert shown == yuan(total)
    found = {loan: {place: fen for place, fen in worth.items() if fen} for loan, worth in sums.items()}
    return {loan: worth for loan, worth in found.items() if worth}


async def test_a_year_told_late_ends_as_if_all_had_been_known_and_its_pool_is_whole(
    years: Office,
    books: Database,
) -> None:
    dice = random.Random(20231231)
    if LOANS >= 500:
        years = Patient(years.url, years.database, years.infrastructure, years.caller)
    await weights(years)
    await years.new_fund(FUND, "1000000.00")
    for _ in range(1 + LOANS // 300):
        await years.deposit(FUND, "100000000.00")
    drawn = (random_loan(dice, date(2023, 1, 2), date(2023, 12, 31), date(2024, 3, 31)) for _ in itertools.count())
    of_people = (one for one in drawn if one.order.borrower_kind is not BorrowerKind.SMALL_ENTERPRISE)
    loans = list(itertools.islice(of_people, LOANS))
    places = [(bank, unit) for bank in BANKS for unit in UNITS]
    where = {id(loan): places[number % len(places)] for number, loan in enumerate(loans)}
    await all_of(lend(years, loan, where[id(loan)]) for loan in loans)
    # Each event is told in the quarter in which it counts, or up to two quarters later.
    quarter_of = {
        one.id: min(max(Quarter.of(one.effective_on), QUARTERS[0]), QUARTERS[-1])
        for loan in loans
        for one in loan.happenings
    }
    arrival = {
        id_: min(QUARTERS.index(quarter) + dice.choice([0, 1, 2]), len(QUARTERS) - 1)
        for id_, quarter in quarter_of.items()
    }
    gone = dice.sample(loans, max(1, LOANS // 12))
    batches: list[str] = []
    for number, quarter in enumerate(QUARTERS):
        news = [(loan, one) for loan in loans for one in loan.happenings if arrival[one.id] == number]
        await all_of(_in_turn(years, loan, news) for loan in loans if loan not in gone or number < 1)
        if number == 1:
            await all_of(years.cancelled(str(loan.id), "2023-12-30") for loan in gone)
            for loan in gone:
                loan.cancelled = True
        batches += [await run_batch(years, books, place, quarter) for place in places]
    assert await posted(years, batches) == {loan.id: worth for loan in loans if (worth := loan.worth(QUARTERS[-1]))}
    for batch in batches:
        assert (await years.get("OFFICER", f"/subsidy-batches/{batch}/verification")).json()["is_intact"] is True

    base: defaultdict[str, int] = defaultdict(int)
    for loan in loans:
        base[where[id(loan)][1]] += 0 if loan.cancelled else loan.order.principal_fen
    city, districts = await pool(years, 2023), [await pool(years, 2023, unit) for unit in UNITS]
    assert fen_from_yuan(city["base"]) == sum(base.values())
    assert {unit: fen_from_yuan(one["base"]) for unit, one in zip(UNITS, districts, strict=True)} == dict(base)
    for found in (city, *districts):
        assert fen_from_yuan(found["pool"]) == (2 * fen_from_yuan(found["base"]) + 100) // 200  # 1 %, half up
        assert_whole(found)
    lent = [(one["recipient"], one["lending"]) for one in city["recipients"] if one["role"] == "HR_OFFICE"]
    assert {unit: fen_from_yuan(amount) for unit, amount in lent} == dict(base)


async def _in_turn(office: Office, loan: Stored, news: list[tuple[Stored, Happening]]) -> None:
    """What is told of one loan; sums first that make room, so that each step can be true when it is told."""
    order = [Kind.REPAYMENT, Kind.OVERDUE]
    own = [one for of, one in news if of is loan]
    for one in sorted(own, key=lambda one: order.index(one.kind) if one.kind in order else len(order)):
        await happen(office, loan, one)
