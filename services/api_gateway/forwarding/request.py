"""One request of a client, as far as it has come, and what the gate has decided about it."""

from api_gateway.forwarding.domain import HeaderList, Shape
from api_gateway.forwarding.route_table import Route
from kit.telemetry.trace import Trace


class ClientRequest:
    """A small record; one for each request.

    Args:
        target: path and query as they came.
        headers: names in lower case.
        version: `1.0` or `1.1`.

    Attributes:
        keep_alive: whether the client wants to go on with this connection.
        parts: of its body, while it waits for its turn.
        is_whole: whether all of it has come.
        shape: set by the gate, like all that follows; None: it was refused before.
        route: None for the gateway's own calls.
        status: of the answer; 0 before it begins.
    """

    __slots__ = (
        "began_at",
        "client",
        "headers",
        "is_whole",
        "keep_alive",
        "limit_fields",
        "method",
        "parts",
        "request_id",
        "route",
        "shape",
        "status",
        "target",
        "trace",
        "version",
    )

    def __init__(self, method: str, target: bytes, headers: HeaderList, version: str) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.version = version
        self.keep_alive = False
        self.parts: list[bytes] | None = None
        self.is_whole = False
        self.shape: Shape | None = None
        self.route: Route | None = None
        self.client = ""
        self.request_id = ""
        self.trace: Trace | None = None
        self.status = 0
        self.began_at = 0.0
        self.limit_fields = b""
