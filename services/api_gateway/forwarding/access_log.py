"""One JSON line for each forwarded request, like those of `kit.http.context`, written by a thread.

The event loop only keeps the facts; a thread makes the lines and writes them where the process's log goes.
"""

import json
import logging
import threading
import time
from collections import deque
from functools import lru_cache

_FLUSH_SECONDS = 0.2
_MOST_KEPT = 100_000  # lines; when the log's reader hangs, the oldest are lost and counted


# One request: when it ended (seconds since 1970), method, route, status, how many seconds it took, its id, that of its
# trace, and who sent it. Route and client are ours, never the client's text.
Entry = tuple[float, str, str, int, float, str, str, str]


class AccessLog:
    """Runs from `start` to `close`, which writes what is left."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_MOST_KEPT)
        self.add = self._entries.append
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if logging.getLogger("access").isEnabledFor(logging.INFO):
            self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
            self._thread.start()
        else:
            self._entries = deque(maxlen=0)
            self.add = self._entries.append

    def close(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._ending.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines = []
        while self._entries:
            lines.append(line(self._entries.popleft()))
            if len(lines) == 1000:
                _write("".join(lines))
                lines.clear()
        if lines:
            _write("".join(lines))


def line(entry: Entry) -> str:
    """The entry in JSON with a line end."""
    at, method, route, status, seconds, request_id, trace_id, client = entry
    whole = int(at)
    return (
        f'{{"method": "{method}", "route": "{route}", "status": {status}, '
        f'"ms": {seconds * 1000:.2f}, "event": "request", "request_id": "{request_id}", '
        f'"trace_id": "{trace_id}", "client": {_quoted(client)}, "level": "info", "logger": "access", '
        f'"timestamp": "{_moment(whole)}.{int((at - whole) * 1e6):06d}Z", "service": "gateway"}}\n'
    )


@lru_cache(8)
def _moment(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


@lru_cache(1000)
def _quoted(client: str) -> str:
    return json.dumps(client, ensure_ascii=False) if client else "null"


def _write(text: str) -> None:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            with handler.lock or threading.RLock():
                handler.stream.write(text)
                handler.flush()
