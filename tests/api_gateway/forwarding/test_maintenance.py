"""Taking services out of use with a file."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from api_gateway.forwarding.maintenance import MaintenanceFile, read_maintenance
from kit.testing import client
from tests.api_gateway.conftest import UPSTREAMS, Gateways, assert_problem, token_of
from tests.api_gateway.upstreams import Recorder

UNTIL = '{"loans": {"until": "2026-12-01T06:00:00+08:00", "message": "担保贷款系统升级，6点恢复。"}}'
SIX = 1_796_076_000.0  # 2026-12-01T06:00:00+08:00


def test_the_example_says_when_to_come_again() -> None:
    refusal = read_maintenance(UNTIL, UPSTREAMS)["loans"].refusal(SIX - 90)
    assert refusal.headers["Retry-After"] == "90"
    assert refusal.detail == "担保贷款系统升级，6点恢复。"
    assert read_maintenance(UNTIL, UPSTREAMS)["loans"].refusal(SIX + 5).headers["Retry-After"] == "1"


def test_nothing_needs_to_be_said() -> None:
    refusal = read_maintenance('{"*": {}}', UPSTREAMS)["*"].refusal(SIX)
    assert refusal.headers["Retry-After"] == "60"
    assert "维护" in refusal.detail


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"elsewhere": {}}',
        '{"loans": true}',
        '{"loans": {"reason": "x"}}',
        '{"loans": {"until": "tomorrow"}}',
        '{"loans": {"until": "2026-12-01T06:00:00"}}',
        '{"loans": {"message": ""}}',
        '{"loans": {"message": 1}}',
    ],
)
def test_a_file_that_is_not_valid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_maintenance(text, UPSTREAMS)


def put(path: Path, text: str) -> None:
    """As operators are told to: beside it, then renamed."""
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105


def test_the_file_is_followed_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "maintenance.json"
    file = MaintenanceFile(path, UPSTREAMS)
    assert file.of("loans") is None
    put(path, '{"loans": {}}')
    file.look()
    assert file.of("loans") is not None
    assert file.of("targets") is None
    put(path, '{"loans": {"until"')
    file.look()
    assert file.of("loans") is not None
    put(path, '{"*": {}}')
    file.look()
    assert file.of("targets") is not None
    path.unlink()
    file.look()
    assert file.of("loans") is None


async def test_a_service_in_maintenance_says_so_and_the_others_go_on(
    gateways: Gateways, recorder: Recorder, recorder_url: tuple[Recorder, str], tmp_path: Path
) -> None:
    path = tmp_path / "maintenance.json"
    put(path, '{"loans": {"message": "担保贷款系统升级，6点恢复。"}}')
    with gateways.running(recorder_url[1], settings={"maintenance_file": path}) as url:
        async with client(url, headers={"Authorization": f"Bearer {await token_of(url)}"}) as gateway:
            refused = await gateway.get("/api/v1/loans/rules")
            assert_problem(refused, 503, "MAINTENANCE")
            assert refused.headers["retry-after"] == "60"
            assert "6点恢复" in refused.json()["detail"]
            assert not recorder.seen
            assert (await gateway.get("/api/v1/targets/units")).status_code == 200
            path.unlink()
            assert await until_served(gateway) == 200


async def until_served(gateway: httpx.AsyncClient) -> int:
    async with asyncio.timeout(10):
        while (answer := await gateway.get("/api/v1/loans/rules")).status_code == 503:
            await asyncio.sleep(0.02)
    return answer.status_code
