"""Tables of the banks' files; lines and differences are written once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base

_INSTANT = DateTime(timezone=True)


class BankFileRow(Base):
    """A bank's file for a batch; the newest counts.

    Attributes:
        id: of the job that matches it, too.
        errors: of a file that was refused: `{row, column, code, message}`.
    """

    __tablename__ = "bank_file"
    __table_args__ = (
        CheckConstraint("state IN ('RECEIVED', 'REFUSED', 'MATCHED', 'DIFFERENT', 'RESOLVED')", name="state_known"),
        CheckConstraint("uploaded_by <> resolved_by", name="resolved_by_another"),
        CheckConstraint(
            "(state = 'RESOLVED') = (resolved_by IS NOT NULL) AND (resolved_by IS NULL) = (resolved_at IS NULL)"
            " AND (resolved_by IS NULL) = (resolution_reason IS NULL)",
            name="resolved_is_signed",
        ),
        Index("ix_bank_file_batch_id", "batch_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Uuid)
    state: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    lines: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    matched: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    total_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    uploaded_by: Mapped[str] = mapped_column(String(128))
    uploaded_at: Mapped[datetime] = mapped_column(_INSTANT)
    resolved_by: Mapped[str | None] = mapped_column(String(128))
    resolved_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    resolution_reason: Mapped[str | None] = mapped_column(Text)


class BankFilePartRow(Base):
    """A mebibyte of a file until it is matched."""

    __tablename__ = "bank_file_part"

    file_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    part_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class BankLineRow(Base):
    """A line as the bank wrote it, with its own reference of the loan or with our number."""

    __tablename__ = "bank_line"

    file_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    loan_ref: Mapped[str | None] = mapped_column(String(100))
    loan_id: Mapped[UUID | None] = mapped_column(Uuid)
    tranche: Mapped[str] = mapped_column(String(8))
    relates_to: Mapped[str] = mapped_column(String(6))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    days: Mapped[int | None] = mapped_column(Integer)
    rate_ppm: Mapped[int | None] = mapped_column(Integer)
    share6: Mapped[int | None] = mapped_column(SmallInteger)
    balance_fen: Mapped[int | None] = mapped_column(BigInteger)


class BankDifferenceRow(Base):
    """A line that is not matched; `row_no` is empty where the bank has none, `loan_id` where we have none."""

    __tablename__ = "bank_difference"

    file_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    row_no: Mapped[int | None] = mapped_column(Integer)
    loan_ref: Mapped[str | None] = mapped_column(String(100))
    loan_id: Mapped[UUID | None] = mapped_column(Uuid)
    tranche: Mapped[str] = mapped_column(String(8))
    relates_to: Mapped[str] = mapped_column(String(6))
    bank_fen: Mapped[int | None] = mapped_column(BigInteger)
    our_fen: Mapped[int | None] = mapped_column(BigInteger)
    cause: Mapped[str] = mapped_column(String(16))
