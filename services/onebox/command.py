"""Starts everything, waits until all is ready, and stays until it is told to stop."""

import asyncio
import os
import time
import traceback
from collections.abc import Coroutine
from typing import Any

from onebox import home as homes
from onebox.confinement import confinement
from onebox.console import complain, line, say
from onebox.errors import OneboxError
from onebox.runtime import Runtime
from onebox.settings import Settings
from onebox.stopping import told_to_stop, watch_make
from onebox.welcome import welcome


def main() -> int:
    """The exit code: 0 after a stop that was asked for, 1 when it could not start."""
    try:
        asyncio.run(_run(Settings.from_environment(os.environ)))
    except OneboxError as error:
        complain(error)
        return 1
    except OSError as error:  # a full disk, above all: nothing can be written about it either
        complain(
            OneboxError(
                f"启动失败：{error}。请检查磁盘空间、数据目录的权限和其中的日志，再运行一次。",
                f"The start failed: {error}. Check the free space, the rights of the home folder and the logs in it.",
            )
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(settings: Settings) -> None:
    began = time.monotonic()
    stop = told_to_stop()
    watching = asyncio.create_task(watch_make(stop))
    # Where the database must run as another user, that one has to pass through the folder; its files stay closed.
    is_passed_through = settings.postgres_url is None and confinement().owner is not None
    with homes.opened(settings.home, settings.base_url, 0o711 if is_passed_through else 0o700) as home:
        say(f"就业服务平台启动，数据目录 {home.path}")
        runtime = Runtime(settings, home)
        try:
            if await _unless(stop, runtime.start()):
                line(welcome(settings, home, time.monotonic() - began))
                await stop.wait()
            say("正在停止")
        except (OneboxError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, the log the traceback
            with (home.logs / "onebox.log").open("a") as log:
                traceback.print_exception(error, file=log)
            raise OneboxError(
                f"启动程序出错（{type(error).__name__}：{error}），详情见 {home.logs / 'onebox.log'}。",
                f"The start failed ({type(error).__name__}: {error}); see {home.logs / 'onebox.log'}.",
            ) from None
        finally:
            await runtime.stop()
            watching.cancel()
        say("已停止")


async def _unless(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Does the work; False when the event came first and the work was given up."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
            return True
        return False
    finally:
        for task in (working, waiting):
            task.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
