"""Reads the limits file."""

from pathlib import Path

import yaml

from api_gateway.limits.domain import Limits

LIMITS_FILE = Path(__file__).with_name("limits.yaml")


def load_limits(path: Path | None = None) -> Limits:
    """Raises:
    OSError, ValueError, yaml.YAMLError: the file cannot be used.
    """
    return Limits.read(yaml.load((path or LIMITS_FILE).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
