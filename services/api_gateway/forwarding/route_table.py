"""Which path goes where: `routes.yaml`, checked once when the gateway starts."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from api_gateway.forwarding.breaker import BreakerRules
from api_gateway.forwarding.domain import PLAIN_SEGMENTS
from api_gateway.forwarding.forwarder import Patience
from kit.http.onward import header_of

ROUTES_FILE = Path(__file__).with_name("routes.yaml")
_PREFIX = re.compile(r"/api(/[a-z0-9-]+)+")
_HEADER = re.compile(r"[a-z0-9-]+")
# Set or framed by the gateway itself; a table that lets a client's own through would be a hole.
_NEVER_PASSED_ON = {
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "te",
    "traceparent",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
}


class RouteTableError(ValueError):
    """The table cannot be used; the message says why."""


@dataclass(frozen=True)
class Route:
    """One prefix. Times in seconds, see `routes.yaml`.

    Attributes:
        onward: services that the upstream calls for the caller, each with the scopes that it needs there.
    """

    prefix: str
    upstream: str
    connect_seconds: float
    read_seconds: float
    total_seconds: float
    body_limit_bytes: int
    onward: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @cached_property
    def label(self) -> str:
        """For logs and metrics."""
        return f"{self.prefix}/*"

    @cached_property
    def patience(self) -> Patience:
        return Patience(self.connect_seconds, self.read_seconds, self.total_seconds)


@dataclass(frozen=True)
class RouteTable:
    """Attributes:
    routes: the longest prefixes first.
    request_headers: names, lower case, of the client's headers that reach a service.
    connections_per_upstream: more requests than this at once wait, at most `connect_seconds`.
    client_silence_seconds: how long a client may pause within a body.
    breaker: of every instance of a service.
    """

    routes: tuple[Route, ...]
    request_headers: frozenset[bytes]
    connections_per_upstream: int
    client_silence_seconds: float
    breaker: BreakerRules

    @cached_property
    def _plain(self) -> re.Pattern[bytes]:
        """A group for each prefix, the longest first, and plain segments."""
        prefixes = b"|".join(b"(%b)" % re.escape(route.prefix.encode("ascii")) for route in self.routes)
        return re.compile(b"(?:%b)%b" % (prefixes, PLAIN_SEGMENTS))

    def plain_route_of(self, raw_path: bytes) -> Route | None:
        """`route_of` where there is nothing to check in the path, as in most; None for others, and without a route."""
        found = self._plain.fullmatch(raw_path)
        return None if found is None else self.routes[found.lastindex - 1]  # type: ignore[operator]  # one group matched

    def route_of(self, raw_path: bytes) -> Route | None:
        """The route of a path as it came over the wire; an encoded letter is another path."""
        for route in self.routes:
            prefix = route.prefix.encode("ascii")
            if raw_path == prefix or raw_path.startswith(prefix + b"/"):
                return route
        return None

    @classmethod
    def read(cls, content: Mapping[str, Any], upstreams: Collection[str]) -> "RouteTable":
        """Raises:
        RouteTableError: a route is incomplete, names an unknown upstream, or lets a client speak for the gateway.
        """
        try:
            routes = tuple(Route(**entry) for entry in content["routes"])
            headers = frozenset(content["request_headers"])
            connections = int(content["connections_per_upstream"])
            silence = float(content["client_silence_seconds"])
            breaker = BreakerRules(**content["breaker"])
        except (KeyError, TypeError, ValueError) as error:
            raise RouteTableError(f"the route table is incomplete: {error}") from None
        for route in routes:
            _check(route, upstreams)
        if len({route.prefix for route in routes}) != len(routes):
            raise RouteTableError("a prefix stands twice in the route table")
        if bad := [name for name in headers if not _HEADER.fullmatch(name) or _is_ours(name)]:
            raise RouteTableError(f"these headers of a client are never passed on: {', '.join(sorted(bad))}")
        by_length = tuple(sorted(routes, key=lambda route: -len(route.prefix)))
        if min(breaker.consecutive, breaker.minimum, breaker.window_seconds, breaker.open_seconds, breaker.share) <= 0:
            raise RouteTableError("the numbers of the breaker must be positive")
        return cls(by_length, frozenset(name.encode() for name in headers), connections, silence, breaker)


def _is_ours(header: str) -> bool:
    return header in _NEVER_PASSED_ON or header.startswith(header_of(""))


def _check(route: Route, upstreams: Collection[str]) -> None:
    if not _PREFIX.fullmatch(route.prefix):
        raise RouteTableError(f"{route.prefix} is not a prefix below /api")
    if route.upstream not in upstreams:
        raise RouteTableError(f"{route.prefix}: no upstream is called {route.upstream}")
    if unknown := [name for name in route.onward if name not in upstreams or name == route.upstream]:
        raise RouteTableError(f"{route.prefix}: it can't call {unknown[0]} onward")
    if any(not scope.startswith(f"{name}.") for name, scopes in route.onward.items() for scope in scopes):
        raise RouteTableError(f"{route.prefix}: a scope of an onward call is not one of the service that is called")
    if min(route.connect_seconds, route.read_seconds, route.total_seconds, route.body_limit_bytes) <= 0:
        raise RouteTableError(f"{route.prefix}: times and limits must be positive")


def load_route_table(upstreams: Collection[str], path: Path = ROUTES_FILE) -> RouteTable:
    """The table of the file.

    Args:
        upstreams: names that routes may use.

    Raises:
        RouteTableError: see `RouteTable.read`.
    """
    return RouteTable.read(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), upstreams)
