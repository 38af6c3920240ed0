"""Plans: versions and their cells, added and never changed."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0002"
down_revision = "targets_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.CheckConstraint("state IN ('DRAFT', 'CHECKED', 'ISSUED')", name=op.f("ck_plan_state_known")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_plan_version_counts_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("year", "version", name=op.f("uq_plan_year_version")),
        schema="targets",
    )
    op.create_table(
        "plan_item",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'ASSIGNED') = (value IS NOT NULL)", name=op.f("ck_plan_item_value_when_assigned")),
        sa.CheckConstraint("state IN ('ASSIGNED', 'NOT_ASSIGNED', 'PENDING')", name=op.f("ck_plan_item_state_known")),
        sa.CheckConstraint("value >= 0", name=op.f("ck_plan_item_value_not_negative")),
        sa.ForeignKeyConstraint(["plan_id"], ["targets.plan.id"], name=op.f("fk_plan_item_plan_id")),
        sa.PrimaryKeyConstraint("unit", "plan_id", "indicator", name=op.f("pk_plan_item")),
        schema="targets",
    )
    op.create_index(op.f("ix_plan_item_plan_id"), "plan_item", ["plan_id"], unique=False, schema="targets")
    # An issued plan is never edited (rule P11): the service's roles add versions and nothing else.
    op.execute("REVOKE UPDATE, DELETE ON targets.plan, targets.plan_item FROM targets_app, targets_worker")


def downgrade() -> None:
    op.drop_table("plan_item", schema="targets")
    op.drop_table("plan", schema="targets")
