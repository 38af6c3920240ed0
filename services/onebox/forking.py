"""The supervisor's end of the nursery: asks for children, and knows when they end."""

import asyncio
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from onebox.confinement import dying_with_parent
from onebox.nursery import MESSAGE_BYTES


class ForkedProcess:
    """What `asyncio.subprocess.Process` is to a child of ours."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def ended(self, returncode: int) -> None:
        """Told by the nursery."""
        self.returncode = returncode
        self._ended.set()


class Nursery:
    """Starts the nursery with the first child, and again when it was killed; its children end with it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._channel: socket.socket | None = None
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[ForkedProcess]] = {}
        self._living: dict[int, ForkedProcess] = {}
        self._starting = asyncio.Lock()

    async def warm_up(self, environment: Mapping[str, str], log: int, folder: Path) -> None:
        """Begins to import; returns at once. `environment` is what the interpreter needs (PATH, PYTHONPATH)."""
        async with self._starting:
            if self._channel is not None:
                return
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.setblocking(False)
            command = [*dying_with_parent("TERM"), sys.executable, "-u", "-m", "onebox.nursery", str(theirs.fileno())]
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
            theirs.close()
            self._channel = ours
            asyncio.get_running_loop().add_reader(ours, self._hear)

    async def spawn(
        self, command: Sequence[str], environment: Mapping[str, str], log: int, folder: Path
    ) -> ForkedProcess:
        """A child that runs `python -m <command…>`.

        Raises:
            ConnectionError: the nursery died meanwhile.
        """
        await self.warm_up(environment, log, folder)
        assert self._channel is not None
        number = next(self._numbers)
        request = {"id": number, "command": list(command), "environment": dict(environment), "folder": str(folder)}
        answer: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            socket.send_fds(self._channel, [json.dumps(request).encode()], [log])
        except OSError:
            self._lost()
        return await answer

    async def close(self) -> None:
        """Ends the nursery; children that still live get SIGTERM from the kernel."""
        self._lost()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()

    def _hear(self) -> None:
        assert self._channel is not None
        try:
            message = self._channel.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._lost()
            return
        told = json.loads(message)
        if "id" in told:
            process = ForkedProcess(told["pid"])
            self._living[process.pid] = process
            answer = self._asked.pop(told["id"])
            if not answer.done():
                answer.set_result(process)
        elif told["pid"] in self._living:
            self._living.pop(told["pid"]).ended(told["returncode"])

    def _lost(self) -> None:
        """Without the nursery nobody would tell us of a child's end: none may go on unseen and keep its port."""
        if self._channel is None:
            return
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        self._channel = None
        for process in self._living.values():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.ended(-signal.SIGKILL)
        self._living.clear()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the nursery ended"))
        self._asked.clear()
