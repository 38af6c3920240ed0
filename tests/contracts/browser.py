"""A headless Chromium, driven through a pipe with its own protocol: no driver and no further package."""

import asyncio
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-pipe"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


class Page:
    """One tab.

    Attributes:
        requested: every address that it asked for.
        complaints: what the page's scripts or its security policy complained of.
    """

    def __init__(self, reading: asyncio.StreamReader, writing: Any) -> None:
        self._reading, self._writing = reading, writing
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.requested: list[str] = []
        self.complaints: list[str] = []

    async def open(self, url: str) -> None:
        target = await self._call("Target.createTarget", url="about:blank")
        attached = await self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Network", "Log", "Runtime", "Page"):
            await self._call(f"{domain}.enable")
        await self._call("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """What an async function body evaluates to in the page.

        Raises:
            AssertionError: it threw.
        """
        expression = f"(async () => {{ {script} }})()"
        answer = await self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        self._writing.write(json.dumps(message).encode() + b"\0")
        while (said := json.loads((await self._reading.readuntil(b"\0"))[:-1])).get("id") != number:
            self._note(said.get("method"), said.get("params", {}))
        assert "error" not in said, said
        answer: dict[str, Any] = said["result"]
        return answer

    def _note(self, method: str | None, told: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requested.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(told["entry"]["text"])


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Page]:
    """A browser of its own, which ends with the block."""
    assert CHROMIUM
    their_end, our_end = os.pipe()
    our_start, their_start = os.pipe()
    # The browser reads from descriptor 3 and writes to 4.
    command = ("bash", "-c", f'exec "$@" 3<&{their_end} 4>&{their_start}', "bash", CHROMIUM, *_FLAGS)
    process = await asyncio.create_subprocess_exec(
        *(*command, f"--user-data-dir={profile}"),
        pass_fds=(their_end, their_start),
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(their_end)
    os.close(their_start)
    loop = asyncio.get_running_loop()
    reading = asyncio.StreamReader(limit=2**26)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reading), os.fdopen(our_start, "rb")
    )
    writing, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(our_end, "wb"))
    try:
        yield Page(reading, writing)
    finally:
        process.terminate()
        await process.wait()
        transport.close()
        writing.close()
