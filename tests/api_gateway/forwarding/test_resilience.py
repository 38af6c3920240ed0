"""Several instances, breakers, places and repetitions over real sockets: one service costs the others nothing."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from api_gateway.forwarding.breaker import BreakerRules
from api_gateway.forwarding.route_table import RouteTable
from kit.testing import client
from tests.api_gateway.conftest import Gateways, assert_problem, changed_table, token_of
from tests.api_gateway.raw import exchange, status_of
from tests.api_gateway.upstreams import ScriptedUpstream, dead_address, read_head

CHECKS = "/api/v1/eligibility/checks"
UNITS = "/api/v1/targets/units"
OK = b"HTTP/1.1 200 OK\r\n"
RULES = BreakerRules(consecutive=5, share=0.5, minimum=20, window_seconds=10, open_seconds=0.5)


class Instance:
    """Answers every request with its name, until a test lets it do something else."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.heads: list[bytes] = []
        self.upstream = ScriptedUpstream()
        self.upstream.script = self.answers
        self.open = asyncio.Event()
        self.open.set()
        self.at_work = 0

    @property
    def posts(self) -> list[bytes]:
        return [head for head in self.heads if head.startswith(b"POST ")]

    async def answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.heads.append(await read_head(reader))
            self.at_work += 1
            await self.open.wait()
            self.at_work -= 1
            writer.write(OK + b"content-length: %d\r\n\r\n%b" % (len(self.name), self.name))
            await writer.drain()

    async def hangs_up(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        self.heads.append(await read_head(reader))


@asynccontextmanager
async def instances(*names: bytes) -> AsyncIterator[Sequence[Instance]]:
    async with AsyncExitStack() as stack:
        made = [Instance(name) for name in names]
        for instance in made:
            await stack.enter_async_context(instance.upstream.listening())
        try:
            yield made
        finally:
            for instance in made:
                instance.open.set()
                instance.upstream.hang_up()


@dataclass
class Running:
    call: httpx.AsyncClient

    async def status(self, method: str) -> int:
        """One request on a connection of its own; hundreds at once are more than httpx can do in good time."""
        head = f"{method} {CHECKS} HTTP/1.1\r\nHost: a\r\nAuthorization: {self.call.headers['authorization']}\r\n\r\n"
        return status_of(await exchange(str(self.call.base_url), head.encode()))

    async def metric(self, line: str) -> float:
        text = (await self.call.get("/metrics")).text
        return float(next(found.rpartition(" ")[2] for found in text.splitlines() if found.startswith(line)))


@asynccontextmanager
async def gateway(
    gateways: Gateways, targets: str, eligibility: str, table: RouteTable | None = None
) -> AsyncIterator[Running]:
    with gateways.running(targets, eligibility, targets, table or changed_table(RULES)) as url:
        async with client(url, headers={"Authorization": f"Bearer {await token_of(url)}"}) as made:
            yield Running(made)


def urls(*found: Instance) -> str:
    return ",".join(instance.upstream.url for instance in found)


async def test_requests_are_spread_over_the_instances(gateways: Gateways) -> None:
    async with instances(b"a", b"b", b"c") as (a, b, c), gateway(gateways, urls(a), urls(a, b, c)) as running:
        one_by_one = Counter([(await running.call.get(CHECKS)).text for _ in range(30)])
        assert one_by_one == {"a": 10, "b": 10, "c": 10}
        a.open.clear()
        first = [asyncio.create_task(running.call.get(CHECKS)) for _ in range(3)]
        async with asyncio.timeout(10):
            while not a.at_work:
                await asyncio.sleep(0.01)
            others = Counter([(await running.call.get(CHECKS)).text for _ in range(20)])
            assert others == {"b": 10, "c": 10}, "who has least to do gets the next one"
            a.open.set()
            assert sorted([(await task).text for task in first]) == ["a", "b", "c"]


async def test_an_instance_that_is_down_is_left_out_and_nobody_notices(gateways: Gateways) -> None:
    async with instances(b"a") as (a,):
        with dead_address() as dead:
            async with gateway(gateways, urls(a), f"{dead},{urls(a)}") as running:
                for _ in range(40):
                    answer = await running.call.post(CHECKS, content=b"{}")
                    assert (answer.status_code, answer.text) == (200, "a"), "nothing was sent, so even POST goes on"
                address = dead.removeprefix("http://")
                ready = (await running.call.get("/readyz")).json()
                assert ready["breakers"]["eligibility"][address] in ("OPEN", "HALF_OPEN")
                assert ready["breakers"]["targets"] == {urls(a).removeprefix("http://"): "CLOSED"}
                assert await running.metric('gateway_upstream_repeats_total{upstream="eligibility"}') >= 5


async def test_a_breaker_opens_and_one_probe_of_two_hundred_closes_it(gateways: Gateways) -> None:
    """R15."""
    async with instances(b"a", b"t") as (a, t), gateway(gateways, urls(t), urls(a)) as running:
        a.upstream.script = a.hangs_up
        for _ in range(5):
            assert_problem(await running.call.post(CHECKS), 502, "UPSTREAM_LOST")
        assert len(a.posts) == 5
        refused = await running.call.post(CHECKS)
        assert_problem(refused, 503, "BREAKER_OPEN")
        assert refused.headers["retry-after"] == "1"
        assert len(a.posts) == 5, "the service is left alone"
        state = f'instance="{urls(a).removeprefix("http://")}",state="OPEN",upstream="eligibility"'
        assert await running.metric(f"gateway_breaker_state{{{state}}}") == 1
        assert (await running.call.get(UNITS)).text == "t"

        a.upstream.script = a.answers
        a.open.clear()
        async with asyncio.timeout(10):
            while not await running.metric(f"gateway_breaker_state{{{state.replace('OPEN', 'HALF_OPEN')}}}"):
                await asyncio.sleep(0.02)
        crowd = [asyncio.create_task(running.status("POST")) for _ in range(200)]
        async with asyncio.timeout(30):
            while sum(task.done() for task in crowd) < 199:
                await asyncio.sleep(0.02)
        assert len(a.posts) == 6, "exactly one probe"
        a.open.set()
        assert Counter([await task for task in crowd]) == {200: 1, 503: 199}
        assert {(await running.call.post(CHECKS)).status_code for _ in range(20)} == {200}


async def test_a_full_service_refuses_in_time_and_recovers_at_once(gateways: Gateways) -> None:
    """R13: 10 places, 200 at once; who finds none hears so in time, and the next ones are served at once."""
    table = changed_table(RULES, connections_per_upstream=10, connect_seconds=0.5)
    async with instances(b"a", b"t") as (a, t), gateway(gateways, urls(t), urls(a), table) as running:
        a.open.clear()
        crowd = [asyncio.create_task(running.status("POST")) for _ in range(200)]
        async with asyncio.timeout(30):
            while sum(task.done() for task in crowd) < 190:
                await asyncio.sleep(0.02)
            assert a.at_work == 10
            begun = time.monotonic()
            assert_problem(await running.call.post(CHECKS), 503, "POOL_EXHAUSTED")
            assert time.monotonic() - begun < 2
            a.open.set()
            assert Counter([await task for task in crowd]) == {503: 190, 200: 10}
        async with asyncio.timeout(10):
            assert await running.status("POST") == 200
        again = await asyncio.gather(*(running.status("POST") for _ in range(50)))
        assert set(again) == {200}
        assert await running.metric('gateway_upstream_waiting{upstream="eligibility"}') == 0


async def test_who_waits_for_a_place_gets_it_in_turn(gateways: Gateways) -> None:
    """R13."""
    table = changed_table(RULES, connections_per_upstream=2, connect_seconds=10)
    async with instances(b"a", b"t") as (a, t), gateway(gateways, urls(t), urls(a), table) as running:
        answers = await asyncio.gather(*(running.call.get(CHECKS) for _ in range(40)))
        assert {answer.status_code for answer in answers} == {200}
        assert a.upstream.connections <= 2


async def test_a_service_that_hangs_takes_no_place_of_another(gateways: Gateways) -> None:
    """R14: the bulkhead, proved by counting: with every place of one service taken, the other answers everything."""
    table = changed_table(connections_per_upstream=10, connect_seconds=10, read_seconds=30)
    async with instances(b"a", b"t") as (a, t), gateway(gateways, urls(t), urls(a), table) as running:
        a.open.clear()
        stuck = [asyncio.create_task(running.status("POST")) for _ in range(60)]
        async with asyncio.timeout(30):
            while a.at_work < 10:
                await asyncio.sleep(0.01)
            others = await asyncio.gather(*(running.call.get(UNITS) for _ in range(100)))
            assert {answer.text for answer in others} == {"t"}
            assert not any(task.done() for task in stuck)
            assert t.upstream.connections <= 10
            a.open.set()
            assert {await task for task in stuck} == {200}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_may_be_repeated_goes_to_another_instance_once(gateways: Gateways, method: str) -> None:
    """R16."""
    async with instances(b"a", b"b") as (a, b), gateway(gateways, urls(a), urls(a, b), changed_table()) as running:
        a.upstream.script = a.hangs_up
        answers = [await running.call.request(method, CHECKS) for _ in range(10)]
        assert {answer.text for answer in answers} == {"b"}
        assert a.heads
        b.upstream.hang_up()
        b.upstream.script = b.hangs_up
        a.heads.clear()
        b.heads.clear()
        assert_problem(await running.call.request(method, CHECKS), 502, "UPSTREAM_LOST")
        assert len(a.heads) + len(b.heads) == 2, "once more, never twice more"


async def test_what_may_have_had_its_effect_is_never_repeated(gateways: Gateways) -> None:
    """R16."""
    async with instances(b"a", b"b") as (a, b), gateway(gateways, urls(a), urls(a, b), changed_table()) as running:
        a.upstream.script = a.hangs_up
        b.upstream.script = b.hangs_up
        for method in ("POST", "PATCH"):
            assert_problem(await running.call.request(method, CHECKS, content=b"{}"), 502, "UPSTREAM_LOST")
        assert_problem(await running.call.put(CHECKS, content=b"{}"), 502, "UPSTREAM_LOST")
        assert len(a.heads) + len(b.heads) == 3


async def test_a_storm_is_not_doubled(gateways: Gateways) -> None:
    """R16: of 300 requests to a service that fails them all, a tenth and a reserve of ten are repeated."""
    table = changed_table(connections_per_upstream=400, connect_seconds=10)
    async with instances(b"a", b"b") as (a, b), gateway(gateways, urls(a), urls(a, b), table) as running:
        a.upstream.script = a.hangs_up
        b.upstream.script = b.hangs_up
        assert set(await asyncio.gather(*(running.status("GET") for _ in range(300)))) == {502}
        assert len(a.heads) + len(b.heads) == 300 + 40
        assert await running.metric('gateway_upstream_repeats_total{upstream="eligibility"}') == 40
