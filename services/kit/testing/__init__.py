"""Running a real app on a real socket inside a test, and tokens to call it with."""

import asyncio
import io
import logging
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
import uvloop
from structlog.stdlib import ProcessorFormatter

from kit.auth.principal import Principal
from kit.auth.tokens import INTERNAL, TokenMinter
from kit.settings import ServiceSettings


def settings_of(environment: Mapping[str, str], **more: Any) -> ServiceSettings:
    """What a process would read from these variables, without them; `more` by their names as settings."""
    given: dict[str, Any] = {name.removeprefix("JIUYE_").lower(): value for name, value in environment.items()}
    return ServiceSettings(**given | more)


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Serves an ASGI app with uvicorn on a free loopback port, in a thread; yields its base URL.

    Args:
        options: further ones of `uvicorn.Config`.

    Raises:
        RuntimeError: the app does not start within a minute.
    """
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, *args: Any, **kwargs: Any) -> None:
            await super().startup(*args, **kwargs)
            ready.set()

    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, server_header=False, **options
    )
    server = Server(config)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    if not ready.wait(60) or not server.started:
        server.should_exit = True
        raise RuntimeError("the app did not start")
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(15)


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """What the process logs meanwhile, as the JSON lines that standard output would get."""
    root = logging.getLogger()
    formatted = [h.formatter for h in root.handlers if isinstance(h.formatter, ProcessorFormatter)]
    if not formatted:
        raise RuntimeError("no app has configured the log yet")
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(formatted[0])
    root.addHandler(handler)
    try:
        yield handler.stream
    finally:
        root.removeHandler(handler)


class Caller:
    """Mints internal tokens as the gateway does, for tests that call a service directly."""

    def __init__(self, internal_signing_key: dict[str, Any], audience: str) -> None:
        self._minter = TokenMinter(internal_signing_key, token_type=INTERNAL, lifetime_seconds=3600)
        self._audience = audience

    def headers(
        self,
        *scopes: str,
        subject: str = "tester",
        kind: str = "STAFF",
        unit: str | None = None,
        bank: str | None = None,
    ) -> dict[str, str]:
        """The Authorization header of a principal with these scopes."""
        principal = Principal(subject, kind, frozenset(scopes), unit, bank)
        return {"Authorization": f"Bearer {self._minter.mint(principal, self._audience)}"}


@asynccontextmanager
async def client(base_url: str, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client that ignores proxies of the environment."""
    # Plain HTTP: loading certificates for each client takes longer than its calls.
    options = {"timeout": 30, "verify": False} | options
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, **options) as made:
        yield made
