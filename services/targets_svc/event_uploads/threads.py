"""What takes long is done beside the event loop, and the next thing is made ready while this one is worked on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")

_threads = ThreadPoolExecutor(3, "event-uploads")


async def aside(function: Callable[Given, Made], *arguments: Given.args, **named: Given.kwargs) -> Made:
    """Runs what takes long beside the event loop. Three threads: a batch is written, one resolved and one read."""
    return await asyncio.get_running_loop().run_in_executor(_threads, partial(function, *arguments, **named))


async def one_ahead(items: AsyncIterator[Made]) -> AsyncIterator[Made]:
    """The same items; while one is worked on, the next is made."""
    following = asyncio.ensure_future(anext(items))
    try:
        while True:
            try:
                item = await following
            except StopAsyncIteration:
                return
            following = asyncio.ensure_future(anext(items))
            yield item
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
