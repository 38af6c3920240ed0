"""Tables of the derived segments: the newest telling of each loan, and older ones that lines were posted from."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, SmallInteger, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base


class StoryRow(Base):
    """Which version of a loan its segments tell.

    Attributes:
        version: of the telling; 1, 2, …
        loan_version: the loan's row version that was told.
        renew_on: the day on which time alone changes it.
    """

    __tablename__ = "loan_story"

    bank: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    loan_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    loan_version: Mapped[int] = mapped_column(Integer)
    renew_on: Mapped[date | None] = mapped_column(Date)


class SegmentRow(Base):
    """One stretch of days with all that a line needs, so that a quarter reads this table alone, in its order.

    Attributes:
        from_no, to_no: the days as numbers of the loan's day count; their differences are days.
        basis: the days of a year.
    """

    __tablename__ = "loan_segment"

    bank: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    loan_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    tranche: Mapped[str] = mapped_column(String(8), primary_key=True)
    from_on: Mapped[date] = mapped_column(Date, primary_key=True)
    to_on: Mapped[date] = mapped_column(Date)
    from_no: Mapped[int] = mapped_column(Integer)
    to_no: Mapped[int] = mapped_column(Integer)
    is_thirty: Mapped[bool] = mapped_column(Boolean)
    basis: Mapped[int] = mapped_column(SmallInteger)
    period_scheme: Mapped[str] = mapped_column(String(16))
    payer_scheme: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(Integer)
    principal_fen: Mapped[int] = mapped_column(BigInteger)
    balance_fen: Mapped[int] = mapped_column(BigInteger)
    overdue_fen: Mapped[int] = mapped_column(BigInteger)
    rate_ppm: Mapped[int] = mapped_column(Integer)
    share6: Mapped[int] = mapped_column(SmallInteger)


class PastSegmentRow(Base):
    """A stretch of an older telling that a line was posted from; never changed."""

    __tablename__ = "loan_segment_past"

    loan_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tranche: Mapped[str] = mapped_column(String(8), primary_key=True)
    from_on: Mapped[date] = mapped_column(Date, primary_key=True)
    to_on: Mapped[date] = mapped_column(Date)
    principal_fen: Mapped[int] = mapped_column(BigInteger)
    balance_fen: Mapped[int] = mapped_column(BigInteger)
    overdue_fen: Mapped[int] = mapped_column(BigInteger)
    rate_ppm: Mapped[int] = mapped_column(Integer)
    share6: Mapped[int] = mapped_column(SmallInteger)


class ChangeRow(Base):
    """From which day on a new telling differs; numbered within bank and district in the order of commit."""

    __tablename__ = "loan_change"
    __table_args__ = (Index("uq_loan_change_version", "loan_id", "version", unique=True),)

    bank: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[UUID] = mapped_column(Uuid)
    version: Mapped[int] = mapped_column(Integer)
    changed_from: Mapped[date] = mapped_column(Date)
