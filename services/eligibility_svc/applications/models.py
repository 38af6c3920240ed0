"""Tables of applications. What a step said (facts, check, reasons) stands sealed; steps are only ever added."""

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
    LargeBinary,
    SmallInteger,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from eligibility_svc.base import Base

_INSTANT = DateTime(timezone=True)


class ApplicationRow(Base):
    """Where an application stands and who carried it; its version is the ETag."""

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint(
            "state IN ('SUBMITTED', 'RETURNED', 'ACCEPTED', 'WITHDRAWN', 'GRANTED', 'REFUSED', 'REVIEW_REQUESTED',"
            " 'PAID', 'REVOKED', 'PAYMENT_FAILED')",
            name="state_known",
        ),
        CheckConstraint("decided_by <> accepted_by", name="decider_did_not_accept"),
        CheckConstraint("reviewed_by <> accepted_by AND reviewed_by <> decided_by", name="review_by_a_third"),
        CheckConstraint("paid_by <> decided_by AND paid_by <> reviewed_by", name="payer_did_not_decide"),
        CheckConstraint("state <> 'ACCEPTED' OR accepted_by IS NOT NULL", name="accepted_by_somebody"),
        CheckConstraint(
            "(state IN ('GRANTED', 'REFUSED', 'REVIEW_REQUESTED', 'PAID', 'REVOKED', 'PAYMENT_FAILED'))"
            " = (decided_by IS NOT NULL) AND (decided_by IS NULL OR accepted_by IS NOT NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint(
            "(state = 'PAID') <= (paid_by IS NOT NULL) AND (paid_by IS NULL OR state IN ('PAID', 'REVOKED'))",
            name="paid_by_somebody",
        ),
        Index("ix_application_id", "application_id"),
        Index("ix_application_state", "unit", "state"),
        Index("ix_application_created_by", "created_by", "application_id"),
        Index("ix_application_applicant", "applicant_ref", "application_id"),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    measure: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(16))
    applicant_ref: Mapped[UUID] = mapped_column(ForeignKey("eligibility.applicant.applicant_ref"))
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    as_of: Mapped[date]
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    accepted_by: Mapped[str | None] = mapped_column(String(128))
    decided_by: Mapped[str | None] = mapped_column(String(128))
    reviewed_by: Mapped[str | None] = mapped_column(String(128))
    paid_by: Mapped[str | None] = mapped_column(String(128))


class ApplicationStepRow(Base):
    """One step, never changed: who, when, and sealed what was said and found.

    Attributes:
        catalogue_version: of the check that was made at this step.
        content_sealed: JSON with `facts`, `result`, `reason`, as far as the step has them.
    """

    __tablename__ = "application_step"
    __table_args__ = (
        ForeignKeyConstraint(
            ["unit", "application_id"], ["eligibility.application.unit", "eligibility.application.application_id"]
        ),
        CheckConstraint("position >= 1", name="position_counts_from_one"),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    step: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(_INSTANT)
    catalogue_version: Mapped[str | None] = mapped_column(String(64))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    paid_on: Mapped[date | None]
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)


class RatingRow(Base):
    """好差评: once for each application, apart from it, so that who is rated does not see it."""

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score_of_five"),
        CheckConstraint("score > 2 OR has_reason", name="low_score_has_reason"),
    )

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(String(8))
    measure: Mapped[str] = mapped_column(String(64))
    score: Mapped[int] = mapped_column(SmallInteger)
    has_reason: Mapped[bool]
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    rated_at: Mapped[datetime] = mapped_column(_INSTANT)
