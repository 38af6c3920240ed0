"""A grant to a person reaches the service of targets once, however often it is told and whoever was away."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from eligibility_svc.grants.jobs import take_back, tell_targets
from eligibility_svc.grants.telling import TAKE_BACK, TELL
from kit.db.engine import Database
from kit.http.onward import ServiceSilentError
from kit.jobs import lease as leases
from kit.jobs.worker import Job
from kit.testing import Caller, client, serving, settings_of
from targets_svc.main import create_app as create_targets
from tests.eligibility_svc.applications.conftest import REVOCATION, Office


async def test_a_grant_is_told_once_and_never_lost(
    office: Office, infrastructure: Any, eligibility_database: str
) -> None:
    granted = await office.granted()
    await office.refused()
    firm = {"id_type": "USCC", "id_number": "91410100MA0000007G", "name": "测试孵化园有限公司"}
    park = {"is_city_demo_park": True}
    accepted = await office.accepted(measure="incubator-demo", applicant=firm, facts=park, unit="ZZ07")
    await office.step("reviewer-ZZ07", accepted, "decision", {"decision": "GRANT", "amount": "100000.00"})
    environment = infrastructure.service_environment("eligibility", eligibility_database, duty="worker")
    database = Database(environment["JIUYE_DATABASE_URL"], schema="eligibility")
    targets_database = infrastructure.new_database()
    targets = settings_of(infrastructure.service_environment("targets", targets_database))
    try:
        async with database.transaction() as tx:
            query = text("SELECT payload FROM job WHERE kind = :kind")
            told = [row.payload["grant_id"] for row in await tx.execute(query, {"kind": TELL})]
        mine, theirs = [await office.grant_of(each) for each in (granted, accepted)]
        assert told.count(mine["id"]) == 1
        assert theirs["id"] not in told, "an organisation is nobody whom a target counts"
        payload = {"grant_id": mine["id"]}

        async def run(handler: Any, kind: str, url: str) -> dict[str, Any]:
            lease = leases.Lease(UUID(int=1), UUID(int=2), kind, payload, 1, None)
            settings = settings_of(environment, targets_url=url)
            async with database.transaction() as tx:
                return dict(await handler(Job(lease, tx, database, settings)))

        async def tell(url: str) -> dict[str, Any]:
            return await run(tell_targets, TELL, url)

        with pytest.raises(ServiceSilentError):
            await tell("http://127.0.0.1:9")
        with serving(create_targets(targets)) as url:
            first, again = await tell(url), await tell(url)
            assert (first, first["state"]) == (again, "UNMAPPED")
            reader = Caller(infrastructure.keys.internal_signing_key, "targets").headers(
                "targets.event.read", kind="CITY", unit="ZZ"
            )
            async with client(f"{url}/api/v1/targets", headers=reader) as api:
                (event,) = (await api.get("/service-events")).json()["items"]
                # What is revoked here is taken back there, once it was told; what was not told waits for that.
                await office("second-reviewer-ZZ07", "POST", f"/grants/{mine['id']}/revocation", REVOCATION)
                assert await run(take_back, TAKE_BACK, url) == {"taken_back": True}
                (after,) = (await api.get("/service-events")).json()["items"]
                assert await tell(url) == {"told": False}
        assert (event["event_id"], event["kind"], event["unit"], event["source"]) == (
            mine["id"], "measure.granted", "ZZ07", "eligibility",
        )  # fmt: skip
        assert granted["id"] not in json.dumps(event)
        assert (event["state"], after["state"]) == ("UNMAPPED", "RETRACTED")
    finally:
        await database.close()
