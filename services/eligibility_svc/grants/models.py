"""Tables of the register of grants, keyed by the applicant: one is granted once in the whole city, not in a unit."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from eligibility_svc.base import Base

_INSTANT = DateTime(timezone=True)


class ApplicantRow(Base):
    """Who applies, as a pseudonym: a keyed hash of the document number; the number itself stands sealed."""

    __tablename__ = "applicant"

    applicant_ref: Mapped[UUID] = mapped_column(primary_key=True)
    id_type: Mapped[str] = mapped_column(String(16))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)


class GrantPersonRow(Base):
    """A person whom a grant to somebody else is about, as a pseudonym, and for how many months; never changed."""

    __tablename__ = "grant_person"
    __table_args__ = (CheckConstraint("months >= 0", name="months_not_negative"),)

    applicant_ref: Mapped[UUID] = mapped_column(ForeignKey("eligibility.applicant.applicant_ref"), primary_key=True)
    measure: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_ref: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    months: Mapped[int | None] = mapped_column(Integer)


class GrantRow(Base):
    """One grant. `once_key` is the slot that it takes; two of one slot are impossible, and a revoked one takes none.

    Attributes:
        application_id: None for a grant of the time before, whose proof stands in `reference_sealed`.
        entered_by: who decided it, or entered an earlier one; somebody else revokes it.
    """

    __tablename__ = "grant"
    __table_args__ = (
        UniqueConstraint("applicant_ref", "measure", "once_key"),
        UniqueConstraint("application_id"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("(application_id IS NULL) = (reference_sealed IS NOT NULL)", name="has_a_proof"),
        CheckConstraint("revoked_by <> entered_by", name="revoked_by_another"),
        CheckConstraint(
            "(revoked_by IS NULL) = (revoked_at IS NULL) AND (revoked_by IS NULL) = (revocation_sealed IS NULL)",
            name="revoked_as_a_whole",
        ),
        CheckConstraint("revoked_by IS NULL OR once_key IS NULL", name="revoked_takes_no_slot"),
        Index("ix_grant_unit", "unit", "grant_id"),
    )

    grant_id: Mapped[UUID] = mapped_column(primary_key=True)
    applicant_ref: Mapped[UUID] = mapped_column(ForeignKey("eligibility.applicant.applicant_ref"))
    measure: Mapped[str] = mapped_column(String(64))
    once_key: Mapped[str | None] = mapped_column(String(8))
    unit: Mapped[str] = mapped_column(String(8))
    as_of: Mapped[date]
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    payer: Mapped[str | None] = mapped_column(String(32))
    application_id: Mapped[UUID | None]
    entered_by: Mapped[str] = mapped_column(String(128))
    reference_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    granted_at: Mapped[datetime] = mapped_column(_INSTANT)
    paid_on: Mapped[date | None]
    revoked_by: Mapped[str | None] = mapped_column(String(128))
    revoked_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    revocation_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
