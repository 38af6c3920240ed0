"""Which sessions at kiosks are alive: asked in memory on every call, told to the other gateway processes every second.

A process that has not heard of a session yet reckons from the second in which its token was issued. When Redis is away
a session that moves between processes may be found idle too early, never too late.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_SEEN, _ENDED, _PROOF = "jiuye:kiosk:seen", "jiuye:kiosk:ended", "jiuye:proof:{}"
_AWAY = (RedisError, OSError, TimeoutError)
_EVERY_SECONDS, _OVERLAP_SECONDS, _KEPT_SECONDS = 1.0, 5.0, 600.0
_log = structlog.get_logger("gateway")


class KioskSessions:
    """Args:
    idle_seconds: after the last call a session is over.
    redis: None for a gateway that is alone.
    clock: seconds since 1970.
    """

    def __init__(self, idle_seconds: int, redis: "Redis | None", clock: Callable[[], float] = time.time) -> None:
        self._idle = idle_seconds
        self._redis = redis
        self._clock = clock
        self._seen: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._touched: set[str] = set()
        self._heard = 0.0
        self._task: asyncio.Task[None] | None = None

    def touch(self, session: str, issued: int) -> bool:
        """Whether it lives; being asked for keeps it alive.

        Args:
            issued: when its token was, in seconds since 1970.
        """
        now = self._clock()
        if session in self._ended or now - max(self._seen.get(session, 0.0), issued) > self._idle:
            return False
        self._seen[session] = now
        self._touched.add(session)
        return True

    async def end(self, session: str) -> None:
        """Over, here at once and elsewhere within about a second."""
        self._ended[session] = now = self._clock()
        if self._redis is not None:
            with suppress(*_AWAY):
                await self._redis.zadd(_ENDED, {session: now})

    async def is_first(self, proof_id: str, kept_seconds: int) -> bool:
        """Whether no other process has been shown this proof; while Redis is away each one knows its own."""
        if self._redis is None:
            return True
        try:
            return bool(await self._redis.set(_PROOF.format(proof_id), b"", nx=True, ex=kept_seconds))
        except _AWAY as exc:
            _log.warning("kiosks.redis_away", exc_info=exc)
            return True

    async def exchange(self) -> None:
        """Tells the others what was touched here, and hears what was touched and ended there.

        Raises:
            RedisError, OSError, TimeoutError: Redis is away; nothing is lost but time.
        """
        now = self._clock()
        self._forget(now)
        if self._redis is None:
            return
        touched = {session: self._seen[session] for session in self._touched if session in self._seen}
        pipeline = self._redis.pipeline(transaction=False)
        if touched:
            pipeline.zadd(_SEEN, touched, gt=True)
        for name in (_SEEN, _ENDED):
            pipeline.zremrangebyscore(name, 0, now - _KEPT_SECONDS)
            pipeline.expire(name, int(2 * _KEPT_SECONDS))
        pipeline.zrangebyscore(_SEEN, self._heard - _OVERLAP_SECONDS, "+inf", withscores=True)
        pipeline.zrangebyscore(_ENDED, self._heard - _OVERLAP_SECONDS, "+inf", withscores=True)
        *_, seen, ended = await pipeline.execute()
        self._touched.difference_update(touched)
        self._heard = now
        for session, at in seen:
            name = session.decode()
            self._seen[name] = max(self._seen.get(name, 0.0), at)
        self._ended.update({session.decode(): at for session, at in ended})

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self.exchange()
            except _AWAY as exc:
                _log.debug("kiosks.redis_away", exc_info=exc)
            await asyncio.sleep(_EVERY_SECONDS)

    def _forget(self, now: float) -> None:
        for table in (self._seen, self._ended):
            for session in [name for name, at in table.items() if now - at > _KEPT_SECONDS]:
                del table[session]
