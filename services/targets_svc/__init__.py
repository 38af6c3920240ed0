"""The year's employment targets, district by district, and how far each district is."""

import ctypes
import os
from contextlib import suppress

_ARENA_MAX = -8


def limit_allocator(option: int, value: int) -> None:
    """Sets an option of the C library's own allocator (mallopt(3)); another library has none of them."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(option, value)


# Before Polars is loaded. A worker gives back within a moment what a batch needed no longer: it stays within 300 MB
# (decision 36), where Polars' own setting keeps it for ten seconds.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:200,narenas:2")
limit_allocator(_ARENA_MAX, 2)  # for the same reason: there would be one heap for each thread
