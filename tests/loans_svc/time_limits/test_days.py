"""By when a step is to be done: worked days over holidays, and the days whose steps are late."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.working_days import load_calendar
from loans_svc.rules.domain import TimedStep
from loans_svc.rules.repository import catalogue
from loans_svc.time_limits.domain import due_of, late_spans

LIMITS = list(catalogue().time_limits.values())


@pytest.mark.parametrize(
    ("step", "since", "due_on"),
    [
        # 29 and 30 September, 8 and 9 October, Saturday the 10th, then 12 to 16.
        ("DECISION", "2026-09-28", "2026-10-16"),
        # 26 and 27 January, 5 to 8 February, 10 to 13: 28 January to 4 February are 春节.
        ("DECISION", "2025-01-24", "2025-02-13"),
        ("DISBURSEMENT", "2026-11-20", "2026-11-25"),  # a Friday: Monday, Tuesday, Wednesday
        ("SUBMISSION", "2026-09-30", "2026-10-10"),  # 1–7 October are holidays, Saturday the 10th is worked
        ("REVIEW", "2026-11-18", "2026-11-23"),
        ("APPROVAL", "2026-11-23", "2026-11-30"),
        ("PAYMENT", "2026-11-23", "2026-11-30"),
    ],
)
def test_a_step_is_due_so_many_working_days_after_the_one_before(step: str, since: str, due_on: str) -> None:
    began, last = date.fromisoformat(since), date.fromisoformat(due_on)
    found = due_of(LIMITS, TimedStep(step), began, last, load_calendar())
    assert found is not None
    assert (found.due_on, found.days_left, found.is_late) == (last, 0, False)
    later = due_of(LIMITS, TimedStep(step), began, last + timedelta(days=1), load_calendar())
    assert later is not None
    assert later.is_late


def test_before_there_were_limits_nothing_is_due() -> None:
    assert due_of(LIMITS, TimedStep.DECISION, date(2023, 12, 31), date(2026, 1, 5), load_calendar()) is None


@given(st.sampled_from(TimedStep), st.dates(date(2023, 12, 1), date(2026, 12, 31)), st.integers(0, 60))
def test_the_spans_of_late_days_say_what_each_step_says_itself(step: TimedStep, since: date, later: int) -> None:
    today = since + timedelta(days=later)
    due = due_of(LIMITS, step, since, today, load_calendar())
    spans = [one for one in late_spans(LIMITS, today, load_calendar()) if one.step is step]
    assert any(one.since <= since <= one.until for one in spans) == (due is not None and due.is_late)
