"""The tables of webhooks in a service's schema; `migrations/webhook_tables.py` makes them."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)


def webhook_tables(metadata: MetaData) -> None:
    """Who is told (`webhook_endpoint`), what (`webhook_message`), and how it went (`…_delivery`, `…_attempt`)."""
    instant = DateTime(timezone=True)
    schema = metadata.schema
    Table(
        "webhook_endpoint",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("owner", String(128), nullable=False),
        Column("sees_all", Boolean, nullable=False),
        Column("unit", String(16), nullable=True),
        Column("bank", String(64), nullable=True),
        Column("url", String(500), nullable=False),
        Column("events", ARRAY(String(64)), nullable=False),
        Column("secret", LargeBinary, nullable=False),
        Column("previous_secret", LargeBinary, nullable=True),
        Column("previous_until", instant, nullable=True),
        Column("state", String(16), nullable=False),
        Column("disabled_reason", String(32), nullable=True),
        Column("version", Integer, nullable=False),
        Column("created_at", instant, nullable=False, server_default=func.now()),
        CheckConstraint("state IN ('ACTIVE', 'DISABLED')", name="state_known"),
        Index(None, "owner"),
    )
    Table(
        "webhook_message",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("event", String(64), nullable=False),
        Column("body", Text, nullable=False),
        Column("created_at", instant, nullable=False, server_default=func.now()),
        Index(None, "created_at"),
    )
    Table(
        "webhook_delivery",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("endpoint_id", Uuid, ForeignKey(f"{schema}.webhook_endpoint.id", ondelete="CASCADE"), nullable=False),
        Column("message_id", Uuid, ForeignKey(f"{schema}.webhook_message.id", ondelete="CASCADE"), nullable=False),
        Column("state", String(16), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_at", instant, nullable=True),
        Column("delivered_at", instant, nullable=True),
        UniqueConstraint("endpoint_id", "message_id"),
        CheckConstraint("state IN ('PENDING', 'DELIVERED', 'FAILED')", name="state_known"),
        Index(None, "message_id"),
    )
    Table(
        "webhook_attempt",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("delivery_id", Uuid, ForeignKey(f"{schema}.webhook_delivery.id", ondelete="CASCADE"), nullable=False),
        Column("at", instant, nullable=False, server_default=func.clock_timestamp()),
        Column("status", SmallInteger, nullable=True),
        Column("error_code", String(32), nullable=True),
        Column("milliseconds", Integer, nullable=False),
        Index(None, "delivery_id"),
    )
