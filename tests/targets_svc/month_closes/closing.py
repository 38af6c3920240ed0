"""Closing a month over HTTP, as two people of the city."""

from typing import Any

from tests.targets_svc.conftest import Client, Targets


def proposer(targets: Targets) -> Client:
    return targets.account("city", "CITY", None, "month.propose")


def approver(targets: Targets) -> Client:
    return targets.account("city-reviewer", "CITY_REVIEWER", None, "month.approve")


async def close(targets: Targets, month: str, **body: str) -> dict[str, Any]:
    """An application and its approval; the decided one."""
    async with proposer(targets) as first, approver(targets) as second:
        proposed = await first.post("/month-closes", json={"month": month} | body)
        assert proposed.status_code == 201, proposed.text
        done = await second.post(f"/month-closes/{proposed.json()['id']}/approval", headers=Client.key())
        assert done.status_code == 200, done.text
        answer: dict[str, Any] = done.json()
        return answer
