"""A file on its way in: sealed and stored while it arrives, nothing of it in plain on a disk."""

import asyncio
import hashlib
import io
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.db.engine import Database
from kit.ids import new_id
from kit.jobs.queue import enqueue
from kit.workbooks import find_fault
from targets_svc.event_uploads import repository
from targets_svc.event_uploads.domain import MAX_FILE_BYTES, MAX_WORKBOOK_BYTES, Format, Mode, sniff
from targets_svc.event_uploads.errors import FileTooLargeError, FileUnreadableError, UploadRepeatedError
from targets_svc.event_uploads.reading import Encoding, parse_header
from targets_svc.register.service import Vault

PROCESS = "targets.event_upload"
PART = "event_upload_part.sealed"
_OLE2 = b"\xd0\xcf\x11\xe0"
"""How workbooks before xlsx begin, and encrypted ones."""
PART_BYTES = 1024 * 1024
_STORED_AT_ONCE = 2


class Received(NamedTuple):
    """A file whose parts are stored under the id that its upload will have."""

    upload_id: UUID
    file_format: Format
    sha256: bytes
    size: int


@dataclass(slots=True)
class Receiving:
    """Each part is committed by itself: who sends slowly holds no connection. What is never taken is forgotten, at once
    or, when the service dies meanwhile, by the daily job.

    While one part is hashed and sealed, in their order, and one is stored, the next one arrives.
    """

    database: Database
    vault: Vault
    upload_id: UUID = field(default_factory=new_id)
    file_format: Format | None = None
    size: int = 0
    parts: int = 0
    held: io.BytesIO = field(default_factory=io.BytesIO)
    digest: Any = field(default_factory=hashlib.sha256)
    in_order: asyncio.Lock = field(default_factory=asyncio.Lock)
    package: io.BytesIO = field(default_factory=io.BytesIO)
    storing: "deque[asyncio.Task[None]]" = field(default_factory=deque)

    async def take(self, piece: bytes) -> None:
        """Some more bytes of the file.

        Raises:
            FileTooLargeError.
            FileUnreadableError: not what it seems to be, or without the header.
        """
        self.held.write(piece)
        if self.held.tell() >= PART_BYTES:
            await self._store()

    async def end(self) -> Received:
        """All of it has been given. Raises as `take`, and FileUnreadableError for an empty one."""
        if self.held.tell() or self.file_format is None:
            await self._store()
        await self._stored()
        assert self.file_format is not None
        if self.file_format is Format.XLSX and (fault := find_fault(self.package)):
            raise FileUnreadableError(fault)
        return Received(self.upload_id, self.file_format, self.digest.digest(), self.size)

    async def forget(self) -> None:
        """Nothing of it stays."""
        await asyncio.gather(*self.storing, return_exceptions=True)
        async with self.database.transaction() as tx:
            await repository.forget_file(tx, self.upload_id)

    async def _store(self) -> None:
        part, self.held = self.held.getvalue(), io.BytesIO()
        if self.file_format is None:
            self.file_format = sniff(part)
            _require_beginning(part, self.file_format)
        self.size += len(part)
        if self.file_format is Format.XLSX:
            self.package.write(part)
        if self.size > (MAX_WORKBOOK_BYTES if self.file_format is Format.XLSX else MAX_FILE_BYTES):
            raise FileTooLargeError
        await self._stored(_STORED_AT_ONCE - 1)
        self.storing.append(asyncio.create_task(self._add(self.parts, part)))
        self.parts += 1

    async def _stored(self, but: int = 0) -> None:
        """Until no more than so many parts are under way."""
        while len(self.storing) > but:
            await self.storing[0]
            self.storing.popleft()

    async def _add(self, part_no: int, part: bytes) -> None:
        async with self.in_order:
            sealed = await asyncio.to_thread(self._seal, part)
        async with self.database.transaction() as tx:
            await repository.add_part(tx, self.upload_id, part_no, sealed)

    def _seal(self, part: bytes) -> bytes:
        self.digest.update(part)
        (sealed,) = self.vault.cipher.seal_many([part], column=PART, row_ids=[self.upload_id.bytes])
        return sealed


def _require_beginning(first: bytes, file_format: Format) -> None:
    if not first:
        raise FileUnreadableError("文件是空的，请检查后重新上传。")
    if first.startswith(_OLE2):
        raise FileUnreadableError("这是旧版Excel（xls）或加了密码的工作簿；请另存为不加密的xlsx或csv后上传。")
    if file_format is Format.CSV:
        line = first.split(b"\n", 1)[0]
        parse_header(Encoding().decode(line, 1))


async def begin_upload(
    tx: AsyncSession,
    received: Received,
    *,
    subject: str,
    own_unit: str | None,
    mode: Mode,
    is_dry_run: bool,
    now: datetime,
) -> UUID:
    """Begins the job of a file, whose id is the upload's.

    Raises:
        UploadRepeatedError: N14, the same bytes for the same unit.
    """
    upload_id, sha256 = received.upload_id, received.sha256
    await enqueue(tx, PROCESS, {}, owner=subject, job_id=upload_id)
    if not is_dry_run and (earlier := await repository.find_same_file(tx, sha256, own_unit)):
        raise UploadRepeatedError(headers={"Location": f"/api/v1/targets/event-uploads/{earlier}"})
    upload: dict[str, Any] = {
        "upload_id": upload_id, "owner": subject, "own_unit": own_unit, "format": received.file_format.value,
        "mode": mode.value, "is_dry_run": is_dry_run, "file_sha256": sha256, "file_bytes": received.size,
        "received_at": now,
    }  # fmt: skip
    await repository.add_upload(tx, upload)
    return upload_id
