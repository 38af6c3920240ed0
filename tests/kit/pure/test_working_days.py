"""Working days over weekends, holidays and moved working days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.working_days import WorkingCalendar, load_calendar


@pytest.mark.parametrize(
    ("since", "days", "last_day"),
    [
        ("2017-01-31", 5, "2017-02-08"),  # 1–2 February are 春节, Saturday the 4th is worked: 3, 4, 6, 7, 8
        ("2017-03-31", 5, "2017-04-10"),  # 1 April is a worked Saturday, 2–4 are 清明: 1, 5, 6, 7, 10
        ("2017-09-30", 5, "2017-10-13"),  # 1–8 October are holidays
        ("2025-09-30", 3, "2025-10-11"),  # 1–8 October are holidays, Saturday the 11th is worked: 9, 10, 11
        ("2026-02-12", 5, "2026-02-26"),  # Saturday the 14th is worked, 15–23 are 春节: 13, 14, 24, 25, 26
        ("2023-06-30", 5, "2023-07-07"),  # a year without a known calendar has plain weekends
    ],
)
def test_so_many_working_days_later(since: str, days: int, last_day: str) -> None:
    assert load_calendar().add(date.fromisoformat(since), days) == date.fromisoformat(last_day)


def test_every_moved_working_day_is_a_weekend_day_and_no_holiday() -> None:
    calendar = load_calendar()

    assert all(day.weekday() >= 5 for day in calendar.moved_working_days)
    assert not calendar.moved_working_days & calendar.holidays


DAYS = st.dates(date(2016, 12, 1), date(2027, 2, 1))


@given(DAYS, st.integers(1, 20))
def test_counting_is_the_inverse_of_adding(day: date, days: int) -> None:
    calendar = load_calendar()
    later = calendar.add(day, days)
    assert calendar.is_working_day(later)
    assert calendar.between(day, later) == days == -calendar.between(later, day)


@given(DAYS, st.integers(1, 20))
def test_what_began_on_the_last_day_before_is_over_and_what_began_a_day_later_is_not(day: date, days: int) -> None:
    calendar: WorkingCalendar = load_calendar()
    last = calendar.last_before(day, days)
    assert calendar.add(last, days) < day <= calendar.add(last + timedelta(days=1), days)
