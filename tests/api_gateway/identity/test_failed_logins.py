"""Wrong secrets are counted within a window, each id for itself."""

import pytest

from api_gateway.identity.errors import TooManyFailuresError
from api_gateway.identity.failed_logins import FailedLogins


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_fifth_failure_makes_the_next_attempt_wait_until_the_window_has_passed() -> None:
    clock = Clock()
    failed = FailedLogins(limit=5, window_seconds=600, clock=clock)
    for _ in range(5):
        failed.check("a")
        failed.record("a")
        clock.now += 10
    with pytest.raises(TooManyFailuresError) as stopped:
        failed.check("a")
    assert stopped.value.headers["Retry-After"] == "550"
    failed.check("b")
    clock.now += 549.5
    with pytest.raises(TooManyFailuresError) as stopped:
        failed.check("a")
    assert stopped.value.headers["Retry-After"] == "1"
    clock.now += 0.5
    failed.check("a")


def test_a_right_secret_clears_the_count() -> None:
    failed = FailedLogins(limit=2)
    failed.record("a")
    failed.forget("a")
    failed.record("a")
    failed.check("a")


def test_memory_is_bounded_whatever_ids_are_tried() -> None:
    failed = FailedLogins(limit=1)
    failed.record("first")
    for number in range(10_000):
        failed.record(f"nobody-{number}")
    failed.check("first")  # the oldest was forgotten
    with pytest.raises(TooManyFailuresError):
        failed.check("nobody-9999")
