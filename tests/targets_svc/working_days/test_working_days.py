"""Deadlines of the monthly report over weekends, holidays and moved working days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from kit.dates import Month
from kit.working_days import WorkingCalendar, load_calendar
from targets_svc.standards.repository import shipped_standard
from targets_svc.working_days.domain import deadlines, due_at


@pytest.mark.parametrize(
    ("month", "last_day"),
    [
        (
            Month(2017, 1),
            date(2017, 2, 8),
        ),  # 1–2 February are Spring Festival, Saturday the 4th is worked: 3, 4, 6, 7, 8
        (Month(2017, 3), date(2017, 4, 10)),  # 1 April is a worked Saturday, 2–4 are 清明: 1, 5, 6, 7, 10
        (Month(2017, 6), date(2017, 7, 7)),
        (Month(2017, 9), date(2017, 10, 13)),  # 1–8 October are holidays
        (Month(2017, 12), date(2018, 1, 8)),  # 1 January is a holiday
        (Month(2023, 6), date(2023, 7, 7)),  # a year without a known calendar has plain weekends
    ],
)
def test_a_report_is_due_five_working_days_after_its_month(month: Month, last_day: date) -> None:
    calendar = load_calendar()

    assert calendar.add(month.last, 5) == last_day


def test_the_last_day_ends_at_midnight_in_beijing() -> None:
    assert due_at(Month(2017, 6), load_calendar(), days=5) == datetime(2017, 7, 7, 16, 0, tzinfo=UTC)


def test_the_number_of_days_is_a_setting() -> None:
    assert due_at(Month(2017, 6), WorkingCalendar(), days=1) == datetime(2017, 7, 3, 16, 0, tzinfo=UTC)


def test_each_month_is_due_by_the_standards_that_held_for_it_and_were_known() -> None:
    old, published_at = shipped_standard(), datetime(2017, 6, 1, tzinfo=UTC)
    quick = replace(old.deadlines, report_days=2)
    new = replace(old, version=2, effective_from=date(2017, 6, 1), deadlines=quick, published_at=published_at)
    asked = ([Month(2017, 5), Month(2017, 6)], load_calendar(), [old, new])

    assert deadlines(*asked, published_at) == {
        5: datetime(2017, 6, 7, 16, tzinfo=UTC),
        6: datetime(2017, 7, 4, 16, tzinfo=UTC),
    }
    assert deadlines(*asked, published_at - timedelta(days=1))[6] == datetime(2017, 7, 7, 16, tzinfo=UTC)
