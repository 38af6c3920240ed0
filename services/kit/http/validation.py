"""pydantic's findings as field errors in Chinese, without the rejected input."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from kit.errors import FieldError

_MESSAGES: dict[str, tuple[str, str]] = {
    "missing": ("REQUIRED", "请填写此项"),
    "extra_forbidden": ("UNKNOWN_FIELD", "没有这个字段，请对照接口文档核对字段名"),
    "json_invalid": ("MALFORMED_JSON", "请检查JSON格式"),
    "string_type": ("TYPE", "应为文字（JSON字符串）"),
    "int_type": ("TYPE", "应为整数（不加引号）"),
    "int_from_float": ("TYPE", "应为整数"),
    "int_parsing": ("TYPE", "应为整数"),
    "bool_type": ("TYPE", "应为true或false"),
    "bool_parsing": ("TYPE", "应为true或false"),
    "list_type": ("TYPE", "应为列表（JSON数组）"),
    "dict_type": ("TYPE", "应为对象（JSON对象）"),
    "model_type": ("TYPE", "应为对象（JSON对象）"),
    "model_attributes_type": ("TYPE", "应为对象（JSON对象）"),
    "string_pattern_mismatch": ("FORMAT", "格式不正确，请对照接口文档填写"),
    "literal_error": ("NOT_ALLOWED", "不是允许的取值，请对照接口文档选择"),
    "enum": ("NOT_ALLOWED", "不是允许的取值，请对照接口文档选择"),
    "uuid_parsing": ("FORMAT", "编号格式不正确，请核对"),
    "uuid_type": ("FORMAT", "编号格式不正确，请核对"),
    "too_short": ("TOO_FEW", "项目太少，请补充"),
    "too_long": ("TOO_MANY", "项目太多，请分批提交"),
}


def field_errors(found: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Translates `ValidationError.errors()`; a validator of ours may raise `ValueError('CODE|中文说明')`."""
    return [FieldError(_pointer(e["loc"]), *_message(e)) for e in found]


def body_errors(error: ValidationError) -> list[FieldError]:
    """`field_errors` of a model that was validated by hand: its fields are those of the body."""
    return field_errors({**found, "loc": ("body", *found["loc"])} for found in error.errors())


def _message(error: Mapping[str, Any]) -> tuple[str, str]:
    kind = error["type"]
    context = error.get("ctx") or {}
    if kind in ("value_error", "assertion_error"):
        code, _, text = str(context.get("error", "")).partition("|")
        return (code, text) if text else ("FORMAT", "格式不正确，请对照接口文档填写")
    if kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        bound = next(iter(context.values()))
        words = {
            "greater_than_equal": "不能小于",
            "greater_than": "应大于",
            "less_than_equal": "不能大于",
            "less_than": "应小于",
        }
        return "OUT_OF_RANGE", f"{words[kind]}{bound}"
    if kind == "string_too_long":
        return "TOO_LONG", f"不能超过{context['max_length']}个字"
    if kind == "string_too_short":
        return "TOO_SHORT", f"至少需要{context['min_length']}个字"
    return _MESSAGES.get(kind, ("FORMAT", "格式不正确，请对照接口文档填写"))


def _pointer(loc: tuple[int | str, ...]) -> str:
    where, *rest = loc
    if where == "body":
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    return f"{where}:{rest[0]}" if rest else str(where)
