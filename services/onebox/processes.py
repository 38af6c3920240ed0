"""The processes of the platform: names, commands, ports, environment, readiness.

`make run` starts them from this table, and the files under deploy/ are compared with it.
"""

from dataclasses import dataclass

from onebox.bootstrap import SCHEMAS
from onebox.bootstrap import SERVICES as SERVICE_NAMES

_SERVICE_VARIABLES = (
    "JIUYE_ENVIRONMENT",
    "JIUYE_DATABASE_URL",
    "JIUYE_REDIS_URL",
    "JIUYE_INTERNAL_KEYS",
    "JIUYE_SERVICE_KEYS",
    "JIUYE_TARGETS_URL",
    "JIUYE_ELIGIBILITY_URL",
    "JIUYE_FIELD_KEYS",
    "JIUYE_CURSOR_KEY",
)
_WORKER_VARIABLES = (*_SERVICE_VARIABLES, "JIUYE_SERVICE_SIGNING_KEY")
_GATEWAY_VARIABLES = (
    "JIUYE_ENVIRONMENT",
    "JIUYE_DATABASE_URL",
    "JIUYE_REDIS_URL",
    "JIUYE_CLIENTS_FILE",
    "JIUYE_ACCESS_SIGNING_KEY",
    "JIUYE_INTERNAL_SIGNING_KEY",
    "JIUYE_TARGETS_URL",
    "JIUYE_ELIGIBILITY_URL",
    "JIUYE_LOANS_URL",
    "JIUYE_BASE_URL",
)


@dataclass(frozen=True, slots=True)
class Application:
    """An HTTP process; ready when `GET /readyz` answers 200.

    Attributes:
        name: as people and logs call it.
        program: a module to run, or `module:function` of an ASGI application for uvicorn.
        port_offset: added to PORT.
        variables: the environment that it reads.
        role: of the database.
    """

    name: str
    program: str
    port_offset: int
    variables: tuple[str, ...]
    role: str

    def command(self, host: str, port: int) -> tuple[str, ...]:
        where = ("--host", host, "--port", str(port))
        if ":" not in self.program:
            return ("python", "-m", self.program, *where)
        return ("uvicorn", "--factory", self.program, *where, "--no-server-header", "--no-access-log")


@dataclass(frozen=True, slots=True)
class Worker:
    """A process without a port; ready when it logs the event `worker.ready`."""

    name: str
    module: str
    variables: tuple[str, ...]
    role: str

    def command(self) -> tuple[str, ...]:
        return ("python", "-m", self.module)


@dataclass(frozen=True, slots=True)
class Step:
    """A command that must succeed before what comes after it."""

    name: str
    module: str
    variables: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    role: str | None = None

    def command(self) -> tuple[str, ...]:
        return ("python", "-m", self.module, *self.arguments)


GATEWAY = Application("gateway", "api_gateway", 0, _GATEWAY_VARIABLES, "gateway_app")
SERVICES = tuple(
    Application(name, f"{name}_svc.main:create_app", offset, _SERVICE_VARIABLES, f"{name}_app")
    for offset, name in enumerate(SERVICE_NAMES, start=1)
)
WORKERS = tuple(
    Worker(f"{name}-worker", f"{name}_svc.worker", _WORKER_VARIABLES, f"{name}_worker") for name in SERVICE_NAMES
)
MIGRATE = Step("migrate", "migrations", tuple(f"JIUYE_{schema.upper()}_OWNER_URL" for schema in SCHEMAS), ("upgrade",))
SEED = Step("seed", "targets_svc.seed", _SERVICE_VARIABLES, role="targets_app")

POSTGRES_OFFSET = 4
VALKEY_OFFSET = 5
PORT_COUNT = 6
