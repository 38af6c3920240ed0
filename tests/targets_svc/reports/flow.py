"""Carrying a report to approval over HTTP, as three accounts."""

from typing import Any

import httpx

from tests.targets_svc.conftest import Client, Targets


def figures(plan: dict[str, Any], unit: str, **values: int) -> list[dict[str, Any]]:
    """A cell for each assigned indicator of the unit; zero where no value is given."""
    assigned = [i["indicator"] for i in plan["items"] if i["unit"] == unit and i["state"] == "ASSIGNED"]
    return [{"indicator": code, "value": values.get(code, 0)} for code in assigned]


async def plan_of(targets: Targets, year: int = 2017) -> dict[str, Any]:
    """The plan as served."""
    async with targets.city() as city:
        plan: dict[str, Any] = (await city.get(f"/plans/{year}")).json()
    return plan


async def draft(
    targets: Targets, unit: str, month: str, cells: list[dict[str, Any]], etag: str | None = None
) -> httpx.Response:
    """Begins or changes a draft as the unit's reporter."""
    async with targets.staff(unit) as staff:
        headers = {"If-Match": etag} if etag else {}
        return await staff.put(f"/reports/{unit}/{month}", json={"cells": cells}, headers=headers)


async def step(account: Client, unit: str, month: str, name: str, **body: str) -> httpx.Response:
    """One workflow call with a fresh Idempotency-Key."""
    options: dict[str, Any] = {"json": body} if body else {}
    return await account.post(f"/reports/{unit}/{month}/{name}", headers=Client.key(), **options)


async def carry(targets: Targets, unit: str, month: str) -> httpx.Response:
    """Submission, review and approval of the present draft; the approval's answer."""
    async with targets.staff(unit) as staff, targets.reviewer(unit) as reviewer, targets.city() as city:
        for account, name in ((staff, "submission"), (reviewer, "review")):
            answer = await step(account, unit, month, name)
            assert answer.status_code == 200, answer.text
        return await step(city, unit, month, "approval")


async def approve(targets: Targets, unit: str, month: str, cells: list[dict[str, Any]]) -> None:
    """A report from nothing to official."""
    begun = await draft(targets, unit, month, cells)
    assert begun.status_code == 201, begun.text
    done = await carry(targets, unit, month)
    assert done.status_code == 200, done.text
