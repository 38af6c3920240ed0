"""Rows as COPY takes them in its binary form, put together on frames.

Text functions of frames know no bytes, so here a character stands for each byte, U+0000 to U+00FF. The server spends a
third less on a row than on one of csv, since no uuid, day or instant has to be parsed. (PostgreSQL manual, COPY.)
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
_NULL = "\xff\xff\xff\xff"
_FIRST_DAY, _FIRST_INSTANT = date(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)


def of_bytes(value: bytes) -> str:
    """A character for each byte."""
    return value.decode("latin-1")


def to_bytes(characters: str) -> bytes:
    """`of_bytes` undone; raises UnicodeEncodeError for other characters."""
    return characters.encode("latin-1")


def whole(number: int, size: int) -> str:
    """A whole number of `size` bytes."""
    return of_bytes(number.to_bytes(size, "big", signed=True))


def lines(frame: pl.DataFrame, width: int, fields: Iterable[pl.Expr]) -> bytes:
    """The frame's rows of `width` fields, which are made by the expressions below."""
    rows = frame.select(pl.concat_str(pl.lit(whole(width, 2)), *fields)).to_series()
    return HEAD + to_bytes(rows.str.join("").item()) + END


def uuids(column: str) -> pl.Expr:
    """Of a column of 16 characters."""
    return pl.concat_str(pl.lit(whole(16, 4)), column)


def constant(value: bytes) -> pl.Expr:
    return pl.lit(whole(len(value), 4) + of_bytes(value))


def numbers(column: str) -> pl.Expr:
    """Of a column of 8 characters, a bigint."""
    return pl.concat_str(pl.lit(whole(8, 4)), column)


def texts(frame: pl.DataFrame, column: str, version: bytes = b"") -> pl.Expr:
    """Of ASCII texts that may lack; jsonb begins with a version, as `version`."""
    sizes = frame.get_column(column).str.len_bytes()
    heads = {size: whole(size + len(version), 4) + of_bytes(version) for size in sizes.unique().drop_nulls()}
    if not heads:
        return pl.lit(_NULL)
    given = pl.concat_str(sizes.replace_strict(heads, default=_NULL, return_dtype=pl.String), column)
    return given if not sizes.null_count() else given.fill_null(_NULL)


def small_numbers(frame: pl.DataFrame, column: str) -> pl.Expr:
    """A smallint written in digits."""
    return _each(frame, column, lambda value: whole(2, 4) + whole(int(value), 2))


def booleans(frame: pl.DataFrame, column: str) -> pl.Expr:
    return _each(frame, column, lambda value: whole(1, 4) + whole(int(value), 1))


def days(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Of texts YYYY-MM-DD."""
    return _each(frame, column, lambda day: whole(4, 4) + whole((date.fromisoformat(day) - _FIRST_DAY).days, 4))


def instants(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Of texts in RFC 3339."""
    return _each(frame, column, lambda at: whole(8, 4) + whole(_microseconds(datetime.fromisoformat(at)), 8))


def _microseconds(at: datetime) -> int:
    return (at - _FIRST_INSTANT) // timedelta(microseconds=1)


def _each(frame: pl.DataFrame, column: str, change: Callable[[Any], str]) -> pl.Expr:
    """A column with each of its different values changed once."""
    values = frame.get_column(column).unique()
    return pl.col(column).replace_strict({value: change(value) for value in values}, return_dtype=pl.String)
