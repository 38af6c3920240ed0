"""An upload in two lanes and four writers of single events, over the same people: exact counts and no deadlock."""

import asyncio
import random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from kit.db.engine import Database
from targets_svc.event_uploads.run import Run
from targets_svc.event_uploads.service import find_upload, process_upload
from tests.targets_svc.conftest import Targets
from tests.targets_svc.event_uploads.files import as_csv, received
from tests.targets_svc.register.people import event
from tests.targets_svc.register.test_exactness import notice, opened

PEOPLE = 60


async def quiet(*_: Any) -> None:
    """Nobody asks for the progress."""


async def advance(tx: AsyncSession, *_: Any) -> None:
    assert tx.in_transaction()


async def test_an_upload_and_single_events_at_once_leave_no_wrong_cell(targets: Targets) -> None:
    choose = random.Random(33)
    rows = [
        event(choose.randrange(PEOPLE), f"ZZ{choose.randrange(1, 16):02d}", f"2017-0{choose.randrange(1, 4)}-10",
              indicator=choose.choice(["I01", "I01a", "I03"]))
        for _ in range(1500)
    ]  # fmt: skip
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    database = Database(environment["JIUYE_DATABASE_URL"], schema="targets", pool_size=8)

    async with opened(targets, connections=5) as register:
        upload_id = await received(register, as_csv(rows))
        async with database.transaction() as tx:
            upload = await find_upload(tx, upload_id, None)
        run = Run(database, register.vault, upload, quiet, advance, batch_rows=150)
        uploading = asyncio.create_task(process_upload(run))

        async def write(writer: int) -> int:
            own, written = random.Random(writer), 0
            while not uploading.done():
                await register.record(notice(own, f"w{writer}-{written}", PEOPLE))
                written += 1
            return written

        written = await asyncio.gather(*(write(writer) for writer in range(4)))
        counts = await uploading
        checked = await register.check()
    await database.close()

    assert min(written) > 0
    assert (counts["rows"], counts["counted"] + counts["duplicate"]) == (1500, 1500)
    assert checked["is_sound"], checked
