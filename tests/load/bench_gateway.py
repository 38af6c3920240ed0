"""`make bench-gateway`: forwarding beside nginx and two proxies in Python, all in one run, one core for each side.

ROUND (default 8) seconds are measured of each proxy in each of ROUNDS (default 3) interleaved rounds; REQUESTS
(default 1 000 000) go through the gateway before its memory is read. Needs wrk and nginx: from the PATH, or from
Debian packages, unpacked, not installed, under `.bench/tools`. Writes `.bench/gateway.json`.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from argon2 import PasswordHasher

from onebox.keys import Keys
from onebox.ports import free_ports
from onebox.servers import running as serving
from onebox.valkey import Valkey
from tests.load.figures import Row, at_most, beside, info, report, say
from tests.load.gateway_subjects import BODY, UNITS

REPOSITORY = Path(__file__).parents[2]
TOOLS = REPOSITORY / ".bench" / "tools"
ROUND = float(os.environ.get("ROUND", "8"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
REQUESTS = int(os.environ.get("REQUESTS", "1000000"))
CONNECTIONS = 64
RATE, RATED_SECONDS = 200, 3 * ROUND
COMPARED = ("fastapi-proxy-lib", "fastapi", "httpx", "uvicorn", "uvloop", "httptools")
PROXY_CORE, UPSTREAM_CORE = 0, 1
SECRET = "a-secret-of-the-benchmark"
_PACKAGES = ("wrk", "nginx", "libluajit-5.1-2", "libluajit-5.1-common")
_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  {servers}
}}
"""
_PROXY = """
upstream service {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{port};
  location / {{ proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
"""
_STATIC = "server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{body}'; }} }}"
_NEVER_REACHED = 10**12


@dataclass(frozen=True)
class Measured:
    """requests_per_second, and processor time of the proxy in µs a request."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class Subject:
    """A running proxy: its port, the process whose time counts, and further headers of each request."""

    name: str
    port: int
    pid: int
    headers: tuple[str, ...] = ()


def tools() -> tuple[str, str, dict[str, str]]:
    """wrk, nginx, and the environment that they need.

    Raises:
        SystemExit: they are neither installed nor to be had.
    """
    wrk, nginx = shutil.which("wrk"), shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if wrk and nginx:
        return wrk, nginx, dict(os.environ)
    unpacked = TOOLS / "usr/bin/wrk", TOOLS / "usr/sbin/nginx"
    if not all(path.exists() for path in unpacked):
        _unpack()
    libraries = ":".join(str(path) for path in (TOOLS / "usr/lib").glob("*-linux-gnu"))
    return str(unpacked[0]), str(unpacked[1]), os.environ | {"LD_LIBRARY_PATH": libraries}


def _unpack() -> None:
    missing = "wrk and nginx are not on this machine"
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise SystemExit(f"{missing}, and there is no apt-get to fetch them with: install both and start again")
    say(f"{missing}: fetching the packages {' '.join(_PACKAGES)} with apt-get into {TOOLS}")
    TOOLS.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["apt-get", "download", *_PACKAGES], cwd=TOOLS, check=False).returncode != 0:
        raise SystemExit(f"{missing}, and apt-get has not got them: install both and start again")
    for package in TOOLS.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, TOOLS], check=True)
        package.unlink()


def compared() -> str:
    """The Python of the environment that holds the compared proxies; they are nothing the platform needs."""
    folder = REPOSITORY / ".bench" / "proxies"
    if not (folder / "complete").exists():
        say(f"installing {' '.join(COMPARED)} into {folder}")
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", *COMPARED], check=True)
        (folder / "complete").touch()
    return str(folder / "bin/python")


@contextmanager
def running(command: Sequence[str], port: int, core: int, environment: dict[str, str]) -> Iterator[int]:
    """A process on one core, once its port answers; yields its pid."""
    with subprocess.Popen(
        ["taskset", "-c", str(core), *command], cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None:
                    raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def load(wrk: str, environment: dict[str, str], subject: Subject, seconds: float) -> Measured:
    """wrk against a proxy; it runs on the core of the upstream."""
    headers = [part for header in subject.headers for part in ("-H", header)]
    command = ["taskset", "-c", str(UPSTREAM_CORE), wrk, "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s"]
    before = cpu_seconds(subject.pid)
    done = subprocess.run(
        [*command, *headers, f"http://127.0.0.1:{subject.port}{UNITS}"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    used = cpu_seconds(subject.pid) - before
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"{subject.name} refused requests:\n{done.stdout}")
    count = int(re.search(r"(\d+) requests in", done.stdout)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])  # type: ignore[index]
    return Measured(rate, used / max(count, 1) * 1e6)


def rated(subjects: Sequence[Subject]) -> dict[str, list[float]]:
    """Milliseconds of requests that come one by one, RATE a second in all, to each in turn."""
    os.sched_setaffinity(0, {UPSTREAM_CORE})
    times: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    with ExitStack() as stack:
        lines = []
        for subject in subjects:
            line = stack.enter_context(socket.create_connection(("127.0.0.1", subject.port)))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            head = "".join(f"{header}\r\n" for header in ("Host: 127.0.0.1", *subject.headers))
            lines.append((subject.name, line, f"GET {UNITS} HTTP/1.1\r\n{head}\r\n".encode()))
        due = time.perf_counter()
        for number in range(int(RATE * RATED_SECONDS)):
            name, line, request = lines[number % len(lines)]
            due += 1 / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            begun = time.perf_counter()
            line.sendall(request)
            received = b""
            while not received.endswith(BODY):
                received += line.recv(65536)
            times[name].append((time.perf_counter() - begun) * 1000)
    return times


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def gateway_environment(folder: Path, upstream: str) -> dict[str, str]:
    """A gateway with one client whose limit is never reached, but kept, and settled with Valkey as in production."""
    keys = Keys.generate()
    secret_hash = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(SECRET)
    client = {
        "name": "benchmark", "secret_hash": secret_hash, "kind": "INTEGRATOR", "scopes": [], "unit": None, "bank": None
    }  # fmt: skip
    clients = folder / "clients.json"
    clients.write_text(json.dumps({"environment": "development", "clients": {"bench": client}}), encoding="utf-8")
    limits = folder / "limits.yaml"
    shipped = (REPOSITORY / "services/api_gateway/limits/limits.yaml").read_text(encoding="utf-8")
    limits.write_text(re.sub(r"(quota|burst): \d+", rf"\1: {_NEVER_REACHED}", shipped), "utf-8")
    return os.environ | {
        "PYTHONPATH": f"{REPOSITORY / 'services'}:{REPOSITORY}",
        "JIUYE_ENVIRONMENT": "development",
        "JIUYE_CLIENTS_FILE": str(clients),
        "JIUYE_LIMITS_FILE": str(limits),
        "JIUYE_ACCESS_SIGNING_KEY": json.dumps(keys.access_signing_key),
        "JIUYE_INTERNAL_SIGNING_KEY": json.dumps(keys.internal_signing_key),
        "JIUYE_TARGETS_URL": upstream,
        "JIUYE_ELIGIBILITY_URL": upstream,
        "JIUYE_LOANS_URL": upstream,
        "JIUYE_BASE_URL": "http://127.0.0.1",
    }


def token(port: int) -> str:
    """An access token of the gateway's client."""
    form = urlencode({"grant_type": "client_credentials", "client_id": "bench", "client_secret": SECRET}).encode()
    for _ in range(100):
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}/oauth/token", form), timeout=5) as answer:
                return str(json.load(answer)["access_token"])
        except URLError:
            time.sleep(0.1)
    raise SystemExit("the gateway gave no token")


def table(title: str, subjects: Sequence[Subject], found: dict[str, list[Measured]], direct: str) -> None:
    say(f"\n{title}; straight to it: {direct}")
    say(f"{'':26}{'requests/s':>12}{'CPU us/request':>16}")
    for subject in subjects:
        rates = [one.rate for one in found[subject.name]]
        cpu = statistics.median(one.cpu for one in found[subject.name])
        rounds = " ".join(f"{rate:.0f}" for rate in rates)
        say(f"{subject.name:26}{statistics.median(rates):>12.0f}{cpu:>16.1f}   {rounds}")


def faster(name: str, found: dict[str, list[Measured]], mine: str, theirs: str, goal: float) -> Row:
    """The median of the rounds' ratios: in a round both had the same machine."""
    value = statistics.median(one.rate for one in found[mine])
    reference = statistics.median(one.rate for one in found[theirs])
    ratio = statistics.median(a.rate / b.rate for a, b in zip(found[mine], found[theirs], strict=True))
    return beside(name, round(value), "requests/s", (theirs, round(reference)), ratio, (">=", goal))


def main() -> None:
    wrk, nginx, with_tools = tools()
    their_python = compared()
    raw, static, nginx_raw, nginx_static, plain, plain_static, full, fastapi, proxy_lib, settling = free_ports(10)
    upstream = f"http://127.0.0.1:{raw}"
    mine = os.environ | {"PYTHONPATH": f"{REPOSITORY / 'services'}:{REPOSITORY}"}
    with tempfile.TemporaryDirectory(prefix="bench-gateway-") as name, ExitStack() as stack:
        folder = Path(name)

        def start(command: Sequence[str], port: int, core: int, environment: dict[str, str]) -> int:
            return stack.enter_context(running(command, port, core, environment))

        def start_nginx(port: int, server: str, core: int) -> int:
            home = folder / str(port)
            home.mkdir()
            (home / "conf").write_text(_NGINX.format(folder=home, servers=server), encoding="utf-8")
            return start([nginx, "-p", str(home), "-c", str(home / "conf")], port, core, with_tools)

        def start_subject(kind: str, port: int, to: str, python: str = sys.executable, core: int = PROXY_CORE) -> int:
            return start([python, "-m", "tests.load.gateway_subjects", kind, str(port), to], port, core, mine)

        start_subject("raw", raw, "-", core=UPSTREAM_CORE)
        start_nginx(static, _STATIC.format(port=static, body=BODY.decode()), UPSTREAM_CORE)
        of_nginx = start_nginx(nginx_raw, _PROXY.format(upstream=raw, port=nginx_raw), PROXY_CORE)
        of_nginx_static = start_nginx(nginx_static, _PROXY.format(upstream=static, port=nginx_static), PROXY_CORE)
        valkey = Valkey(folder / "valkey", settling, SECRET, durable=False)
        stack.enter_context(serving(valkey, folder / "valkey.log"))
        environment = gateway_environment(folder, upstream) | {"JIUYE_REDIS_URL": valkey.url}
        of_full = start([sys.executable, "-m", "api_gateway", "--port", str(full)], full, PROXY_CORE, environment)
        bearer = (f"Authorization: Bearer {token(full)}",)
        reference = Subject("nginx proxy_pass", nginx_raw, of_nginx)
        whole = Subject("gateway, all of it", full, of_full, bearer)
        slow = [
            Subject("FastAPI + httpx", fastapi, start_subject("fastapi", fastapi, upstream, their_python)),
            Subject("fastapi-proxy-lib", proxy_lib, start_subject("proxy-lib", proxy_lib, upstream, their_python)),
        ]
        subjects = [
            reference,
            Subject("gateway, plain", plain, start_subject("plain", plain, upstream)),
            whole,
            *slow,
        ]
        to_static = [
            Subject("nginx to static", nginx_static, of_nginx_static),
            Subject(
                "gateway, plain to static",
                plain_static,
                start_subject("plain", plain_static, f"http://127.0.0.1:{static}"),
            ),
        ]
        straight = Subject("raw", raw, of_full)
        found: defaultdict[str, list[Measured]] = defaultdict(list)
        for subject in (*subjects, *to_static):
            load(wrk, with_tools, subject, 1)
        for _ in range(ROUNDS):
            for subject in (*subjects, *to_static):
                found[subject.name].append(load(wrk, with_tools, subject, ROUND))
        direct = load(wrk, with_tools, straight, ROUND).rate
        table(f"{CONNECTIONS} connections, {len(BODY)} bytes, raw ASGI upstream", subjects, found, f"{direct:.0f}/s")
        table("static upstream (nginx return)", to_static, found, "-")

        times = rated([straight, whole])
        added = {
            share: percentile(times[whole.name], share) - percentile(times[straight.name], share)
            for share in (0.5, 0.99)
        }
        load(wrk, with_tools, whole, 1)
        held = megabytes(of_full), open_files(of_full)
        while (served := _served(full)) < REQUESTS:
            load(wrk, with_tools, whole, min(60.0, max(1.0, (REQUESTS - served) / found[whole.name][0].rate)))
        rows = [
            faster("plain forwarding", found, "gateway, plain", reference.name, 0.8),
            faster("token, internal token, limit, log, metrics", found, whole.name, reference.name, 0.6),
            *(faster(f"against {subject.name}", found, whole.name, subject.name, 20) for subject in slow),
            at_most(f"added at {RATE} requests/s, p50", added[0.5], "ms", 1),
            at_most(f"added at {RATE} requests/s, p99", added[0.99], "ms", 8),
            at_most(f"memory after {_served(full)} requests", megabytes(of_full), "MB", 100),
            at_most("of it grown since the rounds (R22)", (megabytes(of_full) / held[0] - 1) * 100, "%", 5),
            at_most("open files more than then (R22)", open_files(of_full) - held[1], "files", 8),
            *(
                info(f"CPU, {subject.name}", statistics.median(one.cpu for one in found[subject.name]), "us/request")
                for subject in (*subjects, *to_static)
            ),
            faster("plain forwarding, static upstream", found, to_static[1].name, to_static[0].name, 0),
        ]
    report("gateway", rows)


def _served(port: int) -> int:
    """How many forwarded requests the gateway has counted."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return int(sum(float(value) for value in re.findall(r'gateway_upstream_requests_total\{.*"2xx".*\} (\S+)', text)))


if __name__ == "__main__":
    main()
