"""When a month may be closed."""

from datetime import date

import pytest

from kit.dates import Month
from onebox.credentials import scopes_by_kind
from targets_svc.month_closes.domain import check_close, check_decider, check_reopening
from targets_svc.month_closes.errors import (
    CloseFourEyesError,
    MonthClosedError,
    MonthCloseInvalidError,
    MonthNotClosedError,
)

JUNE = Month(2017, 6)


def test_a_month_is_closed_after_its_last_day_and_once() -> None:
    check_close(JUNE, date(2017, 7, 1), (), None, is_closed=False)
    with pytest.raises(MonthCloseInvalidError):
        check_close(JUNE, date(2017, 6, 30), (), "有单位机构调整", is_closed=False)
    with pytest.raises(MonthClosedError):
        check_close(JUNE, date(2017, 7, 1), (), None, is_closed=True)


def test_missing_reports_and_reopening_need_a_reason() -> None:
    check_close(JUNE, date(2017, 7, 1), {"ZZ00"}, "市本级机构调整", is_closed=False)
    with pytest.raises(MonthCloseInvalidError) as refused:
        check_close(JUNE, date(2017, 7, 1), ["市本级", "金水"], None, is_closed=False)
    assert "市本级、金水" in refused.value.errors[0].message
    check_reopening("市本级补报", is_closed=True)
    with pytest.raises(MonthCloseInvalidError):
        check_reopening(None, is_closed=True)
    with pytest.raises(MonthNotClosedError):
        check_reopening("市本级补报", is_closed=False)


def test_the_same_person_does_not_decide() -> None:
    check_decider("a", "b")
    with pytest.raises(CloseFourEyesError):
        check_decider("a", "a")


def test_no_kind_of_account_both_applies_and_approves() -> None:
    duties = {"targets.month.propose", "targets.month.approve"}
    held = {kind: duties & set(scopes) for kind, scopes in scopes_by_kind().items()}

    assert {kind: scopes for kind, scopes in held.items() if scopes} == {
        "CITY": {"targets.month.propose"},
        "CITY_REVIEWER": {"targets.month.approve"},
    }


def test_a_unit_answers_its_warnings_and_splits_its_targets_and_the_level_above_issues() -> None:
    held = {kind: set(scopes) for kind, scopes in scopes_by_kind().items()}

    assert {kind for kind, scopes in held.items() if "targets.child_plan.write" in scopes} == {"STAFF"}
    assert {kind for kind, scopes in held.items() if "targets.warning.acknowledge" in scopes} == {"STAFF", "CITY"}
    assert not any("targets.service_event.write" in scopes for scopes in held.values())
