"""The gateway as a process of its own, started as operators start it (uvloop, httptools)."""

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.testing import client
from onebox.ports import free_ports
from tests.api_gateway.conftest import Gateways, token_of
from tests.api_gateway.upstreams import ScriptedUpstream, read_head, says

ROOT = Path(__file__).parents[2]
CHECKS = "/api/v1/eligibility/checks"
OK = b"HTTP/1.1 200 OK\r\n"


def environment(gateways: Gateways, upstream: str, **changes: str) -> dict[str, str]:
    given = {
        "PYTHONPATH": str(ROOT / "services"),
        "JIUYE_ENVIRONMENT": "development",
        "JIUYE_CLIENTS_FILE": str(gateways.clients_file),
        "JIUYE_ACCESS_SIGNING_KEY": json.dumps(gateways.keys.access_signing_key),
        "JIUYE_INTERNAL_SIGNING_KEY": json.dumps(gateways.keys.internal_signing_key),
        "JIUYE_TARGETS_URL": upstream,
        "JIUYE_ELIGIBILITY_URL": upstream,
        "JIUYE_LOANS_URL": upstream,
        "JIUYE_BASE_URL": "http://127.0.0.1:18000",
    }
    return os.environ | given | changes


def command(port: int) -> Sequence[str]:
    return [sys.executable, "-m", "api_gateway", "--host", "127.0.0.1", "--port", str(port)]


@asynccontextmanager
async def process(
    port: int, env: dict[str, str], output: Path, *before: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    with output.open("wb") as sink:
        started = await asyncio.create_subprocess_exec(
            *before, *command(port), env=env, stdout=sink, stderr=asyncio.subprocess.STDOUT
        )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def until_alive(anonymous: httpx.AsyncClient) -> None:
    async with asyncio.timeout(120):
        while True:
            try:
                assert (await anonymous.get("/healthz")).status_code == 200
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return


async def test_sigterm_lets_everything_in_flight_finish_and_tells_the_others_to_come_again(
    gateways: Gateways, scripted: ScriptedUpstream, tmp_path: Path
) -> None:
    """R12: 50 in flight, all finish; new ones get 503 with Retry-After; the process ends with 0."""
    at_work = 0
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_work
        await read_head(reader)
        at_work += 1
        await go_on.wait()
        writer.write(OK + b"content-length: 4\r\n\r\ndone")
        await writer.drain()

    scripted.script = slow
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    output = tmp_path / "output"
    async with process(port, environment(gateways, scripted.url), output) as gateway, client(url) as anonymous:
        await until_alive(anonymous)
        headers = {"Authorization": f"Bearer {await token_of(url)}"}
        requests = [asyncio.create_task(anonymous.post(CHECKS, headers=headers, content=b"{}")) for _ in range(50)]
        async with asyncio.timeout(30):
            while at_work < 50:
                await asyncio.sleep(0.01)
            gateway.send_signal(signal.SIGTERM)
            late = await until_draining(url)
            assert late.json()["code"] == "SHUTTING_DOWN"
            assert late.headers["retry-after"] == "1"
            async with client(url) as newcomer:
                assert (await newcomer.post(CHECKS, headers=headers, content=b"{}")).status_code == 503
                assert at_work == 50
                assert (await newcomer.get("/readyz")).json()["status"] == "draining"
            assert not any(request.done() for request in requests)
            go_on.set()
            answers = await asyncio.gather(*requests)
            assert {(answer.status_code, answer.text) for answer in answers} == {(200, "done")}
            assert await asyncio.wait_for(gateway.wait(), 15) == 0
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert {line["level"] for line in lines} <= {"info", "warning"}
    served = [line for line in lines if line.get("status") == 200 and line.get("route") == "/api/v1/eligibility/*"]
    assert len(served) == 50, "the log is written to its end"


async def until_draining(url: str) -> httpx.Response:
    while True:
        async with client(url) as newcomer:
            answer = await newcomer.get("/docs")
        if answer.status_code == 503:
            return answer
        await asyncio.sleep(0.01)


async def test_what_hangs_ends_with_the_process(gateways: Gateways, scripted: ScriptedUpstream, tmp_path: Path) -> None:
    at_work = asyncio.Event()

    async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_head(reader)
        at_work.set()
        await reader.read()

    scripted.script = hangs
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    env = environment(gateways, scripted.url)
    async with process(port, env, tmp_path / "output") as gateway, client(url) as anonymous:
        await until_alive(anonymous)
        headers = {"Authorization": f"Bearer {await token_of(url)}"}
        request = asyncio.create_task(anonymous.post(CHECKS, headers=headers, content=b"{}"))
        await at_work.wait()
        gateway.send_signal(signal.SIGTERM)
        await until_draining(url)
        gateway.send_signal(signal.SIGINT)  # at once
        assert await asyncio.wait_for(gateway.wait(), 15) == 0
        with pytest.raises(httpx.TransportError):
            await request


async def test_bodies_stream_through_both_ways_on_the_loop_of_production(
    gateways: Gateways, scripted: ScriptedUpstream, tmp_path: Path
) -> None:
    async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            length = next(int(h[15:]) for h in head.split(b"\r\n") if h.startswith(b"content-length:"))
            writer.write(OK + b"content-length: %d\r\n\r\n" % length)
            while length:
                part = await reader.read(min(length, 65536))
                length -= len(part)
                writer.write(part)
                await writer.drain()

    scripted.script = echoes
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    body = os.urandom(1024) * 4096
    async with ScriptedUpstream().listening() as breaking:
        breaking.script = says(OK + b"content-length: 100\r\n\r\nhalf")
        env = environment(gateways, scripted.url, JIUYE_LOANS_URL=breaking.url)
        async with process(port, env, tmp_path / "output"), client(url) as anonymous:
            await until_alive(anonymous)
            anonymous.headers["Authorization"] = f"Bearer {await token_of(url)}"
            small = await asyncio.gather(*(anonymous.post(CHECKS, content=b"%05d" % n) for n in range(100)))
            assert [answer.content for answer in small] == [b"%05d" % n for n in range(100)]
            large = await anonymous.post(CHECKS, content=body)
            assert large.content == body
            with pytest.raises(httpx.RemoteProtocolError):
                await anonymous.get("/api/v1/loans/rules")


LASTING = {
    "JIUYE_DATABASE_URL": "postgresql+asyncpg://gateway_app:x@127.0.0.1:9/jiuye",
    "JIUYE_REDIS_URL": "redis://127.0.0.1:9/0",
}


@pytest.mark.parametrize(
    ("change", "says_why"),
    [
        ({"JIUYE_CLIENTS_FILE": "/nowhere/clients.json"}, "/nowhere/clients.json cannot be read"),
        ({"JIUYE_ENVIRONMENT": "production"} | LASTING, "development secrets"),
        ({"JIUYE_ENVIRONMENT": "production"}, "production needs JIUYE_DATABASE_URL"),
        ({"JIUYE_TARGETS_URL": "https://targets"}, "targets_url"),
        ({"JIUYE_ACCESS_SIGNING_KEY": "{}"}, "access_signing_key"),
    ],
)
async def test_a_wrong_configuration_ends_the_process_with_a_reason(
    gateways: Gateways, tmp_path: Path, change: dict[str, Any], says_why: str
) -> None:
    output = tmp_path / "output"
    env = environment(gateways, "http://127.0.0.1:9", **change)
    async with process(free_ports(1)[0], env, output) as gateway, asyncio.timeout(30):
        await gateway.wait()
    assert gateway.returncode not in (0, None)
    assert says_why in output.read_text()
    assert gateways.keys.access_signing_key["d"] not in output.read_text()


async def test_an_ordinary_users_limit_of_open_files_is_raised(
    gateways: Gateways, scripted: ScriptedUpstream, tmp_path: Path
) -> None:
    [port] = free_ports(1)
    few = ("sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh")
    async with (
        process(port, environment(gateways, scripted.url), tmp_path / "output.txt", *few) as gateway,
        client(f"http://127.0.0.1:{port}") as anonymous,
    ):
        await until_alive(anonymous)
        soft, hard = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
    assert soft == hard > 256
