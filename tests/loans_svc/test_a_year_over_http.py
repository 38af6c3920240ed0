"""A year of loans through the API, told late: all signed lines and the year's reward pool, recomputed from nothing.

More loans by JIUYE_TEST_YEAR; `make test-long` takes 5 000 and shows how long each part took.
"""

import asyncio
import itertools
import os
import random
import secrets
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
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
from onebox.ports import free_ports
from tests.load.figures import say
from tests.loans_svc.batches.portfolio import Stored, Worth, random_loan
from tests.loans_svc.batches.test_batches import compute, opened
from tests.loans_svc.lending import Office, key
from tests.loans_svc.reward_years.test_reward_years import pool, weights, years
from tests.loans_svc.reward_years.test_year_of_thousands import assert_whole

__all__ = ["years"]
LOANS = int(os.environ.get("JIUYE_TEST_YEAR", "10"))
MANY = 500
UNITS = ["ZZ01", "ZZ02"] if LOANS < MANY else [f"ZZ{number:02d}" for number in range(1, 16)]
BANKS = ["bank-a"] if LOANS < MANY else ["bank-a", "bank-b"]
QUARTERS = quarters_between(Quarter(2023, 3), Quarter(2024, 1))
FUND = "YEAR"
AT_ONCE = 4 if LOANS < MANY else 8
TOKEN_SECONDS = 300


@dataclass(frozen=True)
class Patient(Office):
    """Keeps its connections, and asks again with the same key when it is told to, as banks do."""

    clients: dict[str, tuple[httpx.AsyncClient, float]] = field(default_factory=dict)
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def post(self, role: str, path: str, body: Any, subject: str | None = None, **rows: str) -> httpx.Response:
        header = key()
        for _ in range(5):
            client = await self._client(role, subject, rows)
            answer = await client.post(path, json=body, headers=header)
            if answer.status_code != 503:
                break
            await asyncio.sleep(int(answer.headers["Retry-After"]))
        return answer

    async def _client(self, role: str, subject: str | None, rows: dict[str, str]) -> httpx.AsyncClient:
        """One of a person; made anew before the token is too old."""
        who = f"{role} {subject} {rows}"
        found = self.clients.get(who)
        if found is None or time.monotonic() - found[1] > TOKEN_SECONDS:
            client = await self.opened.enter_async_context(self.account(role, subject, **rows))
            found = self.clients[who] = client, time.monotonic()
        return found[0]


@pytest.fixture(scope="module")
async def bureau(years: Office, eligibility_url: str) -> AsyncIterator[Office]:
    """The office of a few loans; of thousands, one that two processes serve."""
    if LOANS < MANY:
        few = Patient(years.url, years.database, years.infrastructure, years.caller)
        async with few.opened:
            yield few
        return
    [port] = free_ports(1)
    environment = years.infrastructure.service_environment("loans", years.database)
    environment |= {"JIUYE_ELIGIBILITY_URL": eligibility_url, "PYTHONPATH": str(Path(__file__).parents[2] / "services")}
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "uvicorn", "--factory", "loans_svc.main:create_app"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "2", "--no-access-log"),
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(60), httpx.AsyncClient(base_url=url, trust_env=False) as client:
            while not await is_ready(client):
                await asyncio.sleep(0.1)
        many = Patient(url, years.database, years.infrastructure, years.caller)
        async with many.opened:
            yield many
    finally:
        service.terminate()
        await service.wait()


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
async def books(years: Office) -> AsyncIterator[Database]:
    database = Database(years.infrastructure.url("loans_worker", years.database), schema="loans")
    yield database
    await database.close()


@dataclass(frozen=True)
class Account:
    """Says of a long run what was done and how long it took, past what pytest holds back."""

    capsys: pytest.CaptureFixture[str]

    def say(self, line: str) -> None:
        if LOANS >= MANY:
            with self.capsys.disabled():
                say(line)

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.say(f"{part}: {time.perf_counter() - begun:.1f} s")


@pytest.fixture
def account(capsys: pytest.CaptureFixture[str]) -> Account:
    return Account(capsys)


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


async def happen(office: Office, loan: UUID, one: Happening) -> None:
    fields: dict[str, Any] = {}
    if one.amount_fen is not None:
        fields["amount"] = yuan(one.amount_fen)
    if one.until is not None:
        fields["until"] = one.until.isoformat()
    if one.contract_ppm is not None:
        fields |= {"contract_rate": percent(one.contract_ppm), "benchmark_rate": percent(one.benchmark_ppm or 0)}
    answer = await office.event(str(loan), one.kind.value, one.effective_on.isoformat(), **fields)
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


async def posted(office: Office, batches: list[str]) -> tuple[dict[UUID, Worth], Counter[str]]:
    """By loan the signed sums of all lines, as the API lists them, zero sums left out; how many lines of each kind."""
    sums: defaultdict[UUID, defaultdict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    kinds: Counter[str] = Counter()
    async with office.account("OFFICER") as client:
        for batch in batches:
            cursor, total = "", 0
            while True:
                answer = (await client.get(f"/subsidy-batches/{batch}/lines?limit=100{cursor}")).json()
                for line in answer["items"]:
                    fen = fen_from_yuan(line["amount"].removeprefix("-")) * (-1 if line["amount"][0] == "-" else 1)
                    sums[UUID(line["loan_id"])][line["relates_to"], line["tranche"]] += fen
                    kinds[line["kind"]] += 1
                    total += fen
                if answer["next"] is None:
                    break
                cursor = f"&cursor={answer['next']}"
            shown = (await client.get(f"/subsidy-batches/{batch}")).json()["total"]
            assert shown == yuan(total)
    found = {loan: {place: fen for place, fen in worth.items() if fen} for loan, worth in sums.items()}
    return {loan: worth for loan, worth in found.items() if worth}, kinds


async def test_a_year_told_late_ends_as_if_all_had_been_known_and_its_pool_is_whole(
    bureau: Office, books: Database, account: Account
) -> None:
    dice, years = random.Random(20231231), bureau
    await weights(years)
    await years.new_fund(FUND, "1000000.00")
    for _ in range(1 + LOANS // 300):
        await years.deposit(FUND, "100000000.00")
    drawn = (random_loan(dice, date(2023, 1, 2), date(2023, 12, 31), date(2024, 3, 31)) for _ in itertools.count())
    of_people = (one for one in drawn if one.order.borrower_kind is not BorrowerKind.SMALL_ENTERPRISE)
    loans = list(itertools.islice(of_people, LOANS))
    places = [(bank, unit) for bank in BANKS for unit in UNITS]
    where = {id(loan): places[number % len(places)] for number, loan in enumerate(loans)}
    with account.of(f"{LOANS} loans applied for, approved and disbursed"):
        await all_of(lend(years, loan, where[id(loan)]) for loan in loans)
    # A loan that the fund has paid for is no longer taken back.
    unpaid = [loan for loan in loans if all(one.kind is not Kind.COMPENSATION for one in loan.happenings)]
    gone = dice.sample(unpaid, max(1, LOANS // 12))
    taken_back = {loan.id for loan in gone}
    batches: list[str] = []
    for number, news in enumerate(arrivals(dice, loans)):
        told = {loan: own for loan, own in news.items() if loan not in taken_back or number < 1}
        with account.of(f"{sum(map(len, told.values()))} events told in {QUARTERS[number]}"):
            await all_of(tell(years, loan, own) for loan, own in told.items())
        if number == 1:
            with account.of(f"{len(gone)} loans taken back"):
                await all_of(years.cancelled(str(loan.id), "2023-12-30") for loan in gone)
            for loan in gone:
                loan.cancelled = True
        with account.of(f"{len(places)} batches of {QUARTERS[number]} computed, signed and paid"):
            batches += [await run_batch(years, books, place, QUARTERS[number]) for place in places]
    with account.of("all lines listed"):
        found, kinds = await posted(years, batches)
    account.say(f"lines: {dict(kinds)}")
    with account.of("all loans computed from nothing"):
        expected = {loan.id: worth for loan in loans if (worth := loan.worth(QUARTERS[-1]))}
    assert found == expected
    assert min(kinds[kind] for kind in ("CLAIM", "REVERSAL", "REPOST")) > 0
    with account.of(f"{len(batches)} batches verified"):
        for batch in batches:
            seen = (await years.get("OFFICER", f"/subsidy-batches/{batch}/verification")).json()
            assert seen["is_intact"] is True

    base: defaultdict[str, int] = defaultdict(int)
    for loan in loans:
        base[where[id(loan)][1]] += 0 if loan.cancelled else loan.order.principal_fen
    with account.of(f"pools of {len(UNITS)} districts and the city"):
        city, districts = await pool(years, 2023), [await pool(years, 2023, unit) for unit in UNITS]
    assert fen_from_yuan(city["base"]) == sum(base.values())
    assert {unit: fen_from_yuan(one["base"]) for unit, one in zip(UNITS, districts, strict=True)} == dict(base)
    for one in (city, *districts):
        assert fen_from_yuan(one["pool"]) == (2 * fen_from_yuan(one["base"]) + 100) // 200  # 1 %, half up
        assert_whole(one)
    lent = [(one["recipient"], one["lending"]) for one in city["recipients"] if one["role"] == "HR_OFFICE"]
    assert {unit: fen_from_yuan(amount) for unit, amount in lent} == dict(base)
    account.say(f"pool of the city {city['pool']} yuan of {city['base']}, over {len(city['recipients'])} recipients")


def arrivals(dice: random.Random, loans: list[Stored]) -> list[dict[UUID, list[Happening]]]:
    """By quarter and loan what is told in it: each event in the quarter in which it counts, or up to two later."""
    found: list[dict[UUID, list[Happening]]] = [defaultdict(list) for _ in QUARTERS]
    for loan in loans:
        for one in loan.happenings:
            counts = min(max(Quarter.of(one.effective_on), QUARTERS[0]), QUARTERS[-1])
            found[min(QUARTERS.index(counts) + dice.choice([0, 1, 2]), len(QUARTERS) - 1)][loan.id].append(one)
    return found


async def tell(office: Office, loan: UUID, news: list[Happening]) -> None:
    """What is told of one loan; sums first that make room, so that each step can be true when it is told."""
    order = [Kind.REPAYMENT, Kind.OVERDUE]
    for one in sorted(news, key=lambda one: order.index(one.kind) if one.kind in order else len(order)):
        await happen(office, loan, one)
