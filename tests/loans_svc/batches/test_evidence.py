"""What a batch shows of itself: explanations, the claim as a workbook, the journal, the seal, the nightly proof."""

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from python_calamine import CalamineWorkbook

from kit.db.engine import Database
from loans_svc.batches.proof import is_sound, prove_place
from tests.loans_svc.batches.test_batches import compute, opened, step
from tests.loans_svc.lending import CONTRACT, Office

BANK = "bank-evidence"


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def batch_of(office: Office, books: Database, unit: str, period: str) -> str:
    batch = await opened(office, unit, period, bank=BANK)
    await compute(books, batch)
    return batch


async def settle(office: Office, batch: str) -> dict[str, Any]:
    await step(office, "OFFICER", batch, "submission")
    await step(office, "REVIEWER", batch, "review")
    await step(office, "CITY", batch, "approval")
    done: dict[str, Any] = await step(
        office, "FINANCE", batch, "payment", {"paid_on": "2025-07-18", "payment_ref": batch}
    )
    assert done["state"] == "PAID", done
    return done


async def explained(office: Office, batch: str, number: int) -> dict[str, Any]:
    answer = await office.get("BANK", f"/subsidy-batches/{batch}/lines/{number}/explanation", bank=BANK)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_every_line_says_how_it_came_about(office: Office, books: Database) -> None:
    """A claim with an instalment overdue (E8, PART), then its reversal and the new line after a late prepayment."""
    contract = CONTRACT | {"disbursed_on": "2022-12-01", "benchmark_rate": "3.6500"}
    loan = await office.disbursed(contract, unit="ZZ01", bank=BANK, amount="200000.00", borrower_kind="INDIVIDUAL")
    await office.event(loan, "OVERDUE", "2023-05-20", amount="50000.00", until="2023-06-05")
    await office.event(loan, "REPAYMENT", "2023-06-05", amount="50000.00")
    first = await batch_of(office, books, "ZZ01", "2023Q2")
    lines = (await office.get("OFFICER", f"/subsidy-batches/{first}/lines")).json()["items"]
    number = next(one["number"] for one in lines if one["relates_to"] == "2023Q2")
    found = await explained(office, first, number)
    assert found["line"]["amount"] == "1721.81"
    assert found["is_exact"] is True
    text = "".join(found["sentences"])
    for part in (
        "合同年利率3.8500%",
        "2023-05-20至2023-06-04共16天：未还本金200000.00元，逾期50000.00元，可贴息余额150000.00元",
        "（200000.00元×49天＋150000.00元×16天＋150000.00元×26天）×年利率3.8500%÷360＝1721.81元（四舍五入到分）",
        "据以计算的事项：2023-05-20本金逾期50000.00元（至2023-06-05），流水号",
        "规则R2022_HENAN_IND：河南个人",
        "其中尚待主管部门确认的取值：利率上限（财金〔2020〕21号中西部LPR+150BP）",
        "只在这里四舍五入一次",
        "中央",
    ):
        assert part in text, text
    cents = [int(one["amount"].replace(".", "")) for one in found["payers"]]
    assert sum(cents) == 172181
    await settle(office, first)
    await office.event(loan, "REPAYMENT", "2023-04-01", amount="100000.00", booked_on="2023-08-01")
    second = await batch_of(office, books, "ZZ01", "2023Q3")
    kinds = {
        one["kind"]: one["number"]
        for one in (await office.get("OFFICER", f"/subsidy-batches/{second}/lines?limit=100")).json()["items"]
        if one["relates_to"] == "2023Q2"
    }
    reversal = await explained(office, second, kinds["REVERSAL"])
    assert reversal["line"]["reverses"] == {"batch": first, "number": number}
    assert f"冲回2023年第二季度批次{first}第{number}行（1721.81元）" in reversal["sentences"][1]
    # Why it was taken back, and how it had come about: nothing has to be looked up elsewhere.
    assert "2023-04-01归还本金100000.00元" in reversal["sentences"][2]
    assert (reversal["rule"], reversal["is_exact"]) == ("R2022_HENAN_IND", True)
    assert found["sentences"][1] in reversal["sentences"]
    assert (await explained(office, second, kinds["REPOST"]))["is_exact"] is True
    # The first line still tells the days that it was computed from.
    assert (await explained(office, first, number))["sentences"] == found["sentences"]
    page = await office.get("BANK", f"/subsidy-batches/{first}/lines/{number}/explanation.html", bank=BANK)
    assert page.headers["content-type"].startswith("text/html")
    assert "<table>" in page.text
    assert "复算一致。" in page.text
    assert f"<tr><th>中央</th><td>{found['payers'][0]['amount']}</td></tr>" in page.text
    for name, address in found["links"].items():
        role = {"loan": "STAFF", "rule": "OFFICER"}.get(name, "CITY")
        assert (await office.get(role, address.removeprefix("/api/v1/loans"))).status_code == 200, name
    missing = await office.get("OFFICER", f"/subsidy-batches/{first}/lines/999/explanation")
    assert missing.json()["code"] == "LINE_NOT_FOUND"


async def test_a_line_cites_the_rule_that_it_was_posted_under(office: Office, books: Database) -> None:
    """Another rule for the loan, told after a quarter was claimed, is the new line's and not the first one's."""
    loan = await office.disbursed(unit="ZZ06", bank=BANK)
    first = await batch_of(office, books, "ZZ06", "2024Q4")
    lines = (await office.get("OFFICER", f"/subsidy-batches/{first}/lines")).json()["items"]
    number = next(one["number"] for one in lines if one["relates_to"] == "2024Q4")
    before = await explained(office, first, number)
    await settle(office, first)
    change = {"rule": "R2023", "effective_on": "2024-10-01", "evidence": "存量贷款适用新政策的通知"}
    changed = await office.post("REVIEWER", f"/loans/{loan}/re-ruling", change)
    second = await batch_of(office, books, "ZZ06", "2025Q1")
    numbers = {
        one["kind"]: one["number"]
        for one in (await office.get("OFFICER", f"/subsidy-batches/{second}/lines")).json()["items"]
        if one["relates_to"] == "2024Q4"
    }
    again, reversal = numbers["REPOST"], await explained(office, second, numbers["REVERSAL"])
    # What is taken back had been posted under the rule of before, and the page says so.
    assert (reversal["rule"], reversal["links"]["rule"]) == ("R2022_HENAN_IND", "/api/v1/loans/rules/R2022_HENAN_IND")
    assert "2024-10-01改按规则R2023" in reversal["sentences"][2]
    assert (before["rule"], await explained(office, first, number)) == ("R2022_HENAN_IND", before)
    new = await explained(office, second, again)
    assert (new["rule"], new["is_exact"]) == ("R2023", True)
    assert "规则R2023" in "".join(new["sentences"])
    # That the change is taken back later changes neither.
    event = changed.json()["events"][-1]
    assert (await office.event(loan, "RETRACTION", "2024-10-01", retracts=event["id"])).status_code == 201
    assert await explained(office, first, number) == before
    assert await explained(office, second, again) == new


async def test_the_claim_is_a_workbook_with_all_that_recomputes_it(office: Office, books: Database) -> None:
    loan = await office.disbursed(unit="ZZ02", bank=BANK)
    later = CONTRACT | {"disbursed_on": "2023-12-31", "rule": "R2023"}
    await office.disbursed(later, unit="ZZ02", bank=BANK, amount="50000.00")
    await office.event(loan, "REPAYMENT", "2023-12-31", amount="20000.00")
    await office.event(loan, "REPAYMENT", "2024-01-01", amount="5000.00")
    batch = await batch_of(office, books, "ZZ02", "2023Q4")
    answer = await office.get("OFFICER", f"/subsidy-batches/{batch}/claim.xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == ["申报汇总", "申报明细"]
    rows = book.get_sheet_by_name("申报明细").to_python()
    assert rows[0][9:] == ["合同年利率（%）", "贴息天数", "贴息年利率（%）", "财政比例", "贴息金额（元）"]
    assert rows[2][7:] == ["2023Q4", "本期申领", "3.8500", 92, "3.8500", "1", 2949.53]
    facts = {row[0]: row[1] for row in book.get_sheet_by_name("申报汇总").to_python()}
    owed = [facts[f"{name}（元）"] for name in ("本期新发放", "期初贷款余额", "期末贷款余额")]
    assert owed == [50_000, 300_000, 330_000]  # lent before the quarter and in it, and repaid in it
    summary = [cell for row in book.get_sheet_by_name("申报汇总").to_python() for cell in row]
    intact = (await office.get("OFFICER", f"/subsidy-batches/{batch}/verification")).json()
    assert f"明细封印（SHA-256）：{intact['digest']}" in summary
    assert (intact["is_intact"], intact["lines"], intact["first_break"]) == (True, 3, None)


async def test_what_is_approved_and_paid_is_booked_on_both_sides(office: Office, books: Database) -> None:
    """More taken back than claimed is owed by the bank, and used up by its next claims."""
    gone = await office.disbursed(CONTRACT | {"disbursed_on": "2024-10-01", "rule": "R2023"}, unit="ZZ03", bank=BANK)
    first = await batch_of(office, books, "ZZ03", "2024Q4")
    assert (await office.get("OFFICER", f"/subsidy-batches/{first}/journal")).json() == {"items": []}
    await settle(office, first)
    journal = (await office.get("OFFICER", f"/subsidy-batches/{first}/journal")).json()["items"]
    sides = sorted((one["debit"], one["credit"], one["payer"], one["amount"]) for one in journal)
    assert sides == [
        ("EXPENSE", "PAYABLE", "CENTRE", "737.91"),
        ("EXPENSE", "PAYABLE", "CITY", "368.96"),
        ("EXPENSE", "PAYABLE", "PROVINCE", "368.96"),
        ("PAYABLE", "TREASURY", "CENTRE", "737.91"),
        ("PAYABLE", "TREASURY", "CITY", "368.96"),
        ("PAYABLE", "TREASURY", "PROVINCE", "368.96"),
    ]
    await office.cancelled(gone, "2025-02-02")
    second = await batch_of(office, books, "ZZ03", "2025Q1")
    await settle(office, second)
    journal = (await office.get("OFFICER", f"/subsidy-batches/{second}/journal")).json()["items"]
    assert [(one["debit"], one["credit"], one["payer"], one["amount"]) for one in journal] == [
        ("RECEIVABLE", "EXPENSE", None, "1475.83")
    ]
    async with books.transaction() as tx:
        assert is_sound(await prove_place(tx, BANK, "ZZ03"))


async def test_the_nightly_proof_finds_what_does_not_hold(office: Office, books: Database) -> None:
    loan = await office.disbursed(unit="ZZ04", bank=BANK)
    batch = await batch_of(office, books, "ZZ04", "2023Q4")
    async with books.transaction() as tx:
        assert is_sound(await prove_place(tx, BANK, "ZZ04"))
    owner = await asyncpg.connect(office.infrastructure.admin_url(office.database))
    try:
        await owner.execute("UPDATE loans.loan_segment SET rate_ppm = 1 WHERE loan_id = $1", UUID(loan))
        async with books.transaction() as tx:
            assert (await prove_place(tx, BANK, "ZZ04"))["unposted"] == 2
        await owner.execute("UPDATE loans.loan_segment SET rate_ppm = 38500 WHERE loan_id = $1", UUID(loan))
        await owner.execute(
            "UPDATE loans.subsidy_line SET amount_fen = amount_fen + 1 WHERE batch_id = $1 AND number = 2", UUID(batch)
        )
        async with books.transaction() as tx:
            found = await prove_place(tx, BANK, "ZZ04")
        assert found["uneven"] == [batch]
        assert found["broken"] == {"batch": batch, "fault": "CHANGED", "line": 2}
        seen = (await office.get("OFFICER", f"/subsidy-batches/{batch}/verification")).json()
        assert (seen["is_intact"], seen["first_break"]["line"], seen["first_break"]["message"]) == (
            False, 2, "该行内容与计算时不符，或与另一行互换了位置。",
        )  # fmt: skip
    finally:
        await owner.close()


# Somebody else's row with the same key, not yet committed, stops the worker where it would write its own.
IN_THE_MIDDLE = {
    "COPY": """
        INSERT INTO loans.subsidy_line (batch_id, number, loan_id, story, kind, tranche, relates_to, amount_fen)
        SELECT b.id, 99, l.id, 1, 'CLAIM', 'STATE', b.period, 1
        FROM loans.subsidy_batch b JOIN loans.loan l USING (bank, unit) WHERE b.id = $1 ORDER BY l.id OFFSET 1 LIMIT 1
    """,
    "INSERT INTO subsidy_seal": """
        INSERT INTO loans.subsidy_seal SELECT bank, unit, 1, id, 1, 1, '', '' FROM loans.subsidy_batch WHERE id = $1
    """,
}


async def test_a_worker_killed_in_the_middle_leaves_a_batch_computed_or_not_begun(office: Office) -> None:
    """Killed while it writes the lines, and the next one while it seals them; another then computes all."""
    owner = await asyncpg.connect(office.infrastructure.admin_url(office.database))
    # What other tests asked for and did not wait for is not this worker's business.
    await owner.execute(
        "UPDATE loans.job SET state = 'CANCELLED', lease_token = NULL, lease_until = NULL"
        " WHERE state IN ('PENDING', 'RUNNING')"
    )
    for _ in range(3):
        await office.disbursed(unit="ZZ05", bank=BANK)
    batch = await opened(office, "ZZ05", "2023Q3", bank=BANK)
    environment = office.infrastructure.service_environment("loans", office.database, duty="worker")
    watcher = await asyncpg.connect(office.infrastructure.admin_url(office.database))

    async def worker() -> asyncio.subprocess.Process:
        await watcher.execute(
            "UPDATE loans.job SET lease_until = clock_timestamp(), next_poll = clock_timestamp()"
            " WHERE lease_token IS NOT NULL"
        )
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "loans_svc.worker",
            env=os.environ | environment | {"PYTHONPATH": str(Path(__file__).parents[3] / "services")},
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def until(query: str, *given: Any) -> None:
        async with asyncio.timeout(60):
            while not await watcher.fetchval(query, *given):
                await asyncio.sleep(0.05)

    sessions = "FROM pg_stat_activity WHERE application_name = 'loans-worker' AND datname = current_database()"
    for statement, other in IN_THE_MIDDLE.items():
        held = owner.transaction()
        await held.start()
        await owner.execute(other, UUID(batch))
        killed = await worker()
        try:
            await until(
                f"SELECT count(*) = 1 {sessions} AND wait_event = 'transactionid' AND query ~ $1", f"^{statement}\\M"
            )
            if statement == "COPY":  # the rows are in the table, and one of them in its index
                assert await watcher.fetchval("SELECT bytes_processed FROM pg_stat_progress_copy") > 0
        finally:
            killed.send_signal(signal.SIGKILL)
            await killed.wait()
            await held.rollback()
        await until(f"SELECT count(*) = 0 {sessions}")
        for table in ("subsidy_line", "subsidy_seal_block", "subsidy_seal", "batch_share"):
            assert await owner.fetchval(f"SELECT count(*) FROM loans.{table} WHERE batch_id = $1", UUID(batch)) == 0
        assert (await office.get("OFFICER", f"/subsidy-batches/{batch}")).json()["state"] == "PENDING"
    last = await worker()
    try:
        await until("SELECT state = 'COMPUTED' FROM loans.subsidy_batch WHERE id = $1", UUID(batch))
    finally:
        last.terminate()
        await last.wait()
        await watcher.close()
        await owner.close()
    found = (await office.get("OFFICER", f"/subsidy-batches/{batch}")).json()
    assert (found["lines"], found["total"]) == (3, "4523.76")
    assert (await office.get("OFFICER", f"/subsidy-batches/{batch}/verification")).json()["is_intact"] is True
