"""Midnight is Beijing's, February has its own last day, and what was known at an instant can be said again."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.clock import legal_day
from kit.dates import Month
from kit.errors import DomainError
from kit.identifiers.documents import IdType
from kit.working_days import load_calendar
from targets_svc.month_closes.domain import check_close
from targets_svc.plans.domain import version_in_force
from targets_svc.progress.domain.observation import days_overdue
from targets_svc.progress.domain.period import choose_month
from targets_svc.register.domain import Coverage, Notice, find_errors
from targets_svc.report_rules.domain import check_period
from targets_svc.reports.domain import is_late
from targets_svc.working_days.domain import due_at
from tests.targets_svc.conftest import Targets
from tests.targets_svc.register.people import number
from tests.targets_svc.reports.flow import approve, carry, draft, figures, plan_of, step

MIDNIGHT = datetime(2017, 6, 30, 16, 0, tzinfo=UTC)
"""The first instant of July in Beijing."""
TICK = timedelta(microseconds=1)


def may_close(month: Month, at: datetime) -> bool:
    try:
        check_close(month, legal_day(at), [], None, is_closed=False)
    except DomainError:
        return False
    return True


@pytest.mark.parametrize(
    ("at", "last_ended", "reports_july", "closes_june", "counts_july"),
    [(MIDNIGHT - TICK, "2017-05", False, False, False), (MIDNIGHT, "2017-06", True, True, True)],
)
def test_a_month_begins_at_midnight_in_beijing(
    at: datetime, last_ended: str, reports_july: bool, closes_june: bool, counts_july: bool
) -> None:
    event = Notice(
        2017, "I01", "ZZ07", date(2017, 7, 1), "hr", "R1", at, IdType.RESIDENT_ID, id_number=number(1), name="王测试"
    )
    covered = Coverage(frozenset({"ZZ07"}), frozenset({"I01"}))

    assert str(choose_month(None, None, legal_day(at))) == last_ended
    assert (check_period(Month(2017, 7), legal_day(at), has_plan=True) == []) is reports_july
    assert may_close(Month(2017, 6), at) is closes_june
    assert ([fault.code for fault in find_errors(event, covered, at)] == []) is counts_july


def test_a_report_is_late_and_overdue_from_the_first_instant_after_its_last_day() -> None:
    due = due_at(Month(2017, 6), load_calendar(), 5)

    assert [is_late(at, due, at) for at in (due, due + TICK)] == [False, True]
    assert [
        days_overdue(due, at) for at in (due, due + TICK, due + timedelta(days=1), due + timedelta(days=1) + TICK)
    ] == [
        0,
        1,
        1,
        2,
    ]


def test_february_of_a_leap_year_has_one_day_more() -> None:
    leap, plain = Month(2020, 2), Month(2019, 2)
    event = Notice(
        2020, "I01", "ZZ07", leap.last, "hr", "R1", MIDNIGHT, IdType.RESIDENT_ID, id_number=number(1), name="王测试"
    )
    covered = Coverage(frozenset({"ZZ07"}), frozenset({"I01"}), frozenset({3}))

    assert (leap.last, plain.last) == (date(2020, 2, 29), date(2019, 2, 28))
    assert [may_close(leap, datetime(2020, 2, day, 16, 0, tzinfo=UTC)) for day in (28, 29)] == [False, True]
    assert list(find_errors(event, covered, datetime(2020, 3, 1, tzinfo=UTC))) == []
    assert due_at(leap, load_calendar(), 5) == datetime(2020, 3, 6, 16, 0, tzinfo=UTC), (
        "Monday the 2nd to Friday the 6th"
    )


class Version:
    """A version of a plan as far as its dates go."""

    def __init__(self, version: int, effective_from: date) -> None:
        self.version, self.effective_from = version, effective_from


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(-1, 45))
def test_the_plan_of_a_day_is_what_replaying_the_issues_leaves(offsets: list[int], asked: int) -> None:
    first = date(2016, 2, 20)  # over the leap day
    versions = [Version(n, first + timedelta(days=offset)) for n, offset in enumerate(offsets, start=1)]
    in_force = None
    for day in range(asked + 1):
        for version in versions:
            if version.effective_from == first + timedelta(days=day):
                in_force = version

    assert version_in_force(versions, first + timedelta(days=asked)) is in_force


async def test_what_was_known_at_an_instant_is_what_replaying_the_approvals_leaves(targets: Targets) -> None:
    """Two districts correct a month at random; every table of every instant is that of the approvals until then."""
    plan, choose = await plan_of(targets), random.Random(2017)
    history: list[tuple[datetime, str, int]] = []

    async def official(unit: str, value: int) -> None:
        cells = figures(plan, unit, I03=value)
        if not any(one == unit for _, one, _ in history):
            await approve(targets, unit, "2017-01", cells)
        else:
            async with targets.staff(unit) as staff:
                opened = await step(staff, unit, "2017-01", "correction", reason="按台账更正")
            await draft(targets, unit, "2017-01", cells, opened.headers["etag"])
            await carry(targets, unit, "2017-01")
        async with targets.city() as city:
            report = (await city.get(f"/reports/{unit}/2017-01")).json()
        history.append((datetime.fromisoformat(report["approved_at"]), unit, value))

    for _ in range(5):
        await official(choose.choice(["ZZ01", "ZZ02"]), choose.randrange(100))
    async with targets.city() as city:
        for at, *_ in history:
            for instant in (at - TICK, at):
                expected = {unit: value for approved_at, unit, value in history if approved_at <= instant}
                query = {"month": "2017-01", "source": "REPORT", "known_at": instant.isoformat()}
                rows = (await city.get("/progress", params=query)).json()["items"]
                seen = {
                    r["unit"]: r["actual"] for r in rows if r["indicator"] == "I03" and r["unit"] in {"ZZ01", "ZZ02"}
                }
                assert seen == {"ZZ01": None, "ZZ02": None, **expected}
