"""Tables of closed months. A snapshot keeps what tables are computed from: both sources, for any curve."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base
from targets_svc.withdrawals.models import Withdrawable, withdrawn_whole

_INSTANT = DateTime(timezone=True)


class MonthCloseRow(Withdrawable, Base):
    """An application to close a month or to open it again, and its decision; the last approved one says what holds.

    Attributes:
        decided_at: of an approved CLOSE: the instant whose knowledge the snapshot is.
        missing_units: units without an approved report at that instant.
    """

    __tablename__ = "month_close"
    __table_args__ = (
        CheckConstraint("month BETWEEN 1 AND 12", name="month_of_year"),
        CheckConstraint("kind IN ('CLOSE', 'REOPEN')", name="kind_known"),
        CheckConstraint("state IN ('PROPOSED', 'APPROVED', 'REJECTED', 'WITHDRAWN')", name="state_known"),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint(
            "(state IN ('APPROVED', 'REJECTED')) = (decided_by IS NOT NULL)"
            " AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="signed_when_decided",
        ),
        CheckConstraint("(state = 'WITHDRAWN') = (withdrawn_by IS NOT NULL)", name="withdrawn_by_whom"),
        withdrawn_whole(),
        CheckConstraint("kind = 'CLOSE' OR reason IS NOT NULL", name="reopened_with_reason"),
        CheckConstraint(
            "(kind = 'CLOSE' AND state = 'APPROVED') = (plan_version IS NOT NULL)", name="snapshot_has_plan"
        ),
        Index("uq_month_close_proposed", "year", "month", unique=True, postgresql_where=text("state = 'PROPOSED'")),
        Index(None, "year", "month", "decided_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    missing_units: Mapped[list[str]] = mapped_column(ARRAY(String(8)))
    plan_version: Mapped[int | None] = mapped_column(SmallInteger)
    proposed_by: Mapped[str] = mapped_column(String(128))
    proposed_at: Mapped[datetime] = mapped_column(_INSTANT)
    decided_by: Mapped[str | None] = mapped_column(String(128))
    decided_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    rejection_reason: Mapped[str | None] = mapped_column(Text)


class SnapshotRow(Base):
    """One cell of the plan as it stood when the month was closed; never changed."""

    __tablename__ = "month_snapshot"

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    close_id: Mapped[UUID] = mapped_column(ForeignKey("targets.month_close.id"), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    reported: Mapped[int | None] = mapped_column(BigInteger)
    reported_status: Mapped[str] = mapped_column(String(1))
    days_overdue: Mapped[int] = mapped_column(Integer)
    registered: Mapped[int | None] = mapped_column(BigInteger)
    registered_status: Mapped[str] = mapped_column(String(1))
    kept_before: Mapped[bool | None]
