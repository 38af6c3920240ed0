"""The shared buckets in Redis: one script pays debts and grants leases, many buckets in one round trip.

A lost answer loses the tokens that it granted: the error is always on the side of fewer calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis

_KEY = "jiuye:limit:{}"
# Tokens since the last time, minus what was spent on trust, minus what is granted now. Never more than asked for, never
# below what is there; only debts make it negative.
_SCRIPT = """
local time = tonumber(ARGV[1])
if time == 0 then local t = redis.call('TIME'); time = t[1] * 1000 + t[2] / 1000 end
local answers = {}
for i, key in ipairs(KEYS) do
  local a = 2 + (i - 1) * 4
  local rate, burst = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
  local debt, want = tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local kept = redis.call('HMGET', key, 'n', 't')
  local n, last = tonumber(kept[1]) or burst, tonumber(kept[2]) or time
  if time > last then n = math.min(burst, n + (time - last) * rate) else time = last end
  n = math.min(burst, n - debt)
  local granted = math.max(0, math.min(want, math.floor(n)))
  n = n - granted
  redis.call('HSET', key, 'n', tostring(n), 't', tostring(time))
  redis.call('PEXPIRE', key, math.ceil(burst / rate) + 60000)
  answers[2 * i - 1] = granted
  answers[2 * i] = tostring(n)
end
return answers
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one process says about one bucket: what it owes (negative: gives back) and what it wants."""

    name: str
    per_second: float
    burst: int
    debt: int
    want: int


class Settlement(Protocol):
    """Where claims are settled."""

    async def settle(self, claims: Sequence[Claim]) -> list[tuple[int, float]]:
        """Granted and left over, claim by claim.

        Raises:
            RedisError, OSError, TimeoutError: it is not known what was settled.
        """


class RedisSettlement:
    """Args:
    milliseconds: the time; None for Redis' own.
    """

    def __init__(self, redis: "Redis", milliseconds: "Clock | None" = None) -> None:
        self._script = redis.register_script(_SCRIPT)
        self._milliseconds = milliseconds

    async def settle(self, claims: Sequence[Claim]) -> list[tuple[int, float]]:
        """See `Settlement.settle`."""
        arguments: list[float | str] = [0 if self._milliseconds is None else self._milliseconds()]
        for claim in claims:
            arguments += [repr(claim.per_second / 1000), claim.burst, claim.debt, claim.want]
        keys = [_KEY.format(claim.name) for claim in claims]
        answers = await self._script(keys=keys, args=arguments)
        return [(int(answers[n]), float(answers[n + 1])) for n in range(0, len(answers), 2)]


class Clock(Protocol):
    def __call__(self) -> float: ...
