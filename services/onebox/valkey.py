"""The embedded Valkey (the BSD Redis): TCP on 127.0.0.1 with a password."""

import json
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from onebox import binaries
from onebox.confinement import dying_with_parent
from onebox.leftovers import end_leftovers, processes_inside


@dataclass(frozen=True)
class Valkey:
    """A server that is to run.

    Attributes:
        folder: configuration and append-only file; made at the first start.
        port: on 127.0.0.1.
        password: of the default user.
        durable: whether it writes an append-only file once a second.
    """

    folder: Path
    port: int
    password: str = field(repr=False)
    durable: bool = True
    name: str = "valkey"
    title: str = "Valkey"
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Writes the configuration anew; whoever still works in the folder is stopped.

        Raises:
            OneboxError: it could not be stopped.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        folder = self.folder.resolve()
        leftover = next(iter(processes_inside(folder, "valkey-server")), None)
        end_leftovers(folder, "valkey-server", leftover, self.stop_signal)
        lines = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": json.dumps(str(folder), ensure_ascii=False),  # its quoting is that of the configuration, too
            "requirepass": self.password,
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        # A file, because every user of the machine can read a command line.
        descriptor = os.open(self._configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(f"{name} {value}\n" for name, value in lines.items())

    def command(self) -> Sequence[str]:
        return [*dying_with_parent("TERM"), str(binaries.valkey_program()), str(self._configuration)]

    def is_ready(self) -> bool:
        """Asks in its own protocol; a server that still reads its file answers LOADING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")

    @property
    def _configuration(self) -> Path:
        return self.folder.resolve() / "valkey.conf"
