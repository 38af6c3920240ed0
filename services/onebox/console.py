"""Lines for the person at the keyboard."""

import sys
from contextlib import suppress
from datetime import datetime

from onebox.errors import OneboxError


def say(text: str) -> None:
    """One line with the time of day. A closed terminal or pipe must not stop the platform."""
    line(f"{datetime.now().astimezone():%H:%M:%S}  {text}")


def line(text: str = "") -> None:
    """The text as it is."""
    with suppress(OSError, ValueError):
        print(text, flush=True)


def complain(error: OneboxError) -> None:
    """Why it does not go on."""
    with suppress(OSError, ValueError):
        print(f"\n错误：{error}", file=sys.stderr, flush=True)
