"""What is put together on frames is what PostgreSQL reads."""

from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl

from targets_svc.event_uploads import copying
from tests.targets_svc.conftest import Targets

IDS = [UUID(int=0), UUID(int=2**128 - 1), UUID("00ff7f80-c2a9-4000-8000-0a0d2c22ffff")]


async def test_rows_arrive_as_they_were(targets: Targets) -> None:
    rows = pl.DataFrame(
        {
            "id": [one.bytes for one in IDS],
            "digest": [copying.whole(number, 8) for number in (-(2**63), -1, 2**63 - 1)],
            "year": ["1999", "2017", "-1"],
            "is_pending": [True, False, True],
            "day": ["1999-12-31", "2017-02-28", "2000-01-01"],
            "at": ["1999-12-31T23:59:59.999999Z", "2017-06-01T00:00:00Z", "2018-01-01T08:00:00.5+08:00"],
            "unit": ["ZZ07", "市本级", "ZZ07"],
            "ref": ["", 'a,"b', "编号-1"],
            "evidence": [None, '{"phone": "00"}', "{}"],
        }
    )
    few = copying.Few.of(rows, "year", "is_pending", "day", "at", "unit")
    lines = copying.lines(
        rows,
        10,
        [
            copying.binary("id", 16),
            copying.binary("digest", 8),
            few.small_numbers("year"),
            few.booleans("is_pending"),
            few.days("day"),
            few.instants("at"),
            few.words("unit"),
            copying.texts(rows, "ref"),
            copying.texts(rows, "evidence", b"\1"),
            copying.constant("张".encode()),
        ],
    )
    connection = await targets.connect("targets_owner")
    await connection.execute(
        "CREATE TABLE copied (id uuid, digest bigint, year smallint, is_pending boolean, day date, at timestamptz,"
        " unit text, ref text, evidence jsonb, who text)"
    )
    await connection.copy_to_table("copied", source=memoryview(lines), format="binary")
    found = [tuple(row) for row in await connection.fetch("SELECT * FROM copied")]
    await connection.execute("DROP TABLE copied")
    await connection.close()

    assert found == [
        (IDS[0], -(2**63), 1999, True, date(1999, 12, 31), datetime(1999, 12, 31, 23, 59, 59, 999999, UTC), "ZZ07", "",
         None, "张"),
        (IDS[1], -1, 2017, False, date(2017, 2, 28), datetime(2017, 6, 1, tzinfo=UTC), "市本级", 'a,"b',
         '{"phone": "00"}', "张"),
        (IDS[2], 2**63 - 1, -1, True, date(2000, 1, 1), datetime(2018, 1, 1, 0, 0, 0, 500000, UTC), "ZZ07", "编号-1",
         "{}", "张"),
    ]  # fmt: skip
