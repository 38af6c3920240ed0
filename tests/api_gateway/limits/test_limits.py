"""S10: whatever the number of processes, a client gets what is its own and kiosks theirs; without Redis, half."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from api_gateway.forwarding.server.connection import ClientConnection
from api_gateway.limits.domain import Limit, Limits
from api_gateway.limits.errors import CapacityReachedError, RateLimitedError
from api_gateway.limits.repository import load_limits
from api_gateway.limits.service import TokenLimiter
from api_gateway.limits.settlement import Claim, RedisSettlement
from api_gateway.main import create_app
from kit.auth.principal import Principal
from kit.testing import serving
from tests.api_gateway.conftest import Gateways, assert_problem, token_of

PLENTY = Limit(10_000_000, 10_000_000)
QUOTA = Limit(600, 60)


class Time:
    """One clock for processes and Redis; a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def seconds(self) -> float:
        return self.now

    def milliseconds(self) -> float:
        return self.now * 1000


class Broken:
    """A Redis that can be switched off."""

    def __init__(self, settlement: RedisSettlement) -> None:
        self._settlement = settlement
        self.is_off = False

    async def settle(self, claims: Sequence[Claim]) -> list[tuple[int, float]]:
        if self.is_off:
            raise ConnectionRefusedError
        return await self._settlement.settle(claims)


def limits(*, client: Limit = QUOTA, kiosks: Limit = PLENTY, others: Limit = PLENTY) -> Limits:
    return Limits({"default": client}, frozenset({"KIOSK"}), kiosks, others)


@pytest.fixture
async def redis(infrastructure: Any) -> AsyncIterator[Redis]:
    made = Redis.from_url(infrastructure.redis_url)
    await made.delete(*[key async for key in made.scan_iter("jiuye:limit:*")] or ["none"])
    yield made
    await made.aclose()


def principals(count: int, kind: str = "INTEGRATOR") -> list[Principal]:
    return [Principal(f"client-{number}", kind, frozenset()) for number in range(count)]


def passes(limiter: TokenLimiter, principal: Principal, now: float) -> bool:
    """One call."""
    try:
        limiter.take(principal, now)
    except (RateLimitedError, CapacityReachedError):
        return False
    return True


async def demand(
    processes: list[TokenLimiter], clients: list[Principal], time: Time, *, seconds: int, per_second: int
) -> dict[str, int]:
    """Everybody asks evenly, each call at the next process; settlements every 20 ms, as the task would."""
    passed = dict.fromkeys((client.subject for client in clients), 0)
    steps, asked, turn = seconds * 50, Fraction(0), 0
    for _ in range(steps):
        time.now += 0.02
        asked += Fraction(per_second, 50)
        while asked >= 1:
            asked -= 1
            turn += 1
            for client in clients:
                process = processes[turn % len(processes)]
                passed[client.subject] += passes(process, client, time.now)
        for process in processes:
            await process.settle()
    return passed


async def test_ten_clients_at_three_times_their_limit_through_two_gateways(redis: Redis) -> None:
    time = Time()
    processes = [TokenLimiter(limits(), RedisSettlement(redis, time.milliseconds), time.seconds) for _ in range(2)]
    passed = await demand(processes, principals(10), time, seconds=30, per_second=30)
    expected = QUOTA.burst + QUOTA.quota / 2
    for count in passed.values():
        assert abs(count - expected) <= 0.05 * expected


async def test_a_client_within_its_limit_is_never_refused_wherever_its_calls_arrive(redis: Redis) -> None:
    time = Time()
    processes = [TokenLimiter(limits(), RedisSettlement(redis, time.milliseconds), time.seconds) for _ in range(2)]
    passed = await demand(processes, principals(3), time, seconds=30, per_second=9)
    assert set(passed.values()) == {30 * 9}


async def test_without_redis_two_gateways_together_keep_to_the_limit_and_come_back(redis: Redis) -> None:
    time = Time()
    shared = Broken(RedisSettlement(redis, time.milliseconds))
    processes = [TokenLimiter(limits(), shared, time.seconds) for _ in range(2)]
    clients = principals(10)
    await demand(processes, clients, time, seconds=20, per_second=30)
    shared.is_off = True
    alone = await demand(processes, clients, time, seconds=60, per_second=30)
    for count in alone.values():
        assert abs(count - QUOTA.quota) <= 0.05 * QUOTA.quota
    shared.is_off = False
    again = await demand(processes, clients, time, seconds=30, per_second=30)
    expected = QUOTA.burst + QUOTA.quota / 2  # the shared bucket was full again meanwhile
    for count in again.values():
        assert abs(count - expected) <= 0.05 * expected


async def test_one_gateway_that_never_had_redis_grants_half(redis: Redis) -> None:
    time = Time()
    passed = await demand([TokenLimiter(limits(), None, time.seconds)], principals(2), time, seconds=60, per_second=30)
    expected = (QUOTA.quota + QUOTA.burst) / 2
    assert all(abs(count - expected) <= 0.05 * expected for count in passed.values())


async def test_kiosks_keep_their_share_when_everybody_else_asks_for_everything(redis: Redis) -> None:
    time = Time()
    whole = Limit(1200, 40)
    tight = limits(client=PLENTY, kiosks=whole.share(0.25), others=whole.share(0.75))
    processes = [TokenLimiter(tight, RedisSettlement(redis, time.milliseconds), time.seconds) for _ in range(2)]
    crowd, kiosk = principals(4), Principal("kiosk-1", "KIOSK", frozenset())
    passed = await demand(processes, [*crowd, kiosk], time, seconds=30, per_second=20)
    others = sum(count for subject, count in passed.items() if subject != "kiosk-1")
    assert passed["kiosk-1"] >= 0.24 * (30 * 20 + 40)
    assert abs(others - (30 * 15 + 30)) <= 0.05 * (30 * 15 + 30)


async def test_a_refusal_tells_what_was_violated_and_when_to_come_again(redis: Redis) -> None:
    time = Time()
    limiter = TokenLimiter(limits(client=Limit(6, 2)), RedisSettlement(redis, time.milliseconds), time.seconds)
    (client,) = principals(1)
    for _ in range(2):
        assert b'ratelimit-policy: "client";q=6;w=60\r\n' in limiter.take(client, time.now)
        await limiter.settle()
    for _ in range(2):
        with pytest.raises(RateLimitedError) as refused:
            limiter.take(client, time.now)
        await limiter.settle()
    assert refused.value.headers == {
        "Retry-After": "10",
        "RateLimit-Policy": '"client";q=6;w=60',
        "RateLimit": '"client";r=0;t=10',
    }
    assert refused.value.members == {"violated-policies": ["client"]}
    time.now += 10
    await limiter.settle()
    is_first_let_through = passes(limiter, client, time.now)
    await limiter.settle()
    assert is_first_let_through or passes(limiter, client, time.now)


async def test_who_stands_at_a_kiosk_shares_its_bucket() -> None:
    time = Time()
    limiter = TokenLimiter(limits(client=Limit(6, 4)), None, time.seconds)
    people = [Principal(f"session:{n}", "KIOSK", frozenset(), act="device:hall-01") for n in range(3)]
    assert [passes(limiter, one, time.now) for one in people] == [True, True, False]


async def test_what_lies_unused_in_one_process_is_there_for_the_other(redis: Redis) -> None:
    time = Time()
    first, second = (
        TokenLimiter(limits(client=Limit(1, 8)), RedisSettlement(redis, time.milliseconds), time.seconds)
        for _ in range(2)
    )
    (client,) = principals(1)
    first.take(client, time.now)
    await first.settle()  # leases a block of its own
    time.now += 2
    await first.settle()  # and gives it back
    passed = 0
    for _ in range(20):
        passed += passes(second, client, time.now)
        await second.settle()
    assert passed == 7


async def test_the_real_limits_are_read_and_keep_a_share_for_kiosks() -> None:
    real = load_limits()
    assert real.kiosks.quota >= 0.2 * (real.kiosks.quota + real.others.quota)
    assert real.of("NOBODY") == real.kinds["default"]


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": {}},
        {"platform": {"quota": 10, "burst": 1, "kiosk_kinds": [], "kiosk_share": 0.1}},
        {"kinds": {"default": {"quota": 0, "burst": 1}}},
        {"kinds": {"default": {"quota": 1}}},
    ],
)
def test_limits_without_sense_are_refused(change: dict[str, Any]) -> None:
    good = {
        "kinds": {"default": {"quota": 1, "burst": 1}},
        "platform": {"quota": 10, "burst": 10, "kiosk_kinds": [], "kiosk_share": 0.2},
    }
    Limits.read(good)
    with pytest.raises(ValueError, match=r"kinds|limits|quota"):
        Limits.read(good | change)


async def test_over_http_a_client_is_told_and_a_stranger_costs_it_nothing(
    gateways: Gateways, recorder_url: Any, tmp_path: Any
) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(
        "kinds: {default: {quota: 60, burst: 6}}\n"
        "platform: {quota: 6000, burst: 600, kiosk_kinds: [KIOSK], kiosk_share: 0.25}\n"
    )
    app = create_app(gateways.settings(*[recorder_url[1]] * 3, limits_file=file))
    with serving(app, http=partial(ClientConnection, app.state.gate)) as url:
        token = await token_of(url)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as caller:
            for _ in range(20):
                assert (await caller.get("/api/v1/targets/units")).status_code == 401
            headers = {"Authorization": f"Bearer {token}"}
            answers = [await caller.get("/api/v1/targets/units", headers=headers) for _ in range(5)]
    passed = [answer for answer in answers if answer.status_code == 200]
    assert 2 <= len(passed) < 5  # half of six, one of them for the token, and what has come back meanwhile
    assert passed[0].headers["ratelimit-policy"] == '"client";q=60;w=60'
    refused = assert_problem(answers[-1], 429, "RATE_LIMITED")
    assert refused["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert refused["violated-policies"] == ["client"]
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].headers["ratelimit"] == '"client";r=0;t=1'


async def test_the_task_settles_by_itself_with_a_real_clock(redis: Redis) -> None:
    limiter = TokenLimiter(limits(client=Limit(60, 40)), RedisSettlement(redis))
    (client,) = principals(1)
    limiter.start()
    try:
        passed = 0
        async with asyncio.timeout(20):
            while passed < 40:
                passed += passes(limiter, client, asyncio.get_running_loop().time())
                await asyncio.sleep(0.001)
    finally:
        await limiter.stop()
