"""Imports of plan files: what was read and what was found, kept so that the marked workbook can be fetched."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from targets_svc.base import Base


class PlanImportRow(Base):
    """One file: its sheet, and the conflicts.

    Attributes:
        spans: merged cells as [top, left, bottom, right].
        plan_id: the draft that it became.
    """

    __tablename__ = "plan_import"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sheet: Mapped[str] = mapped_column(Text)
    rows: Mapped[list[Any]] = mapped_column(JSONB)
    spans: Mapped[list[Any]] = mapped_column(JSONB)
    conflicts: Mapped[list[Any]] = mapped_column(JSONB)
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("targets.plan.id"))
