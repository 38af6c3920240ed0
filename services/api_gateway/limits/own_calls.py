"""The limits of the gateway's own calls: who has proved who he is draws on his own bucket, strangers on one together.

Who claims to be somebody and proves nothing is refused before anything is counted: else strangers could use up what is
another's. Health and metrics are not limited: an operator must see what is going on.
"""

import time
from contextvars import ContextVar

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_gateway.forwarding.limiter import Limiter
from kit.auth.principal import Principal

STRANGERS = Principal(":strangers", "STRANGER", frozenset())  # no client's id has a colon
_told: ContextVar[list[bytes]] = ContextVar("told")


class OwnCallLimits:
    """Args:
    limiter: the one of the forwarded calls: a client has one bucket for all that it does.
    """

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    def take(self, principal: Principal = STRANGERS) -> None:
        """One call; what is left stands in the headers of its answer.

        Raises:
            RateLimitedError, CapacityReachedError: it may not now.
        """
        fields = self._limiter.take(principal, time.monotonic())
        told = _told.get(None)
        if told is not None:
            told[:] = fields.splitlines()


class LimitFields:
    """Puts RateLimit into the answers of calls that were counted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told: list[bytes] = []
        _told.set(told)

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start" and told:
                names = {name for name, _ in message["headers"]}
                lines = [line.partition(b": ") for line in told]
                new = [(name, value) for name, _, value in lines if name not in names]
                message = {**message, "headers": [*message["headers"], *new]}
            await send(message)

        await self._app(scope, receive, send_with)


async def open_to_strangers(request: Request) -> None:
    """A dependency of calls for which nobody proves who he is."""
    limits: OwnCallLimits = request.app.state.own_limits
    limits.take()
