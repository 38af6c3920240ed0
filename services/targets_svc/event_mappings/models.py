"""Changes of the mapping table. Row policies (in the migration) keep what is confirmed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base
from targets_svc.withdrawals.models import Withdrawable, withdrawn_or_signed, withdrawn_whole

_INSTANT = DateTime(timezone=True)


class MappingChangeRow(Withdrawable, Base):
    """A row added to the mapping table, or the end of one; it holds once a second person has confirmed it.

    Attributes:
        content: of an added row: sources, kind, where, indicator, valid_from.
        last_day: on which the row holds; of an added row None while it has no end.
    """

    __tablename__ = "event_mapping_change"
    __table_args__ = (
        CheckConstraint("change IN ('ADD', 'END')", name="change_known"),
        CheckConstraint("(change = 'ADD') = (content IS NOT NULL)", name="content_when_added"),
        CheckConstraint("change = 'ADD' OR last_day IS NOT NULL", name="end_has_day"),
        CheckConstraint("proposed_by <> confirmed_by", name="four_eyes"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="signature_and_instant"),
        withdrawn_whole(),
        withdrawn_or_signed("confirmed_by"),
        Index(
            "uq_event_mapping_change_code",
            "code",
            "change",
            unique=True,
            postgresql_where=text("confirmed_by IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    change: Mapped[str] = mapped_column(String(8))
    code: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    last_day: Mapped[date | None]
    reference: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(String(128))
    proposed_at: Mapped[datetime] = mapped_column(_INSTANT)
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None] = mapped_column(_INSTANT)
