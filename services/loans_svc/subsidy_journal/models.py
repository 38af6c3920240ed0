"""One row for each transfer: a debit account, a credit account, one amount; it sums to zero by its shape."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base


class SubsidyTransferRow(Base):
    """A transfer of a batch; `payer` is empty where no payer is concerned.

    Attributes:
        debit, credit: EXPENSE of the payer, PAYABLE to the bank, TREASURY of the payer, RECEIVABLE from the bank.
    """

    __tablename__ = "subsidy_transfer"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="between_two_accounts"),
        CheckConstraint(
            "debit IN ('EXPENSE', 'PAYABLE', 'TREASURY', 'RECEIVABLE')"
            " AND credit IN ('EXPENSE', 'PAYABLE', 'TREASURY', 'RECEIVABLE')",
            name="account_known",
        ),
        Index("uq_subsidy_transfer_once", "batch_id", "payer_scheme", "payer", "debit", "credit", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Uuid)
    payer_scheme: Mapped[str] = mapped_column(String(64))
    payer: Mapped[str] = mapped_column(String(16))
    debit: Mapped[str] = mapped_column(String(16))
    credit: Mapped[str] = mapped_column(String(16))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    booked_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str] = mapped_column(String(128))
