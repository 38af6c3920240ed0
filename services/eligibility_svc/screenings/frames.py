"""Screening with Polars: a frame of facts in, a frame of results out."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from eligibility_svc.facts.domain import Vocabulary
from eligibility_svc.language.nodes import Kind, Value
from eligibility_svc.language.polars_columns import (
    AMOUNTS_SUFFIX,
    MONTHS_SUFFIX,
    PolarsTarget,
    columns_of,
    divmod_month,
)
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.screenings.programs import Program, program
from kit.dates import Month

OUTCOMES = ("NOT_ELIGIBLE", "UNDETERMINED", "ELIGIBLE")


def frame_schema(vocabulary: Vocabulary, subject: str) -> dict[str, pl.DataType]:
    """The columns of a frame of facts."""
    schema: dict[str, pl.DataType] = {}
    for name, fact in vocabulary.of(subject).items():
        schema |= columns_of(name, fact.value_type)
    return schema


def polars_program(
    catalogue: Catalogue,
    subject: str,
    as_of: date,
    measures: Sequence[str],
    horizon: date | None = None,
    *,
    is_named: bool = False,
) -> Program[pl.Expr]:
    """The measures as Polars expressions.

    Args:
        is_named: outcomes by name, as others read them; else their positions in OUTCOMES.
    """
    target = PolarsTarget(OUTCOMES if is_named else None)
    return program(catalogue, target, subject, as_of, measures, horizon=horizon)


def screened(facts: pl.LazyFrame, made: Program[pl.Expr], kept: Sequence[str] = ()) -> pl.LazyFrame:
    """The results of each row, with the columns of it that are kept. Facts without a column are unknown.

    Args:
        facts: columns as `frame_schema` types them.
        kept: columns to carry over.
    """
    conditions = [expression.alias(name) for name, expression in made.conditions.items()]
    results = [expression.alias(name) for name, expression in made.results.items()]
    return facts.select(*map(pl.col, kept), *conditions).select(*map(pl.col, kept), *results)


def completed(facts: pl.LazyFrame, schema: dict[str, pl.DataType], made: Program[Any]) -> pl.LazyFrame:
    """With a column of unknowns for every fact that is read and not there."""
    present = set(facts.collect_schema().names())
    read = {name for name in schema if name.partition(".")[0] in made.facts}
    return facts.with_columns(pl.lit(None, schema[name]).alias(name) for name in sorted(read - present))


def columns_from_facts(rows: Sequence[dict[str, Value]], vocabulary: Vocabulary, subject: str) -> dict[str, list[Any]]:
    """Rows of facts as columns."""
    columns: dict[str, list[Any]] = {}
    for name, fact in vocabulary.of(subject).items():
        values: list[Any] = [row.get(name) for row in rows]
        if fact.value_type.kind is not Kind.MONTHS:
            columns[name] = values
            continue
        columns[name + MONTHS_SUFFIX] = [
            None if value is None else [month.year * 12 + month.number for month, _ in value] for value in values
        ]
        columns[name + AMOUNTS_SUFFIX] = [None if value is None else [fen for _, fen in value] for value in values]
    return columns


def facts_of_row(row: dict[str, Any], vocabulary: Vocabulary, subject: str) -> dict[str, Value]:
    """The known facts of a row of a frame, as a check takes them."""
    facts: dict[str, Value] = {}
    for name, fact in vocabulary.of(subject).items():
        if fact.value_type.kind is Kind.MONTHS:
            months, amounts = row.get(name + MONTHS_SUFFIX), row.get(name + AMOUNTS_SUFFIX)
            if months is not None and amounts is not None:
                pairs = zip(months, amounts, strict=True)
                facts[name] = tuple((Month(*divmod_month(index)), fen) for index, fen in pairs)
        elif row.get(name) is not None:
            facts[name] = row[name]
    return facts
