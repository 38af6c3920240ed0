"""The year's employment targets, district by district, and how far each district is."""

import ctypes
import os
from contextlib import suppress

# Before Polars is loaded. A worker gives back within a moment what a batch needed no longer: it stays within 300 MB
# (decision 36), where Polars' own setting keeps it for ten seconds.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:200,narenas:2")
# The same for the C library's allocator (mallopt(3)): two heaps, where it would keep one for each thread, and what is
# larger than 128 KiB goes back when it is freed, where it would raise that limit with each such piece.
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
with suppress(OSError, AttributeError):  # another C library
    _library = ctypes.CDLL(None)
    _library.mallopt(_ARENA_MAX, 2)
    _library.mallopt(_MMAP_THRESHOLD, 128 * 1024)
