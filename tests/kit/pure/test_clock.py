"""The legal day is Beijing's, whatever the machine's time zone."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from kit.clock import legal_day, now, today


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2024, 12, 31, 15, 59, 59, 999_999, tzinfo=UTC), date(2024, 12, 31)),
        (datetime(2024, 12, 31, 16, 0, tzinfo=UTC), date(2025, 1, 1)),
        (datetime(2025, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=8))), date(2025, 1, 1)),
        (datetime(2024, 12, 31, 11, 0, tzinfo=timezone(timedelta(hours=-5))), date(2025, 1, 1)),
        (datetime(1988, 7, 1, 15, 30, tzinfo=UTC), date(1988, 7, 2)),
    ],
)
def test_the_legal_day_begins_at_midnight_in_beijing(instant: datetime, day: date) -> None:
    assert legal_day(instant) == day


def test_now_is_an_aware_instant_in_utc() -> None:
    assert now().tzinfo is UTC
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_today_is_the_legal_day_of_now() -> None:
    before, day, after = legal_day(now()), today(), legal_day(now())
    assert before <= day <= after
