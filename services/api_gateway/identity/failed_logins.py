"""How many wrong secrets a client id may see before it must wait."""

import hashlib
import math
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api_gateway.identity.errors import TooManyFailuresError

_REMEMBERED = 10_000
_AWAY = (RedisError, OSError, TimeoutError)
_log = structlog.get_logger("gateway")


class FailedLogins:
    """Counts in this process only; ids that no client has are counted like others (reliability design S11).

    Args:
        limit: failures allowed within the window.
        window_seconds: how long a failure counts.
        clock: monotonic seconds.
    """

    def __init__(
        self, *, limit: int = 5, window_seconds: int = 600, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self.window_seconds = window_seconds
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, client_id: str) -> None:
        """Raises:
        TooManyFailuresError: the id must wait; the error tells how long.
        """
        failures = self._failures.get(client_id)
        if failures is None or len(failures) < self.limit:
            return
        wait = failures[0] + self.window_seconds - self._clock()
        if wait > 0:
            raise TooManyFailuresError(math.ceil(wait), limit=self.limit, window_seconds=self.window_seconds)

    def record(self, client_id: str) -> None:
        """One more wrong secret."""
        failures = self._failures.setdefault(client_id, deque(maxlen=self.limit))
        self._failures.move_to_end(client_id)
        failures.append(self._clock())
        if len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def forget(self, client_id: str) -> None:
        """The secret was right."""
        self._failures.pop(client_id, None)


class SharedFailedLogins:
    """Counts for all gateway processes together; each counts alone while Redis is away.

    Args:
        local: this process's own count, always kept.
        redis: None for a gateway without one.
        clock: seconds since 1970, the same for all processes.
    """

    def __init__(
        self,
        local: FailedLogins | None = None,
        redis: "Redis | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._local = local or FailedLogins()
        self._redis = redis
        self._clock = clock

    async def check(self, client_id: str) -> None:
        """Raises:
        TooManyFailuresError: the id must wait; the error tells how long.
        """
        self._local.check(client_id)
        if self._redis is None:
            return
        now = self._clock()
        try:
            found = await self._redis.zrangebyscore(
                _key(client_id), f"({now - self._local.window_seconds}", "+inf", withscores=True
            )
        except _AWAY as exc:
            _log.warning("logins.redis_away", exc_info=exc)
            return
        if len(found) >= self._local.limit:
            wait = math.ceil(found[-self._local.limit][1] + self._local.window_seconds - now)
            raise TooManyFailuresError(max(wait, 1), limit=self._local.limit, window_seconds=self._local.window_seconds)

    async def record(self, client_id: str) -> None:
        """One more wrong secret."""
        self._local.record(client_id)
        if self._redis is None:
            return
        key = _key(client_id)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zadd(key, {secrets.token_hex(8): self._clock()})
        pipeline.zremrangebyrank(key, 0, -self._local.limit - 1)
        pipeline.expire(key, self._local.window_seconds)
        try:
            await pipeline.execute()
        except _AWAY as exc:
            _log.warning("logins.redis_away", exc_info=exc)

    async def forget(self, client_id: str) -> None:
        """The secret was right."""
        self._local.forget(client_id)
        if self._redis is not None:
            try:
                await self._redis.delete(_key(client_id))
            except _AWAY as exc:
                _log.warning("logins.redis_away", exc_info=exc)


def _key(client_id: str) -> str:
    """What somebody types into the field for a client id is nobody's business: it may be a secret."""
    return f"jiuye:logins:{hashlib.sha256(client_id.encode()).hexdigest()[:32]}"
