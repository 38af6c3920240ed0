"""The functions that a rule may call: total, exact, by the calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from eligibility_svc.language.nodes import BOOL, COUNT, DATE, MONEY, MONTHS, NUMBER, MonthAmounts, Type, Value
from kit.dates import add_months, add_years, complete_months


def is_in_year_of(day: date, other: date) -> bool:
    """Whether both days are of one calendar year (毕业年度 runs from 1 January to 31 December)."""
    return day.year == other.year


def pro_rata(amount: int | Fraction, part: int, whole: int) -> Fraction:
    """`part` of `whole` equal shares of an amount in fen, exact; nothing when the whole is none."""
    return Fraction(amount) * part / whole if whole > 0 else Fraction(0)


@dataclass(frozen=True, slots=True)
class YearShare:
    """What one year of monthly costs gives, in fen.

    Attributes:
        number: 1 for the year that begins on the day of entry.
        parts: the share of each month, each rounded down to the fen: "at most" is a ceiling of every month.
        paid: their sum, cut to the year's ceiling.
    """

    number: int
    parts: tuple[int, ...]
    paid: int


def years_of_share(
    costs: MonthAmounts, entered_on: date, months: int, share: int | Fraction, ceiling: int | Fraction
) -> tuple[YearShare, ...]:
    """Splits monthly costs into years counted from the day of entry.

    A month belongs to the year in which its last day falls, so that the month of entry is the first one; months
    before it and from number `months` on give nothing (郑政办文〔2017〕15号 三: 3 years, half of a month's costs, a
    ceiling a year).
    """
    years: dict[int, list[int]] = {}
    for month, amount in sorted(costs):
        position = complete_months(entered_on, month.last)
        if month.last >= entered_on and position < months:
            years.setdefault(position // 12, []).append(int(amount * share))
    return tuple(
        YearShare(index + 1, tuple(parts), int(min(sum(parts), ceiling))) for index, parts in sorted(years.items())
    )


def share_of_months(
    costs: MonthAmounts, entered_on: date, months: int, share: int | Fraction, ceiling: int | Fraction
) -> int:
    """The sum of `years_of_share`, in fen."""
    return sum(year.paid for year in years_of_share(costs, entered_on, months, share, ceiling))


@dataclass(frozen=True, slots=True)
class Function:
    """A function's signature; `fixed` are the argument positions that must be a literal or a parameter.

    A length that a client could choose would let a date run out of the calendar.
    """

    run: Callable[..., Value]
    arguments: tuple[Type, ...]
    result: Type
    fixed: frozenset[int] = frozenset()


FUNCTIONS: dict[str, Function] = {
    "years_after": Function(add_years, (DATE, COUNT), DATE, frozenset({1})),
    "months_after": Function(add_months, (DATE, COUNT), DATE, frozenset({1})),
    "complete_months": Function(complete_months, (DATE, DATE), COUNT),
    "in_year_of": Function(is_in_year_of, (DATE, DATE), BOOL),
    "round_up": Function(ceil, (NUMBER,), COUNT),
    "pro_rata": Function(pro_rata, (MONEY, COUNT, COUNT), MONEY),
    "share_of_months": Function(share_of_months, (MONTHS, DATE, COUNT, NUMBER, MONEY), MONEY, frozenset({2, 3, 4})),
}
