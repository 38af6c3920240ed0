"""Rules as Polars expressions.

A fact is a column of its name: BOOL Boolean, COUNT Int64, MONEY Int64 in fen, DATE Date, a choice Enum of its codes;
monthly amounts are two lists of Int64, `NAME.months` (year × 12 + month) and `NAME.amounts` (fen).
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from functools import cache

import polars as pl

from eligibility_svc.language.columns import Target
from eligibility_svc.language.functions import share_of_months
from eligibility_svc.language.nodes import Kind, Type
from kit.dates import Month

_TYPES: dict[Kind, pl.DataType] = {
    Kind.BOOL: pl.Boolean(),
    Kind.COUNT: pl.Int64(),
    Kind.MONEY: pl.Int64(),
    Kind.DATE: pl.Date(),
}
MONTHS_SUFFIX, AMOUNTS_SUFFIX = ".months", ".amounts"


@cache
def column_type(of: Type) -> pl.DataType:
    """The Polars type of a fact."""
    return pl.Enum(of.choices) if of.kind is Kind.CHOICE else _TYPES[of.kind]


def columns_of(name: str, of: Type) -> dict[str, pl.DataType]:
    """The columns that hold a fact."""
    if of.kind is Kind.MONTHS:
        return {name + MONTHS_SUFFIX: pl.List(pl.Int64()), name + AMOUNTS_SUFFIX: pl.List(pl.Int64())}
    return {name: column_type(of)}


_CODES = tuple(pl.lit(code, pl.UInt8) for code in range(3))


class PolarsTarget(Target[pl.Expr]):
    """Expressions over a frame of facts.

    Args:
        outcomes: names for false, unknown and true; 0, 1 and 2 without them.
    """

    def __init__(self, outcomes: Sequence[str] | None = None) -> None:
        names = pl.Enum(outcomes or ())
        self._outcomes = tuple(pl.lit(name, names) for name in outcomes) if outcomes else _CODES

    def fact(self, name: str, of: Type) -> pl.Expr:
        return pl.col(name + MONTHS_SUFFIX if of.kind is Kind.MONTHS else name)

    def literal(self, value: bool | int | str | date | None, of: Type) -> pl.Expr:
        # A choice stays text: Polars compares it with the Enum column beside it.
        return pl.lit(value, pl.String() if of.kind is Kind.CHOICE else column_type(of))

    def every(self, parts: Sequence[pl.Expr]) -> pl.Expr:
        return pl.all_horizontal(parts) if len(parts) > 1 else parts[0]

    def some(self, parts: Sequence[pl.Expr]) -> pl.Expr:
        return pl.any_horizontal(parts) if len(parts) > 1 else parts[0]

    def negation(self, operand: pl.Expr) -> pl.Expr:
        return ~operand

    def compare(self, operator: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
        match operator:
            case "<":
                return left < right
            case "<=":
                return left <= right
            case ">":
                return left > right
            case ">=":
                return left >= right
            case "==":
                return left == right
            case _:
                return left != right

    def member(self, item: pl.Expr, choices: Sequence[str]) -> pl.Expr:
        return self.some([item == pl.lit(choice) for choice in choices])

    def arithmetic(self, operator: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case _:
                return left * right

    def widened(self, value: pl.Expr) -> pl.Expr:
        return value.cast(pl.Int128)

    def narrowed(self, value: pl.Expr) -> pl.Expr:
        return value.cast(pl.Int64)

    def quotient(self, left: pl.Expr, right: pl.Expr) -> pl.Expr:
        return left // right

    def either(self, condition: pl.Expr, then: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
        return pl.when(condition).then(then).when(~condition).then(otherwise)

    def where(self, certain: pl.Expr, then: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
        return pl.when(certain).then(then).otherwise(otherwise)

    def holds(self, truth: pl.Expr) -> pl.Expr:
        return truth.fill_null(value=False)

    def fails(self, truth: pl.Expr) -> pl.Expr:
        return ~truth.fill_null(value=True)

    def is_unknown(self, value: pl.Expr) -> pl.Expr:
        return value.is_null()

    def months_after(self, day: pl.Expr, months: int) -> pl.Expr:
        return day.dt.offset_by(f"{months}mo")

    def year(self, day: pl.Expr) -> pl.Expr:
        return day.dt.year().cast(pl.Int64)

    def month(self, day: pl.Expr) -> pl.Expr:
        return day.dt.month().cast(pl.Int64)

    def day(self, day: pl.Expr) -> pl.Expr:
        return day.dt.day()

    def is_month_end(self, day: pl.Expr) -> pl.Expr:
        return day == day.dt.month_end()

    def share_of_months(self, fact: str, entered_on: pl.Expr, months: int, share: Fraction, ceiling: int) -> pl.Expr:
        def computed(rows: pl.Series) -> pl.Series:
            # Years that begin on a row's own day are no column operation; the rule's own function does it exactly.
            return pl.Series([_share_of_row(row, months, share, ceiling) for row in rows], dtype=pl.Int64, strict=True)

        parts = [pl.col(fact + MONTHS_SUFFIX), pl.col(fact + AMOUNTS_SUFFIX), entered_on.alias("entered_on")]
        return pl.struct(parts).map_batches(computed, return_dtype=pl.Int64, is_elementwise=True)

    def at_least(self, count: int, truths: Sequence[pl.Expr]) -> pl.Expr:
        holding = pl.sum_horizontal([self.holds(truth).cast(pl.UInt8) for truth in truths])
        possible = pl.sum_horizontal([truth.fill_null(value=True).cast(pl.UInt8) for truth in truths])
        return pl.when(holding >= count).then(True).when(possible < count).then(False)

    def count(self, certain: Sequence[pl.Expr]) -> pl.Expr:
        return pl.sum_horizontal([each.cast(pl.UInt8) for each in certain]) if certain else pl.lit(0, pl.UInt8)

    def outcome(self, verdict: pl.Expr) -> pl.Expr:
        refused, is_open, entitled = self._outcomes
        return pl.when(verdict).then(entitled).when(verdict.is_null()).then(is_open).otherwise(refused)

    def mask(self, flags: Sequence[pl.Expr]) -> pl.Expr:
        width = mask_type(len(flags))
        bits = [flag.cast(width) * pl.lit(1 << bit, width) for bit, flag in enumerate(flags)]
        total = bits[0]
        for bit in bits[1:]:
            total = total + bit
        return total


def mask_type(flags: int) -> type[pl.DataType]:
    """The narrowest unsigned number with so many bits."""
    return next(kind for bits, kind in _WIDTHS if flags <= bits)


_WIDTHS: tuple[tuple[int, type[pl.DataType]], ...] = (
    (8, pl.UInt8),
    (16, pl.UInt16),
    (32, pl.UInt32),
    (64, pl.UInt64),
)


def _share_of_row(row: dict[str, object], months: int, share: Fraction, ceiling: int) -> int | None:
    listed, amounts, entered = row.values()
    if listed is None or amounts is None or entered is None:
        return None
    assert isinstance(listed, list)
    assert isinstance(amounts, list)
    assert isinstance(entered, date)
    costs = tuple((Month(*divmod_month(index)), amount) for index, amount in zip(listed, amounts, strict=True))
    return share_of_months(costs, entered, months, share, ceiling)


def divmod_month(index: int) -> tuple[int, int]:
    """Year and month of a month's number: year × 12 + month, months from 1."""
    year, month = divmod(index - 1, 12)
    return year, month + 1
