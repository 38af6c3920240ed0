"""Tables of an upload: the sealed parts of its file, and what became of each batch."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base

_INSTANT = DateTime(timezone=True)


class UploadRow(Base):
    """A file that was taken, under the id of its job; `refusal` says in Chinese why it could not be read to its end."""

    __tablename__ = "event_upload"
    __table_args__ = (Index("ix_event_upload_file_sha256", "file_sha256"),)

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(128))
    own_unit: Mapped[str | None] = mapped_column(String(8))
    format: Mapped[str] = mapped_column(String(8))
    mode: Mapped[str] = mapped_column(String(16))
    is_dry_run: Mapped[bool] = mapped_column(Boolean)
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    encoding: Mapped[str | None] = mapped_column(String(8))
    rows: Mapped[int | None] = mapped_column(Integer)
    faulty_rows: Mapped[int | None] = mapped_column(Integer)
    refusal: Mapped[str | None] = mapped_column(Text)
    batch_lines: Mapped[int | None] = mapped_column(Integer)


class UploadPartRow(Base):
    """A mebibyte of the file, sealed; gone when the upload has ended."""

    __tablename__ = "event_upload_part"

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    part_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class UploadBlockRow(Base):
    """Lines of which every row stands in the ledger, by a keyed digest: the ledger forgets nothing, nor does this."""

    __tablename__ = "event_upload_block"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(32))
    upload_id: Mapped[UUID]
    batch_no: Mapped[int] = mapped_column(Integer)


class UploadBatchRow(Base):
    """A batch that is done, written in the transaction of its effect; `result` is its part of the result file."""

    __tablename__ = "event_upload_batch"

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    rows: Mapped[int] = mapped_column(Integer)
    counted: Mapped[int] = mapped_column(Integer)
    duplicate: Mapped[int] = mapped_column(Integer)
    pending: Mapped[int] = mapped_column(Integer)
    skipped: Mapped[int] = mapped_column(Integer)
    valid: Mapped[int] = mapped_column(Integer)
    faulty: Mapped[int] = mapped_column(Integer)
    result: Mapped[bytes] = mapped_column(LargeBinary)
