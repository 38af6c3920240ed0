"""The bureau that publishes, and everybody who answers by what it published."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from eligibility_svc.main import create_app
from eligibility_svc.parameters import service
from eligibility_svc.parameters.repository import following
from kit.testing import Caller, client, serving, settings_of

CATALOGUE, CHECK = "eligibility.catalogue.read", "eligibility.check.run"
WRITE, PUBLISH = "eligibility.parameter.write", "eligibility.parameter.publish"
SCREENING = ("eligibility.screening.run", "eligibility.screening.read")
APPLICATION = "eligibility.application."
PEOPLE = {
    "city": ("CITY", "ZZ", (CATALOGUE, CHECK, WRITE, *SCREENING)),
    "city-reviewer": ("CITY_REVIEWER", "ZZ", (CATALOGUE, PUBLISH)),
    "both": ("CITY", "ZZ", (CATALOGUE, WRITE, PUBLISH)),
    "platform": ("INTEGRATOR", None, (CATALOGUE, CHECK, f"{APPLICATION}read", f"{APPLICATION}write")),
    "staff-ZZ07": ("STAFF", "ZZ07", (f"{APPLICATION}read", f"{APPLICATION}accept")),
    "reviewer-ZZ07": ("REVIEWER", "ZZ07", (f"{APPLICATION}read", f"{APPLICATION}decide")),
}
REFERENCE = {"document": "郑人社〔2018〕99号", "clause": "三"}
VALUE = {"parameter": "amount", "from": "2018-10-01", "value": "1500.00", "reference": REFERENCE}


class Bureau:
    """Calls by name, at a service of its own."""

    def __init__(self, url: str, caller: Caller, database: str) -> None:
        self.url, self.caller, self.database = url, caller, database

    async def __call__(self, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        kind, unit, scopes = PEOPLE[who]
        headers = self.caller.headers(*scopes, subject=who, kind=kind, unit=unit) | {"Idempotency-Key": str(uuid4())}
        async with client(f"{self.url}/api/v1/eligibility", headers=headers) as made:
            return await made.request(method, path, json=body)

    async def upload(self, content: bytes, request: dict[str, Any]) -> str:
        """Submits a register; the path of the screening."""
        kind, unit, scopes = PEOPLE["city"]
        headers = self.caller.headers(*scopes, subject="city", kind=kind, unit=unit)
        async with client(f"{self.url}/api/v1/eligibility", headers=headers) as made:
            form = {"request": json.dumps(request, ensure_ascii=False)}
            answer = await made.post("/screenings", data=form, files={"file": ("register", content)})
        assert answer.status_code == 202, answer.text
        return f"/screenings/{answer.json()['id']}"

    async def publish(self, measure: str, **value: Any) -> str:
        """Proposes, publishes, waits until the service answers by it; the new version."""
        proposed = await self("city", "POST", f"/measures/{measure}/parameters", VALUE | value)
        assert proposed.status_code == 201, proposed.text
        path = f"/measures/{measure}/parameters/{proposed.json()['id']}/publication"
        published = await self("city-reviewer", "POST", path)
        assert published.status_code == 200, published.text
        version = str(published.json()["catalogue_version"])
        async with asyncio.timeout(10):
            while (await self("city", "GET", "/facts?subject=PARK")).json()["catalogue_version"] != version:
                await asyncio.sleep(0.02)
        return version

    async def check(self, **body: Any) -> httpx.Response:
        asked = {"subject": "PERSON", "as_of": "2018-11-01", "facts": {}, "measures": None}
        answer = await self("platform", "POST", "/checks", asked | body)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
async def bureau(infrastructure: Any, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bureau]:
    monkeypatch.setattr(service, "FOLLOW_SECONDS", 0.05)
    database = infrastructure.new_database()
    environment = infrastructure.service_environment("eligibility", database)
    try:
        with serving(create_app(settings_of(environment))) as url:
            yield Bureau(url, caller, database)
    finally:
        following.forget()
