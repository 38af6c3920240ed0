"""What a file may be instead of what it should: the answer says what and where, and nothing is stored."""

import io
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import pytest
import xlsxwriter

from targets_svc.event_uploads.domain import FIELDS, LABELS
from tests.targets_svc.bombs import workbook_of_zeros
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.event_uploads.files import WorkerProcess, as_csv, as_ndjson, ended, result_rows, upload
from tests.targets_svc.register.people import counts, event

HEADER = [LABELS[field] for field in FIELDS]
ROW = event(800, "ZZ07", "2017-02-10")
CELLS = [ROW.get(field, "") for field in FIELDS]


def workbook(*sheets: list[list[Any]], formula: tuple[int, int, str, Any] | None = None) -> bytes:
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as made:
        for rows in sheets:
            sheet = made.add_worksheet()
            for line, row in enumerate(rows):
                sheet.write_row(line, 0, row)
            if formula:
                row_at, column, text, value = formula
                sheet.write_formula(row_at, column, text, None, value)
    return book.getvalue()


async def nothing_stored(account: Client, targets: Targets) -> None:
    connection = await targets.connect()
    try:
        assert await connection.fetchval("SELECT count(*) FROM event") == 0
        assert await connection.fetchval("SELECT count(*) FROM person") == 0
        assert await connection.fetchval("SELECT count(*) FROM event_upload_part") == 0
    finally:
        await connection.close()
    assert await counts(account) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件是空的"),
        (as_csv([ROW]).replace(b"unit", b"units", 1), "第7列的列名无法识别；缺少“单位”（unit）列"),
        ("标题：2017年登记表\n".encode() + as_csv([ROW]), "第1行（表头）有误：第1列的列名无法识别"),
        (as_csv([ROW]).replace(b"unit,", b"", 1), "缺少“单位”（unit）列"),
        (b"PK\x03\x04" + bytes(100), "不是完整的xlsx工作簿"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "旧版Excel（xls）"),
    ],
    ids=["empty", "unknown column", "title above", "missing column", "not a zip", "old excel"],
)
async def test_what_cannot_be_a_register_is_refused_at_once(targets: Targets, content: bytes, said: str) -> None:
    async with targets.staff("ZZ07") as staff:
        refused = await upload(staff, content)
        assert (refused.status_code, refused.json()["code"]) == (422, "FILE_UNREADABLE")
        assert said in refused.json()["detail"]
        await nothing_stored(staff, targets)


async def test_five_gigabytes_of_zeros_cost_no_memory(targets: Targets, worker: WorkerProcess) -> None:
    """The directory tells their size. One that lies is found out by the process that unpacks, within its own limits."""
    bomb, lying = workbook_of_zeros(5, 2), workbook_of_zeros(5, 2, declared=1000)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    async with targets.staff("ZZ07") as staff:
        refused = await upload(staff, bomb)
        grown = getrusage(RUSAGE_SELF).ru_maxrss - before
        answer = await upload(staff, lying)
        job = await ended(staff, answer)
        peak = peak_of(worker.process.pid)
        seen = (await staff.get(f"/event-uploads/{answer.json()['id']}")).json()
        await nothing_stored(staff, targets)

    assert len(bomb) < 3_000_000
    assert (refused.status_code, refused.json()["code"]) == (422, "FILE_UNREADABLE")
    assert "工作簿解压后超过100 MB" in refused.json()["detail"]
    assert (job["state"], job["problem"]) == ("FAILED", {"code": "FILE_UNREADABLE"})
    assert "损坏" in seen["refusal"]
    assert grown < 50_000, "KiB more than before in the process that takes files, with the client and its file"
    assert peak < 300_000, "KiB of the worker at its highest"


def peak_of(pid: int) -> int:
    """The most memory that a process has held, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


async def test_what_only_reading_shows_ends_the_job_and_says_why(targets: Targets, worker: WorkerProcess) -> None:
    other_sheet = [["单位", "人数"], ["新密", 7000]]
    gbk_and_utf8 = as_csv([ROW] * 3) + as_csv([ROW | {"source_ref": "x"}], "gb18030").split(b"\n", 1)[1]
    files = {
        "wrong sheet first": (workbook(other_sheet, [HEADER, CELLS]), "第1行（表头）有误：第2列的列名无法识别"),
        "rows above": (workbook([[], [], HEADER, CELLS]), "表头前有2个空行"),
        "no row": (workbook([HEADER]), "文件中没有数据行"),
        "two encodings": (gbk_and_utf8, "第5行的文字编码有误"),
        "header alone": (as_csv([]), "文件中没有数据行"),
    }
    async with targets.staff("ZZ07") as staff:
        for name, (content, said) in files.items():
            answer = await upload(staff, content)
            job = await ended(staff, answer)
            seen = (await staff.get(f"/event-uploads/{answer.json()['id']}")).json()
            assert (job["state"], job["problem"]) == ("FAILED", {"code": "FILE_UNREADABLE"}), name
            assert said in seen["refusal"], name
            await nothing_stored(staff, targets)


async def test_one_wrong_row_is_named_and_nothing_is_stored(targets: Targets, worker: WorkerProcess) -> None:
    """One in many thousand, past the first batch; in a workbook a formula that came to nothing, shifted cells."""
    many = [event(n % 900, "ZZ07", "2017-02-10", source_system="many") for n in range(13_000)]
    many[12_500] = many[12_500] | {"event_date": "2017-02-30"}
    shifted = [*CELLS[1:], ""]
    cases = {
        "one in many": (as_csv(many), "12502", "DATE", "发生日期：日期不存在或格式不对"),
        "formula": (workbook([HEADER, CELLS], formula=(1, 3, "=1/0", "#DIV/0!")), "2", "REQUIRED", "证件号码："),
        "shifted": (workbook([HEADER, shifted]), "2", "", "年度："),
        "typed as text": (as_ndjson([ROW | {"year": "2017"}]), "1", "TYPE", "“year”的类型有误"),
    }
    async with targets.staff("ZZ07") as staff:
        for name, (content, line, code, said) in cases.items():
            answer = await upload(staff, content)
            job = await ended(staff, answer)
            wrong = [row for row in await result_rows(staff, answer) if row["status"] == "ERROR"]
            assert (job["state"], job["problem"]) == ("FAILED", {"code": "UPLOAD_HAS_ERRORS"}), name
            assert [row["row_no"] for row in wrong] == [line], name
            assert code in wrong[0]["error_code"], name
            assert said in wrong[0]["error_message_zh"], name
            await nothing_stored(staff, targets)
