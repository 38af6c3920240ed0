"""From the bytes of a register to a frame of text: bounded in rows, columns and what they unpack to."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from eligibility_svc.screenings.domain import MAX_COLUMNS, MAX_ROWS, MAX_WORKBOOK_ROWS, PART_ROWS, Format
from eligibility_svc.screenings.errors import RegisterUnreadableError

_MAX_ENTRIES = 1_000
_MAX_UNPACKED = 100 * 1024 * 1024
_MAX_RATIO = 100
# A workbook's reader makes room for every cell up to the last one named, so names are looked at before it runs.
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,4})([0-9]{1,9})""")
_FLAT = (pl.Boolean, pl.String, pl.Date, pl.Categorical, pl.Enum, pl.Decimal, pl.Null)


def read_register(path: Path, file_format: Format, headings: Mapping[str, str]) -> pl.LazyFrame:
    """The columns asked for, as text; empty cells are null.

    Args:
        headings: heading → what we call it, since what a file says is not repeated.

    Raises:
        RegisterUnreadableError: damaged, too large once unpacked, or a heading is not there.
    """
    match file_format:
        case Format.PARQUET:
            return _parquet(path, headings)
        case Format.XLSX:
            return _workbook(path, headings)
        case Format.CSV:
            return _csv(path, headings)


def _require(found: Sequence[str], headings: Mapping[str, str]) -> None:
    if len(found) > MAX_COLUMNS:
        raise RegisterUnreadableError(f"名册不能超过{MAX_COLUMNS}列，请删去不需要的列。")
    if len(set(found)) != len(found):
        raise RegisterUnreadableError("表头有重名的列，请改名后重新提交。")
    lacking = [called for heading, called in headings.items() if heading not in found]
    if lacking:
        which = "、".join(f"“{called}”" for called in lacking[:5]) + ("等" if len(lacking) > 5 else "")
        raise RegisterUnreadableError(
            f"有{len(lacking)}个对应列不在名册表头中：{which}。请核对列名（包括空格）后重新提交。"
        )


def _require_rows(count: int, most: int = MAX_ROWS) -> None:
    if not 1 <= count <= most:
        raise RegisterUnreadableError(f"名册应有1至{most}行数据，请检查或拆分后重新提交。")


def _parquet(path: Path, headings: Mapping[str, str]) -> pl.LazyFrame:
    try:
        schema = pl.read_parquet_schema(path)
        _require(list(schema), headings)
        if not all(schema[name].is_integer() or isinstance(schema[name], _FLAT) for name in headings):
            raise RegisterUnreadableError("parquet列应为文字、整数、小数（decimal）、日期或是否，请转换后重新提交。")
        register = pl.scan_parquet(path)
        _require_rows(register.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError):
        raise RegisterUnreadableError from None
    return register.select(pl.col(name).cast(pl.String) for name in headings)


def _csv(path: Path, headings: Mapping[str, str]) -> pl.LazyFrame:
    data = path.read_bytes()
    if b"\0" in data:
        raise RegisterUnreadableError
    lines = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    try:
        found = next(lines, [])
        _require(found, headings)
        frame = _csv_rows(lines, len(found), {heading: found.index(heading) for heading in headings})
    except csv.Error:
        raise RegisterUnreadableError(f"csv第{lines.line_num}行附近格式有误：请核对引号后重新提交。") from None
    _require_rows(frame.height)
    return frame.lazy()


def _csv_rows(lines: "Lines", width: int, places: Mapping[str, int]) -> pl.DataFrame:
    """Python's reader rather than Polars', which fills a row that is too short with unknowns."""
    frames = [pl.DataFrame(schema=dict.fromkeys(places, pl.String))]
    columns: dict[str, list[str]] = {heading: [] for heading in places}
    for count, row in enumerate(filter(None, lines), 1):
        if len(row) != width or count > MAX_ROWS:
            _require_rows(count)
            raise RegisterUnreadableError(f"csv第{lines.line_num}行有{len(row)}列，表头有{width}列，请核对后重新提交。")
        for heading, place in places.items():
            columns[heading].append(row[place])
        if count % PART_ROWS == 0:
            frames.append(pl.DataFrame(columns, schema=frames[0].schema))
            columns = {heading: [] for heading in places}
    return pl.concat([*frames, pl.DataFrame(columns, schema=frames[0].schema)])


class Lines(Protocol):
    """A `csv.reader`."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RegisterUnreadableError("文字编码无法识别，请另存为UTF-8后重新提交。")


def _workbook(path: Path, headings: Mapping[str, str]) -> pl.LazyFrame:
    _require_harmless(path)
    try:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError):
        raise RegisterUnreadableError from None
    found = [str(cell).strip() for cell in rows[0]] if rows else []
    while found and not found[-1]:
        found.pop()
    _require(found, headings)
    positions = [found.index(heading) for heading in headings]
    body = [[_cell(row[position]) for position in positions] for row in rows[1:] if any(cell != "" for cell in row)]
    _require_rows(len(body), MAX_WORKBOOK_ROWS)
    return pl.LazyFrame(body, schema=dict.fromkeys(headings, pl.String()), orient="row")


def _require_harmless(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            packed = max(sum(entry.compress_size for entry in entries), 1)
            if len(entries) > _MAX_ENTRIES or unpacked > _MAX_UNPACKED or unpacked > packed * _MAX_RATIO:
                raise RegisterUnreadableError("工作簿解压后过大，请只保留名册所在的工作表后重新提交。")
            for entry in entries:
                with archive.open(entry) as part:
                    _require_small(part.read(entry.file_size + 1))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise RegisterUnreadableError from None


def _require_small(content: bytes) -> None:
    """Sound on every entry, because a workbook may call its sheets what it likes."""
    for place in _PLACE.finditer(content):
        if int(place[2]) > MAX_WORKBOOK_ROWS + 1 or len(place[1]) > 2 or _number(place[1]) > MAX_COLUMNS:
            raise RegisterUnreadableError(f"工作簿不能超过{MAX_WORKBOOK_ROWS}行、{MAX_COLUMNS}列，请改用csv或parquet。")


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _cell(value: Any) -> str | None:
    """A cell as a person would type it: whole numbers without a point, dates by ISO 8601."""
    if value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
