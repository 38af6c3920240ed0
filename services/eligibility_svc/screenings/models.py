"""Tables of screenings. Files are rows of pieces, so that any copy of the service and of the worker sees them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from eligibility_svc.base import Base

_INSTANT = DateTime(timezone=True)
_SCREENING = "eligibility.screening.id"


class ScreeningRow(Base):
    """One register screened for one day.

    Attributes:
        digest: of file and request; the same again from the same owner is the same screening.
        request: subject, columns, reference, district, measures, format.
        criteria: measure → ids of its criteria, the lowest bit of a mask first; null until finished.
        counts: measure → district → numbers, in the order of `results.COUNTED`.
    """

    __tablename__ = "screening"
    __table_args__ = (UniqueConstraint("owner", "digest"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner: Mapped[str] = mapped_column(String(128))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    job_id: Mapped[UUID] = mapped_column(Uuid)
    as_of: Mapped[date] = mapped_column(Date)
    horizon: Mapped[date] = mapped_column(Date)
    catalogue_version: Mapped[str] = mapped_column(String(32))
    request: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(_INSTANT, server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    screened: Mapped[int | None] = mapped_column(Integer)
    rejected: Mapped[int | None] = mapped_column(Integer)
    criteria: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    rejections: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    problem: Mapped[str | None] = mapped_column(String(500))


class FilePieceRow(Base):
    """A piece of the register as it came, or of the whole result."""

    __tablename__ = "screening_file_piece"
    __table_args__ = (CheckConstraint("kind IN ('REGISTER', 'RESULTS')", name="kind_known"),)

    screening_id: Mapped[UUID] = mapped_column(ForeignKey(_SCREENING, ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class PartRow(Base):
    """Fifty thousand rows of the register, what is known of them and what came out; both as Parquet."""

    __tablename__ = "screening_part"

    screening_id: Mapped[UUID] = mapped_column(ForeignKey(_SCREENING, ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    screened: Mapped[int] = mapped_column(Integer)
    facts: Mapped[bytes] = mapped_column(LargeBinary)
    results: Mapped[bytes] = mapped_column(LargeBinary)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
