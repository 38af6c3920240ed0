"""Which TCP ports on 127.0.0.1 are free, and who has the others."""

import os
import random
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from onebox.errors import OneboxError

# Outgoing connections own numbers from 32768 on and could take one from us at any time.
_LOWEST, _HIGHEST, _BLOCK = 20_000, 32_000, 300


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """A row of free ports, one after the other, below those of outgoing connections.

    Processes that ask at the same time look in different blocks, so that they do not choose the same.

    Raises:
        OSError: there is none.
    """
    block = _LOWEST + os.getpid() % ((_HIGHEST - _LOWEST) // _BLOCK) * _BLOCK
    for _ in range(1000):
        first = block + random.randrange(_BLOCK - count)  # noqa: S311 - a place to try, not a secret
        row = list(range(first, first + count))
        if all(map(is_free, row)):
            return row
    raise OSError(f"no {count} free ports in a row between {block} and {block + _BLOCK}")


def claim(needed: Iterable[int], patience: float) -> None:
    """Makes sure that ports are free.

    Args:
        needed: all of them.
        patience: seconds to wait until they are.

    Raises:
        OneboxError: naming the first that is not, who has it, and how to choose others.
    """
    until = time.monotonic() + patience
    for port in needed:
        while not is_free(port):
            if time.monotonic() > until:
                owner = owner_of(port)
                raise OneboxError(
                    f"端口 {port} 已被 {owner or '其他程序'} 占用。请换一组端口，例如 PORT=19000 make run。",
                    f"Port {port} is in use by {owner or 'another program'}. Choose others: PORT=19000 make run.",
                )
            time.sleep(0.1)


def owner_of(port: int) -> str | None:
    """Who listens there, as `name (pid 123)`; None when this user may not know it."""
    inodes = _listening_inodes(port)
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(link.readlink()) in inodes:
                process = link.parent.parent
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError), Path("/proc/net", table).open() as rows:
            next(rows)
            for row in rows:
                fields = row.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{fields[9]}]")
    return found
