"""A worker that is killed in the middle of an upload loses nothing and counts nothing twice."""

import asyncio
import random
from collections import Counter

from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.event_uploads.files import as_csv, ended, result_rows, upload, working
from tests.targets_svc.register.people import counts, event

PROGRAM = ("-m", "tests.targets_svc.event_uploads.dying_worker")


async def until_done(account: Client, job_id: str, rows: int) -> None:
    async with asyncio.timeout(20):
        while (await account.get(f"/jobs/{job_id}")).json()["progress"]["done"] < rows:
            await asyncio.sleep(0.02)


async def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(targets: Targets) -> None:
    choose = random.Random(5)
    rows = [
        event(choose.randrange(300), "ZZ07", f"2017-{choose.randrange(1, 10):02d}-{choose.randrange(1, 28):02d}")
        for _ in range(250)
    ]
    connection = await targets.connect()
    async with targets.staff("ZZ07") as staff:
        async with working(targets, (*PROGRAM, "0.15")) as worker:
            answer = await upload(staff, as_csv(rows))
            await until_done(staff, answer.json()["id"], 100)
            await worker.kill()
            middle = await connection.fetchval("SELECT count(*) FROM event")
        async with working(targets, (*PROGRAM, "0")):
            job = await ended(staff, answer)
        result = await result_rows(staff, answer)
        counted = await counts(staff)
    events, slots, runs = (
        await connection.fetchval("SELECT count(*) FROM event"),
        await connection.fetchval("SELECT count(*) FROM slot"),
        await connection.fetchval("SELECT attempts FROM job WHERE kind = 'targets.event_upload'"),
    )
    wrong = await connection.fetch(
        "SELECT month, n FROM rollup, unnest(counts) WITH ORDINALITY m(n, month) WHERE n > 0 EXCEPT"
        " SELECT extract(month FROM event_date)::int, count(*) FROM slot GROUP BY 1"
    )
    parts = await connection.fetchval("SELECT count(*) FROM event_upload_part")
    await connection.close()

    assert 0 < middle < 250
    assert (job["state"], job["progress"]) == ("SUCCEEDED", {"done": 250, "total": 250})
    assert runs == 2
    assert (events, slots, wrong) == (250, len({row["id_number"] for row in rows}), [])
    assert sum(counted.values()) == slots
    assert [int(row["row_no"]) for row in result] == list(range(2, 252))
    assert Counter(row["status"] for row in result).keys() == {"COUNTED", "DUPLICATE"}
    assert parts == 0


async def test_a_cancelled_upload_keeps_its_finished_batches_and_no_more(targets: Targets) -> None:
    rows = [event(n, "ZZ08", "2017-05-10") for n in range(600, 800)]
    async with working(targets, (*PROGRAM, "0.1")), targets.staff("ZZ08") as staff:
        answer = await upload(staff, as_csv(rows))
        await until_done(staff, answer.json()["id"], 50)
        cancelled = await staff.post(f"/jobs/{answer.json()['id']}/cancellation")
        again = await staff.post(f"/jobs/{answer.json()['id']}/cancellation")
        result = await result_rows(staff, answer)
        taken = (await staff.get(f"/event-uploads/{answer.json()['id']}")).json()["done"]["counted"]
        second = await ended(staff, await upload(staff, as_csv(rows)))
        counted = await counts(staff)

    assert (cancelled.status_code, cancelled.json()["state"], again.status_code) == (200, "CANCELLED", 409)
    assert 50 <= len(result) == taken < 200
    assert (second["state"], second["result"]["skipped"], second["result"]["counted"]) == (
        "SUCCEEDED",
        taken,
        200 - taken,
    )
    assert sum(counted.values()) == 200
