"""Taking a bank's file, matching it, and resolving what differs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter
from kit.jobs.queue import enqueue
from kit.workbooks import MAX_WORKBOOK_BYTES, WorkbookUnreadableError, is_workbook, read_workbook
from loans_svc.bank_lines import repository
from loans_svc.bank_lines.domain import MAX_CSV_BYTES, Cause, FileState, Ours, infer_cause
from loans_svc.bank_lines.errors import (
    BankFileNotExpectedError,
    BankFileNotFoundError,
    BankFileNotReadyError,
    BankFileTooLargeError,
    BankFileUnreadableError,
    NothingToResolveError,
)
from loans_svc.bank_lines.models import BankFileRow
from loans_svc.bank_lines.reading import read_lines
from loans_svc.batches.computation import share_batch
from loans_svc.batches.domain import LineKind, State
from loans_svc.batches.errors import BatchFourEyesError, BatchStateError
from loans_svc.batches.lines import view_lines
from loans_svc.batches.models import BatchRow, LineRow
from loans_svc.batches.repository import find_batch, read_totals
from loans_svc.batches.service import find_visible
from loans_svc.loans.service.steps import Actor
from loans_svc.seals.service import seal_lines
from loans_svc.stories.repository import lock_stories

MATCH = "loans.match_bank_lines"
RESOLVE = "loans.resolve_bank_lines"
_PART_BYTES = 1024 * 1024
_MOST_INFERRED = 5_000
_AT_ONCE = 500
_OPEN = (State.COMPUTED, State.MATCHED)


@dataclass(frozen=True, slots=True)
class FileView:
    """A file and its differences by cause."""

    file: BankFileRow
    causes: dict[str, int]


async def take_file(tx: AsyncSession, actor: Actor, batch_id: UUID, path: Path, now: datetime) -> UUID:
    """Stores the bytes of a file and begins its job, whose id is the file's.

    Raises:
        BatchNotFoundError, BankFileNotExpectedError, BankFileTooLargeError, BankFileUnreadableError.
    """
    await find_visible(tx, actor, batch_id)
    batch = await find_batch(tx, batch_id, lock=True)
    last = await repository.find_newest(tx, batch_id)
    if batch is None or State(batch.state) not in _OPEN or (last and last.state == FileState.RESOLVED):
        raise BankFileNotExpectedError
    file_id = await enqueue(tx, MATCH, {}, owner=actor.subject)
    digest, size, limit = hashlib.sha256(), 0, MAX_CSV_BYTES
    for part_no, part in enumerate(_parts(path)):
        if part_no == 0 and is_workbook(part):
            limit = MAX_WORKBOOK_BYTES
        size += len(part)
        if size > limit:
            raise BankFileTooLargeError
        digest.update(part)
        await repository.add_part(tx, file_id, part_no, part)
    if not size:
        raise BankFileUnreadableError("文件是空的，请检查后重新上传。")
    values: dict[str, Any] = {
        "id": file_id,
        "batch_id": batch_id,
        "state": FileState.RECEIVED.value,
        "sha256": digest.digest(),
        "uploaded_by": actor.subject,
        "uploaded_at": now,
    }
    await repository.add_file(tx, values)
    return file_id


def _parts(path: Path) -> Iterator[bytes]:
    """Written a moment ago, and in memory."""
    with path.open("rb") as file:
        while part := file.read(_PART_BYTES):
            yield part


async def match_file(tx: AsyncSession, file_id: UUID) -> dict[str, Any]:
    """Reads a file, stores its lines, and compares each with ours; one wrong row refuses the file.

    Raises:
        BankFileNotFoundError, BankFileNotExpectedError.
    """
    file, batch = await _locked(tx, file_id)
    if State(batch.state) not in _OPEN:
        raise BankFileNotExpectedError
    content = await repository.read_content(tx, file_id)
    errors: list[dict[str, Any]]
    try:
        if is_workbook(content):
            content = await read_workbook(content)
        lines, errors = read_lines(content, Quarter.parse(batch.period))
    except (BankFileUnreadableError, WorkbookUnreadableError) as wrong:
        message = wrong.detail if isinstance(wrong, BankFileUnreadableError) else str(wrong)
        errors = [{"row": None, "column": None, "code": "FILE_UNREADABLE", "message": message}]
    await repository.forget_content(tx, file_id)
    if errors:
        file.state, file.errors = FileState.REFUSED.value, errors
        await tx.flush()
        return {"file": str(file_id), "state": file.state, "errors": len(errors)}
    await repository.add_lines(tx, file_id, lines)
    differences = await repository.match_lines(tx, file, batch)
    await _infer_causes(tx, file, batch)
    file.state = (FileState.DIFFERENT if differences else FileState.MATCHED).value
    target = State.COMPUTED if differences else State.MATCHED
    if batch.state != target:
        batch.state, batch.row_version = target.value, batch.row_version + 1
    await tx.flush()
    return {"file": str(file_id), "state": file.state, "lines": file.lines, "differences": differences}


async def _locked(tx: AsyncSession, file_id: UUID) -> tuple[BankFileRow, BatchRow]:
    found = await repository.find_file(tx, file_id)
    batch = await find_batch(tx, found.batch_id, lock=True) if found else None
    file = await repository.find_file(tx, file_id, lock=True)
    if batch is None or file is None:
        raise BankFileNotFoundError
    return file, batch


async def _infer_causes(tx: AsyncSession, file: BankFileRow, batch: BatchRow) -> None:
    """What the bank does not say of its lines is found by trying; beyond some thousand lines it stays AMOUNT."""
    after, tried = 0, 0
    while tried < _MOST_INFERRED:
        unclear = await repository.list_differences(tx, file.id, Cause.AMOUNT.value, after, _AT_ONCE)
        if not unclear:
            return
        after, tried = unclear[-1].number, tried + len(unclear)
        places = {(one.loan_id, one.tranche, one.relates_to): one for one in unclear}
        rows = await tx.scalars(
            select(LineRow).where(
                LineRow.batch_id == batch.id,
                LineRow.loan_id.in_({one.loan_id for one in unclear}),
                LineRow.kind.in_((LineKind.CLAIM.value, LineKind.REPOST.value)),
            )
        )
        for view in await view_lines(tx, rows.all()):
            one = places.get((view.row.loan_id, view.row.tranche, view.row.relates_to))
            if one is not None and one.our_fen == view.row.amount_fen and view.row.denominator:
                ours = Ours(
                    view.segments, view.row.denominator, view.loan.principal_fen or 0, view.loan.contract_ppm or 0
                )
                one.cause = infer_cause(ours, one.bank_fen or 0).value
    await tx.flush()


async def read_file(tx: AsyncSession, actor: Actor, batch_id: UUID) -> FileView:
    """The file that came last.

    Raises:
        BatchNotFoundError, BankFileNotFoundError.
    """
    await find_visible(tx, actor, batch_id)
    file = await repository.find_last(tx, batch_id)
    if file is None:
        raise BankFileNotFoundError
    return FileView(file, await repository.count_causes(tx, file.id))


async def find_matched_file(tx: AsyncSession, actor: Actor, batch_id: UUID) -> BankFileRow:
    """The file whose lines were compared last.

    Raises:
        BatchNotFoundError, BankFileNotFoundError, BankFileNotReadyError.
    """
    await find_visible(tx, actor, batch_id)
    file = await repository.find_newest(tx, batch_id)
    if file is None:
        raise BankFileNotFoundError
    if file.state == FileState.RECEIVED:
        raise BankFileNotReadyError
    return file


async def resolve_differences(tx: AsyncSession, actor: Actor, batch_id: UUID, reason: str, now: datetime) -> UUID:
    """Decides that of each line the lesser amount is paid (S19); a job writes the lines for it.

    Raises:
        BatchNotFoundError, BatchStateError, NothingToResolveError.
        BatchFourEyesError: by who uploaded the file.
    """
    await find_visible(tx, actor, batch_id)
    batch = await find_batch(tx, batch_id, lock=True)
    if batch is None or batch.state != State.COMPUTED:
        raise BatchStateError
    file = await repository.find_newest(tx, batch_id, lock=True)
    if file is None or file.state != FileState.DIFFERENT:
        raise NothingToResolveError
    if file.uploaded_by == actor.subject:
        raise BatchFourEyesError("上传银行申报文件的人不能裁定差异，请换由另一位同事办理。")
    file.state, file.resolved_by, file.resolved_at = FileState.RESOLVED.value, actor.subject, now
    file.resolution_reason = reason
    await tx.flush()
    return await enqueue(tx, RESOLVE, {"file": str(file.id)}, owner=actor.subject)


async def waive_lines(tx: AsyncSession, file_id: UUID) -> dict[str, Any]:
    """Lowers our lines to what the bank claims by lines of their own, seals these, and shares the batch out again."""
    file, batch = await _locked(tx, file_id)
    if batch.state != State.COMPUTED or file.state != FileState.RESOLVED:
        return {"batch": str(batch.id), "lines": batch.lines}
    await lock_stories(tx, batch.bank, batch.unit)
    before = batch.lines
    await repository.add_waivers(tx, file_id, batch)
    await share_batch(tx, batch, await read_totals(tx, batch.id))
    if batch.lines > before:
        await seal_lines(tx, batch.bank, batch.unit, batch.id, before + 1)
    batch.state, batch.row_version = State.MATCHED.value, batch.row_version + 1
    await tx.flush()
    return {"batch": str(batch.id), "lines": batch.lines}
