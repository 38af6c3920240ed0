"""Server-made identifiers: UUIDv7, so that keys grow with time and say nothing about a person."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562)."""
    return uuid7()
