"""The same rows one by one and as a file: the same outcome, the same codes, the same counts."""

from collections import Counter
from typing import Any

from kit.clock import now
from kit.errors import DomainError, ValidationFailedError
from kit.ids import new_id
from kit.testing import Caller
from targets_svc.event_uploads import repository
from targets_svc.event_uploads.domain import Mode
from targets_svc.event_uploads.results import COLUMNS
from targets_svc.event_uploads.run import Run
from targets_svc.event_uploads.service import find_upload, process_upload
from targets_svc.register import service
from targets_svc.register.errors import SourceReusedError
from targets_svc.register.evidence import SAME_SOURCE_A_DAY
from targets_svc.register.schemas import EventCreate
from tests.targets_svc.conftest import Targets, start
from tests.targets_svc.event_uploads.files import as_csv, received, unzipped
from tests.targets_svc.event_uploads.test_at_once import advance, quiet
from tests.targets_svc.event_uploads.test_checking import USCC, numbered
from tests.targets_svc.register.people import event
from tests.targets_svc.register.test_exactness import Register, opened

OLD, FOREIGN = numbered("41019919500101001"), {"id_type": "PASSPORT", "id_number": "E12345678"}
FLEXIBLE = {"job_form": "FLEXIBLE", "job_months": 2, "monthly_pay": "2500.00"}


def scenario() -> list[dict[str, Any]]:
    """Each rule on both sides of its limit, and rules that meet each other."""
    same = event(1, "ZZ07", "2017-05-10", source_ref="same", phone="13800138000", employer=USCC)
    rows = [
        same,
        same,
        same | {"event_date": "2017-05-11"},  # N5 within a file
        event(1, "ZZ08", "2017-04-10"),  # displaces
        event(1, "ZZ09", "2017-06-10", name="李另名"),  # N12, N6
        event(2, "ZZ07", "2017-05-10", id_number=OLD),  # N3
        event(2, "ZZ07", "2017-05-10", id_number=OLD, indicator="I01N"),  # one retires at any age
        event(2, "ZZ07", "2017-06-10", id_number=OLD, indicator="I02"),
        event(3, "ZZ07", "2017-05-10", indicator="I01a", unemployed_on="2017-05-10"),
        event(3, "ZZ07", "2017-05-10", indicator="I01a", unemployed_on="2017-05-11"),  # N8
        event(3, "ZZ07", "2017-05-10", indicator="I01a", unemployed_on=None),  # N8
        event(4, "ZZ07", "2017-05-10", indicator="I01b", certified_on="2017-05-10", certified_until="2017-05-10"),
        event(4, "ZZ07", "2017-05-10", indicator="I01b", certified_on="2017-05-11"),  # N9
        event(4, "ZZ07", "2017-05-10", indicator="I01b", certified_on="2016-05-10", certified_until="2017-05-09"),
        event(5, "ZZ07", "2017-05-10", **FLEXIBLE),  # N10
        event(5, "ZZ07", "2017-05-12", **FLEXIBLE | {"job_months": 3}),
        event(5, "ZZ07", "2017-10-01", **FLEXIBLE | {"job_months": 3, "monthly_pay": "1719.99"}),  # N10: a new minimum
        event(5, "ZZ07", "2017-09-30", **FLEXIBLE | {"job_months": 3, "monthly_pay": "1719.99"}),
        event(6, "ZZ07", "2017-05-10", id_number=OLD, name="李另名", **FLEXIBLE),  # three warnings at once
        event(7, "ZZ07", "2017-02-10"),  # N11
        event(7, "ZZ07", "2017-02-10", correction=True),
        event(8, "ZZ07", "2017-05-10", indicator="I01N"),
        event(8, "ZZ07", "2017-05-11"),  # N7
        event(8, "ZZ07", "2017-05-10", indicator="I01a"),
        event(8, "ZZ07", "2017-07-10", indicator="I02"),
        event(9, "ZZ07", "2017-05-10", phone="12800138000", employer="91410100MA44ABCD0X"),
        event(9, "ZZ07", "2017-05-10", **FOREIGN),
        event(9, "ZZ07", "2018-05-10") | {"year": 2017},
        event(9, "ZZ16", "2017-05-10", indicator="R01"),
    ]
    both = {"employer": USCC, "phone": "+86 138 0013 8000"}
    rows += [event(100 + n, "ZZ07", "2017-05-10", **both) for n in range(SAME_SOURCE_A_DAY)]  # N13
    rows += [event(400 + n, "ZZ07", "2017-05-10", **{name: both[name]}) for n, name in enumerate(both)]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


async def one_by_one(register: Register, rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(status, codes) of each row."""
    found = []
    for row in rows:
        at = now()
        try:
            notice = EventCreate.model_validate(row).notice(at)
            async with register.database.transaction() as tx:
                receipt = await service.record_event(
                    tx, register.vault, subject="tester", own_unit=None, notice=notice, now=at
                )
        except SourceReusedError:
            found.append(("ERROR", "N5_SOURCE"))
        except ValidationFailedError as error:
            found.append(("ERROR", error.errors[0].code))
        else:
            status = "COUNTED" if receipt.counted else (receipt.reason or "").replace("DUP_YEAR", "DUPLICATE")
            codes = ";".join(warning.code for warning in receipt.warnings)
            found.append((status if receipt.is_new else "SKIPPED", codes))
    return found


async def as_a_file(targets: Targets, register: Register, rows: list[dict[str, Any]], mode: Mode) -> tuple[Any, Any]:
    """The refusal, if any, and (status, codes) of each row."""
    cells = [{name: str(value).lower() if value is True else value for name, value in row.items()} for row in rows]
    content = as_csv(cells) + b"\n" * len(mode)  # other bytes in each mode
    upload_id = await received(register, content, mode)
    environment = targets.infrastructure.service_environment("targets", targets.database, duty="worker")
    worker = type(register.database)(environment["JIUYE_DATABASE_URL"], schema="targets", pool_size=2)
    refusal = None
    try:
        async with worker.transaction() as tx:
            upload = await find_upload(tx, upload_id, None)
        try:
            await process_upload(Run(worker, register.vault, upload, quiet, advance, batch_rows=40))
        except DomainError as error:
            refusal = error.code
        lines = [line async for part in repository.results(worker, upload_id) for line in unzipped(part)]
    finally:
        await worker.close()
    assert [int(line[0]) for line in lines] == list(range(2, len(rows) + 2))
    return refusal, [(line[COLUMNS.index("status")], line[COLUMNS.index("error_code")]) for line in lines]


async def close_february(targets: Targets) -> None:
    owner = await targets.connect("targets_owner")
    await owner.execute(
        "INSERT INTO month_close (id, year, month, kind, state, missing_units, plan_version, proposed_by, proposed_at,"
        " decided_by, decided_at) VALUES ($1, 2017, 2, 'CLOSE', 'APPROVED', '{}', 1, 'a', now(), 'b', now())",
        new_id(),
    )
    await owner.close()


async def test_a_row_means_the_same_alone_and_in_a_file(targets: Targets) -> None:
    rows = scenario()
    settings, name = await start(targets.infrastructure)
    caller = Caller(targets.infrastructure.keys.internal_signing_key, "targets")
    second = Targets("", name, settings, targets.infrastructure, caller)
    await close_february(targets)
    await close_february(second)
    async with opened(targets) as alone, opened(second) as filed:
        singles = await one_by_one(alone, rows)
        stopped = await as_a_file(second, filed, rows, Mode.ALL_OR_NOTHING)
        nothing = await filed.counts()
        refusal, batches = await as_a_file(second, filed, rows, Mode.VALID_ROWS)
        again = await one_by_one(filed, rows[:40])
        _, replayed = await as_a_file(second, filed, [*rows, rows[0]], Mode.VALID_ROWS)
        counts = await alone.counts(), await filed.counts()
        sound = await alone.check(), await filed.check()

    # A row that a later one of its batch displaces is a duplicate at once; alone it counted until that one came.
    later = {0}
    assert [row for at, row in enumerate(batches) if at not in later] == [
        row for at, row in enumerate(singles) if at not in later
    ]
    assert {(batches[at], singles[at]) for at in later} == {(("DUPLICATE", ""), ("COUNTED", ""))}
    assert {codes for _, codes in singles} >= {
        "N3_AGE", "N5_SOURCE", "N7_ATTRITION", "N8_SPELL", "N9_CERTIFICATE", "N10_PENDING", "N11_CLOSED", "N12_NAME",
        "N13_SAME_EMPLOYER", "N13_SAME_PHONE", "N10_PENDING;N12_NAME;N3_AGE",
    }  # fmt: skip
    statuses = Counter(status for status, _ in singles)
    assert statuses.keys() == {"COUNTED", "DUPLICATE", "PENDING", "SKIPPED", "ERROR"}
    # One wrong row stops the file, whichever rule it breaks; N5 is found by looking, not by writing.
    assert (stopped[0], refusal, nothing) == ("UPLOAD_HAS_ERRORS", None, {})
    assert [codes for status, codes in stopped[1] if status == "ERROR"] == [
        codes for status, codes in singles if status == "ERROR"
    ]
    assert {status for status, _ in stopped[1]} == {"VALID", "ERROR"}
    assert {status for status, _ in again} == {status for status, _ in replayed} == {"SKIPPED", "ERROR"}
    assert counts[0] == counts[1]
    assert all(found["is_sound"] for found in sound)
