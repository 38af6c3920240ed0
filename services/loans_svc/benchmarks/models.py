"""Table of benchmark rates. A row policy (in the migration) keeps what is confirmed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, Index, Integer, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base

_INSTANT = DateTime(timezone=True)


class BenchmarkRow(Base):
    """A published rate, in ppm per year; it counts from its publication until the next one.

    Attributes:
        mark: how sure we are of it (SEED, SEEN, MEM, INF).
    """

    __tablename__ = "benchmark_rate"
    __table_args__ = (
        CheckConstraint("rate_ppm > 0 AND rate_ppm <= 240000", name="rate_possible"),
        CheckConstraint("mark IN ('SEED', 'SEEN', 'MEM', 'INF')", name="mark_known"),
        CheckConstraint("entered_by <> confirmed_by", name="four_eyes"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="signature_and_instant"),
        Index(
            "uq_benchmark_rate_published_on",
            "published_on",
            unique=True,
            postgresql_where=text("confirmed_by IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    published_on: Mapped[date] = mapped_column(Date)
    rate_ppm: Mapped[int] = mapped_column(Integer)
    mark: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(Text)
    entered_by: Mapped[str] = mapped_column(String(128))
    entered_at: Mapped[datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
