"""From the bytes of a bank's file to a frame of whole numbers, or to what is wrong, row by row."""

import codecs
import csv
import io
from typing import Any

import polars as pl

from kit.dates import Quarter
from loans_svc.bank_lines.domain import COLUMNS, MAX_ROWS, MOST_ERRORS, read_header
from loans_svc.bank_lines.errors import BankFileUnreadableError

_LOAN = r"^[A-Za-z0-9][A-Za-z0-9_./-]{0,99}$"
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_YUAN = r"^-?(0|[1-9][0-9]{0,10})(\.[0-9]{1,2})?$"
_PERCENT = r"^(0|[1-9][0-9]?)(\.[0-9]{1,4})?%?$"
_DAYS = r"^(0|[1-9][0-9]{0,2})$"
_QUARTER = r"^[12][0-9]{3}Q[1-4]$"
_TRANCHES = {"STATE": "STATE", "LOCAL": "LOCAL", "国家支持部分": "STATE", "地方支持部分": "LOCAL"}
_SHARES = {"0": 0, "1/6": 1, "1/3": 2, "1/2": 3, "2/3": 4, "5/6": 5, "1": 6}
_HINTS = {
    "loan": "应填写系统的贷款编号，或发放时登记的银行流水号，只含字母、数字和“_./-”，不超过100位",
    "amount": "应为以元为单位的数，最多两位小数，不用千分位逗号，例如1925.00",
    "tranche": "应为STATE（国家支持部分）或LOCAL（地方支持部分），不填为STATE",
    "period": "应为不晚于本批的季度，例如2025Q2，不填为本批的季度",
    "days": "应为不大于999的整数",
    "rate": "应为年利率的百分数，最多四位小数，例如3.8500",
    "share": "应为0、1/6、1/3、1/2、2/3、5/6或1",
    "balance": "应为以元为单位的数，最多两位小数",
}

_ROWS = f"文件应有1至{MAX_ROWS}行数据，请检查或拆分后重新上传。"


def read_lines(content: bytes, period: Quarter) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """The lines as the table has them (without the file's id), and the first faults with row and column.

    Raises:
        BankFileUnreadableError: encoding, header, no row, or more than a million.
    """
    plain = _decoded(content)
    fields = _header(plain)
    frame = _table(plain, fields)
    wrong = _find_wrong(frame, fields, period)
    if wrong.height:  # what is right as it stands has no spaces around it and no empty row
        frame = _tidied(frame, fields)
        wrong = _find_wrong(frame, fields, period)
    if not 1 <= frame.height <= MAX_ROWS:
        raise BankFileUnreadableError(_ROWS)
    errors = [
        {
            "row": row["row_no"],
            "column": COLUMNS[name],
            "code": "INVALID",
            "message": f"第{row['row_no']}行“{COLUMNS[name]}”有误：{_HINTS[name]}。",
        }
        for row in wrong.head(MOST_ERRORS).iter_rows(named=True)
        for name in COLUMNS
        if name in fields and row[name]
    ][:MOST_ERRORS]
    return _values(frame.clear() if errors else frame, period), errors


def _decoded(content: bytes) -> bytes:
    """As UTF-8 without a mark at its beginning."""
    if b"\0" in content:
        raise BankFileUnreadableError("文件不是文字格式，请另存为csv（UTF-8）或xlsx后重新上传。")
    try:
        content.decode()
        return content.removeprefix(codecs.BOM_UTF8)
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030").encode()
    except UnicodeDecodeError:
        raise BankFileUnreadableError("文字编码无法识别，请另存为UTF-8后重新上传。") from None


def _header(plain: bytes) -> list[str]:
    try:
        cells = next(csv.reader([io.BytesIO(plain).readline().decode().rstrip("\r\n")], strict=True), [])
    except csv.Error:
        cells = []
    fields, faults = read_header(cells)
    if faults:
        raise BankFileUnreadableError(
            f"第1行（表头）有误：{'；'.join(faults[:12])}。可用的列：{'、'.join(COLUMNS.values())}，其中贷款编号和贴息金额必填。"
        )
    return fields


def _table(plain: bytes, fields: list[str]) -> pl.DataFrame:
    """All cells as text, empty ones null; `row_no` is the row of the sheet, the header is 1."""
    try:
        return pl.read_csv(plain, infer_schema=False, new_columns=fields).with_row_index("row_no", offset=2)
    except pl.exceptions.NoDataError:
        raise BankFileUnreadableError(_ROWS) from None
    except pl.exceptions.PolarsError:
        raise BankFileUnreadableError(_ragged(plain.decode(), len(fields))) from None


def _find_wrong(frame: pl.DataFrame, fields: list[str], period: Quarter) -> pl.DataFrame:
    """The rows with a fault, true in its columns."""
    faults = frame.select("row_no", *(_check(name, pl.col(name), period).alias(name) for name in fields))
    return faults.filter(pl.any_horizontal(fields))


def _tidied(frame: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    """Without spaces around cells, cells of nothing else, and rows of nothing else."""
    cells = [pl.col(name).str.strip_chars().replace("", None) for name in fields]
    return frame.with_columns(cells).filter(~pl.all_horizontal(pl.col(fields).is_null()))


def _ragged(text: str, width: int) -> str:
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), strict=True), 1):
            if len(row) > width:
                return f"第{number}行有{len(row)}列，表头有{width}列，请核对逗号和引号后重新上传。"
    except csv.Error:
        pass
    return "文件的引号没有成对，请核对后重新上传。"


def _check(name: str, cell: pl.Expr, period: Quarter) -> pl.Expr:
    """True where a cell is wrong."""
    match name:
        case "loan":
            return ~cell.str.contains(_LOAN).fill_null(value=False)
        case "amount":
            return ~cell.str.contains(_YUAN).fill_null(value=False)
        case "tranche":
            return ~cell.is_in(list(_TRANCHES)).fill_null(value=True)
        case "period":
            return ~(cell.str.contains(_QUARTER) & (cell <= str(period))).fill_null(value=True)
        case "share":
            return ~cell.is_in(list(_SHARES)).fill_null(value=True)
        case _:
            pattern = {"days": _DAYS, "rate": _PERCENT, "balance": _YUAN}[name]
            return ~cell.str.contains(pattern).fill_null(value=True)


def _scaled(cell: pl.Expr, places: int) -> pl.Expr:
    """A decimal text as a whole number of its last place; never through a float."""
    return cell.cast(pl.Decimal(18, places)).to_physical().cast(pl.Int64)


def _values(frame: pl.DataFrame, period: Quarter) -> pl.DataFrame:
    missing = [pl.lit(None, pl.String).alias(name) for name in COLUMNS if name not in frame.columns]
    loan, is_ours = pl.col("loan"), pl.col("loan").str.contains(_UUID)
    return frame.with_columns(missing).select(
        pl.col("row_no").cast(pl.Int32),
        pl.when(~is_ours).then(loan).alias("loan_ref"),
        pl.when(is_ours).then(loan).alias("loan_id"),
        pl.col("tranche").replace_strict(_TRANCHES, default=None).fill_null("STATE").alias("tranche"),
        pl.col("period").fill_null(str(period)).alias("relates_to"),
        _scaled(pl.col("amount"), 2).alias("amount_fen"),
        pl.col("days").cast(pl.Int32),
        _scaled(pl.col("rate").str.strip_suffix("%"), 4).cast(pl.Int32).alias("rate_ppm"),
        pl.col("share").replace_strict(_SHARES, default=None, return_dtype=pl.Int16).alias("share6"),
        _scaled(pl.col("balance"), 2).alias("balance_fen"),
    )
