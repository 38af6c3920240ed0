"""Tables of the register: an append-only ledger, its slots, and the counts that follow from them.

The keys are the person's and not the unit's: one person counts once in the whole city, and only a key that knows no
unit can hold that (docs/decisions/0031-register-keys.md). Who a person is stands sealed in a table that the service's
roles can write and not read.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base

_INSTANT = DateTime(timezone=True)
# Byte order, as Python compares ASCII: the winner must not depend on the server's locale.
_SOURCE = Text(collation="C")


class PersonRow(Base):
    """A person as a pseudonym: a keyed hash of the document number, and eight bytes of one of the name, to notice
    another spelling. `person_id` stands for the person in all other tables; it is the id of the first event, so that a
    file's new people lie together there, and it stays when keys change.
    """

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_person_id", "person_id", postgresql_using="brin"),)

    person_key: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    key_id: Mapped[str] = mapped_column(String(32))
    name_digest: Mapped[int] = mapped_column(BigInteger)
    identity_block: Mapped[UUID]


class IdentityBlockRow(Base):
    """Who the people are that came together: a line of type, number and name for each, sealed with SM4-GCM."""

    __tablename__ = "identity_block"

    block_id: Mapped[UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class EventRow(Base):
    """The ledger: what was received, counted or not; `is_pending` says that it counts only once it is verified.

    A person's first event has the person's id, and the others are found by an index of their own.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("source_system", "source_ref"),
        CheckConstraint(
            "event_date >= make_date(year, 1, 1) AND event_date < make_date(year + 1, 1, 1)", name="date_in_year"
        ),
        Index("ix_event_later", "person_id", postgresql_where=text("person_id <> event_id")),
        Index("ix_event_pending", "unit", "event_id", postgresql_where=text("is_pending")),
        Index(
            "ix_event_street",
            "unit",
            "year",
            postgresql_where=text("(evidence ->> 'street') IS NOT NULL"),
        ),
        Index(
            "ix_event_phone",
            text("(evidence ->> 'phone')"),
            "event_date",
            postgresql_where=text("(evidence ->> 'phone') IS NOT NULL"),
        ),
        Index(
            "ix_event_employer",
            text("(evidence ->> 'employer')"),
            "event_date",
            postgresql_where=text("(evidence ->> 'employer') IS NOT NULL"),
        ),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    name_digest: Mapped[int] = mapped_column(BigInteger)
    event_date: Mapped[date]
    year: Mapped[int] = mapped_column(SmallInteger)
    is_pending: Mapped[bool] = mapped_column(Boolean)
    indicator: Mapped[str] = mapped_column(String(8))
    unit: Mapped[str] = mapped_column(String(8))
    source_system: Mapped[str] = mapped_column(_SOURCE)
    source_ref: Mapped[str] = mapped_column(_SOURCE)
    name_key_id: Mapped[str] = mapped_column(String(32))
    recorded_by: Mapped[str] = mapped_column(String(128))
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class VerificationRow(Base):
    """A pending event that was found to be true, by somebody else than who registered it (N10)."""

    __tablename__ = "event_verification"
    __table_args__ = (CheckConstraint("verified_by <> recorded_by", name="four_eyes"),)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("targets.event.event_id"), primary_key=True)
    verified_at: Mapped[datetime] = mapped_column(_INSTANT)
    verified_by: Mapped[str] = mapped_column(String(128))
    recorded_by: Mapped[str] = mapped_column(String(128))
    basis: Mapped[str] = mapped_column(Text)


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
    __table_args__ = ({"postgresql_with": {"fillfactor": 90}},)

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    event_id: Mapped[UUID]
    unit: Mapped[str] = mapped_column(String(8))
    event_date: Mapped[date]
    received_at: Mapped[datetime] = mapped_column(_INSTANT)
    source_system: Mapped[str] = mapped_column(_SOURCE)
    source_ref: Mapped[str] = mapped_column(_SOURCE)


class RollupRow(Base):
    """Counts of the slots by month, kept in the transaction that changes them; half-empty pages keep updates in place.

    The twelve months of a year are one row: a batch of a file changes nearly all of them at once.
    """

    __tablename__ = "rollup"
    __table_args__ = (
        CheckConstraint(
            "array_ndims(counts) = 1 AND array_lower(counts, 1) = 1 AND array_upper(counts, 1) = 12",
            name="twelve_months",
        ),
        CheckConstraint("(0 <= ALL (counts)) IS TRUE", name="counts_not_negative"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    counts: Mapped[list[int]] = mapped_column(ARRAY(Integer))
