"""What a file of events may be, and what becomes of each of its rows."""

from enum import StrEnum

FIELDS = (
    "year",
    "indicator",
    "id_type",
    "id_number",
    "name",
    "event_date",
    "unit",
    "source_system",
    "source_ref",
    "received_at",
    "unemployed_on",
    "certified_on",
    "certified_until",
    "job_form",
    "job_months",
    "monthly_pay",
    "phone",
    "employer",
    "correction",
    "street",
)
"""The columns of a file, by their names on the wire."""
EVIDENCE = FIELDS[10:]
OPTIONAL = frozenset(FIELDS[9:])
WHOLE_NUMBERS = frozenset({"year", "job_months"})
"""Fields that are numbers in JSON; in a table everything is text."""
YES, NO = ("true", "是"), ("false", "否")
"""How a table writes `correction`."""
LABELS = {
    "year": "年度",
    "indicator": "指标",
    "id_type": "证件类型",
    "id_number": "证件号码",
    "name": "姓名",
    "event_date": "发生日期",
    "unit": "单位",
    "source_system": "来源系统",
    "source_ref": "来源编号",
    "received_at": "接收时间",
    "unemployed_on": "失业登记日期",
    "certified_on": "困难认定日期",
    "certified_until": "认定有效期至",
    "job_form": "就业形式",
    "job_months": "灵活就业月数",
    "monthly_pay": "月收入",
    "phone": "手机号码",
    "employer": "统一社会信用代码",
    "correction": "是否补登",
    "street": "街道（乡镇）",
}
MAX_ROWS = 1_000_000
MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_WORKBOOK_BYTES = 20 * 1024 * 1024
BATCH_ROWS = 13_000
"""Large enough for set-wise work, small enough for 300 MB and for single events in between."""


class Format(StrEnum):
    """By its first bytes, never by its name."""

    CSV = "CSV"
    NDJSON = "NDJSON"
    XLSX = "XLSX"


class Mode(StrEnum):
    """What one wrong row means for the others."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    VALID_ROWS = "VALID_ROWS"


class RowStatus(StrEnum):
    """What became of a row."""

    COUNTED = "COUNTED"
    DUPLICATE = "DUPLICATE"
    PENDING = "PENDING"
    SKIPPED = "SKIPPED"
    VALID = "VALID"
    ERROR = "ERROR"


def sniff(head: bytes) -> Format:
    """What a file is: a zip is a workbook, an opening brace begins JSON lines, all else is csv."""
    if head.startswith(b"PK\x03\x04"):
        return Format.XLSX
    return Format.NDJSON if head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"{") else Format.CSV


def read_header(cells: list[str]) -> tuple[list[str], list[str]]:
    """The fields that the columns stand for, and what is wrong with the header; English and Chinese names are known."""
    known = {label: field for field, label in LABELS.items()} | {field: field for field in FIELDS}
    found, faults = [], []
    for position, cell in enumerate(cells, 1):
        field = known.get(cell.strip(" \t\ufeff"))
        if field is None:
            faults.append(f"第{position}列的列名无法识别")
        elif field in found:
            faults.append(f"第{position}列“{LABELS[field]}”重复")
        found.append(field or "")
    faults += [
        f"缺少“{LABELS[field]}”（{field}）列" for field in FIELDS if field not in found and field not in OPTIONAL
    ]
    return found, faults
