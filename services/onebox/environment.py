"""What each process is told: exactly the variables that its row in the process table names."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from onebox import processes
from onebox.bootstrap import DATABASE, SCHEMAS
from onebox.home import Home
from onebox.keys import Keys
from onebox.processes import Application, Step, Worker
from onebox.settings import Settings, role_url

_NOT_PASSED_ON = {
    *("JIUYE_HOME", "JIUYE_POSTGRES_URL", "JIUYE_REDIS_URL", "PORT", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"),
    "PYTHONDONTWRITEBYTECODE",  # seven processes that compile everything anew at each start would double its time
}
_SOURCES = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Environment:
    """Of one installation.

    Attributes:
        admin_url: of the database, the embedded or the person's own.
        redis_url: likewise.
    """

    settings: Settings
    home: Home
    keys: Keys
    admin_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    def of(self, process: Application | Worker | Step) -> dict[str, str]:
        """The whole environment of a process. Nobody gets a secret that it does not name."""
        values = self._values()
        if process.role is not None:
            values["JIUYE_DATABASE_URL"] = self._role_url(process.role)
            signing = self.keys.service_signing_keys.get(process.role.partition("_")[0])
            values["JIUYE_SERVICE_SIGNING_KEY"] = json.dumps(signing)
        return _inherited() | {name: values[name] for name in process.variables}

    def _values(self) -> dict[str, str]:
        keys = self.keys
        upstreams = {
            f"JIUYE_{service.name.upper()}_URL": f"http://127.0.0.1:{self.settings.port + service.port_offset}"
            for service in processes.SERVICES
        }
        owners = {f"JIUYE_{schema.upper()}_OWNER_URL": self._role_url(f"{schema}_owner") for schema in SCHEMAS}
        gateway = {
            "JIUYE_CLIENTS_FILE": str(self.home.clients),
            "JIUYE_ACCESS_SIGNING_KEY": json.dumps(keys.access_signing_key),
            "JIUYE_INTERNAL_SIGNING_KEY": json.dumps(keys.internal_signing_key),
            "JIUYE_BASE_URL": self.settings.base_url,
        }
        general = {"JIUYE_ENVIRONMENT": "development", "JIUYE_REDIS_URL": self.redis_url}
        return general | keys.shared_environment() | gateway | upstreams | owners

    def _role_url(self, role: str) -> str:
        return role_url(self.admin_url, role, self.keys.role_passwords[role], DATABASE)


def _inherited() -> dict[str, str]:
    """The person's own environment, without what is meant for us alone."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
    # Calls between the processes never leave the machine, whatever proxy the person uses.
    return kept | {"PYTHONPATH": _SOURCES, "PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
