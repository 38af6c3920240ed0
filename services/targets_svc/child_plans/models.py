"""Tables of splits: drafts are added and signed; nothing else about them ever changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base
from targets_svc.withdrawals.models import Withdrawable, withdrawn_whole


class ChildPlanRow(Withdrawable, Base):
    """One version of a unit's split of its targets of a year.

    Attributes:
        parent_version: the version of the year's plan that it splits.
        parts: `[{code, name}]` in the unit's own order.
        shortfall_reason: why the parts may sum to less; who issues it accepts that.
    """

    __tablename__ = "child_plan"
    __table_args__ = (
        UniqueConstraint("unit", "year", "version"),
        CheckConstraint("state IN ('DRAFT', 'ISSUED', 'WITHDRAWN')", name="state_known"),
        CheckConstraint("mode IN ('EXACT', 'AT_LEAST')", name="mode_known"),
        CheckConstraint("issued_by <> created_by", name="four_eyes"),
        CheckConstraint(
            "(state = 'ISSUED') = (issued_by IS NOT NULL) AND (issued_by IS NULL) = (issued_at IS NULL)",
            name="signed_when_issued",
        ),
        CheckConstraint("(state = 'WITHDRAWN') = (withdrawn_by IS NOT NULL)", name="withdrawn_by_whom"),
        withdrawn_whole(),
        Index(None, "id"),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(SmallInteger)
    parent_version: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(Text)
    doc_no: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(String(8))
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    shortfall_reason: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    issued_by: Mapped[str | None] = mapped_column(String(128))
    issued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ChildPlanItemRow(Base):
    """One cell: what a street or town is to reach."""

    __tablename__ = "child_plan_item"
    __table_args__ = (
        ForeignKeyConstraint(["unit", "plan_id"], ["targets.child_plan.unit", "targets.child_plan.id"]),
        CheckConstraint("value >= 0", name="value_not_negative"),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(String(16), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
