"""Tables of warnings. Keys begin with the unit; what happened to a warning is only ever added to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base

_INSTANT = DateTime(timezone=True)
_LEVELS = "('BLUE', 'YELLOW', 'ORANGE', 'RED')"


class WarningRow(Base):
    """A cell that is behind, from its opening to its end; at most one is open for a cell and year.

    Attributes:
        level_month: the month that gave it its level.
        month, target, actual, is_provisional: the figures by which it was judged last, by `standard_version`.
        row_version: the ETag; counts what people and levels change, not new figures.
    """

    __tablename__ = "warning"
    __table_args__ = (
        CheckConstraint(f"level IN {_LEVELS}", name="level_known"),
        CheckConstraint("state IN ('OPEN', 'ENDED')", name="state_known"),
        CheckConstraint("(state = 'ENDED') = (ended_at IS NOT NULL)", name="ended_has_instant"),
        CheckConstraint(
            "num_nulls(acknowledged_by, acknowledged_at, action_plan, action_due_on) IN (0, 4)",
            name="answer_is_whole",
        ),
        Index("uq_warning_open", "unit", "year", "indicator", unique=True, postgresql_where=text("state = 'OPEN'")),
        Index(None, "id"),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    indicator: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8))
    level: Mapped[str] = mapped_column(String(8))
    level_month: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(SmallInteger)
    target: Mapped[int | None] = mapped_column(BigInteger)
    actual: Mapped[int | None] = mapped_column(BigInteger)
    is_provisional: Mapped[bool]
    standard_version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    opened_at: Mapped[datetime] = mapped_column(_INSTANT)
    answer_due_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    acknowledged_by: Mapped[str | None] = mapped_column(String(128))
    acknowledged_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    action_plan: Mapped[str | None] = mapped_column(Text)
    action_due_on: Mapped[date | None]
    ended_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    row_version: Mapped[int] = mapped_column(Integer)


class JudgementRow(Base):
    """A close whose levels have become warnings; it is judged once."""

    __tablename__ = "warning_judgement"

    close_id: Mapped[UUID] = mapped_column(ForeignKey("targets.month_close.id"), primary_key=True)
    judged_at: Mapped[datetime] = mapped_column(_INSTANT)


class WarningEventRow(Base):
    """One step in the life of a warning."""

    __tablename__ = "warning_event"
    __table_args__ = (
        ForeignKeyConstraint(["unit", "warning_id"], ["targets.warning.unit", "targets.warning.id"]),
        CheckConstraint(
            "step IN ('OPENED', 'RAISED', 'UNANSWERED', 'ACKNOWLEDGED', 'FALLEN', 'ENDED')", name="step_known"
        ),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    warning_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    step: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(_INSTANT)
    level: Mapped[str] = mapped_column(String(8))
    month: Mapped[int] = mapped_column(SmallInteger)
    target: Mapped[int | None] = mapped_column(BigInteger)
    actual: Mapped[int | None] = mapped_column(BigInteger)
    is_provisional: Mapped[bool]
    actor: Mapped[str] = mapped_column(String(128))
    action_plan: Mapped[str | None] = mapped_column(Text)
    action_due_on: Mapped[date | None]
