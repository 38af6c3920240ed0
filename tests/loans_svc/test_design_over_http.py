"""Rows of the loans design that are asked of stored loans: E4, and §3.9's replay of an import."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kit.db.engine import Database
from tests.loans_svc.bank_lines.test_bank_lines import BANK, HEAD, computed, upload
from tests.loans_svc.lending import CONTRACT, Office


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("disbursed_on", "months", "matures_on", "subsidised_until"),
    [
        ("2024-08-31", 6, "2025-02-28", "2025-02-28"),
        ("2024-02-29", 12, "2025-02-28", "2025-02-28"),
        ("2024-02-29", 36, "2027-02-28", "2027-02-28"),
        ("2023-12-31", 36, "2026-12-31", "2026-12-31"),
        ("2023-12-31", 60, "2028-12-31", "2026-12-31"),  # at most three years are subsidised
    ],
)
async def test_E4_a_term_ends_on_the_same_day_of_the_month_or_its_last(  # noqa: N802  the example's number
    office: Office, disbursed_on: str, months: int, matures_on: str, subsidised_until: str
) -> None:
    contract = CONTRACT | {"disbursed_on": disbursed_on, "rule": "R2023"}
    loan = await office.disbursed(contract, term_months=months)
    terms = (await office.get("OFFICER", f"/loans/{loan}")).json()["terms"]
    assert (terms["matures_on"], terms["subsidised_until"]) == (matures_on, subsidised_until)


async def test_the_same_file_again_changes_nothing(office: Office, books: Database) -> None:
    batch, loans = await computed(office, books, "ZZ09", 2)
    content = "\n".join([HEAD, *(f"{loan},2951.67,92,3.8500,1" for loan in loans)]).encode()

    async def seen() -> list[Any]:
        paths = ("", "/lines", "/verification", "/journal")
        answers = [await office.get("BANK", f"/subsidy-batches/{batch}{path}", bank=BANK) for path in paths]
        return [{name: one for name, one in answer.json().items() if name != "row_version"} for answer in answers]

    first = await upload(office, books, batch, content)
    after_first = await seen()
    second = await upload(office, books, batch, content)
    own = {"id", "uploaded_at"}
    assert {name: one for name, one in second.items() if name not in own} == {
        name: one for name, one in first.items() if name not in own
    }
    assert (second["state"], second["matched"]) == ("MATCHED", 2)
    assert await seen() == after_first
