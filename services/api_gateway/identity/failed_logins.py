"""How many wrong secrets a client id may see before it must wait."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from api_gateway.identity.errors import TooManyFailuresError

_REMEMBERED = 10_000


class FailedLogins:
    """Counts in this process only; ids that no client has are counted like others (reliability design S11).

    Args:
        limit: failures allowed within the window.
        window_seconds: how long a failure counts.
        clock: monotonic seconds.
    """

    def __init__(
        self, *, limit: int = 5, window_seconds: int = 600, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._window = window_seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, client_id: str) -> None:
        """Raises:
        TooManyFailuresError: the id must wait; the error tells how long.
        """
        failures = self._failures.get(client_id)
        if failures is None or len(failures) < self._limit:
            return
        wait = failures[0] + self._window - self._clock()
        if wait > 0:
            raise TooManyFailuresError(math.ceil(wait), limit=self._limit, window_seconds=self._window)

    def record(self, client_id: str) -> None:
        """One more wrong secret."""
        failures = self._failures.setdefault(client_id, deque(maxlen=self._limit))
        self._failures.move_to_end(client_id)
        failures.append(self._clock())
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def forget(self, client_id: str) -> None:
        """The secret was right."""
        self._failures.pop(client_id, None)
