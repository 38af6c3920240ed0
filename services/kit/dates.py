"""Months, quarters and legal periods. Intervals are half-open; month arithmetic clamps to the month's end."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"(?!9999)[0-9]{4}-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(?!9999)([0-9]{4})Q([1-4])")


def parse_date(text: str) -> date:
    """`YYYY-MM-DD` only; anything else is a ValueError."""
    if not _DATE.fullmatch(text):
        raise ValueError("not a date of the form YYYY-MM-DD")
    return date.fromisoformat(text)


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later, clamped to its end; always from the given day, never iterated."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    """29 February becomes 28 February where there is none."""
    return add_months(day, 12 * years)


def complete_months(start: date, end: date) -> int:
    """Months complete on `end`: the greatest n with add_months(start, n) <= end; negative when end is earlier."""
    n = (end.year - start.year) * 12 + end.month - start.month
    while add_months(start, n) > end:
        n -= 1
    return n


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, `2025-04` on the wire, where 9999 is refused: no day comes after it."""

    year: int
    number: int

    def __post_init__(self) -> None:
        _require(self, 12)

    @classmethod
    def parse(cls, text: str) -> "Month":
        if not _MONTH.fullmatch(text):
            raise ValueError("not a month of the form YYYY-MM")
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def after(self) -> date:
        """The first day that is no longer in it."""
        return add_months(self.first, 1)

    @property
    def last(self) -> date:
        return self.after - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter, `2025Q2` on the wire, where 9999 is refused."""

    year: int
    number: int

    def __post_init__(self) -> None:
        _require(self, 4)

    @classmethod
    def parse(cls, text: str) -> "Quarter":
        match = _QUARTER.fullmatch(text)
        if not match:
            raise ValueError("not a quarter of the form YYYYQn")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> "Quarter":
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first(self) -> date:
        return date(self.year, self.number * 3 - 2, 1)

    @property
    def after(self) -> date:
        return add_months(self.first, 3)

    def next(self) -> "Quarter":
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"


def _require(period: Month | Quarter, in_a_year: int) -> None:
    if not (1 <= period.year <= 9999 and 1 <= period.number <= in_a_year):
        raise ValueError("no such month or quarter")
