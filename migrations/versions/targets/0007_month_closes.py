"""Closed months: applications that a second person decides, and snapshots that never change."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0007"
down_revision = "targets_0006"
branch_labels = None
depends_on = None

_DECIDED = "state, missing_units, plan_version, decided_by, decided_at, rejection_reason"
_STATEMENTS = (
    "ALTER TABLE targets.month_close ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.month_close FOR SELECT USING (true)",
    "CREATE POLICY begin_as_proposal ON targets.month_close FOR INSERT WITH CHECK (state = 'PROPOSED')",
    "CREATE POLICY keep_decided ON targets.month_close FOR UPDATE USING (state = 'PROPOSED') WITH CHECK (true)",
    "REVOKE INSERT, UPDATE, DELETE ON targets.month_close, targets.month_snapshot FROM targets_worker",
    "REVOKE UPDATE, DELETE ON targets.month_close, targets.month_snapshot FROM targets_app",
    f"GRANT UPDATE ({_DECIDED}) ON targets.month_close TO targets_app",
)


def upgrade() -> None:
    op.create_table(
        "month_close",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("missing_units", postgresql.ARRAY(sa.String(length=8)), nullable=False),
        sa.Column("plan_version", sa.SmallInteger(), nullable=True),
        sa.Column("proposed_by", sa.String(length=128), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_month_close_month_of_year")),
        sa.CheckConstraint("kind IN ('CLOSE', 'REOPEN')", name=op.f("ck_month_close_kind_known")),
        sa.CheckConstraint("state IN ('PROPOSED', 'APPROVED', 'REJECTED')", name=op.f("ck_month_close_state_known")),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_month_close_four_eyes")),
        sa.CheckConstraint(
            "(state = 'PROPOSED') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_month_close_signed_when_decided"),
        ),
        sa.CheckConstraint("kind = 'CLOSE' OR reason IS NOT NULL", name=op.f("ck_month_close_reopened_with_reason")),
        sa.CheckConstraint(
            "(kind = 'CLOSE' AND state = 'APPROVED') = (plan_version IS NOT NULL)",
            name=op.f("ck_month_close_snapshot_has_plan"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_close")),
        schema="targets",
    )
    op.create_index(
        op.f("ix_month_close_year_month_decided_at"), "month_close", ["year", "month", "decided_at"], schema="targets"
    )
    op.create_index(
        "uq_month_close_proposed",
        "month_close",
        ["year", "month"],
        unique=True,
        schema="targets",
        postgresql_where=sa.text("state = 'PROPOSED'"),
    )
    op.create_table(
        "month_snapshot",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("close_id", sa.Uuid(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=True),
        sa.Column("reported_status", sa.String(length=1), nullable=False),
        sa.Column("days_overdue", sa.Integer(), nullable=False),
        sa.Column("registered", sa.BigInteger(), nullable=True),
        sa.Column("registered_status", sa.String(length=1), nullable=False),
        sa.Column("kept_before", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["close_id"], ["targets.month_close.id"], name=op.f("fk_month_snapshot_close_id")),
        sa.PrimaryKeyConstraint("unit", "close_id", "indicator", name=op.f("pk_month_snapshot")),
        schema="targets",
    )
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("month_snapshot", schema="targets")
    op.drop_table("month_close", schema="targets")
