"""The client's side of an exchange, read from ASGI."""

import asyncio

from starlette.types import Receive

from api_gateway.forwarding.errors import ClientGoneError, RequestSlowError
from kit.http.errors import BodyTooLargeError


class AsgiClientStream:
    """Implements `ClientStream`.

    Args:
        limit: bytes of a body; more are refused while they come, whatever was declared.
        silence: seconds that a client may pause within a body.
    """

    def __init__(self, receive: Receive, *, limit: int, silence: float) -> None:
        self._receive = receive
        self._limit = limit
        self._silence = silence
        self._length = 0
        self._more = True

    async def read(self) -> bytes:
        """See `ClientStream.read`."""
        while self._more:
            try:
                async with asyncio.timeout(self._silence):
                    message = await self._receive()
            except TimeoutError:
                raise RequestSlowError from None
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            self._more = message.get("more_body", False)
            part: bytes = message.get("body", b"")
            self._length += len(part)
            if self._length > self._limit:
                raise body_too_large(self._limit)
            if part:
                return part
        return b""

    async def left(self) -> None:
        """See `ClientStream.left`."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def body_too_large(limit: int) -> BodyTooLargeError:
    """The refusal, with the limit of the route in it."""
    return BodyTooLargeError(f"请求体不能超过{limit / 1024 / 1024:g} MiB，请拆分后提交。")
