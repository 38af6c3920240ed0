"""Events of other services, and what became of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0009"
down_revision = "targets_0008"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "service_event",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("attributes", postgresql.JSONB(), nullable=False),
        sa.Column("content_key_id", sa.String(length=32), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("person_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("retraction_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('COUNTED', 'WAITING', 'UNMAPPED', 'RETRACTED')", name=op.f("ck_service_event_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'WAITING') = (person_sealed IS NOT NULL)", name=op.f("ck_service_event_sealed_while_waiting")
        ),
        sa.PrimaryKeyConstraint("source", "event_id", name=op.f("pk_service_event")),
        schema="targets",
    )
    op.create_index(
        "ix_service_event_waiting",
        "service_event",
        ["event_id"],
        schema="targets",
        postgresql_where=sa.text("state = 'WAITING'"),
    )
    op.create_index(op.f("ix_service_event_unit_event_id"), "service_event", ["unit", "event_id"], schema="targets")
    op.create_table(
        "service_event_outcome",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("registered_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["source", "event_id"],
            ["targets.service_event.source", "targets.service_event.event_id"],
            name=op.f("fk_service_event_outcome_source_event_id"),
        ),
        sa.PrimaryKeyConstraint("source", "event_id", "indicator", name=op.f("pk_service_event_outcome")),
        schema="targets",
    )
    op.execute("REVOKE DELETE ON targets.service_event, targets.service_event_outcome FROM targets_app, targets_worker")


def downgrade() -> None:
    op.drop_table("service_event_outcome", schema="targets")
    op.drop_table("service_event", schema="targets")
