"""What two gateway processes with one database and one Valkey know of each other."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from kit.testing import client
from onebox.ports import free_ports
from tests.api_gateway.conftest import SECRET, Gateways, assert_problem, client_entry, token_of
from tests.api_gateway.raw import connect
from tests.api_gateway.test_process import environment, process, until_alive
from tests.api_gateway.upstreams import Recorder

UNITS = "/api/v1/targets/units"
BURST, PER_SECOND = 100, 200


@dataclass(frozen=True)
class Pair:
    here: str
    there: str


@pytest.fixture(scope="module")
async def pair(
    infrastructure: Any,
    gateways: Gateways,
    recorder_url: Any,
    secret_hash: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    kinds = {"security-admin": "SECURITY_ADMIN", "revoked": "CITY", "one": "INTEGRATOR", "two": "INTEGRATOR"}
    entries = {name: client_entry(kind, secret_hash) for name, kind in kinds.items()}
    clients, limits = folder / "clients.json", folder / "limits.yaml"
    clients.write_text(json.dumps({"environment": "development", "clients": entries}), encoding="utf-8")
    limits.write_text(
        f"kinds: {{default: {{quota: 6000, burst: 1000}}, INTEGRATOR: {{quota: {60 * PER_SECOND}, burst: {BURST}}}}}\n"
        "platform: {quota: 600000, burst: 60000, kiosk_kinds: [KIOSK], kiosk_share: 0.25}\n",
        encoding="utf-8",
    )
    env = environment(
        Gateways(gateways.keys, clients),
        recorder_url[1],
        JIUYE_DATABASE_URL=infrastructure.url("gateway_app", infrastructure.new_database()),
        JIUYE_REDIS_URL=infrastructure.redis_url,
        JIUYE_LIMITS_FILE=str(limits),
    )
    urls = []
    async with AsyncExitStack() as stack:
        for port in free_ports(2):
            await stack.enter_async_context(process(port, env, folder / str(port)))
            urls.append(f"http://127.0.0.1:{port}")
        for url in urls:
            await until_alive(await stack.enter_async_context(client(url)))
        yield Pair(*urls)


async def test_wrong_secrets_are_counted_over_both(pair: Pair) -> None:
    """S11: three at one and two at the other are five."""
    form = {"grant_type": "client_credentials", "client_id": "one", "client_secret": "wrong"}
    async with client(pair.here) as here, client(pair.there) as there:
        for gateway in (here, there, here, there, here):
            assert_problem(await gateway.post("/oauth/token", data=form), 401, "CLIENT_INVALID")
        for gateway in (here, there):
            refused = await gateway.post("/oauth/token", data=form | {"client_secret": SECRET})
            assert_problem(refused, 429, "TOO_MANY_FAILURES")
            assert 590 <= int(refused.headers["retry-after"]) <= 600
        assert (await there.post("/oauth/token", data=form | {"client_id": "two", "client_secret": SECRET})).is_success


async def test_a_revocation_reaches_the_other_process(pair: Pair, recorder: Recorder) -> None:
    admin, token = await token_of(pair.here, "security-admin"), await token_of(pair.there, "revoked")
    async with client(pair.there, headers={"Authorization": f"Bearer {token}"}) as caller:
        assert (await caller.get(UNITS)).status_code == 200
        async with client(pair.here, headers={"Authorization": f"Bearer {admin}"}) as security:
            body = {"subject": "revoked", "reason": "密钥疑似泄露"}
            assert (await security.post("/api/v1/admin/token-revocations", json=body)).status_code == 201
        async with asyncio.timeout(10):
            while (answer := await caller.get(UNITS)).status_code == 200:
                await asyncio.sleep(0.02)
        assert_problem(answer, 401, "TOKEN_INVALID")
    assert {seen.method for seen in recorder.seen} == {"GET"}


async def test_a_client_gets_its_limit_and_no_more_through_both(pair: Pair, recorder: Recorder) -> None:
    """S10: at three times its limit, evenly at both, by the real clock; `test_limits.py` has a clock of its own."""
    token = await token_of(pair.here, "two")
    request = f"GET {UNITS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    lines = [await connect(url) for url in (pair.here, pair.there)]
    begun, asked, passed = time.monotonic(), 0, 0
    while (elapsed := time.monotonic() - begun) < 1.5:
        more = max(1, int(elapsed * 3 * PER_SECOND / 2) - asked)
        for reader, writer in lines:
            writer.write(request * more)
            answers = b""
            while answers.count(b"HTTP/1.1 ") < more:
                answers += await reader.read(65536)
            passed += answers.count(b"HTTP/1.1 200")
        asked += more
        await asyncio.sleep(0.01)
    for _, writer in lines:
        writer.close()
    expected = BURST + PER_SECOND * elapsed
    assert 2 * asked > 1.5 * expected, "far more was asked for"
    assert 0.75 * expected <= passed <= 1.05 * expected, "a machine that lags lets less through, never more"
