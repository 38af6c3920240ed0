"""Taking services out of use for a while: a file that an operator writes, changes and removes while the gateway runs.

    {"loans": {"until": "2026-12-01T06:00:00+08:00", "message": "担保贷款系统升级，6点恢复。"}}

`*` instead of a name means all services. Both members may be left out. Calls get 503 with Retry-After; the gateway's
own calls go on.
"""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from api_gateway.forwarding.errors import MaintenanceError

EVERYTHING = "*"
_RETRY_SECONDS = 60  # when no end is known
_LONGEST_MESSAGE = 200
_log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class Maintenance:
    """until: seconds of the epoch, or None; message: Chinese, for clients, or None."""

    until: float | None = None
    message: str | None = None

    def refusal(self, now: float) -> MaintenanceError:
        """What a caller gets.

        Args:
            now: seconds of the epoch. After the announced end it is soon over, or was forgotten: the file decides.
        """
        wait = _RETRY_SECONDS if self.until is None else max(1, min(round(self.until - now), 86_400))
        return MaintenanceError(self.message, headers={"Retry-After": str(wait)})


def read_maintenance(text: str, services: Collection[str]) -> dict[str, Maintenance]:
    """What the file says, by service or `*`.

    Raises:
        ValueError: it says what, never quoting more than names.
    """
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("must be an object")  # noqa: TRY004  one kind of error for one file
    found = {}
    for name, entry in content.items():
        if name != EVERYTHING and name not in services:
            raise ValueError(f"no service is called {name}")
        found[name] = _entry(name, entry)
    return found


def _entry(name: str, entry: Any) -> Maintenance:
    if not isinstance(entry, dict) or not set(entry) <= {"until", "message"}:
        raise ValueError(f"{name} must be an object with until and message, or empty")
    until, message = entry.get("until"), entry.get("message")
    if message is not None and not (isinstance(message, str) and 0 < len(message) <= _LONGEST_MESSAGE):
        raise ValueError(f"message of {name} must be a text of at most {_LONGEST_MESSAGE} characters")
    if until is None:
        return Maintenance(None, message)
    moment = datetime.fromisoformat(str(until))
    if moment.tzinfo is None:
        raise ValueError(f"until of {name} must have an offset such as +08:00")
    return Maintenance(moment.timestamp(), message)


class MaintenanceFile:
    """Follows the file. One that cannot be read changes nothing, and is logged once.

    Args:
        path: None when there is none.
        services: names that it may contain.
    """

    def __init__(self, path: Path | None, services: Collection[str]) -> None:
        self._path = path
        self._services = services
        self._seen: tuple[int, int] | None = None
        self.current: Mapping[str, Maintenance] = {}
        self.look()

    def look(self) -> None:
        """Reads the file if it has changed."""
        if self._path is None:
            return
        try:
            stat = os.stat(self._path)  # noqa: PTH116  once a second on the event loop
        except OSError:
            self._seen, self.current = None, {}
            return
        seen = (stat.st_mtime_ns, stat.st_size)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self.current = read_maintenance(self._path.read_text(encoding="utf-8"), self._services)
        except (OSError, ValueError) as error:
            _log.error("maintenance.invalid", reason=str(error)[:200])
        else:
            _log.warning("maintenance.changed", services=sorted(self.current))

    def of(self, service: str) -> Maintenance | None:
        """What holds for a service now."""
        return self.current.get(service) or self.current.get(EVERYTHING)
