"""When a month may be closed."""

from datetime import date

import pytest

from kit.dates import Month
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
        check_close(JUNE, date(2017, 7, 1), {"ZZ07", "ZZ00"}, None, is_closed=False)
    assert "ZZ00、ZZ07" in refused.value.errors[0].message
    check_reopening("市本级补报", is_closed=True)
    with pytest.raises(MonthCloseInvalidError):
        check_reopening(None, is_closed=True)
    with pytest.raises(MonthNotClosedError):
        check_reopening("市本级补报", is_closed=False)


def test_the_same_person_does_not_decide() -> None:
    check_decider("a", "b")
    with pytest.raises(CloseFourEyesError):
        check_decider("a", "a")
