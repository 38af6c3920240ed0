"""The multipart form of an import, read within bounds after the caller was let in."""

from datetime import date

from fastapi import Request

from kit.dates import parse_date
from kit.errors import FieldError
from kit.http.errors import MalformedJsonError
from kit.http.forms import FormInvalidError, form_body, read_form
from kit.http.strict_json import parse_json
from targets_svc.indicators.domain import GREATEST_COUNT
from targets_svc.plan_imports.errors import FileTooLargeError
from targets_svc.plan_imports.service import Asked

MAX_FILE = 2 * 1024 * 1024
_TEXT = {"type": "string"}
_EXAMPLE = "单位,新增城镇就业,失业人员再就业,创业培训\n金水区,29000,6400,910\n"

FORM = form_body(
    "xlsx或csv，不超过2 MB",
    {"file": _EXAMPLE, "year": "2018", "dry_run": "true"},
    {
        "dry_run": _TEXT | {"enum": ["true", "false"], "default": "false", "description": "true只核对，不保存草案"},
        "year": _TEXT | {"pattern": "^20[0-9]{2}$", "description": "年度；默认取自标题"},
        "doc_no": _TEXT | {"maxLength": 100, "description": "文号；保存草案时必填"},
        "issued_on": _TEXT | {"format": "date", "description": "发文日期；默认同生效日期"},
        "effective_from": _TEXT | {"format": "date", "description": "生效日期；保存草案时必填"},
        "body_totals": _TEXT | {"maxLength": 1000, "description": '文件正文中的各项总数，用于核对，如{"I01": 130000}'},
    },
)
_FIELDS = ("dry_run", "year", "doc_no", "issued_on", "effective_from", "body_totals")


async def read_import(request: Request) -> tuple[bytes, Asked]:
    """The file's bytes and the other fields.

    Raises:
        MediaTypeError, FileTooLargeError, FormInvalidError.
    """
    content = bytearray()

    async def take(piece: bytes) -> None:
        content.extend(piece)

    text = await read_form(request, take, texts=_FIELDS, max_bytes=MAX_FILE, too_large=FileTooLargeError)
    return bytes(content), _asked(text)


def _asked(text: dict[str, str]) -> Asked:
    errors: list[FieldError] = []
    year = text.get("year")
    if year is not None and not (year.isascii() and year.isdigit() and 2000 <= int(year) <= 2100):
        errors.append(FieldError("/year", "YEAR", "年度应为四位数字，如2017"))
    dry_run = text.get("dry_run", "false")
    if dry_run not in {"true", "false"}:
        errors.append(FieldError("/dry_run", "BOOLEAN", "请填写true或false"))
    if len(text.get("doc_no", "")) > 100:
        errors.append(FieldError("/doc_no", "TOO_LONG", "文号不应超过100字"))
    issued_on = _day(text, "issued_on", errors)
    effective_from = _day(text, "effective_from", errors)
    body = _totals(text.get("body_totals"), errors)
    if errors:
        raise FormInvalidError(errors=errors)
    asked_year = int(year) if year else None
    return Asked(dry_run == "true", asked_year, text.get("doc_no"), issued_on, effective_from, body)


def _totals(text: str | None, errors: list[FieldError]) -> dict[str, int]:
    """Totals by indicator; whether the codes are known is asked with the file."""
    try:
        given = parse_json(text.encode()) if text else {}
    except MalformedJsonError:
        given = None
    if isinstance(given, dict) and all(
        type(value) is int and 0 <= value <= 1000 * GREATEST_COUNT for value in given.values()
    ):
        return given
    errors.append(FieldError("/body_totals", "TOTALS", '应为JSON对象：指标代码和正文中的总数，如{"I01": 130000}'))
    return {}


def _day(text: dict[str, str], name: str, errors: list[FieldError]) -> date | None:
    if name not in text:
        return None
    try:
        return parse_date(text[name])
    except ValueError:
        errors.append(FieldError(f"/{name}", "DATE", "日期不存在或格式不对，请按YYYY-MM-DD填写"))
        return None
