"""Tables of plans. The service's role may add versions and never change one (rule P11)."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base


class PlanRow(Base):
    """One version of a year's plan."""

    __tablename__ = "plan"
    __table_args__ = (
        UniqueConstraint("year", "version"),
        CheckConstraint("state IN ('DRAFT', 'CHECKED', 'ISSUED')", name="state_known"),
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
