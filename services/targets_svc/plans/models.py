"""Tables of plans: drafts are added and signed; nothing else about a version ever changes (rule P11)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base
from targets_svc.withdrawals.models import Withdrawable, withdrawn_whole


class PlanRow(Withdrawable, Base):
    """One version of a year's plan: a draft until a second person issues it, or it is withdrawn.

    Attributes:
        issued_on: the date of its document; `issued_at` is the instant at which it was issued here.
    """

    __tablename__ = "plan"
    __table_args__ = (
        UniqueConstraint("year", "version"),
        CheckConstraint("state IN ('DRAFT', 'ISSUED', 'WITHDRAWN')", name="state_known"),
        CheckConstraint("issued_by <> created_by", name="four_eyes"),
        CheckConstraint(
            "(state = 'ISSUED') = (issued_by IS NOT NULL) AND (issued_by IS NULL) = (issued_at IS NULL)",
            name="signed_when_issued",
        ),
        CheckConstraint("(state = 'WITHDRAWN') = (withdrawn_by IS NOT NULL)", name="withdrawn_by_whom"),
        withdrawn_whole(),
        CheckConstraint("version >= 1", name="version_counts_from_one"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(Text)
    doc_no: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date]
    effective_from: Mapped[date]
    state: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    issued_by: Mapped[str | None] = mapped_column(String(128))
    issued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PlanItemRow(Base):
    """One cell of a version; the value in the indicator's smallest unit (a rate of 4.00 % is 400)."""

    __tablename__ = "plan_item"
    __table_args__ = (
        CheckConstraint("state IN ('ASSIGNED', 'NOT_ASSIGNED', 'PENDING')", name="state_known"),
        CheckConstraint("(state = 'ASSIGNED') = (value IS NOT NULL)", name="value_when_assigned"),
        CheckConstraint("value >= 0", name="value_not_negative"),
        Index(None, "plan_id"),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("targets.plan.id"), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    value: Mapped[int | None] = mapped_column(BigInteger)
