"""Tables of other services' events. Who is meant stands here sealed while an event waits, and no longer."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base

_INSTANT = DateTime(timezone=True)


class ServiceEventRow(Base):
    """An event that was received, once for each id of its source."""

    __tablename__ = "service_event"
    __table_args__ = (
        CheckConstraint("state IN ('COUNTED', 'WAITING', 'UNMAPPED', 'RETRACTED')", name="state_known"),
        CheckConstraint("(state = 'WAITING') = (person_sealed IS NOT NULL)", name="sealed_while_waiting"),
        Index("ix_service_event_waiting", "event_id", postgresql_where=text("state = 'WAITING'")),
        Index(None, "unit", "event_id"),
    )

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(8))
    occurred_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(_INSTANT)
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    content_key_id: Mapped[str] = mapped_column(String(32))
    content_digest: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    person_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    retraction_reason: Mapped[str | None] = mapped_column(Text)


class OutcomeRow(Base):
    """What became of an event under one indicator: an event of the register, or why there is none yet."""

    __tablename__ = "service_event_outcome"
    __table_args__ = (
        ForeignKeyConstraint(
            ["source", "event_id"], ["targets.service_event.source", "targets.service_event.event_id"]
        ),
    )

    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    registered_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(16))
