"""What takes long is done beside the event loop, and the next thing is made ready while this one is worked on."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Given = TypeVar("Given")
Made = TypeVar("Made")

_threads = ThreadPoolExecutor(4, "event-uploads")


async def aside(function: Callable[Arguments, Made], *arguments: Arguments.args, **named: Arguments.kwargs) -> Made:
    """Runs what takes long beside the event loop. Four threads: two batches are read, one is resolved, one written."""
    return await asyncio.get_running_loop().run_in_executor(_threads, partial(function, *arguments, **named))


async def made_ahead(
    items: AsyncIterator[Given], make: Callable[[Given], Awaitable[Made]], at_once: int
) -> AsyncIterator[Made]:
    """What `make` gives for each item, in the order of the items; so many are made at once."""
    making: deque[asyncio.Future[Made]] = deque()
    try:
        async for item in items:
            making.append(asyncio.ensure_future(make(item)))
            if len(making) == at_once:
                yield await making[0]
                making.popleft()
        while making:
            yield await making[0]
            making.popleft()
    finally:
        for future in making:
            future.cancel()
        await asyncio.gather(*making, return_exceptions=True)
