"""The table of rule sets. Row policies (in the migration) keep what is published."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base
from targets_svc.withdrawals.models import Withdrawable, withdrawn_or_signed, withdrawn_whole

_INSTANT = DateTime(timezone=True)


class RuleSetRow(Withdrawable, Base):
    """A version of a rule set as it was drawn up; it holds once a second person has published it.

    Attributes:
        content: as POST /assessment-rule-sets takes it.
    """

    __tablename__ = "assessment_rule_set"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("drawn_up_by <> published_by", name="four_eyes"),
        CheckConstraint("(published_by IS NULL) = (published_at IS NULL)", name="signature_and_instant"),
        withdrawn_whole(),
        withdrawn_or_signed("published_by"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str] = mapped_column(Text)
    effective_from: Mapped[date]
    reference: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    drawn_up_by: Mapped[str] = mapped_column(String(128))
    drawn_up_at: Mapped[datetime] = mapped_column(_INSTANT)
    published_by: Mapped[str | None] = mapped_column(String(128))
    published_at: Mapped[datetime | None] = mapped_column(_INSTANT)
