"""How much of the traffic to a service may be repetition (pure): a storm of retries keeps a weak service down (R16)."""

_SHARE = 10  # one repetition for so many requests
_RESERVE = 10  # repetitions that may come first, and
_MOST = 100  # the most that quiet times save up


class RetryBudget:
    """Counts tenths: every request brings one, every repetition takes ten."""

    def __init__(self) -> None:
        self._tenths = _RESERVE * _SHARE

    def earn(self) -> None:
        """A request has come for the first time."""
        if self._tenths < _MOST * _SHARE:
            self._tenths += 1

    def spend(self) -> bool:
        """Whether one more may be repeated; if so it is counted."""
        if self._tenths < _SHARE:
            return False
        self._tenths -= _SHARE
        return True
