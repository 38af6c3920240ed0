"""Files built to exhaust their reader are refused before anything is unpacked or interpreted, and in no time."""

import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest

from targets_svc.annex.domain.grid import grid_of
from targets_svc.plan_imports.domain.conflicts import Conflict
from targets_svc.plan_imports.errors import FileSuspectError, FileUnreadableError
from targets_svc.plan_imports.schemas.tables import marked_workbook, read_file
from tests.targets_svc.plan_imports.files import csv_of, rows_of, xlsx

SHEET = "xl/worksheets/sheet1.xml"


def rebuilt(change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The annex's workbook with some of its parts changed."""
    with zipfile.ZipFile(BytesIO(xlsx(rows_of()))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def zeros(parts: dict[str, bytes]) -> None:
    parts["xl/media/zeros.bin"] = bytes(60_000_000)


def far_cell(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(b'r="A1"', b'r="XFD1048576"')


def far_row(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(b'<row r="1"', b'<row r="1048576"')


def entities(parts: dict[str, bytes]) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    head, _, rest = parts["xl/sharedStrings.xml"].partition(b"?>")
    parts["xl/sharedStrings.xml"] = head + b"?>" + bomb + rest


def long_text(parts: dict[str, bytes]) -> None:
    text = "单位".encode()
    parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(text, text * 100_000, 1)


def many_cells(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", b"<row>" + b"<c><v>1</v></c>" * 30_000 + b"</row></sheetData>")


def wide_merges(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(b'ref="A1:K1"', b'ref="A1:XFD1048576"')


def utf16(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].decode().replace("UTF-8", "UTF-16").encode("utf-16")


def deep(parts: dict[str, bytes]) -> None:
    parts["xl/extra.xml"] = b"<a>" * 5_000 + b"</a>" * 5_000


@pytest.mark.parametrize(
    "change",
    [zeros, far_cell, far_row, entities, long_text, many_cells, wide_merges, utf16, deep],
    ids=lambda c: c.__name__,
)
def test_a_bomb_is_refused(change: Callable[[dict[str, bytes]], None]) -> None:
    content = rebuilt(change)
    assert len(content) < 300_000
    tracemalloc.start()
    try:
        with pytest.raises(FileSuspectError):
            read_file(content)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_a_part_that_is_larger_than_its_directory_says_is_refused() -> None:
    content = bytearray(rebuilt(lambda parts: parts.update({"xl/media/x.bin": bytes(5_000_000)})))
    size = struct.pack("<I", 5_000_000)
    while (at := content.find(size)) >= 0:
        content[at : at + 4] = struct.pack("<I", 10)

    with pytest.raises(FileUnreadableError):
        read_file(bytes(content))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "空"),
        (b"PK\x03\x04 damaged", "xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "xls"),
        ("单位,新增城镇就业".encode("utf-16"), "csv"),
        (b"\xff\xff\xff,1", "编码"),
        ('单位,"新增'.encode(), "引号"),
        (xlsx(rows_of())[:-200], "xlsx"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(content: bytes, word: str) -> None:
    with pytest.raises(FileUnreadableError) as refused:
        read_file(content)

    assert word in refused.value.detail


def test_a_csv_has_limits_too() -> None:
    for content in (b"1\n" * 2_001, b"," * 201, b"x" * 1_001):
        with pytest.raises(FileSuspectError):
            read_file(content)


def test_a_workbook_without_a_workbook_is_named() -> None:
    with pytest.raises(FileUnreadableError, match="UNREADABLE"):
        read_file(rebuilt(lambda parts: parts.pop("xl/workbook.xml") and None))


def test_text_that_looks_like_a_formula_stays_text_in_the_marked_workbook() -> None:
    (sheet,) = read_file(csv_of([["=1+1", "http://x.invalid", "@SUM(A1)", float("nan")]]))
    marked = marked_workbook(grid_of("", sheet.rows), [Conflict(0, 0, "T4", "读不出")])

    with zipfile.ZipFile(BytesIO(marked)) as archive:
        assert b"<f>" not in archive.read(SHEET)
        assert b"hyperlink" not in archive.read(SHEET)
