"""What the gate asks of whatever carries a request to a service.

The gate knows these shapes only, so that the carrier can be replaced without touching what stands in front of it.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from api_gateway.forwarding.domain import IDEMPOTENT


class ClientStream(Protocol):
    """The client's side of an exchange."""

    async def read(self) -> bytes:
        """The next part of the body; empty at its end.

        Raises:
            ClientGoneError, RequestSlowError, BodyTooLargeError: the exchange ends with it.
        """

    async def left(self) -> None:
        """Returns when the client has gone. Asked for after the body's end."""


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One request as the service shall get it, without Host and framing.

    Attributes:
        target: path and query, byte for byte as the client sent them.
        headers: names in lower case.
        length: of the body; None with a body means chunked.
        has_body: whether there is one to read from `client`.
    """

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    client: ClientStream
    has_body: bool = False
    length: int | None = None

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it twice has the effect of sending it once, and it can be sent twice at all."""
        return self.method in IDEMPOTENT and not self.has_body


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for a connection, and for a sign of life of the service."""

    connect: float
    read: float


class Answer(Protocol):
    """A service's answer, its head known, its body still on the way."""

    status: int
    headers: list[tuple[bytes, bytes]]

    @property
    def ended(self) -> bool:
        """Whether the whole body has been read, and it was whole."""

    async def read(self) -> bytes:
        """What has come of the body since the last call; waits for something to come.

        Raises:
            UpstreamLostError, UpstreamInvalidError, UpstreamTimeoutError: there will be no whole answer.
            ClientGoneError, RequestSlowError, BodyTooLargeError: of the client's side.
        """


class Forwarder(Protocol):
    """Carries requests to services, streaming both ways, with as much in memory as a socket holds."""

    def exchange(
        self, upstream: str, request: OutboundRequest, patience: Patience
    ) -> AbstractAsyncContextManager[Answer]:
        """Sends the request; enters with the head of the answer, leaves with the connection given back or closed.

        Raises:
            UpstreamUnavailableError: nothing was sent.
            UpstreamLostError, UpstreamInvalidError, UpstreamTimeoutError: what was done is not known.
            ClientGoneError, RequestSlowError, BodyTooLargeError: of the client's side.
        """

    def connections(self, upstream: str) -> tuple[int, int]:
        """How many are in use, and how many idle."""

    async def close(self) -> None:
        """Closes every connection."""
