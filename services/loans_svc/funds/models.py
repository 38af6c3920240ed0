"""Tables of guarantee funds: a journal of transfers, and the balances that follow from it.

A transfer has one debit and one credit account and one amount, so that the journal sums to zero by its shape: an
entry that does not balance can't be written down. The service's roles can't change or delete a transfer.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base

_INSTANT = DateTime(timezone=True)
_ACCOUNTS = "'CASH', 'CAPITAL', 'RECEIVABLE', 'LOSS', 'RESERVED', 'GUARANTEED', 'CONTINGENT'"


class FundRow(Base):
    """A fund; its row is the lock under which guarantees are promised."""

    __tablename__ = "fund"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    limits_id: Mapped[str] = mapped_column(String(64))
    row_version: Mapped[int] = mapped_column(Integer)


class FundAccountRow(Base):
    """Debits less credits of one account, in fen; written with each transfer, proved against the journal."""

    __tablename__ = "fund_account"
    __table_args__ = (
        CheckConstraint(f"account IN ({_ACCOUNTS})", name="account_known"),
        CheckConstraint(
            "account NOT IN ('CASH', 'RECEIVABLE', 'LOSS', 'RESERVED', 'GUARANTEED') OR balance_fen >= 0",
            name="never_overdrawn",
        ),
    )

    fund: Mapped[str] = mapped_column(String(64), ForeignKey("loans.fund.id"), primary_key=True)
    account: Mapped[str] = mapped_column(String(16), primary_key=True)
    balance_fen: Mapped[int] = mapped_column(BigInteger)


class TransferRow(Base):
    """One entry of the journal: `amount_fen` to the debit of one account and to the credit of another.

    Attributes:
        cause: the loan event or deposit that it is about.
    """

    __tablename__ = "fund_transfer"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        CheckConstraint(f"debit IN ({_ACCOUNTS}) AND credit IN ({_ACCOUNTS})", name="accounts_known"),
        Index("ix_fund_transfer_fund_booked_on", "fund", "booked_on"),
        Index("ix_fund_transfer_cause", "cause"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    fund: Mapped[str] = mapped_column(String(64), ForeignKey("loans.fund.id"))
    debit: Mapped[str] = mapped_column(String(16))
    credit: Mapped[str] = mapped_column(String(16))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[UUID] = mapped_column(Uuid)
    booked_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(_INSTANT)
    recorded_by: Mapped[str] = mapped_column(String(128))


class DepositRow(Base):
    """Money paid into a fund: recorded by one person, in the journal when another has confirmed it.

    Attributes:
        withdrawn_by: who found that it was an error; after its confirmation somebody else than who confirmed it.
    """

    __tablename__ = "fund_deposit"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("recorded_by <> confirmed_by", name="four_eyes"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="signature_and_instant"),
        CheckConstraint("withdrawn_by <> confirmed_by", name="withdrawn_by_another"),
        CheckConstraint("num_nulls(withdrawn_by, withdrawn_at, withdrawal_reason) IN (0, 3)", name="withdrawal_whole"),
        Index(
            "uq_fund_deposit_bank_ref",
            "fund",
            "bank_ref",
            unique=True,
            postgresql_where=text("withdrawn_by IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    fund: Mapped[str] = mapped_column(String(64), ForeignKey("loans.fund.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    received_on: Mapped[date] = mapped_column(Date)
    bank_ref: Mapped[str] = mapped_column(String(100))
    evidence: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    withdrawn_by: Mapped[str | None] = mapped_column(String(128))
    withdrawn_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
