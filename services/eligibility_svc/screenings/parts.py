"""Parts of a register: typed facts as Parquet, fifty thousand rows each, without the rows that cannot be read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from eligibility_svc.facts.domain import Fact
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.screenings.cells import is_wrong, message, text, typed
from eligibility_svc.screenings.domain import MAX_REFERENCE, MAX_REJECTIONS, PART_ROWS, ColumnMap, Format, Rejection
from eligibility_svc.screenings.frames import frame_schema
from eligibility_svc.screenings.reading import read_register

ROW, REFERENCE, DISTRICT = "row_no", "reference", "district"
_HOME = "hukou_unit"


def write_parts(folder: Path, file_format: Format, mapping: ColumnMap) -> list[list[Rejection]]:
    """Writes `0.parquet`, `1.parquet`, … and `left_out.json`, and tells which cells could not be read.

    Raises:
        RegisterUnreadableError: nothing of it can be read.
    """
    cells = read_register(folder / "register", file_format, _called(mapping)).with_row_index(ROW, offset=1)
    rejections: list[list[Rejection]] = []
    left_out: list[int] = []
    start = 0
    while (part := cells.slice(start, PART_ROWS).collect()).height:
        facts, rejected = read_part(part, mapping)
        facts.write_parquet(folder / f"{len(rejections)}.parquet")
        rejections.append(rejected)
        left_out.append(part.height - facts.height)
        start += PART_ROWS
    (folder / "left_out.json").write_text(json.dumps(left_out), encoding="utf-8")
    return rejections


def _called(mapping: ColumnMap) -> dict[str, str]:
    """Every heading that is read, and what we call it."""
    known = vocabulary().of(mapping.subject)
    extra = {mapping.reference: "本单位自己的编号", mapping.district: "所属县（市、区）"}
    called = {heading: known[name].label for heading, name in mapping.columns.items()}
    return {heading: called.get(heading) or extra[heading] for heading in mapping.headings}


def read_part(cells: pl.DataFrame, mapping: ColumnMap) -> tuple[pl.DataFrame, list[Rejection]]:
    """Typed facts with `row_no`, `reference` and `district`, and why rows were left out (at most 1 000 reasons)."""
    known = vocabulary().of(mapping.subject)
    # A heading may be called like a fact; here it is called by its place.
    places = {heading: f"cell {index}" for index, heading in enumerate(mapping.headings)}
    facts = {heading: known[name] for heading, name in mapping.columns.items()}
    columns = [column for heading, fact in facts.items() for column in typed(fact, places[heading])]
    made = cells.rename(places).with_columns(columns)
    made = made.with_columns(_district(mapping, places), _reference(mapping, places))
    faults = [_Fault(heading, is_wrong(fact, places[heading]), fact) for heading, fact in facts.items()]
    faults += _faults_beside_facts(mapping, places)
    flags = made.select(ROW, *(fault.is_wrong.alias(str(index)) for index, fault in enumerate(faults)))
    rejections = [
        rejection for index, fault in enumerate(faults) for rejection in _rejections(flags, str(index), fault)
    ]
    rejections.sort(key=lambda rejection: rejection.row_no)
    kept = [name for name in frame_schema(vocabulary(), mapping.subject) if name in made.columns]
    is_sound = flags.select(~pl.any_horizontal(pl.exclude(ROW))).to_series()
    return made.filter(is_sound).select(ROW, REFERENCE, DISTRICT, *kept), rejections[:MAX_REJECTIONS]


@dataclass(frozen=True, slots=True)
class _Fault:
    """What may be wrong with the cells of a heading; without a fact they are too long."""

    heading: str
    is_wrong: pl.Expr
    fact: Fact | None


def _faults_beside_facts(mapping: ColumnMap, places: Mapping[str, str]) -> list[_Fault]:
    faults = []
    if mapping.district is not None:
        is_unknown = text(places[mapping.district]).is_not_null() & pl.col(DISTRICT).is_null()
        faults.append(_Fault(mapping.district, is_unknown, _unit()))
    if mapping.reference is not None:
        is_long = pl.col(REFERENCE).str.len_chars().fill_null(0) > MAX_REFERENCE
        faults.append(_Fault(mapping.reference, is_long, None))
    return faults


def _rejections(flags: pl.DataFrame, flag: str, fault: _Fault) -> list[Rejection]:
    rows = flags.filter(pl.col(flag)).get_column(ROW).head(MAX_REJECTIONS).to_list()
    if fault.fact is None:
        return [Rejection(row, fault.heading, "TOO_LONG", f"不能超过{MAX_REFERENCE}个字") for row in rows]
    return [Rejection(row, fault.heading, fault.fact.type.value, message(fault.fact)) for row in rows]


def _unit() -> Fact:
    return next(fact for fact in vocabulary().facts if fact.name == _HOME)


def _district(mapping: ColumnMap, places: Mapping[str, str]) -> pl.Expr:
    if mapping.district is not None:
        return typed(_unit(), places[mapping.district])[0].cast(pl.String).alias(DISTRICT)
    if _HOME in mapping.columns.values():
        return pl.col(_HOME).cast(pl.String).alias(DISTRICT)
    return pl.lit(None, pl.String).alias(DISTRICT)


def _reference(mapping: ColumnMap, places: Mapping[str, str]) -> pl.Expr:
    return (pl.lit(None, pl.String) if mapping.reference is None else text(places[mapping.reference])).alias(REFERENCE)
