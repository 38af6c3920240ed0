"""Results of a part: counted by measure and district, filtered to a work list, read row by row."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from eligibility_svc.checks.domain import Truth
from eligibility_svc.screenings.domain import NO_DISTRICT, WorkList
from eligibility_svc.screenings.frames import OUTCOMES
from eligibility_svc.screenings.parts import DISTRICT, REFERENCE, ROW
from eligibility_svc.screenings.programs import (
    AMOUNT,
    ENDING,
    MISSING,
    OUTCOME,
    UNKNOWN,
    UNMET,
    column,
    decode,
)

COUNTED = (*OUTCOMES, *(each.value for each in WorkList))
_REFUSED, _OPEN, _ENTITLED = range(3)
Counts = dict[str, dict[str, list[int]]]


def listed(measure: str, work: WorkList, *, has_amount: bool) -> pl.Expr:
    """Whether a row is on a work list of a measure.

    Args:
        has_amount: whether the measure gives money.
    """
    outcome = pl.col(column(measure, OUTCOME))
    if work is WorkList.ONE_FACT:
        return (outcome == _OPEN) & (pl.col(column(measure, MISSING)) == 1)
    if work is WorkList.ENDING:
        return (outcome == _ENTITLED) & pl.col(column(measure, ENDING))
    is_clear = pl.col(column(measure, UNKNOWN)) == 0
    if has_amount:
        is_clear = is_clear & pl.col(column(measure, AMOUNT)).is_not_null()
    return (outcome == _ENTITLED) & (is_clear if work is WorkList.NO_APPLICATION else ~is_clear)


def count(results: pl.DataFrame, measures: Mapping[str, bool]) -> Counts:
    """Measure → district → numbers in the order of COUNTED.

    Args:
        measures: measure → whether it gives money.
    """
    district = pl.col(DISTRICT).fill_null(NO_DISTRICT)
    counts: Counts = {}
    for measure, has_amount in measures.items():
        numbers = [(pl.col(column(measure, OUTCOME)) == code).sum() for code in range(len(OUTCOMES))]
        numbers += [listed(measure, work, has_amount=has_amount).sum() for work in WorkList]
        named = [number.alias(name) for name, number in zip(COUNTED, numbers, strict=True)]
        rows = results.group_by(district.alias(DISTRICT)).agg(named).sort(DISTRICT).iter_rows()
        counts[measure] = {row[0]: list(row[1:]) for row in rows}
    return counts


def added(parts: Sequence[Counts]) -> Counts:
    """The counts of all parts together."""
    total: Counts = {}
    for part in parts:
        for measure, districts in part.items():
            for district, numbers in districts.items():
                before = total.setdefault(measure, {}).get(district, [0] * len(COUNTED))
                total[measure][district] = [a + b for a, b in zip(before, numbers, strict=True)]
    return total


def page(content: bytes, measure: str, after: int, limit: int, conditions: Sequence[pl.Expr]) -> list[dict[str, Any]]:
    """Rows of a part behind a row number that meet the conditions, by row number."""
    wanted = {name: column(measure, name) for name in (OUTCOME, AMOUNT, UNMET, UNKNOWN, MISSING, ENDING)}
    frame = pl.read_parquet(io.BytesIO(content), columns=[ROW, REFERENCE, DISTRICT, *wanted.values()])
    kept = frame.filter(pl.col(ROW) > after, *conditions).head(limit)
    return kept.rename({behind: name for name, behind in wanted.items()}).to_dicts()


def reasons(row: Mapping[str, Any], criteria: Sequence[str]) -> dict[str, Truth]:
    """The truth of each criterion of a row of `page`."""
    return decode(row[UNMET], row[UNKNOWN], criteria)


def published(results: pl.LazyFrame, measures: Sequence[str]) -> pl.LazyFrame:
    """Results as others read them: outcomes by name."""
    names = pl.Enum(OUTCOMES)
    return results.with_columns(pl.col(column(measure, OUTCOME)).cat.to(names) for measure in measures)
