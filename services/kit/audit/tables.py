"""The tables of the audit trail in a service's schema; `migrations/audit_tables.py` makes them append-only."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)


def audit_tables(metadata: MetaData) -> None:
    """`audit_entry` only grows; `audit_head`, one row, says where it ends."""
    Table(
        "audit_entry",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("actor", String(128), nullable=False),
        Column("actor_kind", String(32), nullable=False),
        Column("action", String(64), nullable=False),
        Column("object", String(160), nullable=False),
        Column("detail", Text, nullable=False),
        Column("request_id", String(64), nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Index(None, "actor"),
        Index(None, "object"),
        Index(None, "at"),
    )
    Table(
        "audit_head",
        metadata,
        Column("id", SmallInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        CheckConstraint("id = 1", name="one_row"),
    )
