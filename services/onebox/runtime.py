"""The order in which everything starts and stops on one machine."""

import asyncio
import sys
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from onebox import logfiles, ports, processes
from onebox.bootstrap import bootstrap
from onebox.children import Child, Program, succeed
from onebox.confinement import dying_with_parent
from onebox.console import say
from onebox.credentials import write_clients
from onebox.environment import Environment
from onebox.external import check_redis
from onebox.home import Home
from onebox.keys import Keys
from onebox.postgres import Postgres
from onebox.prepared import is_prepared, note_prepared
from onebox.processes import Application, Step, Worker
from onebox.readiness import event_logged, http_ok, server_answers
from onebox.servers import Server
from onebox.settings import Settings
from onebox.valkey import Valkey

REPOSITORY = Path(__file__).parents[2]
_ROTATION_SECONDS = 15
# With the four seconds of the servers, all is over within fifteen.
_GATEWAY_GRACE, _GRACE = 4.0, 6.0


class Runtime:
    """All processes of one installation.

    Args:
        settings: where it runs.
        home: opened.
    """

    def __init__(self, settings: Settings, home: Home) -> None:
        self._settings = settings
        self._home = home
        self._keys = Keys.kept_in(home.secrets)
        self._embedded: list[Server] = []
        admin_url, redis_url = settings.postgres_url, settings.redis_url
        if admin_url is None:
            postgres = Postgres(home.postgres, settings.port + processes.POSTGRES_OFFSET, self._keys.postgres_password)
            self._embedded.append(postgres)
            admin_url = postgres.admin_url()
        if redis_url is None:
            valkey = Valkey(home.valkey, settings.port + processes.VALKEY_OFFSET, self._keys.valkey_password)
            self._embedded.append(valkey)
            redis_url = valkey.url
        self._environment = Environment(settings, home, self._keys, admin_url, redis_url)
        # In the order in which they stop: nobody loses what it stands on.
        self._gateway: list[Child] = []
        self._applications: list[Child] = []
        self._servers: list[Child] = []
        self._rotation: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Phase by phase; each begins when the one before is ready.

        Raises:
            OneboxError: with the reason of the first that failed.
        """
        self._rotation = asyncio.create_task(self._rotate_logs())
        await self._check_ports()
        written = asyncio.to_thread(write_clients, self._home, self._settings.base_url)
        await _together(self._start_servers(), written)
        say("建立数据库角色和模式")
        await bootstrap(self._environment.admin_url, self._keys.role_passwords, keys=self._keys.key_ring)
        await self._prepare_database()
        say("启动各服务")
        await self._start_all(self._applications, map(self._application, processes.SERVICES))
        say("启动网关和后台进程")
        # The workers start beside the gateway: nobody who calls has to wait for them.
        await _together(
            self._start_all(self._gateway, [self._application(processes.GATEWAY)]),
            self._start_all(self._applications, map(self._worker, processes.WORKERS)),
        )

    async def stop(self) -> None:
        """The gateway first, then who works, then what they stand on; at most 15 seconds."""
        if self._rotation is not None:
            self._rotation.cancel()
        for group in (self._gateway, self._applications, self._servers):
            await asyncio.gather(*(child.stop() for child in group))

    async def _prepare_database(self) -> None:
        admin_url = self._environment.admin_url
        if await is_prepared(admin_url):
            say("数据库结构和基础数据已是最新")
            return
        say("升级数据库结构")
        await self._finish(processes.MIGRATE)
        say("载入基础数据")
        await self._finish(processes.SEED)
        await note_prepared(admin_url)

    async def _check_ports(self) -> None:
        first = self._settings.port
        needed = [first, *(first + service.port_offset for service in processes.SERVICES)]
        needed += [server.port for server in self._embedded]
        # What a crashed run left behind is still ending; everybody else stays, so waiting would help nobody.
        for server in self._embedded if self._home.crashed else ():
            await asyncio.to_thread(server.prepare)
        await asyncio.to_thread(ports.claim, needed, 10.0 if self._home.crashed else 0.0)

    async def _start_servers(self) -> None:
        if self._embedded:
            first = "" if self._home.postgres.exists() else "（首次启动，建立数据目录）"
            say(f"启动 {' 和 '.join(server.title for server in self._embedded)}{first}")
        if self._settings.redis_url is not None:
            await check_redis(self._settings.redis_url)
        programs = [
            Program(server.name, server.command, server_answers(server), {}, server.prepare, server.stop_signal)
            for server in self._embedded
        ]
        await self._start_all(self._servers, programs)

    async def _start_all(self, group: list[Child], programs: Iterable[Program]) -> None:
        children = [Child(program, self._log(program.name), REPOSITORY) for program in programs]
        group.extend(children)
        await _together(*(child.start() for child in children))

    def _application(self, process: Application) -> Program:
        port = self._settings.port + process.port_offset
        command = _python(process.command("127.0.0.1", port))
        grace = _GATEWAY_GRACE if process is processes.GATEWAY else _GRACE
        return Program(process.name, lambda: command, http_ok(port), self._environment.of(process), grace=grace)

    def _worker(self, process: Worker) -> Program:
        command = _python(process.command())
        return Program(
            process.name, lambda: command, event_logged("worker.ready"), self._environment.of(process), grace=_GRACE
        )

    async def _finish(self, step: Step) -> None:
        command = _python(step.command())
        await succeed(step.name, command, self._environment.of(step), self._log(step.name), REPOSITORY)

    def _log(self, name: str) -> Path:
        return self._home.logs / f"{name}.log"

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(_ROTATION_SECONDS)
            for log in self._home.logs.glob("*.log"):
                await asyncio.to_thread(logfiles.rotate, log)


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """All at once; when one fails the others are given up, and its error is the answer."""
    try:
        async with asyncio.TaskGroup() as group:
            for coroutine in work:
                group.create_task(coroutine)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _python(command: Sequence[str]) -> list[str]:
    """A command of the process table with the interpreter that runs now; it ends with this process."""
    program, *arguments = command
    interpreter = [*dying_with_parent("TERM"), sys.executable]
    return [*interpreter, *arguments] if program == "python" else [*interpreter, "-m", program, *arguments]
