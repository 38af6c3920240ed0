"""Table of agreements with banks; a row policy (in the migration) keeps what is confirmed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, Index, SmallInteger, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base

_INSTANT = DateTime(timezone=True)


class AgreementRow(Base):
    """What holds for loans that a bank disburses from a day on; of two for one day the one confirmed last."""

    __tablename__ = "bank_agreement"
    __table_args__ = (
        CheckConstraint("grace_days BETWEEN 0 AND 90", name="grace_possible"),
        CheckConstraint("entered_by <> confirmed_by", name="four_eyes"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="signature_and_instant"),
        Index("ix_bank_agreement_bank", "bank", "valid_from"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    bank: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[date] = mapped_column(Date)
    day_count: Mapped[str] = mapped_column(String(16))
    period_scheme: Mapped[str] = mapped_column(String(16))
    grace_days: Mapped[int] = mapped_column(SmallInteger)
    repayment_order: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(String(128))
    entered_at: Mapped[datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
