"""E17b, E17c and the reversals of the loans design, asked of the running service to its end: §3.4, §3.5 S20, §3.9."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kit.db.engine import Database
from kit.money import fen_from_yuan
from loans_svc.rules.domain import Payer
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.payers import split_by_payer
from tests.loans_svc.batches.test_batches import compute, opened, paid
from tests.loans_svc.lending import CONTRACT, Office

BANK = "bank-design"
# 90 days of 30E/360 at 4 %: a line is one hundredth of its loan, so that a loan of n yuan has a line of n fen.
HUNDREDTH = CONTRACT | {"disbursed_on": "2023-04-01", "contract_rate": "4.0000", "day_count": "30E_360"}


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def shared(
    office: Office, books: Database, unit: str, fens: list[int], scheme: str
) -> tuple[str, dict[str, int]]:
    """A batch of lines of so many fen, and what the API says of its payers."""
    for fen in fens:
        await office.disbursed(HUNDREDTH, unit=unit, bank=BANK, amount=f"{fen}.00")
    batch = await opened(office, unit, "2023Q2", bank=BANK, state_scheme=scheme)
    await compute(books, batch)
    whole = (await office.get("OFFICER", f"/subsidy-batches/{batch}")).json()
    assert fen_from_yuan(whole["total"]) == sum(fens)
    return batch, _fen(whole["shares"][0]["payers"])


def _fen(payers: list[dict[str, Any]]) -> dict[str, int]:
    return {one["payer"]: fen_from_yuan(one["amount"]) for one in payers}


async def test_E17b_the_batch_is_split_once_and_does_not_drift(office: Office, books: Database) -> None:  # noqa: N802
    """Split line by line, city and province would be a fen apart on every fourth line: 250 yuan on 200 000."""
    weights = catalogue().payer_schemes["ZZ2022_CITY_STATE"].weights
    fens = [100_000 + number % 4 for number in range(8)]
    alone = [split_by_payer(fen, weights) for fen in fens]
    assert sum(abs(one[Payer.CITY] - one[Payer.PROVINCE]) for one in alone) == 2
    _, whole = await shared(office, books, "ZZ01", fens, "ZZ2022_CITY_STATE")
    assert whole == {payer.value: fen for payer, fen in split_by_payer(sum(fens), weights).items()}
    assert whole["CITY"] == whole["PROVINCE"]


async def test_E17c_every_line_and_every_column_is_exact(office: Office, books: Database) -> None:  # noqa: N802
    fens, cells = [1, 2, 3, 7, 11, 12, 99, 100_003, 5, 1_234_567, 1], []
    batch, whole = await shared(office, books, "ZZ02", fens, "ZZ2022_SHANGJIE_STATE")
    for number in range(1, len(fens) + 1):
        line = (await office.get("OFFICER", f"/subsidy-batches/{batch}/lines/{number}/explanation")).json()
        cells.append(_fen(line["payers"]))
        assert sum(cells[-1].values()) == fen_from_yuan(line["line"]["amount"])
    assert sorted(sum(cell.values()) for cell in cells) == sorted(fens)
    assert {payer: sum(cell[payer] for cell in cells) for payer in whole} == whole
    assert all(min(cell.values()) >= (0 if sum(cell.values()) >= 12 else -1) for cell in cells)


async def test_a_reversal_is_never_reversed(office: Office, books: Database) -> None:
    """Told late, taken back, told again: each time the line that stands is reversed, once, and no call names a line."""
    loan = await office.disbursed(unit="ZZ12", bank="bank-a")
    told: dict[tuple[str, int], dict[str, Any]] = {}
    wrong = None
    for quarter in ("2024Q4", "2025Q1", "2025Q2", "2025Q3"):
        batch = (await paid(office, books, "ZZ12", quarter))["id"]
        items = (await office.get("OFFICER", f"/subsidy-batches/{batch}/lines?limit=100")).json()["items"]
        told |= {(batch, one["number"]): one for one in items}
        if wrong is None:
            answer = await office.event(loan, "REPAYMENT", "2024-11-20", amount="100000.00")
            wrong = answer.json()["events"][-1]["id"]
        else:
            back = await office.event(loan, "RETRACTION", "2024-11-20", retracts=wrong)
            wrong = None
            # Taking back what took back is refused: what was right after all is told anew.
            again = await office.event(loan, "RETRACTION", "2024-11-20", retracts=back.json()["events"][-1]["id"])
            assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "NOT_RETRACTABLE")
    reversed_lines = [(one["reverses"]["batch"], one["reverses"]["number"]) for one in told.values() if one["reverses"]]
    assert len(reversed_lines) == len(set(reversed_lines)) == 6  # of three quarters once, twice and thrice
    for place in reversed_lines:
        assert told[place]["kind"] in ("CLAIM", "REPOST")
    q4 = [one for one in told.values() if one["relates_to"] == "2024Q4"]
    assert [(one["kind"], one["amount"]) for one in q4] == [
        ("CLAIM", "2951.67"),
        ("REVERSAL", "-2951.67"), ("REPOST", "2502.50"),
        ("REVERSAL", "-2502.50"), ("REPOST", "2951.67"),
        ("REVERSAL", "-2951.67"), ("REPOST", "2502.50"),
    ]  # fmt: skip


async def test_no_call_can_ask_for_a_line_to_be_written_or_reversed(office: Office) -> None:
    """Why S20's refusal has no answer of its own: lines come from the computation of a batch alone."""
    async with office.account("OFFICER") as client:
        document = (await client.get(office.url + "/openapi.json")).json()
    writing = {
        (method, path)
        for path, methods in document["paths"].items()
        for method in methods
        if "/subsidy-batches" in path and method != "get"
    }
    steps = ("submission", "review", "approval", "payment", "closing", "rejection")
    root = "/api/v1/loans/subsidy-batches"
    assert writing == {("post", root)} | {("post", f"{root}/{{batch_id}}/{step}") for step in steps} | {
        ("post", f"{root}/{{batch_id}}/bank-lines"),
        ("post", f"{root}/{{batch_id}}/bank-lines/resolution"),
        ("post", f"{root}/{{batch_id}}/arrivals"),
        ("post", f"{root}/{{batch_id}}/arrivals/{{arrival_id}}/retraction"),
    }
