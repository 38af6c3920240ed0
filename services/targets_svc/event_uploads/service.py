"""Working through a file: first all of it is checked, then it is recorded batch by batch."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from kit.crypto.fields import FieldCipher
from targets_svc.event_uploads import ledger, recording, repository
from targets_svc.event_uploads.checking import check, check_again, check_recorded, find_wrong
from targets_svc.event_uploads.domain import MAX_ROWS, Format, Mode, RowStatus
from targets_svc.event_uploads.errors import FileUnreadableError, UploadHasErrorsError, UploadNotFoundError
from targets_svc.event_uploads.models import UploadRow
from targets_svc.event_uploads.reading import (
    Batch,
    Block,
    Encoding,
    parse,
    parse_again,
    read_blocks,
    require_rows,
)
from targets_svc.event_uploads.receiving import PART, PART_BYTES
from targets_svc.event_uploads.references import References, seen_of
from targets_svc.event_uploads.results import TOLD, Outcome
from targets_svc.event_uploads.run import BLOCK, Checked, Run, told_of
from targets_svc.event_uploads.threads import aside, made_ahead
from targets_svc.event_uploads.writing import READ_AT_ONCE, Ready, Writer
from targets_svc.register.service import find_coverage

_CHECKED_AT_ONCE = 5
Made = TypeVar("Made")


async def find_upload(tx: AsyncSession, upload_id: UUID, owner: str | None) -> UploadRow:
    """Raises UploadNotFoundError for somebody else's, too."""
    upload = await repository.find_upload(tx, upload_id, owner)
    if upload is None:
        raise UploadNotFoundError
    return upload


async def process_upload(run: Run) -> dict[str, Any]:
    """Works through a file; a run that died is taken up after its last finished batch.

    Returns:
        Counts of rows by what became of them.

    Raises:
        FileUnreadableError, UploadHasErrorsError: nothing of the file is recorded.
    """
    upload = run.upload
    async with run.database.transaction() as tx:
        done = await repository.done_batches(tx, upload.upload_id)
        if upload.batch_lines is None:
            await repository.note(tx, upload.upload_id, batch_lines=run.batch_rows)
    # A run of another release may have begun: batches are numbered by its size.
    run.batch_rows = upload.batch_lines or run.batch_rows
    if upload.rows is None or (run.looks_before and (upload.faulty_rows or not done)):
        await _check_all(run, done)
    stops = bool(upload.faulty_rows) and upload.mode == Mode.ALL_OR_NOTHING
    async with run.database.transaction() as tx:
        if stops and run.repeated:
            await repository.forget_batches(tx, upload.upload_id)
        done = await repository.done_batches(tx, upload.upload_id)
        counts = await repository.count_rows(tx, upload.upload_id)
    if counts["rows"] < (upload.rows or 0):
        await (_report_all(run, done) if stops or upload.is_dry_run else _record_all(run, done, counts["rows"]))
        async with run.database.transaction() as tx:
            counts = await repository.count_rows(tx, upload.upload_id)
    if stops and not upload.is_dry_run:
        raise UploadHasErrorsError
    return counts


async def _check_all(run: Run, done: set[int]) -> None:
    """The first reading: every row is checked and little is kept: two numbers, and which rows reuse a reference."""
    upload, encoding, rows, faulty, skipped, references = run.upload, Encoding(), 0, 0, 0, References()
    try:
        shown_at = 0.0
        blocks = read_blocks(_parts(run), Format(upload.format), encoding, run.batch_rows)
        async for judged in made_ahead(blocks, partial(_judge, run, references), _CHECKED_AT_ONCE):
            rows, faulty = rows + judged.rows, faulty + judged.faulty
            if judged.repeated is not None and judged.repeated["batch_no"] not in done:
                skipped += judged.rows
                await _skip_batch(run, judged.repeated, skipped)
            if rows > MAX_ROWS:
                break
            if monotonic() > shown_at + 1:
                await run.show(skipped, None)
                shown_at = monotonic()
        require_rows(rows)
    except FileUnreadableError as error:
        async with run.database.transaction() as tx:
            await repository.note(tx, upload.upload_id, refusal=error.detail)
        raise
    run.reused, run.same = await aside(references.find_reused), references.find_same()
    faulty += len(run.reused)
    async with run.database.transaction() as tx:
        await repository.note(tx, upload.upload_id, rows=rows, faulty_rows=faulty, encoding=encoding.name)
        for year, plan in run.coverage.items():
            if not upload.is_dry_run:
                await ledger.make_cells(tx, year, sorted(plan.units), sorted(plan.indicators))
    upload.rows, upload.faulty_rows, upload.encoding = rows, faulty, encoding.name


class _Judged(NamedTuple):
    """What the first reading found of a batch; of one whose very lines were recorded before, what is told of it."""

    rows: int
    faulty: int = 0
    repeated: dict[str, Any] | None = None


async def _judge(run: Run, references: References, block: Block) -> _Judged:
    """Lines that were recorded before are good if nothing that has changed since speaks against them: units, months,
    whose file it is. Nothing else is asked; their references stand for the same content.
    """
    batch = await aside(parse, block)
    if not batch.rows.height:
        return _Judged(0)
    await _load_coverage(run, batch.years)
    digests = [found.digest for found in run.vault.hash.lookups(BLOCK, batch.sha256)]
    async with run.database.transaction() as tx:
        is_repeated = not run.upload.is_dry_run and await repository.is_recorded(tx, digests)
        asks = run.looks_before and not is_repeated and batch.is_plain
        is_near = not asks or await ledger.may_be_recorded(tx, batch.rows)
    if is_repeated:
        repeated = await aside(_skipped, run, batch)
        if repeated is not None:
            run.remember(batch)
            run.repeated.add(batch.number)
            return _Judged(batch.rows.height, repeated=repeated)
    is_good, good, seen = await aside(_look_through, run, batch)
    if is_good:
        run.remember(batch)
    if run.looks_before and (is_near or not is_good):
        async with run.database.transaction() as tx:
            await references.look(tx, good, run.vault)
    elif seen is not None:
        references.note(seen)
    return _Judged(batch.rows.height, batch.rows.height - good.height)


def _look_through(run: Run, batch: Batch) -> tuple[bool, pl.DataFrame, pl.DataFrame | None]:
    """Whether all rows are plainly good, the good ones, and what is kept of them until the file has been read."""
    is_good, good = find_wrong(batch.rows, run.rules)
    if not is_good:
        good = good.filter(pl.col("code").is_null())
    return is_good, good, seen_of(good) if run.looks_before else None


def _skipped(run: Run, batch: Batch) -> dict[str, Any] | None:
    """What is told of a batch that was recorded before, when all of it is plainly good."""
    rows = check_recorded(batch.rows, run.rules)
    if rows is None:
        return None
    outcome = Outcome()
    outcome.became(rows, RowStatus.SKIPPED)
    return told_of(run, Checked.of(batch, rows), outcome)


async def _skip_batch(run: Run, told: dict[str, Any], done: int) -> None:
    async with run.database.transaction() as tx:
        await ledger.begin(tx)
        await repository.add_batch(tx, told)
        await run.advance(tx, done, None)


async def _load_coverage(run: Run, years: set[int]) -> None:
    missing = years - run.coverage.keys()
    if missing:
        async with run.database.transaction() as tx:
            for year in missing:
                run.coverage[year] = await find_coverage(tx, year)


def _remaining(run: Run, done: set[int]) -> AsyncIterator[Block]:
    """The second reading: without the batches that are finished."""
    return read_blocks(_parts(run), Format(run.upload.format), Encoding(run.upload.encoding), run.batch_rows, done)


async def _worked(run: Run, work: Callable[[Run, Batch], Made], block: Block) -> Made | None:
    """What is made of a block's rows, beside the event loop; None when it has none."""
    known = run.plain.get(block.number)
    if known is not None:
        return await aside(lambda: work(run, parse_again(block, known)))
    batch = await aside(parse, block)
    if not batch.rows.height:
        return None
    await _load_coverage(run, batch.years)
    return await aside(work, run, batch)


def _checked(run: Run, batch: Batch) -> Checked:
    return Checked.of(batch, (check_again if batch.number in run.plain else check)(batch.rows, run.rules))


async def _report_all(run: Run, done: set[int]) -> None:
    """The result file of a dry run, or of a file that one wrong row stops: nothing is recorded."""
    reported = 0
    async for checked in made_ahead(_remaining(run, done), partial(_worked, run, _checked), READ_AT_ONCE):
        if checked is None:
            continue
        reported += checked.rows.height
        outcome = Outcome()
        outcome.refuse(_among(run.reused, checked.rows))
        told = await aside(told_of, run, checked, outcome)
        async with run.database.transaction() as tx:
            await repository.add_batch(tx, told)
            await run.advance(tx, reported, run.upload.rows)


def _among(row_nos: pl.Series, checked: pl.DataFrame) -> pl.Series:
    """Those of the ordered numbers that are within a batch."""
    if row_nos.is_empty():
        return row_nos
    first, last = checked.item(0, "row_no"), checked.item(-1, "row_no")
    start, end = row_nos.search_sorted(first, "left"), row_nos.search_sorted(last, "right")
    return row_nos.slice(start, end - start)


async def _make_ready(run: Run, writer: Writer, block: Block) -> Ready | None:
    prepared = await _worked(run, _prepared, block)
    if prepared is None:
        return None
    since, known = writer.committed, None
    if prepared.rows is not None:
        async with run.database.transaction() as tx:
            known = await recording.look_up(tx, prepared.rows)
    return Ready(*prepared, known, since)


class _Prepared(NamedTuple):
    """`Ready` without what the ledger says."""

    checked: Checked
    same: pl.Series
    rows: pl.DataFrame | None


def _prepared(run: Run, batch: Batch) -> _Prepared:
    checked = _checked(run, batch)
    same, good = _among(run.same, checked.rows), checked.rows
    if len(same) or good.get_column("code").null_count() < good.height:
        good = good.filter(pl.col("code").is_null() & ~pl.col("row_no").is_in(same.implode()))
    told = replace(checked, rows=checked.rows.select(TOLD))
    return _Prepared(told, same, recording.prepare(good, run.vault) if good.height else None)


async def _record_all(run: Run, done: set[int], before: int) -> None:
    """At once: two batches are read and looked up, one is resolved, and three are written (`Writer`)."""
    writer = Writer(run, before)
    try:
        async for ready in made_ahead(_remaining(run, done), partial(_make_ready, run, writer), READ_AT_ONCE):
            if ready is not None:
                await writer.write(ready)
        await writer.ended()
    finally:
        await writer.close()


async def _parts(run: Run) -> AsyncIterator[bytes]:
    if run.upload.format != Format.XLSX:
        async for part in _opened(run):
            yield part
        return
    async for part in _unpacked(b"".join([part async for part in _opened(run)])):
        yield part


async def _opened(run: Run) -> AsyncIterator[bytes]:
    cipher: FieldCipher = run.vault.cipher
    async for _, sealed in repository.parts(run.database, run.upload.upload_id):
        yield cipher.decrypt_bytes(sealed, column=PART, row_id=run.upload.upload_id)


async def _unpacked(package: bytes) -> AsyncIterator[bytes]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "targets_svc.event_uploads.workbook"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdin.write(package)
        await process.stdin.drain()
        process.stdin.close()
        while part := await process.stdout.read(PART_BYTES):
            yield part
        said = (await process.stderr.read()).decode(errors="replace").strip()
        if await process.wait() != 0:
            known = said if said.endswith("。") and "\n" not in said else None
            raise FileUnreadableError(known or "工作簿太大或已损坏，请拆分，或另存为csv后上传。")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
