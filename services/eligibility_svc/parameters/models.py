"""The table of values that the bureau proposes and publishes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from eligibility_svc.base import Base

_INSTANT = DateTime(timezone=True)


class ParameterValueRow(Base):
    """A value as written on the wire; published when it has a sequence number, and never changed from then on.

    Attributes:
        corrects: the published value of the same day whose place it takes, for checks made from its publication on.
    """

    __tablename__ = "parameter_value"
    __table_args__ = (
        CheckConstraint("published_by <> proposed_by", name="published_by_another"),
        CheckConstraint(
            "(sequence IS NULL) = (published_by IS NULL) AND (sequence IS NULL) = (published_at IS NULL)",
            name="published_whole",
        ),
        UniqueConstraint("sequence"),
        Index(
            "uq_parameter_value_published",
            "measure",
            "parameter",
            "from_on",
            unique=True,
            postgresql_where=text("sequence IS NOT NULL AND corrects IS NULL"),
        ),
        Index(
            "uq_parameter_value_corrected",
            "corrects",
            unique=True,
            postgresql_where=text("sequence IS NOT NULL AND corrects IS NOT NULL"),
        ),
        CheckConstraint(
            "(rejected_by IS NULL) = (rejected_at IS NULL) AND (rejected_by IS NULL) = (rejection_reason IS NULL)",
            name="rejected_whole",
        ),
        CheckConstraint("rejected_by IS NULL OR sequence IS NULL", name="rejected_or_published"),
    )

    value_id: Mapped[UUID] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(String(64))
    parameter: Mapped[str] = mapped_column(String(64))
    from_on: Mapped[date]
    value: Mapped[str] = mapped_column(String(32))
    document: Mapped[str] = mapped_column(String(100))
    clause: Mapped[str] = mapped_column(String(100))
    proposed_by: Mapped[str] = mapped_column(String(128))
    proposed_at: Mapped[datetime] = mapped_column(_INSTANT)
    sequence: Mapped[int | None] = mapped_column(Integer)
    published_by: Mapped[str | None] = mapped_column(String(128))
    published_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("eligibility.parameter_value.value_id"))
    rejected_by: Mapped[str | None] = mapped_column(String(128))
    rejected_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    rejection_reason: Mapped[str | None] = mapped_column(String(1000))
