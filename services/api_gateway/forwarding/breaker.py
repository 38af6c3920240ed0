"""Whether an instance of a service is tried at all (pure: the clock is given).

Closed: every request goes. It opens after `consecutive` failures in a row, or when at least `share` of at least
`minimum` requests within the window failed. Open: nothing goes, for `open_seconds`. Then exactly one request goes as a
probe: its success closes the breaker, its failure opens it again (reliability design R15).
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """See the module. Times in seconds; the window is counted in whole seconds."""

    consecutive: int
    share: float
    minimum: int
    window_seconds: int
    open_seconds: float


class BreakerState(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Breaker:
    """Args:
    clock: monotonic seconds; a wall clock that steps would open or close it.
    """

    def __init__(self, rules: BreakerRules, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._clock = clock
        # Each opening and closing begins a new era; what was let through in an older one no longer counts.
        self._era = 1
        self._open_until: float | None = None
        self._is_probing = False
        self._in_a_row = 0
        self._seconds: deque[list[int]] = deque()  # [second, requests, failures]

    @property
    def state(self) -> BreakerState:
        if self._open_until is None:
            return BreakerState.CLOSED
        if self._is_probing or self._clock() >= self._open_until:
            return BreakerState.HALF_OPEN
        return BreakerState.OPEN

    @property
    def opens_in(self) -> float:
        """Seconds until a request is let through; 0 when one is now."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - self._clock())

    def enter(self) -> int:
        """A permit for one request, to be given to `leave`; 0 when none may go."""
        if self._open_until is not None:
            if self._is_probing or self._clock() < self._open_until:
                return 0
            self._is_probing = True
        return self._era

    def leave(self, permit: int, succeeded: bool | None) -> None:
        """How the request of a permit went; None when it says nothing about the instance (the client left)."""
        if permit != self._era:
            return
        if self._open_until is not None:
            self._is_probing = False
            if succeeded is not None:
                self._turn(None if succeeded else self._clock() + self._rules.open_seconds)
        elif succeeded is not None:
            self._count(failed=not succeeded)

    def _count(self, *, failed: bool) -> None:
        now = self._clock()
        second = int(now)
        seconds = self._seconds
        if not seconds or seconds[-1][0] != second:
            seconds.append([second, 0, 0])
            while seconds[0][0] <= second - self._rules.window_seconds:
                seconds.popleft()
        seconds[-1][1] += 1
        if not failed:
            self._in_a_row = 0
            return
        seconds[-1][2] += 1
        self._in_a_row += 1
        requests = sum(entry[1] for entry in seconds)
        failures = sum(entry[2] for entry in seconds)
        rules = self._rules
        if self._in_a_row >= rules.consecutive or (requests >= rules.minimum and failures >= rules.share * requests):
            self._turn(now + rules.open_seconds)

    def _turn(self, open_until: float | None) -> None:
        self._era += 1
        self._open_until = open_until
        self._in_a_row = 0
        self._seconds.clear()
