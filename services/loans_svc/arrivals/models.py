"""Table of arrivals: appended, never changed; an error is taken back by another row."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base


class ArrivalRow(Base):
    """Money of one payer that reached the bank, or the news that it had not.

    Attributes:
        retracts: the row that was an error; at most one other takes it back.
        reason: why it was one.
        bank_ref_use: how often the reference stood before on arrivals that were taken back.
    """

    __tablename__ = "payer_arrival"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint(
            "(retracts IS NULL) = (bank_ref IS NOT NULL) AND (retracts IS NULL) = (reason IS NULL)",
            name="arrival_or_retraction",
        ),
        Index("ix_payer_arrival_batch_id", "batch_id"),
        Index("uq_payer_arrival_bank_ref", "bank", "bank_ref", "bank_ref_use", unique=True),
        Index("uq_payer_arrival_retracts", "retracts", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.subsidy_batch.id"))
    bank: Mapped[str] = mapped_column(String(64))
    payer_scheme: Mapped[str] = mapped_column(String(64))
    payer: Mapped[str] = mapped_column(String(16))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    arrived_on: Mapped[date] = mapped_column(Date)
    bank_ref: Mapped[str | None] = mapped_column(String(100))
    bank_ref_use: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    retracts: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("loans.payer_arrival.id"))
    reason: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
