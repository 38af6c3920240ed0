"""`POST /checks` through the gateway beside the same request answered by an empty handler, reached the same way.

The platform runs as `make run` starts it. Further gateways with the same settings have an empty handler behind them,
which hands over an answer as long as those of `/checks`: in a service like any other of the platform, so that the work
of the check itself is compared, and in FastAPI alone.
"""

import asyncio
import json
import os
import re
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from onebox import ports
from onebox.processes import GATEWAY, PORT_COUNT
from tests.eligibility_svc.interviews.population import people
from tests.load.processes import REPOSITORY, process
from tests.load.requests_per_second import answer_of, rate

PATH = "/api/v1/eligibility/checks"
CONNECTIONS = 16
PEOPLE = 10_000  # so many that hardly anybody is asked about twice while an answer is remembered
_PATIENCE = 90
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Door:
    """A gateway, and what stands behind it.

    Attributes:
        pids: the gateway's process and its upstream's.
    """

    port: int
    pids: tuple[int, int]


@dataclass(frozen=True)
class Measured:
    """Medians: requests a second, and microseconds of processor time of gateway and upstream for each request."""

    per_second: float
    gateway: float
    upstream: float


@contextmanager
def doors(folder: Path) -> Iterator[tuple[list[Door], list[bytes]]]:
    """The platform's gateway, those of the empty handlers, and what to send."""
    home, output = folder / "home", folder / "output.txt"
    port = ports.free_ports(PORT_COUNT)[0]
    environment = os.environ | {
        "PORT": str(port),
        "JIUYE_HOME": str(home),
        "JIUYE_LIMITS_FILE": str(_limits(folder)),
        "PYTHONPATH": f"{REPOSITORY / 'services'}{os.pathsep}{REPOSITORY}",
    }
    with ExitStack() as stack:
        onebox = stack.enter_context(process(output, environment, "-u", "-m", "onebox"))
        _await(lambda: onebox.poll() is not None or "已就绪" in output.read_text(), output)
        gateway, eligibility = _pid(home, "gateway"), _pid(home, "eligibility")
        sent = requests(_token(port, home), PEOPLE)
        answer = folder / "answer.json"
        answer.write_bytes(asyncio.run(answer_of(port, sent[0])))
        settings = _environment(gateway)
        behind = _environment(eligibility) | {"ANSWER": str(answer), "PYTHONPATH": environment["PYTHONPATH"]}
        empty = [
            stack.enter_context(_empty_door(folder / f"empty-{number}.txt", settings, behind, program))
            for number, program in enumerate(
                (("--factory", "tests.load.empty_handler:service"), ("tests.load.empty_handler:app",))
            )
        ]
        yield [Door(port, (gateway, eligibility)), *empty], sent


@contextmanager
def _empty_door(
    log: Path, settings: dict[str, str], behind: dict[str, str], program: tuple[str, ...]
) -> Iterator[Door]:
    """A gateway with an empty handler behind it."""
    empty_port, port = ports.free_ports(2)
    upstream = ("-m", "uvicorn", *program, "--port", str(empty_port), "--no-server-header", "--no-access-log")
    started, *arguments = GATEWAY.command("127.0.0.1", port)
    gateway = arguments if started == "python" else ("-m", started, *arguments)
    address = {"JIUYE_ELIGIBILITY_URL": f"http://127.0.0.1:{empty_port}"}
    with (
        process(log.with_suffix(".upstream.txt"), behind, *upstream) as empty,
        process(log, settings | address, *gateway) as door,
    ):
        _await(lambda: _is_ready(port), log)
        yield Door(port, (door.pid, empty.pid))


def _limits(folder: Path) -> Path:
    """Limits that are kept and never reached."""
    shipped = (REPOSITORY / "services" / "api_gateway" / "limits" / "limits.yaml").read_text(encoding="utf-8")
    path = folder / "limits.yaml"
    path.write_text(re.sub(r"(quota|burst): \d+", r"\1: 1000000000", shipped), encoding="utf-8")
    return path


def _environment(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _await(holds: Callable[[], bool], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > until:
            raise SystemExit(f"not ready:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _pid(home: Path, name: str) -> int:
    """The process whose output is the log of that name."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if (entry / "fd" / "1").readlink() == home / "logs" / f"{name}.log" and int(fields[3]) == int(entry.name):
                return int(entry.name)
        except (OSError, IndexError, ValueError):
            continue
    raise SystemExit(f"no process writes {name}.log")


def _token(port: int, home: Path) -> str:
    known = json.loads((home / "credentials.json").read_text())["clients"]["platform"]
    form = {"grant_type": "client_credentials", **{name: known[name] for name in ("client_id", "client_secret")}}
    body = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/oauth/token", body, timeout=10) as answer:
        return str(json.load(answer)["access_token"])


def requests(token: str, count: int) -> list[bytes]:
    """Checks of so many made-up people, all measures of a person, a fifth of the facts unknown."""
    made = []
    for position, person in enumerate(people(count, seed=11)):
        known = {name: value for index, (name, value) in enumerate(person.items()) if (index + position) % 5}
        body = json.dumps({"subject": "PERSON", "as_of": "2018-09-01", "facts": known}).encode()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS


def _round(door: Door, sent: list[bytes], seconds: float) -> Measured:
    before = [_seconds(pid) for pid in door.pids]
    begun = time.perf_counter()
    per_second = asyncio.run(rate(door.port, sent, connections=CONNECTIONS, seconds=seconds))
    answered = per_second * (time.perf_counter() - begun)
    gateway, upstream = ((_seconds(pid) - then) * 1e6 / answered for pid, then in zip(door.pids, before, strict=True))
    return Measured(per_second, gateway, upstream)


def measure(folder: Path, rounds: int, seconds: float) -> list[Measured]:
    """Checks, the empty handler in a service, the one in FastAPI alone; in turns."""
    with doors(folder) as (each, sent):
        for door in each:
            _round(door, sent, 1)
        found = [[_round(door, sent, seconds) for door in each] for _ in range(rounds)]
    return [_median(list(of_door)) for of_door in zip(*found, strict=True)]


def _median(found: list[Measured]) -> Measured:
    return Measured(
        statistics.median(each.per_second for each in found),
        statistics.median(each.gateway for each in found),
        statistics.median(each.upstream for each in found),
    )
