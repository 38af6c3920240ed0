"""After a new field key is current, applications of before are read, and what is given once is given once."""

import base64
import json
import secrets
from contextlib import AsyncExitStack
from typing import Any

from eligibility_svc.main import create_app
from kit.testing import Caller, client, serving, settings_of
from tests.eligibility_svc.applications.conftest import PEOPLE, Office


async def test_an_applicant_of_before_is_the_same_and_is_read(
    office: Office, infrastructure: Any, eligibility_database: str, caller: Caller
) -> None:
    person = office.somebody()
    granted = await office.granted(applicant=person)

    environment = infrastructure.service_environment("eligibility", eligibility_database)
    ring = json.loads(environment["JIUYE_FIELD_KEYS"])
    new = {"cipher": secrets.token_bytes(16), "lookup": secrets.token_bytes(32)}
    ring["keys"]["k2"] = {name: base64.b64encode(key).decode() for name, key in new.items()}
    environment["JIUYE_FIELD_KEYS"] = json.dumps(ring | {"current": "k2"})
    async with AsyncExitStack() as stack:
        url = stack.enter_context(serving(create_app(settings_of(environment))))
        after = Office(
            {
                who: await stack.enter_async_context(
                    client(
                        f"{url}/api/v1/eligibility", headers=caller.headers(*scopes, subject=who, kind=kind, unit=unit)
                    )
                )
                for who, (kind, unit, scopes) in PEOPLE.items()
            }
        )
        read = (await after("staff-ZZ07", "GET", f"/applications/{granted['id']}")).json()
        assert read["applicant"] == granted["applicant"]
        whole = await after(
            "staff-ZZ07", "POST", f"/applications/{granted['id']}/unmasking", {"reason": "核对身份证原件"}
        )
        assert person["id_number"] in whole.text
        again = await after.accepted(applicant=person)
        assert again["applicant"]["ref"] == granted["applicant"]["ref"]
        assert again["check"]["result"]["reasons"][-1]["criterion"] == "ALREADY_GRANTED"
