"""A child process that is kept alive, and a command that must succeed."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from onebox import logfiles
from onebox.console import say
from onebox.errors import OneboxError
from onebox.readiness import Readiness
from onebox.servers import last_lines

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_STEADY_SECONDS = 30.0


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Program:
    """What a child runs.

    Attributes:
        name: also of its log.
        command: asked at each start; may need what `prepare` makes.
        is_ready: see `readiness`.
        environment: the whole of it.
        prepare: done before each start, in a thread; may raise OneboxError.
        stop_signal: on which it ends in good order.
        grace: seconds that it gets for that.
    """

    name: str
    command: Callable[[], Sequence[str]]
    is_ready: Readiness
    environment: Mapping[str, str] = field(repr=False)
    prepare: Callable[[], None] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 4.0


class Child:
    """Starts a program, restarts it with growing pauses when it dies, and stops it.

    Args:
        program: what to run.
        log: where its output goes.
        folder: its working directory.
        patience: seconds to become ready.
    """

    def __init__(self, program: Program, log: Path, folder: Path, *, patience: float = 60.0) -> None:
        self.program = program
        self.log = log
        self._folder = folder
        self._patience = patience
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Returns when it is ready; from then on it is kept alive.

        Raises:
            OneboxError: it ended or did not become ready; with its last lines.
        """
        await self._launch()
        self._keeper = asyncio.create_task(self._keep_alive())

    async def stop(self) -> None:
        """Ends it, by force when its grace is over. Harmless when it does not run."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(self._process.wait(), self.program.grace)
        except TimeoutError:
            say(f"{self.program.name} 未在 {self.program.grace:g} 秒内停止，强制结束")
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _launch(self) -> None:
        await asyncio.to_thread(self.program.prepare)
        logfiles.rotate(self.log)
        length = logfiles.size(self.log)
        self._process = await _spawn(self.program.command(), self.program.environment, self.log, self._folder)
        await self._await_ready(self._process, length)

    async def _await_ready(self, process: Process, length: int) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while not await self.program.is_ready(self.log, length):
            if process.returncode is not None:
                break
            if loop.time() > until:
                process.kill()
                await process.wait()
                raise self._failure(
                    length, f"{self._patience:g} 秒内未就绪", f"was not ready within {self._patience:g} s"
                )
            await asyncio.sleep(0.03)
        if process.returncode is not None:  # what answered, if anything did, was not our process
            raise self._failure(length, f"启动后随即退出（{_ending(process)}）", "ended at once")

    def _failure(self, start: int, chinese: str, english: str) -> OneboxError:
        name = self.program.name
        return OneboxError(
            f"{name} {chinese}。最后的输出（{self.log}）：\n{last_lines(self.log, start)}",
            f"{name} {english}; its last output is above.",
        )

    async def _keep_alive(self) -> None:
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
        while self._process is not None:
            since = loop.time()
            await self._process.wait()
            if loop.time() - since > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            say(f"{self.program.name} 意外退出（{_ending(self._process)}），{pause:g} 秒后重启")
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                if await self._relaunched():
                    break

    async def _relaunched(self) -> bool:
        try:
            await self._launch()
        except OneboxError as failure:
            say(failure.chinese)
            return False
        except OSError as failure:
            say(f"{self.program.name} 无法启动：{failure.strerror}")
            return False
        say(f"{self.program.name} 已恢复")
        return True


async def succeed(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> None:
    """Runs a command to its end.

    Raises:
        OneboxError: it failed; with its last lines.
    """
    logfiles.rotate(log)
    length = logfiles.size(log)
    process = await _spawn(command, environment, log, folder)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise OneboxError(
            f"{name} 失败（{_ending(process)}）。最后的输出（{log}）：\n{last_lines(log, length)}",
            f"{name} failed; its last output is above.",
        )


async def _spawn(command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path) -> Process:
    """In a session of its own: Ctrl-C reaches the supervisor alone, which then stops the children in order."""
    output = logfiles.open_for_append(log)
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    finally:
        os.close(output)


def _ending(process: Process) -> str:
    code = process.returncode or 0
    return f"被 {signal.Signals(-code).name} 终止" if code < 0 else f"退出码 {code}"
