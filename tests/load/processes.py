"""Python processes as a measurement needs them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def process(log: Path, environment: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Python process until the end of the block."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            cwd=REPOSITORY,
            stdout=output,
            stderr=output,
            start_new_session=True,  # as the platform starts its own: the kernel shares time among sessions
        )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(30)
