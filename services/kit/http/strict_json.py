"""JSON as RFC 8259 means it: one reading, or none (reliability design §2.6, ASVS 1.5.3)."""

import json
from typing import Any, NoReturn

from kit.http.errors import MalformedJsonError

MAX_DEPTH = 32


def parse_json(body: bytes) -> Any:
    """Parses a UTF-8 JSON text.

    Refuses what parsers disagree about: duplicate keys, NaN and Infinity (also as 1e400), other encodings and
    byte order marks, NUL and lone surrogates in strings, nesting deeper than 32.

    Raises:
        MalformedJsonError: with a Chinese detail that never quotes the input.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJsonError("请使用UTF-8编码提交。") from None
    if text.startswith("\ufeff"):
        raise MalformedJsonError("请去掉开头的BOM标记，使用不带BOM的UTF-8编码提交。")
    try:
        value = _decode(text)
    except RecursionError:
        raise MalformedJsonError(f"嵌套层数不能超过{MAX_DEPTH}层。") from None
    except ValueError:  # also integers of more digits than Python reads
        raise MalformedJsonError from None
    if "\\u" in text or text.count("{") + text.count("[") > MAX_DEPTH:
        _check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedJsonError("同一个对象中有重复的字段名，请删去重复的字段。")
    return value


def _refuse_constant(_: str) -> NoReturn:
    raise MalformedJsonError("NaN和Infinity不是JSON数值，请改为具体数值或删去。")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise MalformedJsonError("数值超出范围，请改为具体数值。")
    return value


_decode = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite).decode


def _check(root: Any) -> None:
    """Depth and strings, without recursion: the input decides how deep it is.

    NUL and lone surrogates can only come from escapes, and nothing is deeper than it has brackets: a text without
    either needs no look.
    """
    level = [root]
    for depth in range(MAX_DEPTH + 2):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, dict):
                deeper.extend(value.keys())
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
        if not deeper:
            return
        if depth >= MAX_DEPTH:
            raise MalformedJsonError(f"嵌套层数不能超过{MAX_DEPTH}层。")
        level = deeper


def _check_text(value: str) -> None:
    if "\0" in value:
        raise MalformedJsonError("文字中不能含有空字符（NUL）。")
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise MalformedJsonError("文字中含有不完整的Unicode字符，请核对后重新提交。")
