"""After a new field key is current, who was in the register before is still the same person."""

import base64
import json
import secrets
from dataclasses import replace

from kit.testing import serving, settings_of
from targets_svc.main import create_app
from tests.targets_svc.conftest import Targets
from tests.targets_svc.register.people import event


def rotated(field_keys: str) -> str:
    """The same keys and a new one that is current, as docs/operations.md says."""
    ring = json.loads(field_keys)
    new = {"cipher": secrets.token_bytes(16), "lookup": secrets.token_bytes(32)}
    ring["keys"]["k2"] = {name: base64.b64encode(key).decode() for name, key in new.items()}
    return json.dumps(ring | {"current": "k2"})


async def test_a_person_counts_once_before_and_after_and_repeats_are_known(targets: Targets) -> None:
    first = event(801, "ZZ07", "2017-05-10")
    async with targets.staff("ZZ07") as jinshui:
        recorded = (await jinshui.post("/events", json=first)).json()
    assert recorded["counted"] is True

    environment = targets.infrastructure.service_environment("targets", targets.database)
    environment["JIUYE_FIELD_KEYS"] = rotated(environment["JIUYE_FIELD_KEYS"])
    with serving(create_app(settings_of(environment))) as url:
        after = replace(targets, url=url)
        async with after.staff("ZZ07") as jinshui, after.staff("ZZ08") as erqi:
            again = await jinshui.post("/events", json=first)
            assert (again.status_code, again.json()["event_id"]) == (200, recorded["event_id"])
            elsewhere = (await erqi.post("/events", json=event(801, "ZZ08", "2017-06-01"))).json()
            assert (elsewhere["counted"], elsewhere["reason"]) == (False, "DUP_YEAR")
            newcomer = event(802, "ZZ08", "2017-06-01")
            assert (await erqi.post("/events", json=newcomer)).json()["counted"] is True
            repeated = await erqi.post("/events", json=newcomer)
            assert repeated.status_code == 200
