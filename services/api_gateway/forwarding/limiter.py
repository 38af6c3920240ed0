"""What the gate asks before it lets a request through: whether its principal may make one more call now."""

from typing import Protocol

from kit.auth.principal import Principal


class Limiter(Protocol):
    """Decides from memory, without waiting: it is asked on every call, after identity."""

    def take(self, principal: Principal, now: float) -> bytes:
        """One call of this principal.

        Args:
            now: monotonic seconds.

        Returns:
            Headers of the answer (RateLimit and the like) as they go over the wire, each with its line end.

        Raises:
            RateLimitedError, CapacityReachedError: it may not now.
        """


class Unlimited:
    """Lets everybody through."""

    def take(self, principal: Principal, now: float) -> bytes:
        return b""
