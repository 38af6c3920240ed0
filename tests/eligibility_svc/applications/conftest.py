"""Everybody who touches an application, on a real socket."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from kit.testing import Caller, client

READ, WRITE = "eligibility.application.read", "eligibility.application.write"
ACCEPT, DECIDE, PAY = (f"eligibility.application.{mode}" for mode in ("accept", "decide", "pay"))
GRANTS, ENTER, REVOKE = (f"eligibility.grant.{mode}" for mode in ("read", "enter", "revoke"))
RATE, RATINGS = "eligibility.rating.write", "eligibility.rating.read"
CHECK, HOOKS = "eligibility.check.run", "eligibility.webhook.manage"
UNMASK, AUDIT = "eligibility.pii.unmask", "audit.read"

# subject → kind, unit, scopes, as the roles of the gateway give them.
PEOPLE: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "platform": ("INTEGRATOR", None, (READ, WRITE, GRANTS, RATE, CHECK, HOOKS)),
    "kiosk": ("KIOSK", None, (READ, WRITE, RATE, CHECK)),
    # Each person at a kiosk is a session of a few minutes, in the district where the kiosk stands.
    "session:first": ("KIOSK", "ZZ07", (READ, WRITE, RATE, CHECK)),
    "session:second": ("KIOSK", "ZZ08", (READ, WRITE, RATE, CHECK)),
    "staff-ZZ07": ("STAFF", "ZZ07", (READ, WRITE, ACCEPT, PAY, GRANTS, ENTER, UNMASK)),
    "reviewer-ZZ07": ("REVIEWER", "ZZ07", (READ, DECIDE, GRANTS, REVOKE)),
    "second-reviewer-ZZ07": ("REVIEWER", "ZZ07", (READ, DECIDE, GRANTS, REVOKE)),
    "staff-ZZ08": ("STAFF", "ZZ08", (READ, WRITE, ACCEPT, PAY, GRANTS, ENTER, UNMASK)),
    "reviewer-ZZ08": ("REVIEWER", "ZZ08", (READ, DECIDE, GRANTS, REVOKE)),
    "auditor": ("AUDITOR", None, (AUDIT,)),
    "city": ("CITY", "ZZ", (READ, GRANTS, ENTER, RATINGS, HOOKS)),
    "city-reviewer": ("CITY_REVIEWER", "ZZ", (READ, DECIDE, GRANTS, REVOKE)),
    # One account that may do everything: only the rules of four eyes stand in its way.
    "almighty": ("STAFF", "ZZ07", (READ, ACCEPT, DECIDE, PAY, GRANTS, ENTER, REVOKE)),
}

FACTS = {
    "school_kind": "UNIVERSITY",
    "graduated_on": "2015-07-01",
    "is_first_business": True,
    "business_opened_on": "2018-05-01",
    "is_business_operating": True,
    "hukou_region": "ZHENGZHOU",
    "hukou_unit": "ZZ07",
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def nobodys_number(serial: int) -> str:
    """A valid citizen number of area 410199, which is nobody's (GB 11643)."""
    body = f"4101991990{serial // 1000 % 12 + 1:02d}{serial // 100 % 28 + 1:02d}{serial % 1000:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


class Office:
    """Calls by name: `await office("staff-ZZ07", "POST", "/applications/…/acceptance")`."""

    def __init__(self, clients: dict[str, httpx.AsyncClient]) -> None:
        self.clients = clients
        self.serial = 0

    async def __call__(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {"Idempotency-Key": str(uuid4())} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.clients[who].request(method, path, json=body, headers=sent)

    def somebody(self) -> dict[str, str]:
        """A person who has never applied for anything."""
        self.serial += 1
        return {"id_type": "RESIDENT_ID", "id_number": nobodys_number(self.serial), "name": "王测试"}

    async def submit(self, who: str = "platform", **changes: Any) -> dict[str, Any]:
        """A new application of somebody new for the startup grant."""
        body = {"measure": "startup-grant", "applicant": self.somebody(), "facts": FACTS, "as_of": "2018-09-01"}
        answer = await self(who, "POST", "/applications", body | changes)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def step(self, who: str, application: dict[str, Any], step: str, body: Any = None) -> dict[str, Any]:
        """A step that succeeds."""
        answer = await self(who, "POST", f"/applications/{application['id']}/{step}", body)
        assert answer.status_code in {200, 201}, answer.text
        return dict(answer.json())

    async def accepted(self, **changes: Any) -> dict[str, Any]:
        """An application that waits for its decision."""
        return await self.step("staff-ZZ07", await self.submit(**changes), "acceptance")

    async def granted(self, **changes: Any) -> dict[str, Any]:
        """An application that was granted."""
        accepted = await self.accepted(**changes)
        return await self.step("reviewer-ZZ07", accepted, "decision", {"decision": "GRANT"})

    async def grant_of(self, application: dict[str, Any]) -> dict[str, Any]:
        """The entry of the register for an application."""
        ref = application["applicant"]["ref"]
        listed = (await self("city", "GET", f"/grants?applicant_ref={ref}")).json()["items"]
        return next(each for each in listed if each["application_id"] == application["id"])

    async def refused(self) -> dict[str, Any]:
        """An application that was refused."""
        return await self.step("reviewer-ZZ07", await self.accepted(), "decision", REFUSAL)


async def connected(infrastructure: Any, database: str) -> asyncpg.Connection:
    """A connection with the rights of the service."""
    url = infrastructure.plain_url("eligibility_app", database)
    return await asyncpg.connect(url, server_settings={"search_path": "eligibility"})


REVOCATION = {"reason": "核查发现营业执照系转让取得"}
REFUSAL = {"decision": "REFUSE", "reason": "经核实并非首次创办企业"}


@pytest.fixture(scope="session")
async def office(eligibility_url: str, caller: Caller) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        clients = {
            who: await stack.enter_async_context(
                client(
                    f"{eligibility_url}/api/v1/eligibility",
                    headers=caller.headers(*scopes, subject=who, kind=kind, unit=unit),
                )
            )
            for who, (kind, unit, scopes) in PEOPLE.items()
        }
        yield Office(clients)
