"""The person's own Redis, asked before anything is built on it."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from onebox.errors import OneboxError


async def check_redis(url: str) -> None:
    """Raises OneboxError when it does not answer."""
    try:
        async with Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            await client.ping()
    except (RedisError, OSError, ValueError) as failure:
        raise OneboxError(
            f"连不上 Redis（{type(failure).__name__}）。请检查 JIUYE_REDIS_URL（形如 redis://:PASSWORD@HOST:6379/0）"
            "以及服务器是否已启动。",
            f"No connection to Redis ({type(failure).__name__}). Check JIUYE_REDIS_URL "
            "(like redis://:PASSWORD@HOST:6379/0) and that the server is up.",
        ) from None
