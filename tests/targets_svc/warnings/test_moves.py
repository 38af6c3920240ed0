"""How a warning moves: up at once, down after one closed month, the next colour without an answer."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.working_days import load_calendar
from targets_svc.progress.domain.arithmetic import Level
from targets_svc.warnings.domain import (
    COLOURS,
    Move,
    Standing,
    Step,
    answer_due_at,
    check_answer,
    follow,
    next_colour,
)
from targets_svc.warnings.errors import AnswerInvalidError

G, B, Y, O, R = Level.GREEN, Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED  # noqa: E741  the colours
YELLOW_SINCE_JUNE = Standing(Y, 6)


def test_a_warning_opens_below_the_course_of_the_year_and_not_on_it() -> None:
    assert follow(None, G, 6, is_closed=True) is None
    assert follow(None, Level.GREY, 6, is_closed=True) is None
    for level in COLOURS:
        assert follow(None, level, 6, is_closed=False) == Move(Step.OPENED, level)


@pytest.mark.parametrize("is_closed", [True, False])
def test_it_rises_at_once(is_closed: bool) -> None:
    for month in (6, 7):
        assert follow(YELLOW_SINCE_JUNE, R, month, is_closed=is_closed) == Move(Step.RAISED, R)
    assert follow(YELLOW_SINCE_JUNE, R, 5, is_closed=is_closed) is None, "what is older than its colour says nothing"


def test_it_falls_only_after_a_whole_closed_month_at_the_lower_level() -> None:
    assert follow(YELLOW_SINCE_JUNE, B, 7, is_closed=False) is None
    assert follow(YELLOW_SINCE_JUNE, B, 6, is_closed=True) is None
    assert follow(YELLOW_SINCE_JUNE, Y, 7, is_closed=True) is None
    assert follow(YELLOW_SINCE_JUNE, B, 7, is_closed=True) == Move(Step.FALLEN, B)
    assert follow(YELLOW_SINCE_JUNE, G, 7, is_closed=True) == Move(Step.ENDED, G)


def test_without_a_figure_nothing_moves_and_a_target_taken_back_ends_it() -> None:
    assert follow(YELLOW_SINCE_JUNE, Level.GREY, 7, is_closed=True) is None
    assert follow(YELLOW_SINCE_JUNE, Level.GREY, 7, is_closed=True, is_assigned=False) == Move(Step.ENDED, G)
    assert follow(YELLOW_SINCE_JUNE, Level.GREY, 7, is_closed=False, is_assigned=False) is None


def test_the_next_colour_stops_at_red() -> None:
    assert [next_colour(level) for level in COLOURS] == [Y, O, R, R]


SEEN = st.tuples(st.integers(0, 2), st.sampled_from([G, *COLOURS, Level.GREY]), st.booleans())


@given(st.lists(SEEN, max_size=40))
def test_over_any_year_it_is_never_milder_than_what_was_seen_and_every_repeat_is_idle(
    steps: list[tuple[int, Level, bool]],
) -> None:
    """Months go on by 0 to 2; a repeat of the same judgement finds nothing to do, whatever came before."""
    month, standing = 1, None
    order = [G, *COLOURS]
    for by, seen, is_closed in steps:
        month += by
        before = standing
        move = follow(standing, seen, month, is_closed=is_closed)
        if move is not None:
            standing = None if move.step is Step.ENDED else Standing(move.level, month)
        if seen is not Level.GREY:
            level = standing.level if standing else G
            assert order.index(level) >= order.index(seen)
            assert follow(standing, seen, month, is_closed=is_closed) is None
        if move is not None and move.step in {Step.FALLEN, Step.ENDED}:
            assert before is not None
            assert is_closed
            assert month > before.level_month
            assert order.index(move.level) < order.index(before.level)


def test_the_answer_is_due_at_the_end_of_the_fifth_working_day() -> None:
    raised = datetime(2017, 7, 10, 2, tzinfo=UTC)
    national_day = datetime(2017, 9, 29, 2, tzinfo=UTC)
    calendar = load_calendar()

    assert answer_due_at(Y, raised, calendar, 5) == datetime(2017, 7, 17, 16, tzinfo=UTC)
    due = answer_due_at(R, national_day, calendar, 5)
    assert due is not None
    assert due > datetime(2017, 10, 12, tzinfo=UTC)
    assert answer_due_at(B, raised, calendar, 5) is None


@pytest.mark.parametrize(
    ("on", "is_fit"),
    [("2017-07-09", False), ("2017-07-10", True), ("2017-10-10", True), ("2017-10-11", False)],
)
def test_the_promised_day_lies_ahead_and_within_a_quarter(on: str, is_fit: bool) -> None:
    if is_fit:
        check_answer(date.fromisoformat(on), date(2017, 7, 10), 92)
    else:
        with pytest.raises(AnswerInvalidError):
            check_answer(date.fromisoformat(on), date(2017, 7, 10), 92)
