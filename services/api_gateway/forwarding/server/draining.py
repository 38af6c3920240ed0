"""The end of the process: what is in flight ends well, whoever comes is told to come again, the exit code is 0."""

import asyncio
import signal
import socket
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from api_gateway.forwarding.gate import Gate
from api_gateway.forwarding.server.connection import ClientConnection

DRAIN_SECONDS = 10.0
_LAST_SECONDS = 2  # for what does not end by itself


def config(app: ASGIApp, gate: Gate, **options: Any) -> uvicorn.Config:
    """uvicorn's options, with the gateway's own protocol in the place of uvicorn's."""
    return uvicorn.Config(
        app,
        http=partial(ClientConnection, gate),  # type: ignore[arg-type]  # uvicorn only calls it
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
        **options,
    )


class DrainingServer(uvicorn.Server):
    """Listens on until nothing is in flight, at most 10 s, and answers 503 meanwhile."""

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self._gate = gate

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._gate.is_draining = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._gate.in_flight and not self.force_exit:  # noqa: ASYNC110  a signal handler sets the latter
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pass
        await super().shutdown(sockets)
        for connection in tuple(self._gate.connections):
            connection.abort()


def serve(app: ASGIApp, gate: Gate, host: str, port: int) -> None:
    """Runs until SIGTERM or SIGINT."""
    # uvicorn raises the signal once more when it has ended: the process would end by it, and not with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    DrainingServer(config(app, gate, host=host, port=port), gate).run()
