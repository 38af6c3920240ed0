"""Confirmed fabrication, and assessments as they were published. Row policies (in the migration) keep both."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base
from targets_svc.withdrawals.models import Withdrawable, withdrawn_or_signed, withdrawn_whole

_INSTANT = DateTime(timezone=True)


class FindingRow(Withdrawable, Base):
    """A unit's figures of a year were found to be made up; it counts once a second person has confirmed it."""

    __tablename__ = "assessment_finding"
    __table_args__ = (
        CheckConstraint("entered_by <> confirmed_by", name="four_eyes"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="signature_and_instant"),
        withdrawn_whole(),
        withdrawn_or_signed("confirmed_by"),
        Index(None, "year", "unit"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(String(8))
    year: Mapped[int] = mapped_column(SmallInteger)
    reference: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(String(128))
    entered_at: Mapped[datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class RevocationRow(Withdrawable, Base):
    """A confirmed finding was wrong; it counts no more once a second person has confirmed that.

    A finding has at most one that was not taken back.
    """

    __tablename__ = "assessment_revocation"
    __table_args__ = (
        CheckConstraint("entered_by <> confirmed_by", name="four_eyes"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="signature_and_instant"),
        withdrawn_whole(),
        withdrawn_or_signed("confirmed_by"),
        Index(
            "uq_assessment_revocation_finding",
            "finding_id",
            unique=True,
            postgresql_where=text("withdrawn_by IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    finding_id: Mapped[UUID] = mapped_column(ForeignKey("targets.assessment_finding.id"))
    unit: Mapped[str] = mapped_column(String(8))
    reference: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(String(128))
    entered_at: Mapped[datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class PublicationRow(Withdrawable, Base):
    """An assessment as one person drew it up and another published it, with every line of its trace.

    Attributes:
        content: the answer of GET /assessments of that instant; rules, weights and plan version stand in it.
    """

    __tablename__ = "assessment_publication"
    __table_args__ = (
        CheckConstraint("drawn_up_by <> published_by", name="four_eyes"),
        CheckConstraint("(published_by IS NULL) = (published_at IS NULL)", name="signature_and_instant"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month_of_year"),
        withdrawn_whole(),
        withdrawn_or_signed("published_by"),
        Index(None, "year", "month"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[int] = mapped_column(SmallInteger)
    rule_set: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    drawn_up_by: Mapped[str] = mapped_column(String(128))
    drawn_up_at: Mapped[datetime] = mapped_column(_INSTANT)
    published_by: Mapped[str | None] = mapped_column(String(128))
    published_at: Mapped[datetime | None] = mapped_column(_INSTANT)
