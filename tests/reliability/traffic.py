"""Mixed traffic at a steady rate: reads and writes of all three services, by several clients, through the gateway."""

import asyncio
import itertools
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.running import Client
from tests.targets_svc.register.people import number

ELIGIBILITY, LOANS, TARGETS = "/api/v1/eligibility", "/api/v1/loans", "/api/v1/targets"
PERSON = {"subject": "PERSON", "as_of": "2018-09-01"}
FACTS = {"is_poor_household": True, "is_in_training": True, "training_days": 12, "training_place": "HENAN_OTHER"}
QUOTE = {
    "principal": "100000.00", "disbursed_on": "2017-05-15", "matures_on": "2020-05-15", "contract_rate": "6.3000",
    "benchmark_rate": "4.3000", "rule": "R2016_IND",
}  # fmt: skip
AT_ONCE = 100  # requests under way; more would measure the queue


def application(person: int) -> dict[str, Any]:
    """The body of an application of a made-up person."""
    applicant = {"id_type": "RESIDENT_ID", "id_number": number(person), "name": "王测试"}
    facts = {"hukou_unit": "ZZ07"}
    return {"measure": "startup-grant", "as_of": "2018-09-01", "facts": facts, "applicant": applicant}


@dataclass(frozen=True)
class Call:
    """Who calls what how often, beside the others; `body` is made anew each time."""

    share: int
    who: str
    method: str
    path: str
    body: Callable[[], Any] | None = None


def mixed() -> list[Call]:
    """A day of the platform: nine of ten calls read or compute, one writes."""
    people = itertools.cycle(range(1, 9000))
    return [
        Call(20, "platform", "GET", f"{TARGETS}/units"),
        Call(5, "platform", "GET", f"{TARGETS}/plans/2017"),
        Call(10, "city", "GET", f"{TARGETS}/reports?limit=20"),
        Call(20, "platform", "POST", f"{ELIGIBILITY}/checks", lambda: PERSON | {"facts": FACTS}),
        Call(10, "kiosk", "GET", f"{ELIGIBILITY}/measures/startup-grant"),
        Call(10, "city", "GET", f"{ELIGIBILITY}/applications?limit=20"),
        Call(10, "platform", "POST", f"{LOANS}/subsidy-quotes", lambda: QUOTE),
        Call(5, "loan-officer", "GET", f"{LOANS}/loans?limit=20"),
        Call(10, "platform", "POST", f"{ELIGIBILITY}/applications", lambda: application(next(people))),
    ]


@dataclass
class Seen:
    """What came back.

    Attributes:
        wrong: calls that failed, with how often.
        seconds: of each answer, in order.
    """

    wrong: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.seconds) / max(self.ended - self.began, 1e-9)

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


async def send(api: Client, rate: float, goes_on: Callable[[], bool], seed: int = 2017) -> Seen:
    """`rate` requests a second, whether or not the earlier ones are answered, until `goes_on` says no."""
    calls, rng, seen = mixed(), random.Random(seed), Seen()
    for who in {call.who for call in calls}:
        await api.token(who)
    places = asyncio.Semaphore(AT_ONCE)
    under_way: set[asyncio.Task[None]] = set()
    seen.began = due = time.monotonic()
    for call in _drawn(calls, rng):
        if not goes_on():
            break
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await places.acquire()
        task = asyncio.create_task(_one(api, call, seen))
        under_way.add(task)
        task.add_done_callback(lambda done: (under_way.discard(done), places.release()))
    await asyncio.gather(*under_way)
    seen.ended = time.monotonic()
    return seen


def _drawn(calls: list[Call], rng: random.Random) -> Iterator[Call]:
    shares = [call.share for call in calls]
    while True:
        yield from rng.choices(calls, shares, k=1000)


async def _one(api: Client, call: Call, seen: Seen) -> None:
    options = {"json": call.body()} if call.body else {}
    headers = {"Idempotency-Key": secrets.token_hex(16)}
    begun = time.monotonic()
    try:
        answer = await api.call(call.who, call.method, call.path, headers=headers, **options)
    except httpx.HTTPError as error:
        seen.wrong[f"{call.method} {call.path}: {error!r}"] += 1
        return
    seen.seconds.append(time.monotonic() - begun)
    if not answer.is_success:
        seen.wrong[f"{call.method} {call.path}: {answer.status_code} {answer.text[:200]}"] += 1
