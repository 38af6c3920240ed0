"""Which path goes where: `routes.yaml`, checked once when the gateway starts."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

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


@dataclass(frozen=True, slots=True)
class Route:
    """One prefix. Times in seconds, see `routes.yaml`."""

    prefix: str
    upstream: str
    connect_seconds: float
    read_seconds: float
    total_seconds: float
    body_limit_bytes: int

    @property
    def label(self) -> str:
        """For logs and metrics."""
        return f"{self.prefix}/*"


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Attributes:
    request_headers: names, lower case, of the client's headers that reach a service.
    connections_per_upstream: more requests than this at once wait, at most `connect_seconds`.
    client_silence_seconds: how long a client may pause within a body.
    """

    routes: tuple[Route, ...]
    request_headers: frozenset[bytes]
    connections_per_upstream: int
    client_silence_seconds: float

    def route_of(self, raw_path: bytes) -> Route | None:
        """The route of a path as it came over the wire; an encoded letter is another path."""
        path = raw_path.decode("latin-1")
        for route in self.routes:
            if path.startswith(route.prefix) and path[len(route.prefix) :][:1] in ("", "/"):
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
        except (KeyError, TypeError, ValueError) as error:
            raise RouteTableError(f"the route table is incomplete: {error}") from None
        for route in routes:
            _check(route, upstreams)
        if len({route.prefix for route in routes}) != len(routes):
            raise RouteTableError("a prefix stands twice in the route table")
        if bad := [name for name in headers if not _HEADER.fullmatch(name) or name in _NEVER_PASSED_ON]:
            raise RouteTableError(f"these headers of a client are never passed on: {', '.join(sorted(bad))}")
        by_length = tuple(sorted(routes, key=lambda route: -len(route.prefix)))
        return cls(by_length, frozenset(name.encode() for name in headers), connections, silence)


def _check(route: Route, upstreams: Collection[str]) -> None:
    if not _PREFIX.fullmatch(route.prefix):
        raise RouteTableError(f"{route.prefix} is not a prefix below /api")
    if route.upstream not in upstreams:
        raise RouteTableError(f"{route.prefix}: no upstream is called {route.upstream}")
    if min(route.connect_seconds, route.read_seconds, route.total_seconds, route.body_limit_bytes) <= 0:
        raise RouteTableError(f"{route.prefix}: times and limits must be positive")


def load_route_table(upstreams: Collection[str], path: Path = ROUTES_FILE) -> RouteTable:
    """The table of the file.

    Args:
        upstreams: names that routes may use.

    Raises:
        RouteTableError: see `RouteTable.read`.
    """
    return RouteTable.read(yaml.safe_load(path.read_text(encoding="utf-8")), upstreams)
