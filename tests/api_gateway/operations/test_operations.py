"""Liveness, readiness, metrics."""

import asyncio

import httpx

from kit.testing import client, serving
from tests.api_gateway.conftest import Gateways
from tests.api_gateway.upstreams import Recorder, ScriptedUpstream, read_head, says


async def test_alive_is_not_ready(anonymous: httpx.AsyncClient, recorder: Recorder, scripted: ScriptedUpstream) -> None:
    assert recorder.ready
    scripted.script = says(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")
    assert (await anonymous.get("/healthz")).json() == {"status": "ok"}
    ready = await anonymous.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["status"] == "unavailable"
    assert ready.json()["upstreams"] == {"targets": "up", "eligibility": "down", "loans": "down"}


async def test_ready_when_all_services_are_and_not_when_one_says_no(gateways: Gateways) -> None:
    recorder = Recorder()
    with serving(recorder) as targets, gateways.running(targets) as url:
        async with client(url) as anonymous:
            up = {"targets": "up", "eligibility": "up", "loans": "up"}
            ready = await anonymous.get("/readyz")
            address = targets.removeprefix("http://")
            breakers = {name: {address: "CLOSED"} for name in up}
            assert ready.status_code == 200
            assert ready.json() == {"status": "ok", "upstreams": up, "breakers": breakers}
            recorder.ready = False
            unready = await anonymous.get("/readyz")
            assert unready.status_code == 503
            assert unready.json()["upstreams"] == dict.fromkeys(up, "down")
            recorder.ready = True
            assert (await anonymous.head("/readyz")).status_code == 200


async def test_a_crowd_that_asks_for_readiness_shares_one_answer(
    gateways: Gateways, scripted: ScriptedUpstream
) -> None:
    asked = 0
    all_here = asyncio.Event()

    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while True:
            await read_head(reader)
            asked += 1
            await all_here.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    scripted.script = counts
    with gateways.running(scripted.url) as url:
        async with client(url) as anonymous:
            crowd = [asyncio.create_task(anonymous.get("/readyz")) for _ in range(20)]
            async with asyncio.timeout(30):
                while asked < 3:
                    await asyncio.sleep(0.01)
            # Answered meanwhile, so the others have been taken in too.
            assert (await anonymous.get("/healthz")).status_code == 200
            all_here.set()
            answers = await asyncio.gather(*crowd)
    assert {answer.status_code for answer in answers} == {200}
    assert asked <= 3 * 3


async def test_metrics_are_in_the_text_format(anonymous: httpx.AsyncClient) -> None:
    await anonymous.get("/healthz")
    answer = await anonymous.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'http_requests_total{method="GET",route="/healthz",service="gateway",status="200"}' in answer.text
    assert "process_resident_memory_bytes" in answer.text
