"""The bank's own file against a batch: matched to the fen, or each difference with its cause; then resolved."""

import io
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import xlsxwriter

from kit.db.engine import Database
from loans_svc.bank_lines.service import match_file, waive_lines
from loans_svc.seals.service import find_break
from tests.loans_svc.batches.test_batches import compute, opened, step
from tests.loans_svc.lending import Office

BANK = "bank-file"
HEAD = "贷款编号,贴息金额,天数,贴息利率,贴息比例"


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


async def computed(office: Office, books: Database, unit: str, loans: int) -> tuple[str, list[str]]:
    """A batch of as many equal loans, each worth 2 951.67 in 2023Q4."""
    ids = [await office.disbursed(unit=unit, bank=BANK) for _ in range(loans)]
    earlier = await opened(office, unit, "2023Q3", bank=BANK)
    await compute(books, earlier)
    for role, name, body in (
        ("OFFICER", "submission", None), ("REVIEWER", "review", None), ("CITY", "approval", None),
        ("FINANCE", "payment", {"paid_on": "2025-07-18", "payment_ref": earlier}),
    ):  # fmt: skip
        await step(office, role, earlier, name, body)
    batch = await opened(office, unit, "2023Q4", bank=BANK)
    await compute(books, batch)
    return batch, ids


async def upload(office: Office, books: Database, batch: str, content: bytes, **rows: str) -> dict[str, Any]:
    """The state of a file after its job."""
    async with office.account("BANK", "bank-clerk", bank=BANK) as client:
        answer = await client.post(f"/subsidy-batches/{batch}/bank-lines", files={"file": ("claim", content)})
        assert answer.status_code == 202, answer.text
        async with books.transaction() as tx:
            await match_file(tx, UUID(answer.json()["id"]))
        found: dict[str, Any] = (await client.get(f"/subsidy-batches/{batch}/bank-lines")).json()
        return found


def sheet(rows: list[list[Any]]) -> bytes:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as workbook:
        page = workbook.add_worksheet()
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return book.getvalue()


async def test_a_file_that_agrees_makes_the_batch_matched(office: Office, books: Database) -> None:
    batch, loans = await computed(office, books, "ZZ01", 2)
    rows = [[*HEAD.split(",")], *[[loan, 2951.67, 92, "3.8500", "1"] for loan in loans]]
    found = await upload(office, books, batch, sheet(rows))
    assert (found["state"], found["lines"], found["matched"], found["total"], found["causes"]) == (
        "MATCHED", 2, 2, "5903.34", {},
    )  # fmt: skip
    assert (await office.get("OFFICER", f"/subsidy-batches/{batch}")).json()["state"] == "MATCHED"
    async with office.account("BANK", bank=BANK) as client:
        result = (await client.get(f"/subsidy-batches/{batch}/bank-lines/result.csv")).content.decode("utf-8-sig")
    assert result.splitlines()[1] == f"2,{loans[0]},STATE,2023Q4,2951.67,2951.67,一致"
    assert (await step(office, "OFFICER", batch, "submission"))["state"] == "SUBMITTED"
    async with office.account("BANK", bank=BANK) as client:
        late = await client.post(f"/subsidy-batches/{batch}/bank-lines", files={"file": ("claim", b"x")})
        assert late.json()["code"] == "BANK_FILE_NOT_EXPECTED"


async def test_each_difference_has_its_cause_and_the_lesser_amount_is_paid_by_decision(
    office: Office, books: Database
) -> None:
    batch, loans = await computed(office, books, "ZZ02", 8)
    lines = [
        f"{loans[0]},2951.67,92,3.8500,1",
        f"{loans[1]},2983.75,93,3.8500,1",  # a day too many, said
        f"{loans[2]},2919.58,,,",  # a day too few, not said
        f"{loans[3]},3066.67,92,4.0000,1",
        f"{loans[4]},1475.83,92,3.8500,1/2",
        f"{loans[5]},983.89,,,",  # a third
        f"{loans[6]},1.03,,,",
        f"{loans[0]},2951.67,92,3.8500,1",
        "NO-SUCH-LOAN,10.00,,,",
    ]
    found = await upload(office, books, batch, "\n".join([HEAD, *lines]).encode("gb18030"))
    assert found["state"] == "DIFFERENT"
    assert (found["lines"], found["matched"]) == (9, 1)
    assert found["causes"] == {
        "AMOUNT": 1, "DAYS": 2, "DUPLICATE": 1, "NOT_IN_FILE": 1, "RATE": 1, "SHARE": 2, "UNKNOWN_LOAN": 1,
    }  # fmt: skip
    path = f"/subsidy-batches/{batch}/bank-lines"
    listed = (await office.get("OFFICER", f"{path}/differences?limit=100")).json()["items"]
    assert [(one["row"], one["cause"]) for one in listed] == [
        (3, "DAYS"), (4, "DAYS"), (5, "RATE"), (6, "SHARE"), (7, "SHARE"), (8, "AMOUNT"), (9, "DUPLICATE"),
        (10, "UNKNOWN_LOAN"), (None, "NOT_IN_FILE"),
    ]  # fmt: skip
    assert (listed[0]["bank_amount"], listed[0]["our_amount"], listed[0]["message"]) == (
        "2983.75", "2951.67", "天数不同。",
    )  # fmt: skip
    assert len((await office.get("OFFICER", f"{path}/differences?cause=DAYS")).json()["items"]) == 2
    assert (await step(office, "OFFICER", batch, "submission"))["code"] == "BANK_LINES_DIFFER"
    reason = {"reason": "按较小的金额拨付"}
    assert (await office.post("REVIEWER", f"{path}/resolution", reason, "bank-clerk")).json()["code"] == "FOUR_EYES"
    assert (await office.post("REVIEWER", f"{path}/resolution", reason)).status_code == 202
    assert (await step(office, "OFFICER", batch, "submission"))["code"] == "BANK_LINES_DIFFER"
    for _ in range(2):
        async with books.transaction() as tx:
            await waive_lines(tx, UUID(found["id"]))
    after = (await office.get("OFFICER", f"/subsidy-batches/{batch}")).json()
    # 8 lines as computed; paid: twice ours, and what the bank claims of four, nothing of the one it left out.
    assert (after["state"], after["lines"]) == ("MATCHED", 8 + 5)
    assert after["total"] == after["payable"] == "14235.34"
    kinds = (await office.get("OFFICER", f"/subsidy-batches/{batch}/lines?limit=100")).json()["items"]
    assert [one["amount"] for one in kinds if one["kind"] == "WAIVER" and one["loan_id"] == loans[7]] == ["-2951.67"]
    # Lines that came later go on where the running sums of those before them ended: each payer's column is exact.
    columns: Counter[str] = Counter()
    for number in range(1, after["lines"] + 1):
        line = (await office.get("OFFICER", f"/subsidy-batches/{batch}/lines/{number}/explanation")).json()
        columns.update({one["payer"]: Decimal(one["amount"]) for one in line["payers"]})
    assert columns == {one["payer"]: Decimal(one["amount"]) for one in after["shares"][0]["payers"]}
    async with books.transaction() as tx:
        assert await find_break(tx, UUID(batch)) is None
    assert (await office.post("REVIEWER", f"{path}/resolution", reason)).json()["code"] == "BATCH_STATE_CONFLICT"
    assert (await step(office, "OFFICER", batch, "submission"))["state"] == "SUBMITTED"


async def test_what_is_wrong_with_a_file_is_said_by_row_and_column_and_nothing_is_taken(
    office: Office, books: Database
) -> None:
    batch, loans = await computed(office, books, "ZZ03", 1)
    wrong = f"{HEAD},所属季度\n{loans[0]},1925.505,92,3.85,1,2023Q4\n=1+1,1,,,,2024Q4\n{loans[0]},1,x,30%,2,\n"
    found = await upload(office, books, batch, wrong.encode())
    assert (found["state"], found["lines"]) == ("REFUSED", 0)
    assert [(one["row"], one["column"]) for one in found["errors"]] == [
        (2, "贴息金额"), (3, "贷款编号"), (3, "所属季度"), (4, "天数"), (4, "贴息比例"),
    ]  # fmt: skip
    assert found["errors"][0]["message"].startswith("第2行“贴息金额”有误：")
    for content, part in (
        (b"loan,amount\n", "1至1000000行"),
        (b"loan,foo\nx,1\n", "“foo”不是已知的列名"),
        (b"loan,amount\nx,1,2\n", "第2行有3列"),
        (b"loan,amount\n\xff\xfe\xfd,1\n", "文字编码"),
        (b'loan,amount\n"x,1\n', "引号"),
        (b"\x00\x01", "csv"),
        (b"PK\x03\x04 no workbook", "xlsx"),
        (sheet([["贷款编号"], ["x"]]), "缺少列“贴息金额”"),
    ):
        refused = await upload(office, books, batch, content)
        assert refused["state"] == "REFUSED"
        assert part in refused["errors"][0]["message"], refused
    assert (await step(office, "OFFICER", batch, "submission"))["state"] == "SUBMITTED"


async def test_another_banks_batch_is_not_there(office: Office, books: Database) -> None:
    batch, _ = await computed(office, books, "ZZ04", 1)
    async with office.account("BANK", bank="bank-b") as client:
        answer = await client.post(
            f"/subsidy-batches/{batch}/bank-lines", files={"file": ("claim", b"loan,amount\nx,1\n")}
        )
        assert answer.json()["code"] == "BATCH_NOT_FOUND"
        assert (await client.get(f"/subsidy-batches/{batch}/bank-lines")).json()["code"] == "BATCH_NOT_FOUND"
    assert (await office.get("OFFICER", f"/subsidy-batches/{batch}/bank-lines")).json()["code"] == "BANK_FILE_NOT_FOUND"
