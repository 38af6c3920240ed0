"""Tables of the yearly reward pool. A row policy (in the migration) keeps what is closed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base

_INSTANT = DateTime(timezone=True)


class WeightsRow(Base):
    """How the pool is shared between the kinds of recipients, from a year on; no law fixes it."""

    __tablename__ = "reward_weights"
    __table_args__ = (
        CheckConstraint(
            "bank >= 0 AND fund_operator >= 0 AND hr_office >= 0 AND bank + fund_operator + hr_office > 0",
            name="something_to_share_by",
        ),
        CheckConstraint("proposed_by <> confirmed_by", name="four_eyes"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="signature_and_instant"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    from_year: Mapped[int] = mapped_column(SmallInteger)
    bank: Mapped[int] = mapped_column(Integer)
    fund_operator: Mapped[int] = mapped_column(Integer)
    hr_office: Mapped[int] = mapped_column(Integer)
    evidence: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(128))
    proposed_at: Mapped[datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class RewardYearRow(Base):
    """A year and place: computed as often as needed, closed once by a second person.

    Attributes:
        parts: `{"roles": [{role, weight, amount_fen}], "recipients": [{role, recipient, weight_fen, amount_fen}]}`.
    """

    __tablename__ = "reward_year"
    __table_args__ = (
        CheckConstraint("state IN ('COMPUTED', 'CLOSED')", name="state_known"),
        CheckConstraint("computed_by <> closed_by", name="four_eyes"),
        CheckConstraint(
            "(state = 'CLOSED') = (closed_by IS NOT NULL) AND (closed_by IS NULL) = (closed_at IS NULL)",
            name="closed_is_signed",
        ),
        CheckConstraint(
            "base_fen - carried_forward_fen = disbursed_fen - cancelled_fen - brought_forward_fen AND base_fen >= 0"
            " AND carried_forward_fen >= 0",
            name="base_adds_up",
        ),
        Index("uq_reward_year_unit_year", "unit", "year", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    unit: Mapped[str] = mapped_column(String(8))
    year: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(16))
    row_version: Mapped[int] = mapped_column(Integer)
    scheme: Mapped[str] = mapped_column(String(64))
    weights: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.reward_weights.id"))
    disbursed_fen: Mapped[int] = mapped_column(BigInteger)
    cancelled_fen: Mapped[int] = mapped_column(BigInteger)
    brought_forward_fen: Mapped[int] = mapped_column(BigInteger)
    base_fen: Mapped[int] = mapped_column(BigInteger)
    carried_forward_fen: Mapped[int] = mapped_column(BigInteger)
    pool_fen: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    computed_by: Mapped[str] = mapped_column(String(128))
    computed_at: Mapped[datetime] = mapped_column(_INSTANT)
    closed_by: Mapped[str | None] = mapped_column(String(128))
    closed_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class CountedRow(Base):
    """Which events a closed year has counted; what it has not, a later year counts (S26)."""

    __tablename__ = "reward_counted"

    reward_year: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.reward_year.id"), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("loans.loan_event.id"), primary_key=True)
