"""E22 and the boundaries of leverage and compensation."""

import pytest

from loans_svc.funds.domain import FundObstacle, FundPosition, assess_application, leverage_limit
from loans_svc.rules.repository import catalogue

LIMITS = catalogue().fund_limits["FUND_2020"]
MILLION = 1_000_000_00


def test_E22_50_million_248_outstanding_3_applied_is_5_020_times() -> None:  # noqa: N802  the example's number
    answer = assess_application(FundPosition(50 * MILLION, 248 * MILLION), 3 * MILLION, LIMITS)
    assert (answer.leverage, answer.leverage_limit, answer.may_approve) == ("5.020", 5, False)
    assert answer.obstacles == (FundObstacle.LEVERAGE_EXCEEDED,)
    assert answer.room_fen == 2 * MILLION


def test_E22_with_90_percent_repaid_the_limit_is_10_times() -> None:  # noqa: N802
    position = FundPosition(50 * MILLION, 248 * MILLION, due_fen=10 * MILLION, repaid_due_fen=9 * MILLION)
    answer = assess_application(position, 3 * MILLION, LIMITS)
    assert (answer.leverage, answer.leverage_limit, answer.may_approve) == ("5.020", 10, True)


@pytest.mark.parametrize(("amount", "may"), [(2 * MILLION, True), (2 * MILLION + 1, False)])
def test_the_limit_itself_is_allowed_and_a_fen_more_is_not(amount: int, may: bool) -> None:
    assert assess_application(FundPosition(50 * MILLION, 248 * MILLION), amount, LIMITS).may_approve is may


def test_reserved_approvals_count() -> None:
    reserved = FundPosition(50 * MILLION, 240 * MILLION, reserved_fen=9 * MILLION)
    assert assess_application(reserved, 1 * MILLION, LIMITS).may_approve
    assert not assess_application(reserved, 1 * MILLION + 1, LIMITS).may_approve


@pytest.mark.parametrize(("repaid", "due", "limit"), [(90, 100, 10), (89, 100, 5), (899_999, 1_000_000, 5), (0, 0, 5)])
def test_the_repayment_rate_is_compared_in_whole_fen(repaid: int, due: int, limit: int) -> None:
    assert leverage_limit(FundPosition(1, 0, due_fen=due, repaid_due_fen=repaid), LIMITS) == limit


@pytest.mark.parametrize(
    ("compensated", "is_high", "may"),
    [(0, False, True), (1499, False, True), (1500, True, True), (2000, True, True), (2001, True, False)],
)
def test_compensation_warns_at_15_percent_and_stops_above_20(compensated: int, is_high: bool, may: bool) -> None:
    answer = assess_application(FundPosition(10_000, 10_000, compensated_fen=compensated), 1, LIMITS)
    assert (answer.is_compensation_high, answer.may_approve) == (is_high, may)


def test_a_fund_without_money_guarantees_nothing() -> None:
    answer = assess_application(FundPosition(0, 0), 1, LIMITS)
    assert (answer.leverage, answer.room_fen, answer.may_approve) == (None, 0, False)
