"""A unit's split of its targets among its streets and towns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0011"
down_revision = "targets_0010"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_IS_DRAFT = (
    "EXISTS (SELECT FROM targets.child_plan p"
    " WHERE p.unit = child_plan_item.unit AND p.id = child_plan_item.plan_id AND p.state = 'DRAFT')"
)
_STATEMENTS = (
    "ALTER TABLE targets.child_plan ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.child_plan FOR SELECT USING (true)",
    "CREATE POLICY begin_as_draft ON targets.child_plan FOR INSERT WITH CHECK (state = 'DRAFT')",
    "CREATE POLICY keep_issued ON targets.child_plan FOR UPDATE USING (state = 'DRAFT') WITH CHECK (true)",
    "ALTER TABLE targets.child_plan_item ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.child_plan_item FOR SELECT USING (true)",
    f"CREATE POLICY add_to_draft ON targets.child_plan_item FOR INSERT WITH CHECK ({_IS_DRAFT})",
    "REVOKE UPDATE, DELETE ON targets.child_plan, targets.child_plan_item FROM targets_app, targets_worker",
    "GRANT UPDATE (state, issued_by, issued_at) ON targets.child_plan TO targets_app",
)


def upgrade() -> None:
    op.create_table(
        "child_plan",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("parent_version", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("doc_no", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("shortfall_reason", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("issued_by", sa.String(length=128), nullable=True),
        sa.Column("issued_at", _INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('DRAFT', 'ISSUED')", name=op.f("ck_child_plan_state_known")),
        sa.CheckConstraint("mode IN ('EXACT', 'AT_LEAST')", name=op.f("ck_child_plan_mode_known")),
        sa.CheckConstraint("issued_by <> created_by", name=op.f("ck_child_plan_four_eyes")),
        sa.CheckConstraint(
            "(state = 'ISSUED') = (issued_by IS NOT NULL) AND (issued_by IS NULL) = (issued_at IS NULL)",
            name=op.f("ck_child_plan_signed_when_issued"),
        ),
        sa.PrimaryKeyConstraint("unit", "id", name=op.f("pk_child_plan")),
        sa.UniqueConstraint("unit", "year", "version", name=op.f("uq_child_plan_unit_year_version")),
        schema="targets",
    )
    op.create_index(op.f("ix_child_plan_id"), "child_plan", ["id"], schema="targets")
    op.create_table(
        "child_plan_item",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_child_plan_item_value_not_negative")),
        sa.ForeignKeyConstraint(
            ["unit", "plan_id"],
            ["targets.child_plan.unit", "targets.child_plan.id"],
            name=op.f("fk_child_plan_item_unit_plan_id"),
        ),
        sa.PrimaryKeyConstraint("unit", "plan_id", "part", "indicator", name=op.f("pk_child_plan_item")),
        schema="targets",
    )
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("child_plan_item", schema="targets")
    op.drop_table("child_plan", schema="targets")
