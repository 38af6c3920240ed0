"""Tables of the register: an append-only ledger, its slots, and the counts that follow from them.

The keys are the person's and not the unit's: one person counts once in the whole city, and only a key that knows no
unit can hold that (docs/decisions/0031-register-keys.md). Who a person is stands sealed in a table that the service's
roles can write and not read.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base

_INSTANT = DateTime(timezone=True)
# Byte order, as Python compares ASCII: the winner must not depend on the server's locale.
_SOURCE = Text(collation="C")


class PersonRow(Base):
    """A person as a pseudonym: a keyed hash of the document number, and of the name to notice another spelling."""

    __tablename__ = "person"

    person_key: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(String(32))
    name_digest: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class IdentityRow(Base):
    """Number and name, sealed with SM4-GCM."""

    __tablename__ = "person_identity"

    person_key: Mapped[UUID] = mapped_column(primary_key=True)
    id_type: Mapped[str] = mapped_column(String(16))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)


class EventRow(Base):
    """The ledger: what was received, counted or not."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("source_system", "source_ref"),
        CheckConstraint("EXTRACT(year FROM event_date) = year", name="date_in_year"),
        Index("ix_event_slot", "year", "indicator", "person_key"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    indicator: Mapped[str] = mapped_column(String(8))
    person_key: Mapped[UUID]
    unit: Mapped[str] = mapped_column(String(8))
    event_date: Mapped[date]
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    source_system: Mapped[str] = mapped_column(_SOURCE)
    source_ref: Mapped[str] = mapped_column(_SOURCE)
    content_key_id: Mapped[str] = mapped_column(String(32))
    content_digest: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_by: Mapped[str] = mapped_column(String(128))


class RetractionRow(Base):
    """An event that was found false; a row of its own, so that the ledger is never changed."""

    __tablename__ = "event_retraction"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("targets.event.event_id"), primary_key=True)
    retracted_at: Mapped[datetime] = mapped_column(_INSTANT)
    retracted_by: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)


class SlotRow(Base):
    """Who counts: exactly one row for each person, year and indicator with a live event."""

    __tablename__ = "slot"
    __table_args__ = (UniqueConstraint("event_id"),)

    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    person_key: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    unit: Mapped[str] = mapped_column(String(8))
    event_date: Mapped[date]
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    source_system: Mapped[str] = mapped_column(_SOURCE)
    source_ref: Mapped[str] = mapped_column(_SOURCE)


class RollupRow(Base):
    """Counts of the slots, kept in the transaction that changes them; half-empty pages keep updates in place."""

    __tablename__ = "rollup"
    __table_args__ = (
        CheckConstraint("n >= 0", name="n_not_negative"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month_of_year"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    n: Mapped[int] = mapped_column(Integer)
