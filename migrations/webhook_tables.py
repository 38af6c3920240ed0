"""The tables of webhooks as the revision that brings them makes them; never changed afterwards."""

import sqlalchemy as sa
from alembic import op

_INSTANT = sa.DateTime(timezone=True)


def create(schema: str) -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("sees_all", sa.Boolean, nullable=False),
        sa.Column("unit", sa.String(16), nullable=True),
        sa.Column("bank", sa.String(64), nullable=True),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("events", sa.ARRAY(sa.String(64)), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary, nullable=True),
        sa.Column("previous_until", _INSTANT, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("disabled_reason", sa.String(32), nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
        sa.CheckConstraint("state IN ('ACTIVE', 'DISABLED')", name=op.f("ck_webhook_endpoint_state_known")),
        schema=schema,
    )
    op.create_index("ix_webhook_endpoint_owner", "webhook_endpoint", ["owner"], schema=schema)
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_message"),
        schema=schema,
    )
    op.create_index("ix_webhook_message_created_at", "webhook_message", ["created_at"], schema=schema)
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("endpoint_id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", _INSTANT, nullable=True),
        sa.Column("delivered_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_delivery"),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            [f"{schema}.webhook_endpoint.id"],
            name="fk_webhook_delivery_endpoint_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], [f"{schema}.webhook_message.id"], name="fk_webhook_delivery_message_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("endpoint_id", "message_id", name="uq_webhook_delivery_endpoint_id_message_id"),
        sa.CheckConstraint("state IN ('PENDING', 'DELIVERED', 'FAILED')", name=op.f("ck_webhook_delivery_state_known")),
        schema=schema,
    )
    op.create_index("ix_webhook_delivery_message_id", "webhook_delivery", ["message_id"], schema=schema)
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("delivery_id", sa.Uuid, nullable=False),
        sa.Column("at", _INSTANT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("status", sa.SmallInteger, nullable=True),
        sa.Column("error_code", sa.String(32), nullable=True),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_attempt"),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            [f"{schema}.webhook_delivery.id"],
            name="fk_webhook_attempt_delivery_id",
            ondelete="CASCADE",
        ),
        schema=schema,
    )
    op.create_index("ix_webhook_attempt_delivery_id", "webhook_attempt", ["delivery_id"], schema=schema)


def drop(schema: str) -> None:
    for table in ("webhook_attempt", "webhook_delivery", "webhook_message", "webhook_endpoint"):
        op.drop_table(table, schema=schema)
