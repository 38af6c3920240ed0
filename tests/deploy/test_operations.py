"""The operations page leaves out no setting and names no other."""

import re
from typing import Any

import asyncpg
import pytest

from api_gateway.settings import GatewaySettings
from kit.settings import ServiceSettings
from onebox.bootstrap import ROLES
from tests.deploy.deployed import REPOSITORY, compose_processes
from tests.deploy.monitoring import ALERTS

PAGE = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
SETTINGS = PAGE[PAGE.index("## Settings") : PAGE.index("## First start")]
PASSWORDS = {f"JIUYE_{role.upper()}_PASSWORD" for role in ROLES}


CELLS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in SETTINGS.splitlines() if line.startswith("| `")]


def test_every_setting_has_a_row_and_every_row_is_a_setting() -> None:
    rows = {name for cells in CELLS for name in re.findall(r"`(JIUYE_\w+)`", cells[0])}
    fields = {f"JIUYE_{name.upper()}" for cls in (GatewaySettings, ServiceSettings) for name in cls.model_fields}
    given = {name for process in compose_processes().values() for name in process.environment}
    signing = {"JIUYE_TARGETS_SIGNING_KEY"}  # and so on
    assert rows - PASSWORDS - signing == (fields | given | {"JIUYE_HOME"}) - PASSWORDS
    assert rows & PASSWORDS


@pytest.mark.parametrize("settings", [GatewaySettings, ServiceSettings])
def test_defaults_are_those_of_the_code(settings: type[GatewaySettings | ServiceSettings]) -> None:
    shown = {name: cells[3].strip("`") for cells in CELLS for name in re.findall(r"`(JIUYE_\w+)`", cells[0])}
    for name, field in settings.model_fields.items():
        # The gateway can do without database and Redis while it is developed, the services cannot.
        others = (cls.model_fields.get(name) for cls in (GatewaySettings, ServiceSettings))
        is_required = any(other is not None and other.is_required() for other in others)
        default = "–" if is_required else str(field.default).lower()
        assert shown[f"JIUYE_{name.upper()}"].lower() == default


def test_every_alert_says_what_to_do() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", PAGE[PAGE.index("| alert |") :], re.MULTILINE)
    assert rows == [rule["alert"] for group in ALERTS["groups"] for rule in group["rules"]]


def test_every_log_line_that_the_page_names_is_one_that_is_written() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "services").rglob("*.py"))
    named = re.findall(
        r"`([a-z_]+\.(?:mismatch|refused|disabled|failed|invalid|unavailable|connection_lost|head))`", PAGE
    )
    assert len(set(named)) > 10
    assert [event for event in named if f'"{event}"' not in source] == []


async def test_a_job_that_gave_up_is_begun_anew_as_the_page_says(infrastructure: Any) -> None:
    (statement,) = re.findall(r"`(UPDATE targets\.job SET .* WHERE id = )…`", PAGE)
    worker = await asyncpg.connect(infrastructure.plain_url("targets_worker", infrastructure.new_database()))
    await worker.execute(
        "INSERT INTO targets.job (id, kind, owner, payload, state, attempts, finished_at)"
        " VALUES (gen_random_uuid(), 'kit.purge', 'x', '{}', 'FAILED', 8, now())"
    )
    await worker.execute(f"{statement}(SELECT id FROM targets.job)")
    left = "state = 'PENDING' AND attempts < max_attempts AND finished_at IS NULL AND next_poll <= clock_timestamp()"
    assert await worker.fetchval(f"SELECT {left} FROM targets.job")
    await worker.close()


def test_every_path_that_the_page_names_exists() -> None:
    for path in re.findall(r"(?:deploy|services|tests)/[\w./-]*\w", PAGE):
        if not path.endswith((".env", "clients.json")):
            assert (REPOSITORY / path).exists(), path
