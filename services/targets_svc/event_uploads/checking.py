"""The rules that need no ledger over a whole frame: N1 to N4, N8 to N11.

Rows that are plainly good are told by vectorised expressions. Every other row goes the way of a single event, and gets
its codes and messages. The two ways agree as long as "plainly good" implies "good"; a property test says that it does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import Any

import polars as pl
from pydantic import ValidationError

from kit.clock import legal_day
from kit.errors import FieldError
from kit.http.validation import body_errors
from kit.identifiers.contact import parse_mobile
from kit.identifiers.errors import IdentifierError
from kit.identifiers.masking import COMPOUND_SURNAMES, mask_id, mask_mobile, mask_name
from kit.identifiers.names import name_key
from kit.identifiers.uscc import parse_uscc
from kit.money import fen_from_yuan
from targets_svc.event_uploads.domain import EVIDENCE, FIELDS, LABELS, NO, WHOLE_NUMBERS, YES
from targets_svc.register.domain import OVER_AGE, Coverage, find_errors, find_warnings, identify
from targets_svc.register.errors import UnitNotYoursError
from targets_svc.register.evidence import (
    ASSISTED,
    FEMALE_AGE,
    FLEXIBLE,
    MALE_AGE,
    RE_EMPLOYED,
    Evidence,
    JobForm,
    retires_on,
    waits,
)
from targets_svc.register.schemas import EventCreate
from targets_svc.units.domain import may_see

SHOWN = tuple(field for field in FIELDS if field not in {"id_number", "name", "phone"})
CHECKED: dict[str, Any] = {
    "row_no": pl.Int32,
    "code": pl.String,
    "message": pl.String,
    **dict.fromkeys(FIELDS, pl.String),
    "name_key": pl.String,
    "is_pending": pl.Boolean,
    "is_over_age": pl.Boolean,
    **{f"shown_{field}": pl.String for field in FIELDS},
}
_CONTENTS = ("row_no", *FIELDS, "name_key", "is_pending")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES = [code for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71))
              for code in range(first, last + 1)]  # fmt: skip
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.+-]{0,39}")
_LONG_NUMBER = re.compile(r"[0-9]{11}")
_DAY = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_STREET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")
_MONTHS = re.compile(r"0|[1-9][0-9]?|[1-5][0-9]{2}")
_PAY = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,2})?")
_SHORTEST_WITH_NUMBER = 18
_ANY = "某"


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a file is checked.

    Attributes:
        coverage: of each year that occurs in it.
        own_unit: the uploader's unit; None or the city: any.
        now: when the file was received, which is also the time of receipt of rows that give none.
    """

    coverage: Mapping[int, Coverage]
    own_unit: str | None
    now: datetime

    @property
    def received_at(self) -> str:
        return self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


_FEW = ("event_date", "source_system", "received_at", *EVIDENCE)


class _Few(dict[str, list[str]]):
    """The different values of the columns that mostly have few: what a rule says of one is asked once."""

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "_Few":
        values = frame.select(pl.col(_FEW).drop_nulls().unique().implode()).row(0, named=True)
        return cls(values)

    def is_among(self, column: str, holds: Callable[[str], object], *, may_lack: bool = False) -> pl.Expr:
        if not self[column]:
            return pl.lit(value=may_lack)
        found = pl.col(column).is_in([value for value in self[column] if holds(value)])
        return found.fill_null(may_lack)

    def mapped(self, column: str, change: Callable[[str], str]) -> pl.Expr:
        if not self[column]:
            return pl.lit(None, pl.String)
        changed = {value: change(value) for value in self[column]}
        return pl.col(column).replace_strict(changed, default=None, return_dtype=pl.String)


def _is_day_of_month(month: pl.Expr, day: pl.Expr) -> pl.Expr:
    year = pl.col("born") // 10_000
    is_leap_day = (month == 2) & (day == 29) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return (day <= 28) | ((month != 2) & ((day <= 30) | ~month.is_in([4, 6, 9, 11]))) | is_leap_day


def _check_sum(body: pl.Expr) -> pl.Expr:
    """GB 11643-1999, 0 to 10, by tables of four digits: a fifth of the divisions of going digit by digit."""
    total = sum(
        (pl.lit(table).gather(body // 10_000**at % 10_000) for at, table in enumerate(_TABLES)), start=pl.lit(0)
    )
    return total % 11


def _table(place: int) -> pl.Series:
    """Weighted sums of four digits whose last one stands `place` from the right end of the seventeen."""
    weights = (*reversed(_WEIGHTS), 0, 0, 0)[place : place + 4]
    group = pl.int_range(10_000, eager=True, dtype=pl.Int32)
    return sum((group // 10**at % 10 * weight for at, weight in enumerate(weights)), start=group * 0)


_TABLES = tuple(_table(place) for place in (0, 4, 8, 12, 16))
_CHECK_CHARACTERS = pl.Series([*"10X98765432"])
"""By the weighted sum, modulo 11."""
_BODY, _LAST = pl.col("body"), pl.col("id_number").str.slice(17)
_MONTH, _DAY_OF_MONTH = pl.col("born") // 100 % 100, pl.col("born") % 100
# What is asked of every row alike; put together once, since that takes as long as to ask it of a thousand rows.
_FORM = (
    pl.col("fault").is_null(),
    pl.col("id_type") == "RESIDENT_ID",
    pl.col("id_number").str.len_bytes() == 18,
    _BODY >= 10**16,  # seventeen digits, and no sign before them
    _LAST.is_in(_CHECK_CHARACTERS.implode()),
    pl.col("name").str.len_chars().is_between(2, 50),
    ~pl.col("name").str.contains("[^\u4e00-\u9fff]"),
    pl.col("source_ref").str.len_bytes() <= 100,
    ~pl.col("source_ref").str.contains("[^!-~]"),
)
_SENSE = (
    (_BODY // 10**15).is_in(_PROVINCES),
    pl.col("born") >= 1900_0101,
    _MONTH.is_between(1, 12),
    _DAY_OF_MONTH.is_between(1, 31),
    _is_day_of_month(_MONTH, _DAY_OF_MONTH),
    pl.lit(_CHECK_CHARACTERS).gather(_check_sum(_BODY)) == _LAST,
    pl.col("happened") >= pl.col("born") + 160_000,
)
"""What holds for good once it was found: not asked again of lines that were recorded."""


def check(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows in the form of `CHECKED`: code and message for a wrong one, normal forms and warnings for a good one."""
    few = _Few.of(frame)
    judged = _judge(frame, few, rules)
    is_good = judged.get_column("is_good")
    if is_good.all():
        return _normal_forms(judged, few, rules)
    rest = [_examine(row, rules) for row in frame.filter(~is_good).iter_rows(named=True)]
    plain = judged.filter("is_good")
    good = _normal_forms(plain, _Few.of(plain), rules)
    return pl.concat([good, pl.DataFrame(rest, schema=CHECKED)]).sort("row_no")


def check_again(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """`check` of rows that were all found plainly good before, by the same rules."""
    few = _Few.of(frame)
    return _normal_forms(_numbered(frame, few), few, rules)


def check_recorded(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame | None:
    """`check` of rows whose very lines were recorded before, when all of them are plainly good."""
    few = _Few.of(frame)
    judged = _judge(frame, few, rules, ())
    return _normal_forms(judged, few, rules) if judged.get_column("is_good").all() else None


def find_wrong(frame: pl.DataFrame, rules: Rules) -> tuple[bool, pl.DataFrame]:
    """Whether all rows are plainly good, and what `check` says without what is only shown; with `code` when not."""
    few = _Few.of(frame)
    judged = _judge(frame, few, rules)
    if judged.get_column("is_good").all():
        return True, judged.select(_contents(few, rules, _pending(judged, few)))
    return False, check(frame, rules).select("code", *_CONTENTS)


def _numbered(frame: pl.DataFrame, few: _Few) -> pl.DataFrame:
    """Adds numbers that the warnings are told by: `body` of the number, `born` and `happened` (YYYYMMDD)."""
    days = {day: int(day.replace("-", "")) for day in few["event_date"] if _is_day(day)}
    body = pl.col("id_number").str.slice(0, 17).cast(pl.Int64, strict=False).fill_null(0)
    return frame.with_columns(
        body.alias("body"),
        born=(body // 1000 % 100_000_000).cast(pl.Int32),
        happened=pl.col("event_date").replace_strict(days, default=0, return_dtype=pl.Int32),
    )


def _judge(frame: pl.DataFrame, few: _Few, rules: Rules, sense: Sequence[pl.Expr] = _SENSE) -> pl.DataFrame:
    """`_numbered`, and `is_good`."""
    today = int(legal_day(rules.now).strftime("%Y%m%d"))
    covered = pl.lit(value=False)
    for year, plan in rules.coverage.items():
        covered = covered | (
            (pl.col("year") == str(year))
            & pl.col("unit").is_in([unit for unit in plan.units if may_see(rules.own_unit, unit)])
            & pl.col("indicator").is_in(list(plan.indicators))
            & (pl.col("happened") // 10_000 == year)
            & (
                ~(pl.col("happened") // 100 % 100).is_in(list(plan.closed_months))
                | pl.col("correction").is_in(YES).fill_null(False)
            )
        )
    # One after the other, not within each other: the planner goes through a tree once for each of its levels.
    is_good = pl.all_horizontal(
        *_FORM,
        *sense,
        covered,
        pl.col("born") <= today,
        pl.col("happened") <= today,
        few.is_among("source_system", _SYSTEM.fullmatch),
        ~_names_number(frame),
        few.is_among("received_at", lambda at: _is_instant(at, rules.now), may_lack=True),
        *_proofs(few),
    )
    return _numbered(frame, few).with_columns(is_good=is_good.fill_null(False))


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_instant(text: str, now: datetime) -> bool:
    if not _INSTANT.fullmatch(text):
        return False
    try:
        return datetime.fromisoformat(text) <= now
    except ValueError:
        return False


def _names_number(frame: pl.DataFrame) -> pl.Expr:
    """Whether the source reference holds the number; only where one is long enough it is asked."""
    is_long = frame.get_column("source_ref").str.len_bytes() >= _SHORTEST_WITH_NUMBER
    if not is_long.any():
        return pl.lit(value=False)
    return (pl.lit(is_long) & pl.col("source_ref").str.contains(pl.col("id_number"), literal=True)).fill_null(True)


def _proofs(few: _Few) -> list[pl.Expr]:
    """N8, N9, and the form of what is declared beside the event, as far as anything is."""
    unemployed, certified, until = pl.col("unemployed_on"), pl.col("certified_on"), pl.col("certified_until")
    on, unit = pl.col("event_date"), pl.concat_str("unit", pl.lit("-"))
    return [
        (pl.col("indicator") != RE_EMPLOYED) | (unemployed <= on).fill_null(False),
        (pl.col("indicator") != ASSISTED) | ((certified <= on).fill_null(False) & (until >= on).fill_null(True)),
        *(few.is_among(name, is_well_formed, may_lack=True) for name, is_well_formed in _FORMS.items() if few[name]),
        *([pl.col("street").str.starts_with(unit).fill_null(True)] if few["street"] else []),
    ]


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except IdentifierError:
        return False
    return len(text) <= 40


_FORMS: Mapping[str, Callable[[str], object]] = {
    "unemployed_on": _is_day,
    "certified_on": _is_day,
    "certified_until": _is_day,
    "job_form": set(JobForm).__contains__,
    "job_months": _MONTHS.fullmatch,
    "monthly_pay": _PAY.fullmatch,
    "phone": partial(_parses, parse_mobile),
    "employer": partial(_parses, parse_uscc),
    "correction": {*YES, *NO}.__contains__,
    "street": _STREET.fullmatch,
}


def _normal_forms(good: pl.DataFrame, few: _Few, rules: Rules) -> pl.DataFrame:
    shown = {field: pl.col(field) for field in SHOWN} | {
        "id_number": pl.concat_str(pl.lit("*" * 14), pl.col("id_number").str.slice(14)),
        "name": _masked(),
        "phone": few.mapped("phone", lambda text: mask_mobile(parse_mobile(text))),
    }
    # Of all that was found plainly good this alone may begin like a formula.
    shown["source_ref"] = pl.concat_str(
        pl.when(pl.col("source_ref").str.contains(r"^[=+\-@]")).then(pl.lit("'")).otherwise(pl.lit("")), "source_ref"
    )
    made = {
        "code": pl.lit(None, pl.String),
        "message": pl.lit(None, pl.String),
        "is_over_age": _over_age(good, rules),
        **{made.meta.output_name(): made for made in _contents(few, rules, _pending(good, few))},
        **{f"shown_{field}": shown[field] for field in FIELDS},
    }
    return good.select(made[name].alias(name) for name in CHECKED)


def _contents(few: _Few, rules: Rules, pending: pl.Expr) -> list[pl.Expr]:
    return [
        pl.col("row_no"),
        *map(pl.col, FIELDS[:9]),
        pl.col("received_at").fill_null(rules.received_at),
        *map(pl.col, EVIDENCE[:5]),
        few.mapped("monthly_pay", lambda pay: str(fen_from_yuan(pay))).alias("monthly_pay"),
        few.mapped("phone", parse_mobile).alias("phone"),
        few.mapped("employer", lambda code: parse_uscc(code).number).alias("employer"),
        pl.when(pl.col("correction").is_in(YES)).then(pl.lit("true")).alias("correction"),
        pl.col("street"),
        pl.col("name").alias("name_key"),
        pending.alias("is_pending"),
    ]


def _masked() -> pl.Expr:
    """`mask_name` of Chinese names of two characters and more."""
    name = pl.col("name")
    size = name.str.len_chars()
    shown = pl.when(name.str.head(2).is_in(COMPOUND_SURNAMES) & (size > 2)).then(2).otherwise(1)
    return pl.concat_str(name.str.head(shown), pl.lit("*" * 50).str.head(size - shown))


def _over_age(good: pl.DataFrame, rules: Rules) -> pl.Expr:
    """N3, asked one by one of those who have reached the age that holds for the oldest."""
    ends = {end for plan in rules.coverage.values() for end in plan.attrition.values()}
    is_male = pl.col("body") % 2 == 1
    age = pl.when(is_male).then(MALE_AGE * 10_000).otherwise(FEMALE_AGE * 10_000)
    is_near = (pl.col("happened") > pl.col("born") + age) & ~pl.col("indicator").is_in(ends)
    at = good.select(is_near).to_series().arg_true()
    near = good.select(
        at.alias("at"), *(each.gather(at) for each in (pl.col("born"), pl.col("happened"), is_male))
    ).iter_rows()
    return _marked(good.height, [row for row, born, happened, male in near if happened > _retires_on(born, male)])


def _pending(good: pl.DataFrame, few: _Few) -> pl.Expr:
    """N10, asked one by one of flexible work."""
    if JobForm.FLEXIBLE not in few["job_form"]:
        return _marked(good.height, [])
    flexible = good.with_row_index("at").filter(pl.col("job_form") == JobForm.FLEXIBLE.value)
    found = [
        row["at"]
        for row in flexible.select("at", "event_date", "job_months", "monthly_pay").iter_rows(named=True)
        if waits(
            date.fromisoformat(row["event_date"]),
            Evidence(
                job_form=JobForm.FLEXIBLE,
                job_months=None if row["job_months"] is None else int(row["job_months"]),
                monthly_pay=None if row["monthly_pay"] is None else fen_from_yuan(row["monthly_pay"]),
            ),
        )
    ]
    return _marked(good.height, found)


def _marked(height: int, at: Sequence[int]) -> pl.Expr:
    if not at:
        return pl.lit(value=False)
    return pl.lit(pl.repeat(value=False, n=height, dtype=pl.Boolean, eager=True).scatter(at, True))


@lru_cache(20_000)
def _retires_on(born: int, is_male: bool) -> int:
    """Both days as YYYYMMDD; birthdays come again from batch to batch."""
    birth_date = date(born // 10_000, born // 100 % 100, born % 100)
    return int(retires_on(birth_date, is_male=is_male).strftime("%Y%m%d"))


def _examine(row: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """One row, by the schema and the rules of `POST /events`."""
    shown = _shown_row(row)
    if row["fault"] is not None:
        code, _, message = row["fault"].partition("|")
        return {"row_no": row["row_no"], "code": code, "message": message} | shown
    try:
        notice = EventCreate.model_validate(_typed(row)).notice(rules.now)
    except ValidationError as error:
        return _wrong(row, shown, body_errors(error))
    if not may_see(rules.own_unit, notice.unit):
        return _wrong(row, shown, [FieldError("/unit", UnitNotYoursError.code, UnitNotYoursError.default_detail)])
    covered = rules.coverage.get(notice.year, Coverage())
    person, faults = identify(notice, legal_day(rules.now))
    faults = [*find_errors(notice, covered, rules.now), *faults]
    if faults or person is None:
        return _wrong(row, shown, faults)
    warnings = list(find_warnings(notice, person, covered))
    phone = notice.evidence.phone
    evidence = notice.evidence.stored(parse_mobile(phone) if phone else None) or {}
    good = {
        "row_no": row["row_no"],
        "year": str(notice.year),
        "indicator": notice.indicator,
        "id_type": person.id_type.value,
        "id_number": person.number,
        "name": person.name,
        "event_date": notice.event_date.isoformat(),
        "unit": notice.unit,
        "source_system": notice.source_system,
        "source_ref": notice.source_ref,
        "received_at": notice.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        **{name: str(value).lower() if value is True else str(value) for name, value in evidence.items()},
        "name_key": name_key(person.name),
        "is_pending": FLEXIBLE in warnings,
        "is_over_age": OVER_AGE in warnings,
    }
    return good | shown


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a table as JSON has them."""
    values: dict[str, Any] = {field: row[field] for field in FIELDS if row[field] is not None}
    for field in WHOLE_NUMBERS & values.keys():
        if re.fullmatch("[0-9]{1,9}", values[field]):
            values[field] = int(values[field])
    if values.get("correction") in {*YES, *NO}:
        values["correction"] = values["correction"] in YES
    return values


def _wrong(row: Mapping[str, Any], shown: dict[str, Any], faults: list[FieldError]) -> dict[str, Any]:
    messages = [f"{LABELS.get(fault.pointer[1:], '本行')}：{fault.message}" for fault in faults]
    return {"row_no": row["row_no"], "code": faults[0].code, "message": "；".join(messages)} | shown


def _shown_row(row: Mapping[str, Any]) -> dict[str, str | None]:
    """In a row whose cells have slipped, a number or a name may stand anywhere; what may be one is not shown."""
    shown = {f"shown_{field}": _harmless(row[field]) for field in SHOWN}
    shown["shown_id_number"] = None if row["id_number"] is None else mask_id(row["id_number"])[-40:]
    shown["shown_name"] = None if row["name"] is None else mask_name(row["name"][:50])
    shown["shown_phone"] = None if row["phone"] is None else "***"
    return shown


def _harmless(cell: str | None) -> str | None:
    if cell is None or (_SAFE.fullmatch(cell) and not _LONG_NUMBER.search(cell)):
        return cell
    return "***"
