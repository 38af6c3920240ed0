"""The limiter: asked on every call, answers from memory; a task in the background settles with Redis."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog
from redis.exceptions import RedisError

from api_gateway.limits.domain import Bucket, Limits
from api_gateway.limits.errors import CapacityReachedError, RateLimitedError
from api_gateway.limits.settlement import Claim, Settlement
from kit.auth.principal import Principal

_AWAY = (RedisError, OSError, TimeoutError)
_PATIENCE_SECONDS = 0.5
_LEAST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1
_IDLE_SECONDS, _FORGOTTEN_SECONDS = 1.0, 120.0
_MOST_AT_ONCE = 500
_log = structlog.get_logger("gateway")


class TokenLimiter:
    """Buckets of clients and of the platform in this process.

    Args:
        limits: how many calls.
        settlement: None for a gateway without Redis; it stands alone.
        clock: monotonic seconds, the same that `take` is given.
    """

    def __init__(
        self, limits: Limits, settlement: Settlement | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._settlement = settlement
        self._clock = clock
        self._is_alone = settlement is None
        now = clock()
        self._kiosks = Bucket("platform:kiosks", limits.kiosks, now, is_alone=self._is_alone)
        self._others = Bucket("platform:others", limits.others, now, is_alone=self._is_alone)
        self._buckets: dict[str, Bucket] = {}
        self._hungry: dict[str, Bucket] = {}
        self._woken: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None

    def take(self, principal: Principal, now: float) -> bytes:
        """See `api_gateway.forwarding.limiter.Limiter.take`. Who acts through a kiosk shares the kiosk's bucket."""
        who = principal.act or principal.subject
        bucket = self._buckets.get(who)
        if bucket is None:
            limit = self._limits.of(principal.kind)
            bucket = self._buckets[who] = Bucket(f"client:{who}", limit, now, is_alone=self._is_alone)
        platform = self._kiosks if principal.kind in self._limits.kiosk_kinds else self._others
        if self._is_alone or bucket.debt or bucket.credit < bucket.plenty or platform.credit < platform.plenty:
            self._take_carefully(bucket, platform, now)
        else:
            bucket.credit -= 1
            platform.credit -= 1
            bucket.used_at = platform.used_at = now
        return bucket.fields()

    def _take_carefully(self, bucket: Bucket, platform: Bucket, now: float) -> None:
        refusal: RateLimitedError | CapacityReachedError | None = None
        if not bucket.take(now, is_alone=self._is_alone):
            refusal = RateLimitedError(bucket.seconds_to_one())
        elif not platform.take(now, is_alone=self._is_alone):
            bucket.give_back()
            refusal = CapacityReachedError()
        if not self._is_alone:
            self._ask_for(bucket)
            self._ask_for(platform)
        if refusal is not None:
            refusal.headers.update(bucket.headers())
            raise refusal

    async def settle(self) -> None:
        """Pays what was let pass on trust, and leases anew; stands alone while Redis does not answer."""
        if self._settlement is None:
            return
        now = self._clock()
        hungry = list(self._hungry.values())[:_MOST_AT_ONCE]
        given_back = [bucket for bucket in self._idle(now) if bucket.name not in self._hungry][:_MOST_AT_ONCE]
        claims = [_claim(bucket, bucket.debt, bucket.wanted()) for bucket in hungry]
        claims += [_claim(bucket, -bucket.idle_credit(), 0) for bucket in given_back]
        if self._is_alone and not claims:
            claims = [_claim(self._others, 0, 0)]  # to hear whether it is back
        if not claims:
            return
        for bucket in hungry:
            del self._hungry[bucket.name]
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                answers = await self._settlement.settle(claims)
        except _AWAY as exc:
            self._stand_alone(now, exc)
            return
        if self._is_alone:
            self._come_back()
            return
        for bucket, claim, (granted, left) in zip((*hungry, *given_back), claims, answers, strict=True):
            bucket.settled(max(claim.debt, 0), granted, left)

    async def run(self) -> None:
        """Settles as often as somebody is hungry, and looks after idle buckets between."""
        self._woken = asyncio.Event()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_PAUSE):
                    await self._woken.wait()
            self._woken.clear()
            await self.settle()
            self._forget(self._clock())
            await asyncio.sleep(_LEAST_PAUSE)

    def start(self) -> None:
        if self._settlement is not None:
            self._task = asyncio.create_task(self.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _ask_for(self, bucket: Bucket) -> None:
        if bucket.is_low and bucket.name not in self._hungry:
            self._hungry[bucket.name] = bucket
            if self._woken is not None:
                self._woken.set()

    def _idle(self, now: float) -> list[Bucket]:
        return [b for b in self._buckets.values() if b.credit >= 1 and now - b.used_at >= _IDLE_SECONDS]

    def _forget(self, now: float) -> None:
        old = [
            who
            for who, b in self._buckets.items()
            if now - b.used_at > _FORGOTTEN_SECONDS and b.credit < 1 and not b.debt
        ]
        for who in old:
            del self._buckets[who]

    def _stand_alone(self, now: float, exc: BaseException) -> None:
        if self._is_alone:
            return
        self._is_alone = True
        self._hungry.clear()
        for bucket in (*self._buckets.values(), self._kiosks, self._others):
            bucket.stand_alone(now)
        _log.warning("limits.redis_away", exc_info=exc)

    def _come_back(self) -> None:
        self._is_alone = False
        for bucket in (*self._buckets.values(), self._kiosks, self._others):
            bucket.come_back()
        _log.info("limits.redis_back")


def _claim(bucket: Bucket, debt: int, want: int) -> Claim:
    return Claim(bucket.name, bucket.limit.per_second, bucket.limit.burst, debt, want)
