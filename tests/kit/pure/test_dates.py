"""Month arithmetic clamps to the month's end and always starts from the given day."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.dates import Month, Quarter, add_months, add_years, complete_months, parse_date

days = st.dates(date(1900, 1, 1), date(2200, 12, 31))
months = st.integers(-1200, 1200)


@pytest.mark.parametrize(
    ("start", "count", "result"),
    [
        (date(2024, 8, 31), 6, date(2025, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2023, 12, 31), 36, date(2026, 12, 31)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 1, 15), -1, date(2023, 12, 15)),
        (date(2024, 1, 31), 0, date(2024, 1, 31)),
        (date(2017, 5, 15), 24, date(2019, 5, 15)),
    ],
)
def test_months_are_added_with_the_end_of_the_month_as_limit(start: date, count: int, result: date) -> None:
    assert add_months(start, count) == result


def test_the_window_of_36_months_has_the_days_of_its_years() -> None:
    assert (add_months(date(2024, 2, 29), 36) - date(2024, 2, 29)).days == 1095
    assert (add_months(date(2023, 12, 31), 36) - date(2023, 12, 31)).days == 1096


def test_adding_twice_is_not_adding_at_once() -> None:
    assert add_months(add_months(date(2024, 1, 31), 1), 1) == date(2024, 3, 29)
    assert add_months(date(2024, 1, 31), 2) == date(2024, 3, 31)


def test_a_leap_day_is_28_february_in_other_years() -> None:
    assert add_years(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)


@given(days, months)
def test_only_the_month_moves_unless_it_is_too_short(start: date, count: int) -> None:
    result = add_months(start, count)
    assert (result.year * 12 + result.month) - (start.year * 12 + start.month) == count
    assert result.day == min(start.day, monthrange(result.year, result.month)[1])


@given(days, days, months)
def test_adding_months_keeps_the_order_of_days(one: date, other: date, count: int) -> None:
    earlier, later = sorted((one, other))
    assert add_months(earlier, count) <= add_months(later, count)


@given(days, months)
def test_400_years_change_nothing(start: date, count: int) -> None:
    era = timedelta(days=146_097)
    assert add_months(start + era, count) == add_months(start, count) + era


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        (date(2018, 6, 1), date(2018, 9, 1), 3),
        (date(2018, 6, 2), date(2018, 9, 1), 2),
        (date(2018, 6, 1), date(2018, 8, 31), 2),
        (date(2024, 1, 31), date(2024, 2, 28), 0),
        (date(2024, 1, 31), date(2024, 2, 29), 1),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2018, 6, 1), date(2018, 6, 1), 0),
        (date(2018, 6, 2), date(2018, 6, 1), -1),
        (date(2018, 6, 2), date(2018, 5, 2), -1),
    ],
)
def test_only_complete_months_count(start: date, end: date, count: int) -> None:
    assert complete_months(start, end) == count


@given(days, days)
def test_complete_months_are_the_most_that_fit(start: date, end: date) -> None:
    count = complete_months(start, end)
    assert add_months(start, count) <= end < add_months(start, count + 1)


@pytest.mark.parametrize("text", ["2024-02-29", "0001-01-01", "9999-12-31"])
def test_a_calendar_date_is_read(text: str) -> None:
    assert parse_date(text).isoformat() == text


@pytest.mark.parametrize(
    "text",
    [
        "", "2025-02-29", "2025-13-01", "2025-00-01", "0000-01-01", "20250101", "2025-1-1", "2025-W01-1",
        "2025-001", "2025-01-01T00:00:00", "2025-01-01\n", " 2025-01-01", "２０２５-01-01", "2025/01/01", "+2025-01-01",
        "10000-01-01",
    ],
)  # fmt: skip
def test_anything_else_is_not_a_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_date(text)


@pytest.mark.parametrize("text", ["2017-01", "2024-12", "0001-01", "9998-12"])
def test_a_month_is_written_as_it_is_read(text: str) -> None:
    month = Month.parse(text)
    assert str(month) == text
    assert (month.first.day, month.after - month.last) == (1, timedelta(days=1))


@pytest.mark.parametrize(
    "text",
    ["", "2025-00", "2025-13", "2025-1", "202501", "2025-01-01", "2025-01\n", "２０２５-01", "0000-01", "9999-12"],
)
def test_anything_else_is_not_a_month(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)


@pytest.mark.parametrize("text", ["2025Q1", "2025Q4", "0001Q1", "9998Q4"])
def test_a_quarter_is_written_as_it_is_read(text: str) -> None:
    quarter = Quarter.parse(text)
    assert str(quarter) == text
    assert add_months(quarter.first, 3) == quarter.after


@pytest.mark.parametrize(
    "text",
    ["", "2025Q0", "2025Q5", "2025q1", "2025-Q1", "25Q1", "2025Q1\n", "２０２５Q1", "2025Q１", "0000Q1", "9999Q4"],
)
def test_anything_else_is_not_a_quarter(text: str) -> None:
    with pytest.raises(ValueError, match="quarter"):
        Quarter.parse(text)


@pytest.mark.parametrize(("kind", "number"), [(Month, 0), (Month, 13), (Quarter, 0), (Quarter, 5)])
def test_a_period_that_no_year_has_cannot_be_made(kind: type[Month] | type[Quarter], number: int) -> None:
    with pytest.raises(ValueError, match="no such"):
        kind(2025, number)


@given(days)
def test_a_day_lies_in_its_month_and_its_quarter(day: date) -> None:
    assert Month.of(day).first <= day <= Month.of(day).last < Month.of(day).after
    assert Quarter.of(day).first <= day < Quarter.of(day).after


@given(days)
def test_quarters_follow_each_other_without_gap_and_in_order(day: date) -> None:
    quarter = Quarter.of(day)
    assert quarter < quarter.next()
    assert quarter.next().first == quarter.after


def test_the_fourth_quarter_is_followed_by_the_first() -> None:
    assert str(Quarter.parse("2025Q4").next()) == "2026Q1"
