"""What the gate's side asks of whatever carries a request to a service, and what it is told by it.

Both sides are callbacks: nothing waits, nothing is scheduled for one request. The server knows these shapes only, so
that the carrier can be replaced without touching what stands in front of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from api_gateway.forwarding.domain import IDEMPOTENT, HeaderList
from kit.errors import DomainError


@dataclass(slots=True)
class OutboundRequest:
    """One request as the service shall get it, without Host and framing.

    Attributes:
        target: path and query, byte for byte as the client sent them.
        fields: headers as they go over the wire, each with its line end.
        has_body: whether one follows, through `Carriage.body`.
        length: of the body; None with a body means chunked.
    """

    method: str
    target: bytes
    fields: bytes
    has_body: bool = False
    length: int | None = None

    @property
    def may_be_repeated(self) -> bool:
        """Whether sending it twice has the effect of sending it once, and it can be sent twice at all."""
        return not self.has_body and self.method in IDEMPOTENT


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for a place and a connection, for a sign of life of the service, for all of it."""

    connect: float
    read: float
    total: float


class Receiver(Protocol):
    """The client's side of an exchange. After `ended`, or `failed`, nothing more is told."""

    def answered(self, status: int, headers: HeaderList, body: bytes, *, ended: bool) -> None:
        """The head of the answer, and what has come of its body."""

    def continued(self, body: bytes, *, ended: bool) -> None:
        """More of the body; it may be empty at the end."""

    def failed(self, error: DomainError) -> None:
        """There will be no whole answer; when it had begun, only a broken connection can tell the client."""

    def pause_body(self) -> None:
        """The service takes no more of the body for now."""

    def resume_body(self) -> None:
        """The service takes more of the body."""


class Carriage(Protocol):
    """The service's side of an exchange."""

    def start(self) -> None:
        """Begins; the receiver may be told of a failure before this returns."""

    def body(self, part: bytes) -> None:
        """The next part of the client's body."""

    def body_ended(self) -> None:
        """The client has sent the whole body."""

    def pause_answer(self) -> None:
        """The client takes no more of the answer for now."""

    def resume_answer(self) -> None:
        """The client takes more of the answer."""

    def cancel(self) -> None:
        """The client has gone, or was refused: breaks off. The receiver is told nothing more."""


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One instance of a service, as operators see it. `breaker`: CLOSED, OPEN or HALF_OPEN."""

    address: str
    breaker: str
    in_use: int
    idle: int


@dataclass(frozen=True, slots=True)
class UpstreamState:
    """A service, as operators see it.

    Attributes:
        waiting: requests that wait for a place.
        repeated: requests that were sent a second time, since the start.
    """

    instances: tuple[InstanceState, ...]
    waiting: int
    repeated: int


class Forwarder(Protocol):
    """Carries requests to services, streaming both ways, with as much in memory as a socket holds."""

    def exchange(self, upstream: str, request: OutboundRequest, patience: Patience, receiver: Receiver) -> Carriage:
        """A new exchange, not yet started. What the receiver may be told:

        UpstreamUnavailableError, PoolExhaustedError, BreakerOpenError: nothing was sent.
        UpstreamLostError, UpstreamInvalidError, UpstreamTimeoutError: what was done is not known.
        """

    def sweep(self, now: float) -> None:
        """Ends what has waited too long; called a few times a second with the loop's time."""

    def states(self) -> Mapping[str, UpstreamState]:
        """Every service by name."""

    def close(self) -> None:
        """Closes every connection."""
