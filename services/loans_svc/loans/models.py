"""Tables of loans. What happened to a loan is appended and never changed; its state follows from that.

Second persons are constraints of the table, not habits of the code.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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


class TransitionRow(Base):
    """What may follow what: a row that is not there is not allowed."""

    __tablename__ = "loan_transition"

    from_state: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    to_state: Mapped[str] = mapped_column(String(16))


class LoanRow(Base):
    """A loan; locked by every step, its version is the ETag.

    Attributes:
        fund: the guarantee fund that stands for it.
        borrower_key: the borrower's pseudonym, equal in all loans of one borrower.
        holder_key: of number and name together: by it those who have the document find their own loans.
        eligibility: the answer of the eligibility check that the application came with.
        outstanding_fen: principal neither repaid nor compensated.
        receivable_fen: compensated, not yet recovered or written off.
        rule_id: frozen at disbursement, like all that follows it.
        window_end: of the subsidised term as events stand now.
        grace_days, repayment_order: as agreed with the bank; None where nothing was: then as the rule says, pro rata.
    """

    __tablename__ = "loan"
    __table_args__ = (
        CheckConstraint(
            "state IN ('APPLIED', 'APPROVED', 'REJECTED', 'CANCELLED', 'DISBURSED', 'COMPENSATED', 'WRITTEN_OFF',"
            " 'CLOSED')",
            name="state_known",
        ),
        CheckConstraint("amount_fen > 0 AND term_months > 0", name="amounts_positive"),
        CheckConstraint("outstanding_fen >= 0 AND receivable_fen >= 0", name="never_overpaid"),
        CheckConstraint("applied_by <> decided_by", name="decided_by_another"),
        CheckConstraint("decided_by <> disbursed_by", name="disbursed_by_another"),
        CheckConstraint("cancelled_by <> applied_by AND cancelled_by <> disbursed_by", name="cancelled_by_another"),
        CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (disbursed_by IS NULL) = (disbursed_at IS NULL)"
            " AND (cancelled_by IS NULL) = (cancelled_at IS NULL)",
            name="signature_and_instant",
        ),
        CheckConstraint(
            "num_nulls(disbursed_by, disbursed_on, matures_on, principal_fen, contract_ppm, benchmark_ppm, eff_ppm,"
            " rule_id, day_count, period_scheme, window_end) IN (0, 11)",
            name="terms_whole",
        ),
        CheckConstraint(
            "state NOT IN ('DISBURSED', 'COMPENSATED', 'WRITTEN_OFF', 'CLOSED') OR disbursed_by IS NOT NULL",
            name="terms_once_disbursed",
        ),
        CheckConstraint("principal_fen <= amount_fen", name="lent_within_approval"),
        Index("ix_loan_bank_unit", "bank", "unit", "disbursed_on"),
        Index("ix_loan_borrower_key", "borrower_key"),
        Index("ix_loan_holder_key", "holder_key"),
        Index("ix_loan_waiting", "state", postgresql_where=text("state IN ('APPLIED', 'APPROVED')")),
        Index("ix_loan_fund_matures_on", "fund", "matures_on"),
        Index("ix_loan_unit", "unit", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    unit: Mapped[str] = mapped_column(String(8))
    bank: Mapped[str] = mapped_column(String(64))
    fund: Mapped[str] = mapped_column(String(64), ForeignKey("loans.fund.id"))
    supported_group: Mapped[str] = mapped_column(String(32))
    borrower_kind: Mapped[str] = mapped_column(String(32))
    borrower_key: Mapped[UUID] = mapped_column(Uuid)
    holder_key: Mapped[UUID | None] = mapped_column(Uuid)
    is_woman: Mapped[bool] = mapped_column(Boolean)
    is_disabled: Mapped[bool] = mapped_column(Boolean)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    term_months: Mapped[int] = mapped_column(SmallInteger)
    eligibility: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String(16))
    row_version: Mapped[int] = mapped_column(Integer)
    applied_by: Mapped[str] = mapped_column(String(128))
    applied_at: Mapped[datetime] = mapped_column(_INSTANT)
    decided_by: Mapped[str | None] = mapped_column(String(128))
    decided_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    disbursed_by: Mapped[str | None] = mapped_column(String(128))
    disbursed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    cancelled_by: Mapped[str | None] = mapped_column(String(128))
    cancelled_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    outstanding_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    receivable_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    disbursed_on: Mapped[date | None] = mapped_column(Date)
    matures_on: Mapped[date | None] = mapped_column(Date)
    principal_fen: Mapped[int | None] = mapped_column(BigInteger)
    contract_ppm: Mapped[int | None] = mapped_column(Integer)
    benchmark_ppm: Mapped[int | None] = mapped_column(Integer)
    eff_ppm: Mapped[int | None] = mapped_column(Integer)
    rule_id: Mapped[str | None] = mapped_column(String(40))
    day_count: Mapped[str | None] = mapped_column(String(16))
    period_scheme: Mapped[str | None] = mapped_column(String(16))
    window_end: Mapped[date | None] = mapped_column(Date)
    grace_days: Mapped[int | None] = mapped_column(SmallInteger)
    repayment_order: Mapped[str | None] = mapped_column(String(16))
    prior_loans: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    prior_days: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    prior_first_on: Mapped[date | None] = mapped_column(Date)


class BorrowerRow(Base):
    """Who the borrower is, sealed: the service writes it and can't read it back."""

    __tablename__ = "loan_borrower"

    loan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.loan.id"), primary_key=True)
    id_type: Mapped[str] = mapped_column(String(16))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)


class TrancheRow(Base):
    """A funded part of a loan and who pays its subsidy."""

    __tablename__ = "loan_tranche"
    __table_args__ = (
        CheckConstraint("tranche IN ('STATE', 'LOCAL')", name="tranche_known"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
    )

    loan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.loan.id"), primary_key=True)
    tranche: Mapped[str] = mapped_column(String(8), primary_key=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    payer_scheme: Mapped[str | None] = mapped_column(String(64))


class LoanEventRow(Base):
    """Something that happened to a loan; every transition is one.

    Attributes:
        effective_on: from when it counts.
        booked_on: when the bank or the office booked it.
        recorded_at: when we learned of it.
        until: end of an overdue span, or the later maturity.
        rule_id: the rule that holds from then on.
        retracts: the event that was an error; at most one other takes it back.
        bank_ref_use: how often the reference stood before on events that were taken back or whose loan was cancelled.
    """

    __tablename__ = "loan_event"
    __table_args__ = (
        Index("ix_loan_event_loan_id", "loan_id"),
        Index("uq_loan_event_bank_ref", "bank", "bank_ref", "bank_ref_use", unique=True),
        Index("ix_loan_event_reused", "bank", postgresql_where=text("bank_ref_use > 0")),
        Index("uq_loan_event_retracts", "retracts", unique=True),
        Index("ix_loan_event_compensated", "booked_on", postgresql_where=text("kind = 'COMPENSATION'")),
        Index("ix_loan_event_extended", "until", postgresql_where=text("kind = 'EXTENSION'")),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("(kind = 'RE_RULE') = (rule_id IS NOT NULL)", name="re_rule_names_its_rule"),
        CheckConstraint("(kind = 'RETRACTION') = (retracts IS NOT NULL)", name="retraction_names_its_event"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    loan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.loan.id"))
    bank: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    effective_on: Mapped[date] = mapped_column(Date)
    booked_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime] = mapped_column(_INSTANT)
    recorded_by: Mapped[str] = mapped_column(String(128))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    until: Mapped[date | None] = mapped_column(Date)
    contract_ppm: Mapped[int | None] = mapped_column(Integer)
    benchmark_ppm: Mapped[int | None] = mapped_column(Integer)
    evidence: Mapped[str] = mapped_column(Text)
    bank_ref: Mapped[str | None] = mapped_column(String(100))
    bank_ref_use: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    rule_id: Mapped[str | None] = mapped_column(String(40))
    retracts: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("loans.loan_event.id"))
