"""The year's employment targets, district by district, and how far each district is."""

import ctypes
import os
from contextlib import suppress

# Before Polars is loaded. A worker gives back within a moment what a batch needed no longer: it stays within 300 MB
# (decision 36), where Polars' own setting keeps it for ten seconds.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:200,narenas:2")
# The same for the C library's own allocator (mallopt(3), M_ARENA_MAX), which would keep one heap for each thread.
with suppress(OSError, AttributeError):  # another C library
    ctypes.CDLL(None).mallopt(-8, 2)
