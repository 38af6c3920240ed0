"""What the gate asks before it lets a request through: whether its principal may make one more call now."""

from typing import NamedTuple, Protocol

from api_gateway.forwarding.route_table import Route
from kit.auth.principal import Principal
from kit.errors import DomainError


class Verdict(NamedTuple):
    """Attributes:
    refusal: why not; None lets the request through.
    fields: headers of the answer in either case (RateLimit and the like) as they go over the wire, each with its
        line end.
    """

    refusal: DomainError | None = None
    fields: bytes = b""


class Limiter(Protocol):
    """Decides from memory, without waiting: it is asked on every forwarded request, after identity."""

    def take(self, principal: Principal, route: Route, now: float) -> Verdict:
        """One call of this principal.

        Args:
            now: monotonic seconds.
        """


class Unlimited:
    """Lets everybody through."""

    def take(self, principal: Principal, route: Route, now: float) -> Verdict:
        return _PASSED


_PASSED = Verdict()
