"""Tables of an upload: the sealed parts of its file, and what became of each batch.

The lanes `event_staging_n` and `person_staging_n` are where a batch stands while it is recorded. They are unlogged, and
emptied at the beginning of each transaction that uses them; two uploads take turns in a lane, batch by batch.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Integer, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base

_INSTANT = DateTime(timezone=True)
_SOURCE = Text(collation="C")
LANES = 2


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


class UploadPartRow(Base):
    """A mebibyte of the file, sealed; gone when the upload has ended."""

    __tablename__ = "event_upload_part"

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    part_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class UploadBatchRow(Base):
    """A batch that is done, written in the transaction of its effect; `result` is its part of the result file."""

    __tablename__ = "event_upload_batch"

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    rows: Mapped[int] = mapped_column(Integer)
    counted: Mapped[int] = mapped_column(Integer)
    duplicate: Mapped[int] = mapped_column(Integer)
    skipped: Mapped[int] = mapped_column(Integer)
    valid: Mapped[int] = mapped_column(Integer)
    faulty: Mapped[int] = mapped_column(Integer)
    result: Mapped[bytes] = mapped_column(LargeBinary)


class _Claimed:
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(server_default=text("uuidv7()"))
    year: Mapped[int] = mapped_column(SmallInteger)
    indicator: Mapped[str] = mapped_column(String(8))
    person_key: Mapped[UUID]
    unit: Mapped[str] = mapped_column(String(8))
    event_date: Mapped[date]
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    source_system: Mapped[str] = mapped_column(_SOURCE)
    source_ref: Mapped[str] = mapped_column(_SOURCE)
    content_digest: Mapped[bytes] = mapped_column(LargeBinary)
    name_digest: Mapped[bytes] = mapped_column(LargeBinary)


class _Identified:
    person_key: Mapped[UUID] = mapped_column(primary_key=True)
    name_digest: Mapped[bytes] = mapped_column(LargeBinary)
    id_type: Mapped[str] = mapped_column(String(16))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)


class EventStaging0Row(_Claimed, Base):
    __tablename__ = "event_staging_0"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class EventStaging1Row(_Claimed, Base):
    __tablename__ = "event_staging_1"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class PersonStaging0Row(_Identified, Base):
    __tablename__ = "person_staging_0"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class PersonStaging1Row(_Identified, Base):
    __tablename__ = "person_staging_1"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)
