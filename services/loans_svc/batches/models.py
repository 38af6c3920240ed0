"""Tables of subsidy batches. A line is never changed; a late event makes a reversal and a new line later."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base

_INSTANT = DateTime(timezone=True)


class BatchRow(Base):
    """A bank's claim for a district and quarter; a rejected one is followed by the next sequence.

    Attributes:
        state_scheme, local_scheme: who pays for the tranches of loans that name no payers of their own.
        zero_reasons: how many loans of the quarter are worth nothing, by reason.
        changes_until: the last change of the stories that it has considered.
    """

    __tablename__ = "subsidy_batch"
    __table_args__ = (
        CheckConstraint(
            "state IN ('PENDING', 'COMPUTED', 'MATCHED', 'SUBMITTED', 'REVIEWED', 'APPROVED', 'PAID', 'CLOSED',"
            " 'REJECTED')",
            name="state_known",
        ),
        CheckConstraint(
            "submitted_by <> reviewed_by AND submitted_by <> approved_by AND reviewed_by <> approved_by"
            " AND approved_by <> paid_by",
            name="separated_duties",
        ),
        CheckConstraint(
            "(state NOT IN ('SUBMITTED', 'REVIEWED', 'APPROVED', 'PAID', 'CLOSED') OR submitted_by IS NOT NULL)"
            " AND (state NOT IN ('REVIEWED', 'APPROVED', 'PAID', 'CLOSED') OR reviewed_by IS NOT NULL)"
            " AND (state NOT IN ('APPROVED', 'PAID', 'CLOSED') OR approved_by IS NOT NULL)"
            " AND (state NOT IN ('PAID', 'CLOSED') OR (paid_by IS NOT NULL AND payment_ref IS NOT NULL))"
            " AND (state <> 'REJECTED' OR rejection_reason IS NOT NULL)",
            name="signed_as_far_as_it_is",
        ),
        Index("uq_subsidy_batch_sequence", "bank", "unit", "period", "sequence", unique=True),
        Index(
            "uq_subsidy_batch_live",
            "bank",
            "unit",
            "period",
            unique=True,
            postgresql_where=text("state <> 'REJECTED'"),
        ),
        Index("uq_subsidy_batch_payment_ref", "bank", "payment_ref", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    bank: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(8))
    period: Mapped[str] = mapped_column(String(6))
    sequence: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(16))
    row_version: Mapped[int] = mapped_column(Integer)
    state_scheme: Mapped[str | None] = mapped_column(String(64))
    local_scheme: Mapped[str | None] = mapped_column(String(64))
    loans: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    lines: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    zero_lines: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    zero_reasons: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    changes_until: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    submitted_by: Mapped[str | None] = mapped_column(String(128))
    submitted_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    reviewed_by: Mapped[str | None] = mapped_column(String(128))
    reviewed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    approved_by: Mapped[str | None] = mapped_column(String(128))
    approved_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    paid_by: Mapped[str | None] = mapped_column(String(128))
    paid_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    paid_on: Mapped[date | None] = mapped_column(Date)
    payment_ref: Mapped[str | None] = mapped_column(String(100))
    closed_by: Mapped[str | None] = mapped_column(String(128))
    closed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    rejected_by: Mapped[str | None] = mapped_column(String(128))
    rejected_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    rejection_reason: Mapped[str | None] = mapped_column(Text)


class LineRow(Base):
    """One signed line, with all that an auditor recomputes it from; its days are the segments of its story.

    There are no foreign keys: a batch's lines are written by statements that read loans and lines, no role of the
    service deletes either, and the nightly proof looks for orphans.

    Attributes:
        number: within the batch, from 1.
        story: the version of the loan's segments that it was computed from; 0 where no arithmetic belongs to it.
        numerator, denominator: the exact value in fen before rounding; None for a reversal.
        share6, rate_ppm: None where they change within the line; then see the segments.
        reverses_batch, reverses_number: the line that a REVERSAL takes back.
    """

    __tablename__ = "subsidy_line"
    __table_args__ = (
        CheckConstraint("kind IN ('CLAIM', 'REVERSAL', 'REPOST', 'WAIVER')", name="kind_known"),
        CheckConstraint(
            "(kind = 'REVERSAL') = (reverses_batch IS NOT NULL)"
            " AND (reverses_batch IS NULL) = (reverses_number IS NULL)",
            name="reversal_names_its_line",
        ),
        CheckConstraint(
            "CASE WHEN kind IN ('CLAIM', 'REPOST') THEN amount_fen > 0 ELSE amount_fen < 0 END", name="amount_signed"
        ),
        CheckConstraint("number > 0", name="number_positive"),
        Index("uq_subsidy_line_place", "loan_id", "relates_to", "tranche", "kind", "batch_id", unique=True),
        Index(
            "uq_subsidy_line_reverses",
            "reverses_batch",
            "reverses_number",
            "batch_id",
            unique=True,
            postgresql_where=text("reverses_batch IS NOT NULL"),
        ),
    )

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    loan_id: Mapped[UUID] = mapped_column(Uuid)
    story: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    tranche: Mapped[str] = mapped_column(String(8))
    relates_to: Mapped[str] = mapped_column(String(6))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    days: Mapped[int | None] = mapped_column(Integer)
    rate_ppm: Mapped[int | None] = mapped_column(Integer)
    share6: Mapped[int | None] = mapped_column(SmallInteger)
    numerator: Mapped[int | None] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)
    reverses_batch: Mapped[UUID | None] = mapped_column(Uuid)
    reverses_number: Mapped[int | None] = mapped_column(Integer)
    payer_scheme: Mapped[str | None] = mapped_column(String(64))


class BatchShareRow(Base):
    """What the payers of one scheme bear of a batch; `payers` sums to what is payable.

    Attributes:
        revision: written anew when lines came to the batch; the newest counts.
    """

    __tablename__ = "batch_share"
    __table_args__ = (
        CheckConstraint("payable_fen + carried_out_fen = total_fen + carried_in_fen", name="adds_up"),
        CheckConstraint("payable_fen >= 0 AND carried_in_fen <= 0 AND carried_out_fen <= 0", name="signs"),
    )

    batch_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.subsidy_batch.id"), primary_key=True)
    payer_scheme: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    total_fen: Mapped[int] = mapped_column(BigInteger)
    carried_in_fen: Mapped[int] = mapped_column(BigInteger)
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    carried_out_fen: Mapped[int] = mapped_column(BigInteger)
    payers: Mapped[dict[str, int]] = mapped_column(JSONB)
