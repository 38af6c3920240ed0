"""The same lines once more in a file of other bytes: known without a look at the ledger, unless something changed."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.crypto.keys import KeyRing
from kit.db.engine import Database
from kit.ids import new_id
from targets_svc.event_uploads import ledger, recording, repository
from targets_svc.event_uploads.checking import check
from targets_svc.event_uploads.errors import UploadHasErrorsError
from targets_svc.event_uploads.run import Run
from targets_svc.event_uploads.service import find_upload, process_upload
from targets_svc.register.domain import AFTER_ATTRITION
from targets_svc.register.schemas import EventCreate
from targets_svc.register.service import Vault
from tests.targets_svc.conftest import Targets
from tests.targets_svc.event_uploads.files import as_csv, received, unzipped
from tests.targets_svc.event_uploads.test_at_once import advance, quiet
from tests.targets_svc.event_uploads.test_checking import RULES, frame
from tests.targets_svc.register.people import event
from tests.targets_svc.register.test_exactness import NOW, Register, opened


async def taken(
    register: Register, database: Database, rows: list[dict[str, Any]], own_unit: str | None = None
) -> tuple[set[int], list[tuple[str, str]]]:
    """The batches of two rows that were known to be repeated, and (status, codes) of each row."""
    upload_id = await received(register, as_csv(rows), own_unit=own_unit)
    async with database.transaction() as tx:
        upload = await find_upload(tx, upload_id, None)
    run = Run(database, register.vault, upload, quiet, advance, batch_rows=2)
    with suppress(UploadHasErrorsError):
        await process_upload(run)
    lines = [line async for part in repository.results(database, upload_id) for line in unzipped(part)]
    return run.repeated, [(line[1], line[2]) for line in lines]


async def test_lines_that_were_recorded_are_known_and_judged_by_what_holds_today(targets: Targets) -> None:
    rows = [event(n, "ZZ07", f"2017-0{1 + n}-10") for n in range(1, 6)]  # the header makes one line more
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    database = Database(environment["JIUYE_DATABASE_URL"], schema="targets", pool_size=4)
    async with opened(targets, connections=2) as register:
        first = await taken(register, database, rows)
        longer = await taken(register, database, [*rows, event(6, "ZZ07", "2017-07-10")])
        moved = await taken(register, database, [rows[4], *rows[:4]])
        changed = await taken(register, database, [*rows[:3], rows[3] | {"unit": "ZZ08"}, rows[4]])
        foreign = await taken(register, database, rows[:3], own_unit="ZZ08")
        owner = await targets.connect("targets_owner")
        await owner.execute(
            "INSERT INTO month_close (id, year, month, kind, state, missing_units, plan_version, proposed_by,"
            " proposed_at, decided_by, decided_at)"
            " VALUES ($1, 2017, 2, 'CLOSE', 'APPROVED', '{}', 1, 'a', now(), 'b', now())",
            new_id(),
        )
        await owner.close()
        closed = await taken(register, database, [*rows, event(7, "ZZ07", "2017-07-10")])
        checked = await register.check()
    await database.close()

    skipped = ("SKIPPED", "")
    assert first == (set(), [("COUNTED", "")] * 5)
    assert longer == ({0, 1, 2}, [*[skipped] * 5, ("COUNTED", "")])
    assert moved == (set(), [skipped] * 5)
    assert changed == ({0, 1}, [("VALID", "")] * 3 + [("ERROR", "N5_SOURCE"), ("VALID", "")])
    assert foreign == (set(), [("ERROR", "UNIT_NOT_FOUND")] * 3)
    assert closed[0] == {1, 2}
    assert closed[1][0] == ("ERROR", "N11_CLOSED")
    assert checked["is_sound"]


async def test_who_is_recorded_meanwhile_is_found_when_the_batch_is_written(targets: Targets) -> None:
    """A single event takes a person of a batch that was resolved, and on which the next batch rests already."""
    one = {"received_at": None, "source_system": "hr"}
    first = [event(21, "ZZ07", "2017-05-10", **one), event(22, "ZZ07", "2017-05-10", **one)]
    second = [event(21, "ZZ07", "2017-05-11", indicator="I02", **one)]
    async with opened(targets, connections=3) as register:
        vault, database = register.vault, register.database
        batches = [recording.prepare(check(frame(rows), RULES), vault) for rows in (first, second)]
        async with database.transaction() as tx:
            resolved = recording.resolve(batches[0], await recording.look_up(tx, batches[0]), vault)
            known = await recording.look_up(tx, batches[1])
        following = recording.resolve(batches[1], known, vault, (resolved.made,))
        recording.compose(resolved, vault, "tester")
        rested = following.fresh.get_column("is_new").to_list(), following.is_outdated
        single = EventCreate.model_validate(event(21, "ZZ08", "2017-05-09")).notice(NOW)
        await register.record(single)
        async with database.transaction() as tx:
            entered = await recording.enter(tx, resolved, batches[0], vault, "tester", quiet)
            attrition = {"I01": AFTER_ATTRITION.code}
            claimed = await recording.claim(tx, entered, attrition)
            outcome = recording.conclude(entered, claimed, vault, attrition)
            await ledger.copy(tx, "slot", ledger.CLAIM_COLUMNS, entered.slots)
            await ledger.make_cells(tx, 2017, ["ZZ07", "ZZ08"], ["I01", "I02"])
            await ledger.move_counts(tx, outcome.deltas)
        statuses = {row: status for part in outcome.statuses for row, status in part.iter_rows()}
        checked = await register.check()

    assert rested == ([False], False)
    assert following.is_outdated
    assert statuses == {2: "DUPLICATE", 3: "COUNTED"}
    assert checked["is_sound"], checked


class MeddlingVault(Vault):
    """Counts the batches that have made their new persons; for the second, `meddle` is called and awaited."""

    def __init__(self, keys: KeyRing, meddle: Callable[[], Coroutine[Any, Any, object]]) -> None:
        super().__init__(keys)
        self.made, self.meddle, self.loop = 0, meddle, asyncio.get_running_loop()

    def seal_identities(self, block_id: UUID, lines: str) -> bytes:
        self.made += 1
        if self.made == 2:
            asyncio.run_coroutine_threadsafe(self.meddle(), self.loop).result(20)
        return super().seal_identities(block_id, lines)


async def test_a_batch_that_rests_on_one_that_was_done_again_is_resolved_again(targets: Targets) -> None:
    """A single event takes a person of a batch; the others of that batch get new ids, which the next one must know."""
    rows = [event(31, "ZZ07", "2017-05-10"), event(32, "ZZ07", "2017-05-10"), event(33, "ZZ07", "2017-05-10"),
            event(33, "ZZ07", "2017-05-11", indicator="I02"), event(34, "ZZ07", "2017-05-10")]  # fmt: skip
    single = EventCreate.model_validate(event(32, "ZZ08", "2017-05-09", indicator="I03")).notice(NOW)
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    database = Database(environment["JIUYE_DATABASE_URL"], schema="targets", pool_size=4)
    async with opened(targets, connections=2) as register:
        vault = MeddlingVault(targets.settings.key_ring, lambda: register.record(single))

        async def hold(_: AsyncSession, done: int, __: int | None) -> None:
            if done == 1:  # the first batch is not committed until the third one rests on the second
                async with asyncio.timeout(20):
                    while vault.made < 3:
                        await asyncio.sleep(0.01)

        upload_id = await received(register, as_csv(rows))
        async with database.transaction() as tx:
            upload = await find_upload(tx, upload_id, None)
        counts = await process_upload(Run(database, vault, upload, quiet, hold, batch_rows=2))
        checked = await register.check()
    await database.close()
    connection = await targets.connect("targets_owner")
    found = await connection.fetch(
        "SELECT count(*), count(person_key) FROM event LEFT JOIN person USING (person_id)"
        " WHERE source_ref = ANY($1) GROUP BY person_id ORDER BY 1",
        [row["source_ref"] for row in rows],
    )
    await connection.close()

    assert counts["counted"] == 5
    assert vault.made == 5  # the second and the third batch were made again
    assert checked["is_sound"]
    assert [tuple(row) for row in found] == [
        (1, 1),
        (1, 1),
        (1, 1),
        (2, 2),
    ]  # events of each person, each with a person


async def test_a_run_with_another_size_of_batch_goes_on_where_the_first_one_ended(targets: Targets) -> None:
    """A release may change the size while an upload runs."""
    rows = [event(n, "ZZ09", f"2017-03-{n - 40:02d}") for n in range(41, 52)]

    async def killed(_: AsyncSession, done: int, __: int | None) -> None:
        if done > 4:
            raise RuntimeError

    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    database = Database(environment["JIUYE_DATABASE_URL"], schema="targets", pool_size=4)
    async with opened(targets, connections=2) as register:
        upload_id = await received(register, as_csv(rows))
        counts = {}
        for size, ends in ((3, killed), (5, advance)):
            async with database.transaction() as tx:
                upload = await find_upload(tx, upload_id, None)
            with suppress(RuntimeError):
                counts = await process_upload(Run(database, register.vault, upload, quiet, ends, batch_rows=size))
        checked = await register.check()
    await database.close()
    assert (counts["rows"], counts["counted"], checked["is_sound"]) == (11, 11, True)
