"""Columns of a table whose rows can be taken back until a second person signs them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, String, Text
from sqlalchemy.orm import Mapped, mapped_column


class Withdrawable:
    """Who took it back, or sent it back unsigned, and why; the row stays."""

    withdrawn_by: Mapped[str | None] = mapped_column(String(128), sort_order=1000)
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), sort_order=1001)
    withdrawal_reason: Mapped[str | None] = mapped_column(Text, sort_order=1002)

    def withdraw(self, by: str, at: datetime, reason: str) -> None:
        self.withdrawn_by, self.withdrawn_at, self.withdrawal_reason = by, at, reason


def withdrawn_whole() -> CheckConstraint:
    return CheckConstraint("num_nulls(withdrawn_by, withdrawn_at, withdrawal_reason) IN (0, 3)", name="withdrawn_whole")


def withdrawn_or_signed(signature: str) -> CheckConstraint:
    return CheckConstraint(f"withdrawn_by IS NULL OR {signature} IS NULL", name="withdrawn_or_signed")
