"""From the bytes of a file to frames of text cells: the same batches each time the file is read.

A frame has `row_no` (the line of the file, the header is line 1), `fault` (`CODE|中文`, or null) and the fields.
"""

import csv
import hashlib
import io
import re
from collections.abc import AsyncIterator, Collection
from typing import NamedTuple

import polars as pl

from kit.http.errors import MalformedJsonError
from kit.http.strict_json import parse_json
from targets_svc.event_uploads.domain import BATCH_ROWS, FIELDS, MAX_ROWS, OPTIONAL, WHOLE_NUMBERS, Format, read_header
from targets_svc.event_uploads.errors import FileUnreadableError

SCHEMA = {"row_no": pl.Int32, "fault": pl.String} | dict.fromkeys(FIELDS, pl.String)
_LONGEST_LINE = 64 * 1024
_STRIDE = 16 * 1024
_BOM = b"\xef\xbb\xbf"


class Encoding:
    """GB18030 when the first line that is not plain ASCII is no UTF-8; else UTF-8."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def note(self, block: bytes) -> None:
        """Finds out by a block of whole lines, unless an earlier one has told."""
        if self.name is None and not block.isascii():
            self.name = _encoding_of(block)

    def decode(self, block: bytes, first_no: int) -> str:
        """Raises FileUnreadableError naming the first line that cannot be read."""
        self.note(block)
        try:
            return block.decode(self.name or "ascii")
        except UnicodeDecodeError as error:
            line = first_no + block.count(b"\n", 0, error.start)
            raise FileUnreadableError(
                f"第{line}行的文字编码有误；请把整个文件统一保存为UTF-8（或GB18030）编码后重新上传。"
            ) from None


def _encoding_of(block: bytes) -> str:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        return "gb18030" if block[: block.rfind(b"\n", 0, error.start) + 1].isascii() else "utf-8"
    return "utf-8"


class Block(NamedTuple):
    """Lines of a file, without its header, and what their meaning depends on.

    Attributes:
        first_no: the number of the first of them in the file.
        height: how many they are.
        encoding: None as long as all of the file was plain ASCII.
        header: the fields of its columns; None for JSON lines.
    """

    number: int
    first_no: int
    height: int
    lines: bytes
    file_format: Format
    encoding: str | None
    header: list[str] | None


class Batch(NamedTuple):
    """Rows of a file, the years that they name, and a hash of all that they follow from: lines, header, encoding.

    Attributes:
        is_plain: each line is a row of as many cells as the header has; no cell is quoted or holds a NUL.
    """

    number: int
    rows: pl.DataFrame
    years: set[int]
    sha256: str
    is_plain: bool = False


async def read_blocks(
    parts: AsyncIterator[bytes],
    file_format: Format,
    encoding: Encoding,
    size: int = BATCH_ROWS,
    done: Collection[int] = frozenset(),
) -> AsyncIterator[Block]:
    """Blocks of `size` lines each, without those that are done; `encoding` is named with the first line that tells it.

    Raises:
        FileUnreadableError: header, or a line longer than 64 KiB.
    """
    header: list[str] | None = None
    line_no, number = 1, -1
    async for lines, height in _blocks(parts, size):
        number += 1
        first_no, line_no, block = line_no, line_no + height, lines
        if first_no == 1 and lines.startswith(_BOM):
            block, encoding.name = lines.removeprefix(_BOM), encoding.name or "utf-8"
        encoding.note(block)
        if file_format is not Format.NDJSON and header is None:
            line, _, block = block.partition(b"\n")
            header, first_no = parse_header(encoding.decode(line, 1)), first_no + 1
        if number not in done:
            yield Block(number, first_no, line_no - first_no, block, file_format, encoding.name, header)


def parse(block: Block) -> Batch:
    """Raises FileUnreadableError naming the first line that cannot be read."""
    encoding, is_plain = Encoding(block.encoding), False
    if block.header is None:
        rows = _from_json_lines(encoding.decode(block.lines, block.first_no).split("\n"), block.first_no)
    else:
        rows, is_plain = _from_csv(block, block.header, encoding)
    columns = None if block.header is None else ",".join(block.header)
    meaning = f"{block.file_format}\n{block.encoding or 'utf-8'}\n{columns}\n"
    return Batch(block.number, rows, _years_of(rows), _hash(meaning, block.lines), is_plain)


def parse_again(block: Block, known: Batch) -> Batch:
    """`parse` of lines that gave `known`, but for its rows, when they were read before."""
    if not known.is_plain or block.header is None:
        return parse(block)
    return known._replace(rows=_numbered(_read_csv(block.lines, block.header), block))


def require_rows(count: int) -> None:
    """Raises FileUnreadableError when a whole file has no row, or so far too many."""
    if not count:
        raise FileUnreadableError("文件中没有数据行，请检查后重新上传。")
    if count > MAX_ROWS:
        raise FileUnreadableError(f"文件超过{MAX_ROWS}行，请拆分后分别上传。")


def _years_of(rows: pl.DataFrame) -> set[int]:
    years = rows.get_column("year").unique()
    return {int(year) for year in years if year is not None and re.fullmatch(r"[0-9]{4}", year)}


def _hash(meaning: str, block: bytes) -> str:
    digest = hashlib.sha256(meaning.encode())
    digest.update(block)
    return digest.hexdigest()


def parse_header(line: str) -> list[str]:
    """Raises FileUnreadableError with all that is wrong with it."""
    try:
        cells = next(csv.reader([line.removeprefix("\ufeff").rstrip("\r")], strict=True))
    except (csv.Error, StopIteration):
        cells = []
    header, faults = read_header(cells)
    if faults:
        raise FileUnreadableError(f"第1行（表头）有误：{'；'.join(faults[:12])}。请按接口文档的列名填写后重新上传。")
    return header


async def _blocks(parts: AsyncIterator[bytes], size: int) -> AsyncIterator[tuple[bytes, int]]:
    """Of `size` lines each, the last one of fewer, without the line break at the end; and how many lines they are."""
    held, seen, wanted = b"", 0, size
    async for part in parts:
        held += part
        if len(held) - held.rfind(b"\n") > _LONGEST_LINE:
            raise FileUnreadableError("有一行超过64 KB，请检查文件是否为逐行的csv或ndjson。")
        while seen < len(held):
            found = held.count(b"\n", seen, seen + _STRIDE)
            if found < wanted:
                seen, wanted = min(seen + _STRIDE, len(held)), wanted - found
                continue
            end = _end_of_line(held, seen, wanted)
            yield held[:end], size
            held, seen, wanted = held[end + 1 :], 0, size
    if held:
        yield held.removesuffix(b"\n"), size - wanted + (not held.endswith(b"\n"))


def _end_of_line(data: bytes, start: int, number: int) -> int:
    """Where the line break of the so-many-eth line after `start` stands."""
    at = start - 1
    for _ in range(number):
        at = data.index(b"\n", at + 1)
    return at


def _from_csv(block: Block, header: list[str], encoding: Encoding) -> tuple[pl.DataFrame, bool]:
    """At once, when each line has as many commas as the header and no cell is quoted; else line by line. Tells whether
    the very bytes were read at once.
    """
    text, lines = None, block.lines
    if encoding.name == "gb18030":
        text = encoding.decode(lines, block.first_no)
        lines = text.encode()
    if lines and b'"' not in lines and b"\r" not in lines and lines.count(b",") == block.height * (len(header) - 1):
        try:
            frame = _read_csv(lines, header)
        except pl.exceptions.PolarsError:  # too few cells, or not UTF-8: which line that is will be said below
            frame = pl.DataFrame()
        if frame.height == block.height and frame.width == len(header) and not _is_blank(frame):
            return _numbered(frame, block), text is None and b"\0" not in lines
    text = encoding.decode(lines, block.first_no) if text is None else text
    return _from_csv_lines(text.split("\n"), block.first_no, header), False


def _read_csv(lines: bytes, header: list[str]) -> pl.DataFrame:
    """An empty cell is null."""
    return pl.read_csv(io.BytesIO(lines), has_header=False, new_columns=header, infer_schema=False, quote_char=None)


def _numbered(frame: pl.DataFrame, block: Block) -> pl.DataFrame:
    last_no = block.first_no + block.height
    return _whole(frame, pl.int_range(block.first_no, last_no, dtype=pl.Int32).alias("row_no"))


def _is_blank(frame: pl.DataFrame) -> bool:
    """Whether there may be a line that says nothing, which is no row."""
    first = frame.to_series(0)
    return first.null_count() > 0 or first.str.contains(r"^[ \t]*$").any()


def _from_csv_lines(lines: list[str], first_no: int, header: list[str]) -> pl.DataFrame:
    line = pl.col("line")
    frame = (
        pl.DataFrame({"line": lines}, schema={"line": pl.String})
        .with_row_index("row_no", offset=first_no)
        .with_columns(pl.col("row_no").cast(pl.Int32), line.str.strip_suffix("\r"))
        .filter(line.str.strip_chars(" \t,") != "")
        .with_columns(is_plain=~line.str.contains('"', literal=True))
        .with_columns(is_whole=pl.col("is_plain") & (line.str.count_matches(",", literal=True) == len(header) - 1))
    )
    cells = line.str.split_exact(",", len(header) - 1).struct.rename_fields(header)
    plain = frame.filter("is_whole").select("row_no", cells.alias("cells")).unnest("cells")
    odd = [
        _odd_csv_row(row_no, text, header)
        for row_no, text in frame.filter(~pl.col("is_whole")).select("row_no", "line").iter_rows()
    ]
    return _together(plain, odd)


def _odd_csv_row(row_no: int, line: str, header: list[str]) -> dict[str, object]:
    """A row with quotes, or with another number of cells than the header."""
    try:
        cells = next(csv.reader([line], strict=True))
    except (csv.Error, StopIteration):
        return {"row_no": row_no, "fault": "CSV_QUOTES|引号没有成对，或单元格内有换行，请修改"}
    if len(cells) != len(header):
        return {"row_no": row_no, "fault": f"CSV_COLUMNS|本行有{len(cells)}列，表头有{len(header)}列，请核对"}
    return {"row_no": row_no} | dict(zip(header, cells, strict=True))


def _from_json_lines(lines: list[str], first_no: int) -> pl.DataFrame:
    rows = [_json_row(row_no, line) for row_no, line in enumerate(lines, first_no) if line.strip(" \t\r")]
    return _together(pl.DataFrame(schema={"row_no": pl.Int32}), rows)


def _json_row(row_no: int, line: str) -> dict[str, object]:
    try:
        value = parse_json(line.encode())
    except (MalformedJsonError, UnicodeEncodeError):
        return {"row_no": row_no, "fault": "MALFORMED_JSON|本行不是规范的JSON对象，请修改"}
    if not isinstance(value, dict) or not value.keys() <= set(FIELDS):
        return {"row_no": row_no, "fault": "UNKNOWN_FIELD|本行应为JSON对象，且只含接口文档列出的字段，请修改"}
    row: dict[str, object] = {"row_no": row_no}
    for field, cell in value.items():
        if not _is_typed(field, cell):
            return row | {"fault": f"TYPE|“{field}”的类型有误：{_TYPES}，请修改"}
        row[field] = None if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)
    return row


_TYPES = "year和job_months应为整数，correction应为true或false，其余应为文字"


def _is_typed(field: str, cell: object) -> bool:
    if cell is None:
        return field in OPTIONAL
    if field == "correction":
        return isinstance(cell, bool)
    if field in WHOLE_NUMBERS:
        return isinstance(cell, int) and not isinstance(cell, bool)
    return isinstance(cell, str)


def _together(plain: pl.DataFrame, odd: list[dict[str, object]]) -> pl.DataFrame:
    frame = _whole(plain)
    if odd:
        frame = pl.concat([frame, pl.DataFrame(odd, schema=SCHEMA)]).sort("row_no")
    return frame.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in FIELDS)


def _whole(plain: pl.DataFrame, *more: pl.Expr) -> pl.DataFrame:
    """All columns of `SCHEMA`; those that are not there are null."""
    there = {*plain.columns, *(made.meta.output_name() for made in more)}
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in there]
    return plain.with_columns(*more, *missing).select(*SCHEMA)
