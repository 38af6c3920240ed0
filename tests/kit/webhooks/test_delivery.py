"""From the transaction of an event to a receiver on a real socket, and back into the log."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any

import httpx
import pytest
from sqlalchemy import text

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Database, Tx
from kit.errors import StateConflictError
from kit.http.app import service_app
from kit.http.routing import Router
from kit.jobs.worker import JobWorker
from kit.settings import ServiceSettings
from kit.testing import Caller, captured_log, client, serving, settings_of
from kit.webhooks.domain import DELAYS, EventType
from kit.webhooks.jobs import WEBHOOK_HANDLERS
from kit.webhooks.service import announce

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's

HOOKS = "/api/v1/eligibility/webhook-endpoints"
SCOPE = "eligibility.webhook.manage"
EVENT = EventType("thing.done", "办好了", {"thing_id": ("编号", "1")})
router = Router(prefix="/api/v1/eligibility/things", tags=["事"])


@router.post("/{thing}", operation_id="do_thing", summary="办", status_code=204)
async def do_thing(
    thing: str,
    _: Annotated[Principal, requires(SCOPE)],
    tx: Tx,
    unit: str | None = None,
    by: str | None = None,
    fails: bool = False,
) -> None:
    await announce(tx, "thing.done", {"thing_id": thing}, unit=unit, client=by)
    if fails:
        raise StateConflictError


@dataclass
class Receiver:
    """A client's own server.

    Attributes:
        statuses: what it answers, the last one for ever.
        seen: (headers, body) of what came.
    """

    statuses: list[int] = field(default_factory=lambda: [204])
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def things(self) -> list[str]:
        return [json.loads(body)["data"]["thing_id"] for _, body in self.seen]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.seen.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(made.statuses.pop(0) if len(made.statuses) > 1 else made.statuses[0])
            self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def settings(infrastructure: Any) -> ServiceSettings:
    environment = infrastructure.service_environment("eligibility", infrastructure.new_database())
    return settings_of(environment, webhook_networks="127.0.0.0/8")


@pytest.fixture(scope="module")
def url(settings: ServiceSettings) -> Iterator[str]:
    app = service_app(
        name="eligibility",
        title="事",
        description="",
        routers=[router],
        settings=settings,
        webhooks=[EVENT],
        sees_all=lambda principal: principal.unit == "ZZ",
    )
    with serving(app) as running:
        yield running


@pytest.fixture
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    made = Database(settings.database_url.get_secret_value(), schema="eligibility")
    yield made
    async with made.transaction() as session:
        await session.execute(text("DELETE FROM webhook_endpoint"))
        await session.execute(text("DELETE FROM job"))
    await made.close()


@pytest.fixture
def of(url: str, infrastructure: Any, database: Database) -> Callable[..., Any]:
    caller = Caller(infrastructure.keys.internal_signing_key, "eligibility")

    @asynccontextmanager
    async def made(subject: str = "platform", unit: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        async with client(url, headers=caller.headers(SCOPE, subject=subject, unit=unit)) as opened:
            yield opened

    return made


@asynccontextmanager
async def working(settings: ServiceSettings) -> AsyncIterator[None]:
    worker = JobWorker("eligibility", settings, WEBHOOK_HANDLERS)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await running


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not (answer := condition()) or (asyncio.iscoroutine(answer) and not await answer):
            await asyncio.sleep(0.02)


async def registered(hooks: httpx.AsyncClient, receiver: Receiver) -> dict[str, Any]:
    answer = await hooks.post(HOOKS, json={"url": receiver.url, "events": ["thing.done"]})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def log_of(hooks: httpx.AsyncClient, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await hooks.get(f"{HOOKS}/{endpoint['id']}/deliveries")).json()["items"]
    return items


def assert_signed(secret: str, headers: dict[str, str], body: bytes) -> None:
    """As a receiver's library does it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert expected in headers["webhook-signature"].split(" ")


async def test_an_event_that_was_committed_arrives_signed_and_once(
    of: Callable[..., Any], receiver: Receiver, settings: ServiceSettings
) -> None:
    async with of() as hooks, working(settings):
        endpoint = await registered(hooks, receiver)
        assert (await hooks.post("/api/v1/eligibility/things/0?by=platform&fails=true")).status_code == 409
        assert (await hooks.post("/api/v1/eligibility/things/1?by=platform")).status_code == 204
        await until(lambda: receiver.seen)
        headers, body = receiver.seen[0]
        assert_signed(endpoint["secret"], headers, body)
        assert json.loads(body)["type"] == "thing.done"
        assert receiver.things == ["1"], "what was rolled back was never said"
        assert headers["host"] == receiver.url.split("/")[2]

        async def is_written() -> bool:
            return (await log_of(hooks, endpoint))[0]["state"] == "DELIVERED"

        await until(is_written)
        (entry,) = await log_of(hooks, endpoint)
        assert entry["webhook_id"] == headers["webhook-id"]
        assert [attempt["status"] for attempt in entry["attempts"]] == [204]
        rotated = await hooks.post(f"{HOOKS}/{endpoint['id']}/rotation", headers={"If-Match": '"1"'})
        assert rotated.status_code == 200
        await hooks.post(f"{HOOKS}/{endpoint['id']}/ping")
        await until(lambda: len(receiver.seen) == 2)
        for secret in (endpoint["secret"], rotated.json()["secret"]):
            assert_signed(secret, *receiver.seen[1])
        assert json.loads(receiver.seen[1][1])["type"] == "webhook.ping"


async def test_only_whom_it_concerns_is_told(of: Callable[..., Any], receiver: Receiver, database: Database) -> None:
    told = {}
    for subject, unit in (("platform", None), ("other", None), ("staff-ZZ01", "ZZ01"), ("city", "ZZ")):
        async with of(subject, unit) as hooks:
            told[subject] = (await registered(hooks, receiver))["id"]
    async with of() as hooks:
        await hooks.post("/api/v1/eligibility/things/1?by=platform&unit=ZZ02")
        await hooks.post("/api/v1/eligibility/things/2?by=nobody&unit=ZZ01")
        await hooks.post("/api/v1/eligibility/things/3")
    async with database.transaction() as session:
        rows = await session.execute(
            text(
                "SELECT endpoint_id, body::json -> 'data' ->> 'thing_id' AS thing FROM webhook_delivery d"
                " JOIN webhook_message m ON m.id = d.message_id"
            )
        )
        heard = {(str(row.endpoint_id), row.thing) for row in rows}
    assert heard == {
        (told["platform"], "1"),
        (told["staff-ZZ01"], "2"),
        *((told["city"], thing) for thing in ("1", "2", "3")),
    }
    async with of("other") as hooks:
        assert (await hooks.get(f"{HOOKS}/{told['platform']}")).status_code == 404
        assert (await hooks.get(f"{HOOKS}/{told['platform']}/deliveries")).status_code == 404
        assert (await hooks.delete(f"{HOOKS}/{told['platform']}")).status_code == 404
        assert [each["id"] for each in (await hooks.get(HOOKS)).json()["items"]] == [told["other"]]


async def test_a_receiver_that_is_down_for_three_days_loses_nothing(
    of: Callable[..., Any], receiver: Receiver, settings: ServiceSettings, database: Database
) -> None:
    receiver.statuses = [500]
    async with of() as hooks:
        endpoint = await registered(hooks, receiver)
        for thing in "12":
            await hooks.post(f"/api/v1/eligibility/things/{thing}?by=platform")
        waited: list[float] = []
        with captured_log() as log:
            async with working(settings):
                for attempt in range(1, 11):

                    async def was_tried(made: int = attempt) -> bool:
                        states = [
                            entry["state"] == "FAILED" or len(entry["attempts"]) >= made
                            for entry in await log_of(hooks, endpoint)
                        ]
                        return all(states)

                    await until(was_tried)
                    async with database.transaction() as session:
                        gaps = await session.scalars(
                            text(
                                "SELECT extract(epoch FROM d.next_at - max(a.at)) FROM webhook_delivery d"
                                " JOIN webhook_attempt a ON a.delivery_id = d.id WHERE d.state = 'PENDING'"
                                " GROUP BY d.id, d.next_at LIMIT 1"
                            )
                        )
                        waited += [float(gap) for gap in gaps]
                        # Days pass: what is due then is due now.
                        await session.execute(text("UPDATE job SET not_before = now(), next_poll = now()"))
            assert "webhook.endpoint_disabled" in log.getvalue()
        assert [round(gap) for gap in waited] == list(DELAYS)
        found = (await hooks.get(f"{HOOKS}/{endpoint['id']}")).json()
        assert (found["state"], found["disabled_reason"]) == ("DISABLED", "EXHAUSTED")
        assert {entry["state"] for entry in await log_of(hooks, endpoint)} == {"FAILED"}
        replay = {"since": "2020-01-01T00:00:00Z"}
        refused = await hooks.post(f"{HOOKS}/{endpoint['id']}/replays", json=replay)
        assert (refused.status_code, refused.json()["code"]) == (409, "ENDPOINT_DISABLED")
        back = {"url": receiver.url, "events": ["thing.done"], "is_active": True}
        headers = {"If-Match": f'"{found["version"]}"'}
        assert (await hooks.put(f"{HOOKS}/{endpoint['id']}", json=back, headers=headers)).status_code == 200
        receiver.seen.clear()
        receiver.statuses = [204]
        asked = await hooks.post(f"{HOOKS}/{endpoint['id']}/replays", json=replay)
        assert (asked.status_code, asked.json()) == (202, {"count": 2})
        async with working(settings):
            await until(lambda: len(receiver.seen) == 2)
        assert receiver.things == ["1", "2"], "in the order in which it happened"
        assert {entry["state"] for entry in await log_of(hooks, endpoint)} == {"DELIVERED"}


@pytest.mark.parametrize(("status", "state"), [(410, "DISABLED"), (302, "ACTIVE"), (404, "ACTIVE")])
async def test_what_is_not_2xx_has_not_arrived(
    of: Callable[..., Any], receiver: Receiver, settings: ServiceSettings, status: int, state: str
) -> None:
    receiver.statuses = [status]
    async with of() as hooks, working(settings):
        endpoint = await registered(hooks, receiver)
        await hooks.post("/api/v1/eligibility/things/1?by=platform")

        async def was_tried() -> bool:
            return bool((await log_of(hooks, endpoint))[0]["attempts"])

        await until(was_tried)
        (entry,) = await log_of(hooks, endpoint)
        assert entry["state"] == ("FAILED" if status == 410 else "PENDING")
        assert (await hooks.get(f"{HOOKS}/{endpoint['id']}")).json()["state"] == state
        assert len(receiver.seen) == 1, "a redirection is not followed"


async def test_wrong_wishes_are_refused(of: Callable[..., Any], receiver: Receiver) -> None:
    async with of() as hooks:
        for wish, pointer, code in (
            ({"url": "https://10.0.0.1/x", "events": ["thing.done"]}, "/url", "ADDRESS_NOT_PUBLIC"),
            ({"url": receiver.url, "events": ["thing.undone"]}, "/events/0", "EVENT_UNKNOWN"),
        ):
            refused = await hooks.post(HOOKS, json=wish)
            assert refused.status_code == 422
            assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [(pointer, code)]
        for _ in range(5):
            endpoint = await registered(hooks, receiver)
        sixth = await hooks.post(HOOKS, json={"url": receiver.url, "events": ["thing.done"]})
        assert (sixth.status_code, sixth.json()["code"]) == (409, "TOO_MANY_ENDPOINTS")
        change = {"url": receiver.url, "events": ["thing.done"], "is_active": False}
        assert (await hooks.put(f"{HOOKS}/{endpoint['id']}", json=change)).status_code == 428
        stale = await hooks.put(f"{HOOKS}/{endpoint['id']}", json=change, headers={"If-Match": '"9"'})
        assert stale.status_code == 412
        off = await hooks.put(f"{HOOKS}/{endpoint['id']}", json=change, headers={"If-Match": '"1"'})
        assert (off.json()["state"], off.json()["disabled_reason"]) == ("DISABLED", "BY_OWNER")
        assert (await hooks.delete(f"{HOOKS}/{endpoint['id']}")).status_code == 204
        assert "secret" not in (await hooks.get(HOOKS)).text
