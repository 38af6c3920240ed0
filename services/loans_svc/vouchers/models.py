"""Tables of vouchers: which transfer stands in which, by month; nothing of them is ever changed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base


class VoucherMonthRow(Base):
    """A month of a book whose vouchers have their numbers.

    Attributes:
        book: a fund's code, or SUBSIDY.
        vouchers, promises: how many of each word.
        debit_fen: sum of the money's debits, which is that of its credits.
    """

    __tablename__ = "voucher_month"
    __table_args__ = (Index("uq_voucher_month_book_month", "book", "month", unique=True),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    book: Mapped[str] = mapped_column(String(64))
    month: Mapped[str] = mapped_column(String(7))
    vouchers: Mapped[int] = mapped_column(Integer)
    promises: Mapped[int] = mapped_column(Integer)
    debit_fen: Mapped[int] = mapped_column(BigInteger)
    closed_by: Mapped[str] = mapped_column(String(128))
    closed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class VoucherEntryRow(Base):
    """The voucher of a transfer: each transfer has at most one."""

    __tablename__ = "voucher_entry"
    __table_args__ = (
        CheckConstraint("word IN ('GENERAL', 'OFF_BALANCE')", name="word_known"),
        CheckConstraint("number > 0", name="number_positive"),
        Index("ix_voucher_entry_number", "month_id", "word", "number"),
    )

    transfer_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    month_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.voucher_month.id"))
    word: Mapped[str] = mapped_column(String(12))
    number: Mapped[int] = mapped_column(Integer)
    dated_on: Mapped[date] = mapped_column(Date)
