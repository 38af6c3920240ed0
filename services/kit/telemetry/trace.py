"""W3C Trace Context: read, made anew when absent or invalid, handed on."""

import re
import secrets
from contextvars import ContextVar
from typing import NamedTuple

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Trace(NamedTuple):
    """trace_id: 32 hex digits; span_id: 16 hex digits, ours; flags: two hex digits; parent_id: the caller's span."""

    trace_id: str
    span_id: str
    flags: str
    parent_id: str | None = None

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def is_sampled(self) -> bool:
        return bool(int(self.flags, 16) & 1)


def continue_trace(traceparent: str | None, share: float = 0.0) -> Trace:
    """The caller's trace with a new span; an absent, malformed or all-zero parent starts a new trace.

    Args:
        share: of the traces that begin here, how many are marked as sampled, 0 to 1.
    """
    match = _TRACEPARENT.fullmatch(traceparent or "")
    if match and match[1].strip("0") and match[2].strip("0"):
        return Trace(match[1], secrets.token_hex(8), match[3], match[2])
    sampled = share > 0 and secrets.randbelow(1_000_000) < share * 1_000_000
    return Trace(secrets.token_hex(16), secrets.token_hex(8), "01" if sampled else "00")


current_trace: ContextVar[Trace | None] = ContextVar("current_trace", default=None)
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
current_client: ContextVar[str] = ContextVar("current_client", default="")
