"""Facts as a client sends them: strict in type, Chinese in what is wrong, the input never repeated."""

import re
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from eligibility_svc.facts.domain import Fact, FactType, Vocabulary
from eligibility_svc.language.nodes import MonthAmounts, Value
from kit.dates import Month, parse_date
from kit.errors import FieldError, ValidationFailedError
from kit.money import fen_from_yuan

MAX_COUNT = 1_000_000_000
MAX_MONTHS = 120
FIRST_YEAR, LAST_YEAR = 1900, 2200
# Only a name that looks like one of ours is repeated in a pointer; anything else could be personal data.
_PRINTABLE_NAME = re.compile(r"[a-z][a-z_]{0,63}")
_BOOL = FactType.BOOL
_MONEY = '金额应为单位元的小数，最多两位，不为负，如"14400.00"，请修改后重新提交'


class _WrongValueError(Exception):
    def __init__(self, code: str, message: str, place: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.place = place


def read_facts(vocabulary: Vocabulary, subject: str, submitted: Mapping[str, Any]) -> dict[str, Value]:
    """The known facts among those submitted; absent and null are unknown, `false` and `0` are answers.

    Args:
        submitted: parsed JSON by fact name.

    Raises:
        ValidationFailedError: every unknown name and every wrong value, each with its pointer.
    """
    known = vocabulary.of(subject)
    values: dict[str, Value] = {}
    errors: list[FieldError] = []
    for name, raw in submitted.items():
        fact = known.get(name)
        if fact is None:
            errors.append(_unknown_name(vocabulary, subject, name))
        elif type(raw) is bool and fact.type is _BOOL:  # two facts of three: nothing to read
            values[name] = raw
        elif raw is not None:
            try:
                values[name] = _value(fact, raw)
            except _WrongValueError as error:
                errors.append(FieldError(f"/facts/{name}{error.place}", error.code, error.message))
    if errors:
        raise ValidationFailedError(errors=errors)
    return values


def _unknown_name(vocabulary: Vocabulary, subject: str, name: str) -> FieldError:
    pointer = f"/facts/{name}" if _PRINTABLE_NAME.fullmatch(name) else "/facts"
    elsewhere = [fact for fact in vocabulary.facts if fact.name == name]
    if elsewhere:
        labels = "、".join(vocabulary.subjects[code] for code in elsewhere[0].subjects)
        return FieldError(pointer, "FACT_OF_ANOTHER_SUBJECT", f"这项信息用于{labels}，请核对申请对象")
    near = get_close_matches(name, vocabulary.of(subject), n=1, cutoff=0.5)
    advice = f"您是否要填 {near[0]}（{vocabulary.of(subject)[near[0]].label}）？" if near else "请查阅事实词表后修改"
    return FieldError(pointer, "UNKNOWN_FACT", f"没有这个名称的信息项。{advice}")


def _value(fact: Fact, raw: Any) -> Value:
    match fact.type:
        case FactType.BOOL:
            if type(raw) is not bool:
                raise _WrongValueError("TYPE", "应填 true（是）或 false（否）")
            return raw
        case FactType.COUNT:
            return _count(raw)
        case FactType.MONEY:
            return _money(raw)
        case FactType.DATE:
            return _date(raw)
        case FactType.MONTH_AMOUNTS:
            return _month_amounts(raw)
        case _:
            return _choice(fact, raw)


def _count(raw: Any) -> int:
    if type(raw) is not int:
        raise _WrongValueError("TYPE", "应填整数，不带小数和引号")
    if not 0 <= raw <= MAX_COUNT:
        raise _WrongValueError("RANGE", "应填不小于0且不超过十亿的整数")
    return raw


def _money(raw: Any, place: str = "") -> int:
    if not isinstance(raw, str):
        raise _WrongValueError("TYPE", _MONEY, place)
    try:
        fen = fen_from_yuan(raw)
    except ValueError:
        raise _WrongValueError("MONEY", _MONEY, place) from None
    if fen < 0:
        raise _WrongValueError("RANGE", _MONEY, place)
    return fen


def _date(raw: Any) -> date:
    if not isinstance(raw, str):
        raise _WrongValueError("TYPE", "应填日期文字，格式为YYYY-MM-DD")
    try:
        day = parse_date(raw)
    except ValueError:
        raise _WrongValueError("DATE", "日期不存在或格式不对，请按YYYY-MM-DD填写，如2018-09-01") from None
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise _WrongValueError("RANGE", f"日期应在{FIRST_YEAR}年至{LAST_YEAR - 1}年之间，请核对")
    return day


def _choice(fact: Fact, raw: Any) -> str:
    if isinstance(raw, str) and raw in fact.choices:
        return raw
    shown = "、".join(f"{code}（{label}）" for code, label in fact.choices.items())
    raise _WrongValueError("CHOICE" if isinstance(raw, str) else "TYPE", f"请从以下选项中填一个：{shown}")


def _month_amounts(raw: Any) -> MonthAmounts:
    if not isinstance(raw, list):
        raise _WrongValueError("TYPE", '应填列表，每项含 month（如"2018-06"）和 amount（如"5000.00"）')
    if len(raw) > MAX_MONTHS:
        raise _WrongValueError("TOO_MANY", f"最多填{MAX_MONTHS}个月")
    amounts: dict[Month, int] = {}
    for index, entry in enumerate(raw):
        if not isinstance(entry, dict) or set(entry) != {"month", "amount"}:
            raise _WrongValueError("TYPE", "每项应且只应含 month 和 amount 两项", f"/{index}")
        month = _month(entry["month"], f"/{index}/month")
        if month in amounts:
            raise _WrongValueError("DUPLICATE", "同一个月只能填一次，请合并后重新提交", f"/{index}/month")
        amounts[month] = _money(entry["amount"], f"/{index}/amount")
    return tuple(sorted(amounts.items()))


def _month(raw: Any, place: str) -> Month:
    try:
        month = Month.parse(raw)
    except (TypeError, ValueError):
        raise _WrongValueError("MONTH", "月份格式应为YYYY-MM，如2018-06", place) from None
    if not FIRST_YEAR <= month.year < LAST_YEAR:
        raise _WrongValueError("RANGE", f"月份应在{FIRST_YEAR}年至{LAST_YEAR - 1}年之间，请核对", place)
    return month
