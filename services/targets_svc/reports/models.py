"""Tables of reports. Keys begin with the unit, so that they can be spread by it.

Four eyes is a constraint of the table. Row policies (in the migration) let the service's roles neither change an
approved revision nor the cells of one that is on its way.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base
from targets_svc.withdrawals.models import Withdrawable, withdrawn_whole

_INSTANT = DateTime(timezone=True)


class ReportRow(Base):
    """A unit's report of a month; locked by every step, its version is the ETag.

    Attributes:
        revision: number of the revision that is on its way, or else of the last approved one.
        first_submitted_at: decides for ever whether the report was late.
    """

    __tablename__ = "report"
    __table_args__ = (
        CheckConstraint("month BETWEEN 1 AND 12", name="month_of_year"),
        CheckConstraint("revision >= 1", name="revision_counts_from_one"),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    row_version: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(_INSTANT)
    first_submitted_at: Mapped[datetime | None] = mapped_column(_INSTANT)


class RevisionRow(Withdrawable, Base):
    """One revision and who carried it; a correction is a new one."""

    __tablename__ = "report_revision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["unit", "year", "month"], ["targets.report.unit", "targets.report.year", "targets.report.month"]
        ),
        CheckConstraint(
            "state IN ('DRAFT', 'SUBMITTED', 'REVIEWED', 'RETURNED', 'APPROVED', 'WITHDRAWN')", name="state_known"
        ),
        CheckConstraint("(state = 'WITHDRAWN') = (withdrawn_by IS NOT NULL)", name="withdrawn_by_whom"),
        CheckConstraint("withdrawn_by IS NULL OR revision > 1", name="only_corrections_withdrawn"),
        withdrawn_whole(),
        CheckConstraint(
            "submitted_by <> reviewed_by AND reviewed_by <> approved_by AND submitted_by <> approved_by",
            name="four_eyes",
        ),
        CheckConstraint(
            "(state IN ('SUBMITTED', 'REVIEWED', 'APPROVED')) = (submitted_by IS NOT NULL)"
            " AND (state IN ('REVIEWED', 'APPROVED')) = (reviewed_by IS NOT NULL)"
            " AND (state = 'APPROVED') = (approved_by IS NOT NULL)",
            name="signed_as_far_as_it_is",
        ),
        CheckConstraint(
            "(submitted_by IS NULL) = (submitted_at IS NULL) AND (reviewed_by IS NULL) = (reviewed_at IS NULL)"
            " AND (approved_by IS NULL) = (approved_at IS NULL) AND (returned_by IS NULL) = (returned_at IS NULL)",
            name="signature_and_instant",
        ),
        CheckConstraint("state <> 'RETURNED' OR return_reason IS NOT NULL", name="return_has_reason"),
        CheckConstraint("(revision > 1) = (correction_reason IS NOT NULL)", name="correction_has_reason"),
        CheckConstraint("basis IN ('CUMULATIVE', 'INCREMENT')", name="basis_known"),
        Index("ix_report_revision_period", "year", "month"),
        Index(
            "uq_report_revision_open",
            "unit",
            "year",
            "month",
            unique=True,
            postgresql_where=text("state NOT IN ('APPROVED', 'WITHDRAWN')"),
        ),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    submitted_by: Mapped[str | None] = mapped_column(String(128))
    submitted_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    reviewed_by: Mapped[str | None] = mapped_column(String(128))
    reviewed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    approved_by: Mapped[str | None] = mapped_column(String(128))
    approved_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    returned_by: Mapped[str | None] = mapped_column(String(128))
    returned_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    return_reason: Mapped[str | None] = mapped_column(Text)
    correction_reason: Mapped[str | None] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(String(16), server_default="CUMULATIVE")


class CellRow(Base):
    """One figure of a revision, cumulative since January, in the indicator's smallest unit."""

    __tablename__ = "report_cell"
    __table_args__ = (
        ForeignKeyConstraint(
            ["unit", "year", "month", "revision"],
            [f"targets.report_revision.{column}" for column in ("unit", "year", "month", "revision")],
        ),
        CheckConstraint("(numerator IS NULL) = (denominator IS NULL) AND denominator > 0", name="rate_parts"),
        CheckConstraint(
            "(gross IS NULL) = (attrition IS NULL) AND (gross IS NULL OR value = gross - attrition)", name="net_parts"
        ),
    )

    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    indicator: Mapped[str] = mapped_column(String(8), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    value: Mapped[int | None] = mapped_column(BigInteger)
    comment: Mapped[str | None] = mapped_column(Text)
    numerator: Mapped[int | None] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)
    gross: Mapped[int | None] = mapped_column(BigInteger)
    attrition: Mapped[int | None] = mapped_column(BigInteger)
