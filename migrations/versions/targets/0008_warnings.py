"""Warnings, and what happened to them."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0008"
down_revision = "targets_0007"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "warning",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("level_month", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("actual", sa.BigInteger(), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("answer_due_at", _INSTANT, nullable=True),
        sa.Column("acknowledged_by", sa.String(length=128), nullable=True),
        sa.Column("acknowledged_at", _INSTANT, nullable=True),
        sa.Column("action_plan", sa.Text(), nullable=True),
        sa.Column("action_due_on", sa.Date(), nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("level IN ('BLUE', 'YELLOW', 'ORANGE', 'RED')", name=op.f("ck_warning_level_known")),
        sa.CheckConstraint("state IN ('OPEN', 'ENDED')", name=op.f("ck_warning_state_known")),
        sa.CheckConstraint("(state = 'ENDED') = (ended_at IS NOT NULL)", name=op.f("ck_warning_ended_has_instant")),
        sa.CheckConstraint(
            "num_nulls(acknowledged_by, acknowledged_at, action_plan, action_due_on) IN (0, 4)",
            name=op.f("ck_warning_answer_is_whole"),
        ),
        sa.PrimaryKeyConstraint("unit", "id", name=op.f("pk_warning")),
        schema="targets",
    )
    op.create_index(op.f("ix_warning_id"), "warning", ["id"], schema="targets")
    op.create_index(
        "uq_warning_open",
        "warning",
        ["unit", "year", "indicator"],
        unique=True,
        schema="targets",
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "warning_event",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("warning_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("actual", sa.BigInteger(), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("action_plan", sa.Text(), nullable=True),
        sa.Column("action_due_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "step IN ('OPENED', 'RAISED', 'UNANSWERED', 'ACKNOWLEDGED', 'FALLEN', 'ENDED')",
            name=op.f("ck_warning_event_step_known"),
        ),
        sa.ForeignKeyConstraint(
            ["unit", "warning_id"],
            ["targets.warning.unit", "targets.warning.id"],
            name=op.f("fk_warning_event_unit_warning_id"),
        ),
        sa.PrimaryKeyConstraint("unit", "warning_id", "number", name=op.f("pk_warning_event")),
        schema="targets",
    )
    # What happened to a warning is only added to; warnings are never taken away.
    op.execute("REVOKE UPDATE, DELETE ON targets.warning_event FROM targets_app, targets_worker")
    op.execute("REVOKE DELETE ON targets.warning FROM targets_app, targets_worker")
    op.execute("REVOKE INSERT ON targets.warning FROM targets_app")


def downgrade() -> None:
    op.drop_table("warning_event", schema="targets")
    op.drop_table("warning", schema="targets")
