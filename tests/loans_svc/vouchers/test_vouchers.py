"""A month's books as vouchers: balanced, numbered without a gap, the same at each download, nothing left out."""

import asyncio
import csv
import io
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from python_calamine import CalamineWorkbook

from kit.db.engine import Database
from kit.money import fen_from_yuan
from loans_svc.funds import domain as funds
from loans_svc.funds.domain import Account as FundAccount
from loans_svc.subsidy_journal.domain import Account as SubsidyAccount
from loans_svc.vouchers.domain import PROMISES
from loans_svc.vouchers.repository import read_chart
from tests.loans_svc.lending import CONTRACT, Office
from tests.loans_svc.paying import carried

BOOK = "BOOKS"


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def close(office: Office, month: str, book: str = BOOK) -> dict[str, Any]:
    answer = await office.post("CITY", "/voucher-months", {"book": book, "month": month})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refused(office: Office, month: str, book: str = BOOK) -> tuple[int, str, str]:
    answer = await office.post("CITY", "/voucher-months", {"book": book, "month": month})
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


async def vouchers(office: Office, month: dict[str, Any]) -> list[dict[str, str]]:
    """The lines of a month, from both files, which must say the same each time."""
    path = f"/voucher-months/{month['id']}/vouchers"
    files = [await office.get("CITY", f"{path}.{ending}") for ending in ("csv", "csv", "xlsx", "xlsx")]
    assert files[0].content == files[1].content
    assert files[2].content == files[3].content
    rows = list(csv.DictReader(io.StringIO(files[0].content.decode("utf-8-sig"))))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(files[2].content)).get_sheet_by_index(0)
    shown = [[f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row] for row in sheet.iter_rows()]
    assert shown[1:] == [list(row.values()) for row in rows]
    _balanced_and_without_a_gap(rows)
    return rows


def _balanced_and_without_a_gap(rows: list[dict[str, str]]) -> None:
    sums: defaultdict[tuple[str, int], int] = defaultdict(int)
    for row in rows:
        number = row["凭证字"], int(row["凭证号"])
        sums[number] += fen_from_yuan(row["借方金额"]) - fen_from_yuan(row["贷方金额"])
    assert set(sums.values()) <= {0}
    for word in ("记", "表外"):
        numbers = sorted(number for of, number in sums if of == word)
        assert numbers == list(range(1, len(numbers) + 1))


def short(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    names = ("凭证日期", "凭证字", "凭证号", "分录号", "摘要", "科目编码", "借方金额", "贷方金额")
    return [tuple(row[name] for name in names) for row in rows]


async def test_a_funds_months_are_numbered_once_and_what_is_told_later_comes_into_the_next(office: Office) -> None:
    await office.new_fund(BOOK, "5000000.00")
    loan = await office.disbursed(
        CONTRACT | {"booked_on": "2025-01-10"}, fund=BOOK, unit="ZZ05", bank="bank-v", amount="300000.00"
    )
    assert await refused(office, "2025-02") == (
        409, "MONTH_OUT_OF_ORDER", "这个账套最早的账务在2025-01，请从该月开始逐月结出。",
    )  # fmt: skip
    assert (await refused(office, "2199-01"))[1] == "MONTH_NOT_OVER"
    assert (await refused(office, "2025-01", "NONE"))[:2] == (404, "BOOK_NOT_FOUND")
    january = await close(office, "2025-01")
    assert (january["vouchers"], january["promises"], january["debit_total"]) == (0, 1, "0.00")
    assert short(await vouchers(office, january)) == [
        ("2025-01-10", "表外", "1", "1", "创业担保贷款发放", "B002", "300000.00", "0.00"),
        ("2025-01-10", "表外", "1", "2", "创业担保贷款发放", "B001", "0.00", "300000.00"),
    ]

    for kind, day, amount in (
        ("REPAYMENT", "2025-02-10", "50000.00"),
        ("COMPENSATION", "2025-03-03", "250000.00"),
        ("RECOVERY", "2025-03-20", "1000.01"),
    ):
        done = await office.event(loan, kind, day, amount=amount, booked_on=day, bank_ref=f"V-{kind}")
        assert done.status_code == 201, done.text
    february = await close(office, "2025-02")
    assert (await refused(office, "2025-04"))[2] == "这个账套下一个应结的月份是2025-03，请先结出它的凭证。"
    wrong = (await office.get("OFFICER", f"/loans/{loan}")).json()["events"][-3]["id"]
    march = await close(office, "2025-03")
    # The repayment turns out not to have been one: booked in February, told after March has its numbers.
    back = await office.event(loan, "RETRACTION", "2025-02-10", retracts=wrong, booked_on="2025-02-28")
    assert back.status_code == 201, back.text
    april = await close(office, "2025-04")

    assert [row[1:4] for row in short(await vouchers(office, february))] == [("表外", "1", "1"), ("表外", "1", "2")]
    assert short(await vouchers(office, march)) == [
        ("2025-03-03", "记", "1", "1", "创业担保贷款代偿", "1132", "250000.00", "0.00"),
        ("2025-03-03", "记", "1", "2", "创业担保贷款代偿", "1002", "0.00", "250000.00"),
        ("2025-03-20", "记", "2", "1", "创业担保贷款追偿", "1002", "1000.01", "0.00"),
        ("2025-03-20", "记", "2", "2", "创业担保贷款追偿", "1132", "0.00", "1000.01"),
        ("2025-03-03", "表外", "1", "1", "创业担保贷款代偿", "B003", "250000.00", "0.00"),
        ("2025-03-03", "表外", "1", "2", "创业担保贷款代偿", "B002", "0.00", "250000.00"),
    ]
    assert (march["vouchers"], march["promises"], march["debit_total"]) == (2, 1, "251000.01")
    first = (await vouchers(office, march))[0]
    assert (first["经办银行"], first["区县"], first["贷款或批次"], first["银行流水号"]) == (
        "bank-v", "ZZ05", loan, "V-COMPENSATION",
    )  # fmt: skip
    late = await vouchers(office, april)
    assert short(late)[0] == (
        "2025-04-01", "表外", "1", "1", "创业担保贷款撤销登记有误的事项", "B002", "50000.00", "0.00",
    )  # fmt: skip
    assert await close(office, "2025-03") == march  # asked for again, nothing moves

    listed = (await office.get("CITY", f"/voucher-months?book={BOOK}&limit=3")).json()
    assert [one["month"] for one in listed["items"]] == ["2025-04", "2025-03", "2025-02"]
    rest = (await office.get("CITY", f"/voucher-months?book={BOOK}&limit=3&cursor={listed['next']}")).json()
    assert rest == {"items": [january], "next": None}
    assert (await office.get("CITY", f"/voucher-months/{march['id']}")).json() == march
    [book] = [one for one in (await office.get("CITY", "/voucher-books")).json()["items"] if one["book"] == BOOK]
    # What was promised and paid in today, in a month that is not over yet.
    assert (book["last_month"], book["next_month"], book["waiting"]) == ("2025-04", "2025-05", 2)
    nobody = await office.get("CITY", f"/voucher-months/{loan}/vouchers.csv")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "VOUCHER_MONTH_NOT_FOUND")


async def test_two_who_close_a_month_at_once_number_it_once(office: Office) -> None:
    await office.new_fund("TWICE", "1000000.00")
    for _ in range(3):
        await office.disbursed(CONTRACT | {"booked_on": "2025-01-10"}, fund="TWICE")
    found = await asyncio.gather(*(close(office, "2025-01", "TWICE") for _ in range(4)))
    assert len({one["id"] for one in found}) == 1
    assert found[0]["promises"] == 3
    assert len(await vouchers(office, found[0])) == 6


async def test_what_payers_owe_and_pay_is_a_voucher_for_each_step_of_a_batch(office: Office, books: Database) -> None:
    await office.disbursed(unit="ZZ15", bank="bank-v")
    batch = await carried(office, books, "bank-v", "ZZ15", "2023Q3")
    owner = await asyncpg.connect(office.infrastructure.plain_url("loans_owner", office.database))
    try:  # as if it all had happened in two months that are over
        await owner.execute(
            "UPDATE loans.subsidy_transfer SET booked_on = CASE debit WHEN 'EXPENSE' THEN CAST('2025-07-10' AS date)"
            " ELSE CAST('2025-08-05' AS date) END WHERE booked_on > '2025-08-05'"
        )
        entries = await owner.fetch(
            "SELECT debit, payer, amount_fen FROM loans.subsidy_transfer WHERE batch_id = $1", batch
        )
    finally:
        await owner.close()
    months = [await close(office, month, "SUBSIDY") for month in ("2025-07", "2025-08")]
    owed, settled = [[row for row in await vouchers(office, month) if row["贷款或批次"] == batch] for month in months]
    assert len({row["凭证号"] for row in owed}) == len({row["凭证号"] for row in settled}) == 1
    assert len(owed) + len(settled) == 2 * len(entries)
    # 300 000 for 47 days at 3.85 % is 1 507.92: half, a quarter, a quarter.
    assert {row["摘要"] for row in owed} == {"2023Q3创业担保贷款贴息应付"}
    assert {(row["科目编码"], row["分担方"], row["借方金额"]) for row in owed if row["借方金额"] != "0.00"} == {
        ("2130804", "中央财政", "753.96"),
        ("2130804", "省级财政", "376.98"),
        ("2130804", "市级财政", "376.98"),
    }
    assert {(row["摘要"], row["银行流水号"]) for row in settled} == {("2023Q3创业担保贷款贴息支付", batch)}
    assert {row["科目编码"] for row in settled} == {"2302", "1001"}


async def test_numbers_are_never_changed(office: Office) -> None:
    for role in ("loans_app", "loans_worker"):
        service = await asyncpg.connect(office.infrastructure.plain_url(role, office.database))
        for statement in ("DELETE FROM loans.voucher_entry", "UPDATE loans.voucher_entry SET number = 9"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
        await service.close()


async def test_who_may(office: Office) -> None:
    body = {"book": BOOK, "month": "2025-05"}
    assert (await office.post("OFFICER", "/voucher-months", body)).status_code == 403
    assert (await office.get("BANK", "/voucher-books", bank="bank-a")).status_code == 403


def test_every_account_has_its_place_in_the_chart_and_no_transfer_mixes_money_and_promises() -> None:
    chart = read_chart()
    assert set(chart["FUND"]) == set(FundAccount)
    assert set(chart["SUBSIDY"]) == set(SubsidyAccount)
    moves = [
        *funds.deposit(1), *funds.reserve(1), *funds.release(1), *funds.guarantee(1, 2), *funds.relieve(1),
        *funds.burden(1), *funds.compensate(1), *funds.recover(1), *funds.uncompensate(1), *funds.unrecover(1),
        *funds.unwrite_off(1), *funds.write_off(1),
    ]  # fmt: skip
    assert all((one.debit in PROMISES) == (one.credit in PROMISES) for one in moves)
