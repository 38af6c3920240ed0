"""The operations page leaves out no setting and names no other."""

import re

import pytest

from api_gateway.settings import GatewaySettings
from kit.settings import ServiceSettings
from onebox.bootstrap import ROLES
from tests.deploy.deployed import REPOSITORY, compose_processes

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


def test_every_path_that_the_page_names_exists() -> None:
    for path in re.findall(r"(?:deploy|services|tests)/[\w./-]*\w", PAGE):
        if not path.endswith((".env", "clients.json")):
            assert (REPOSITORY / path).exists(), path
