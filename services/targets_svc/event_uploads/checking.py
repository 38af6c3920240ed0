"""Rules N1, N2 and N4 over a whole frame.

Rows that are plainly good are told by vectorised expressions. Every other row goes the way of a single event, and gets
its codes and messages. The two ways agree as long as "plainly good" implies "good"; a property test says that it does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pydantic import ValidationError

from kit.clock import legal_day
from kit.errors import FieldError
from kit.http.validation import field_errors
from kit.identifiers.masking import mask_id, mask_name
from kit.identifiers.names import name_key
from targets_svc.event_uploads.domain import FIELDS, LABELS
from targets_svc.register.domain import Coverage, find_errors, identify
from targets_svc.register.errors import UnitNotYoursError
from targets_svc.register.schemas import EventCreate
from targets_svc.units.domain import may_see

SHOWN = ("year", "indicator", "id_type", "event_date", "unit", "source_system", "source_ref", "received_at")
CHECKED: dict[str, Any] = {
    "row_no": pl.Int32,
    "code": pl.String,
    "message": pl.String,
    **dict.fromkeys(FIELDS, pl.String),
    "name_key": pl.String,
    **{f"shown_{field}": pl.String for field in (*SHOWN, "id_number", "name")},
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCE = r"^(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71)[0-9]{15}[0-9X]$"
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.+-]{0,39}")
_LONG_NUMBER = re.compile(r"[0-9]{11}")
_FORMULA = r"^[=+\-@]"


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


def years_of(frame: pl.DataFrame) -> set[int]:
    """The years that a frame names."""
    years = frame.get_column("year").unique().drop_nulls()
    return {int(year) for year in years if re.fullmatch(r"[0-9]{4}", year)}


def check(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows in the form of `CHECKED`: a code and message for a wrong one, normal forms for a good one."""
    marked = frame.with_columns(is_good=_is_plainly_good(rules).fill_null(False))
    good = marked.filter("is_good").select(
        "row_no",
        pl.lit(None, pl.String).alias("code"),
        pl.lit(None, pl.String).alias("message"),
        *FIELDS[:-1],
        pl.col("received_at").fill_null(rules.received_at),
        pl.col("name").alias("name_key"),
        *(_shown(field) for field in SHOWN),
        pl.concat_str(pl.lit("*" * 14), pl.col("id_number").str.slice(14)).alias("shown_id_number"),
        _masked_names(marked.filter("is_good").get_column("name")),
    )
    rest = [_examine(row, rules) for row in marked.filter(~pl.col("is_good")).drop("is_good").iter_rows(named=True)]
    if not rest:
        return good.select(list(CHECKED))
    return pl.concat([good.select(list(CHECKED)), pl.DataFrame(rest, schema=CHECKED)]).sort("row_no")


def _is_plainly_good(rules: Rules) -> pl.Expr:
    today = int(legal_day(rules.now).strftime("%Y%m%d"))
    units = [f"{year}{unit}" for year, plan in rules.coverage.items() for unit in plan.units]
    indicators = [f"{year}{code}" for year, plan in rules.coverage.items() for code in plan.indicators]
    number, day, received = pl.col("id_number"), pl.col("event_date"), pl.col("received_at")
    born = number.str.slice(6, 8)
    born_on, happened_on = born.cast(pl.Int32, strict=False), _as_number(day)
    return (
        pl.col("fault").is_null()
        & pl.col("year").str.contains("^20[0-9]{2}$")
        & pl.concat_str("year", "unit").is_in([u for u in units if may_see(rules.own_unit, u[4:])])
        & pl.concat_str("year", "indicator").is_in(indicators)
        & (pl.col("id_type") == "RESIDENT_ID")
        & number.str.contains(_PROVINCE)
        & born.str.to_date("%Y%m%d", strict=False).is_not_null()
        & born_on.is_between(19000101, today)
        & _check_character_holds(number)
        & pl.col("name").str.len_chars().is_between(2, 50)
        & ~pl.col("name").str.contains("[^\u4e00-\u9fff]")
        & day.str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        & day.str.to_date("%Y-%m-%d", strict=False).is_not_null()
        & (day.str.slice(0, 4) == pl.col("year"))
        & (happened_on <= today)
        & (happened_on >= born_on + 160000)
        & (pl.col("source_system").str.len_bytes() <= 64)
        & ~pl.col("source_system").str.contains("^[_-]|[^A-Za-z0-9_-]")
        & (pl.col("source_ref").str.len_bytes() <= 100)
        & ~pl.col("source_ref").str.contains("[^!-~]")
        & ~pl.col("source_ref").str.contains(number, literal=True)
        & (
            received.is_null()
            | (
                received.str.contains("^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$")
                & (received.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_zone="UTC") <= rules.now)
            ).fill_null(False)
        )
    )


def _as_number(day: pl.Expr) -> pl.Expr:
    return day.str.replace_all("-", "", literal=True).cast(pl.Int32, strict=False)


def _check_character_holds(number: pl.Expr) -> pl.Expr:
    """GB 11643-1999; digits come off the right end of the first 17 as a number."""
    body = number.str.slice(0, 17).cast(pl.Int64, strict=False)
    total = pl.lit(0, pl.Int64)
    for place, weight in enumerate(reversed(_WEIGHTS)):
        total = total + body // 10**place % 10 * weight
    expected = (12 - total % 11) % 11
    last = number.str.slice(17)
    return pl.when(last == "X").then(expected == 10).otherwise(expected == last.cast(pl.Int64, strict=False))


def _shown(field: str) -> pl.Expr:
    """A cell of the result file that no spreadsheet takes for a formula."""
    cell = pl.col(field)
    is_formula = cell.str.contains(_FORMULA)
    return pl.when(is_formula).then(pl.concat_str(pl.lit("'"), cell)).otherwise(cell).alias(f"shown_{field}")


def _masked_names(names: pl.Series) -> pl.Series:
    masks = {name: mask_name(name) for name in names.unique()}
    return pl.Series("shown_name", [masks[name] for name in names], dtype=pl.String)


def _examine(row: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """One row, by the schema and the rules of `POST /events`."""
    shown = _shown_row(row)
    if row["fault"] is not None:
        code, _, message = row["fault"].partition("|")
        return {"row_no": row["row_no"], "code": code, "message": message} | shown
    values: dict[str, Any] = {field: row[field] for field in FIELDS if row[field] is not None}
    if re.fullmatch("[0-9]{1,9}", values.get("year", "")):
        values["year"] = int(values["year"])
    try:
        notice = EventCreate.model_validate(values).notice(rules.now)
    except ValidationError as error:
        return _wrong(row, shown, field_errors({**found, "loc": ("body", *found["loc"])} for found in error.errors()))
    if not may_see(rules.own_unit, notice.unit):
        return _wrong(row, shown, [FieldError("/unit", UnitNotYoursError.code, UnitNotYoursError.default_detail)])
    person, faults = identify(notice, legal_day(rules.now))
    faults = [*find_errors(notice, rules.coverage.get(notice.year, Coverage()), rules.now), *faults]
    if faults or person is None:
        return _wrong(row, shown, faults)
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
        "name_key": name_key(person.name),
    }
    return good | shown


def _wrong(row: Mapping[str, Any], shown: dict[str, Any], faults: list[FieldError]) -> dict[str, Any]:
    messages = [f"{LABELS.get(fault.pointer[1:], '本行')}：{fault.message}" for fault in faults]
    return {"row_no": row["row_no"], "code": faults[0].code, "message": "；".join(messages)} | shown


def _shown_row(row: Mapping[str, Any]) -> dict[str, str | None]:
    """In a row whose cells have slipped, a number or a name may stand anywhere; what may be one is not shown."""
    shown = {f"shown_{field}": _harmless(row[field]) for field in SHOWN}
    shown["shown_id_number"] = None if row["id_number"] is None else mask_id(row["id_number"])[-40:]
    shown["shown_name"] = None if row["name"] is None else mask_name(row["name"][:50])
    return shown


def _harmless(cell: str | None) -> str | None:
    if cell is None or (_SAFE.fullmatch(cell) and not _LONG_NUMBER.search(cell)):
        return cell
    return "***"
