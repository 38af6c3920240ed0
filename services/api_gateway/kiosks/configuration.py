"""What every kiosk shows: `kiosk.yaml`, read once."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("kiosk.yaml")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Attributes:
    content: as it is sent.
    version: changes with the content.
    session_seconds, idle_seconds: how long somebody's session lasts.
    """

    content: dict[str, Any]
    version: str
    session_seconds: int
    idle_seconds: int


@cache
def kiosk_configuration() -> Configuration:
    """Of the file beside this one."""
    content: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    return Configuration(content, digest, content["seconds"]["session"], content["seconds"]["idle"])
