"""Plans: drafts that a second person issues, and the files from which they are imported."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0006"
down_revision = "targets_0005"
branch_labels = None
depends_on = None

_IS_DRAFT = "EXISTS (SELECT FROM targets.plan p WHERE p.id = plan_item.plan_id AND p.state = 'DRAFT')"
_POLICIES = (
    "ALTER TABLE targets.plan ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.plan FOR SELECT USING (true)",
    "CREATE POLICY begin_as_draft ON targets.plan FOR INSERT WITH CHECK (state = 'DRAFT')",
    "CREATE POLICY keep_issued ON targets.plan FOR UPDATE USING (state = 'DRAFT') WITH CHECK (true)",
    "ALTER TABLE targets.plan_item ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.plan_item FOR SELECT USING (true)",
    f"CREATE POLICY add_to_draft ON targets.plan_item FOR INSERT WITH CHECK ({_IS_DRAFT})",
    "GRANT UPDATE (state, issued_by, issued_at) ON targets.plan TO targets_app",
)


def upgrade() -> None:
    op.add_column("plan", sa.Column("created_by", sa.String(length=128), nullable=True), schema="targets")
    op.add_column("plan", sa.Column("created_at", sa.DateTime(timezone=True), nullable=True), schema="targets")
    op.add_column("plan", sa.Column("issued_by", sa.String(length=128), nullable=True), schema="targets")
    op.add_column("plan", sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True), schema="targets")
    # The versions that are there came with the service; their notice issued them.
    op.execute(
        "UPDATE targets.plan SET created_by = 'jiuye', created_at = now(), issued_by = doc_no, issued_at = now()"
    )
    op.alter_column("plan", "created_by", nullable=False, schema="targets")
    op.alter_column("plan", "created_at", nullable=False, schema="targets")
    op.drop_constraint(op.f("ck_plan_state_known"), "plan", schema="targets")
    op.create_check_constraint(op.f("ck_plan_state_known"), "plan", "state IN ('DRAFT', 'ISSUED')", schema="targets")
    op.create_check_constraint(op.f("ck_plan_four_eyes"), "plan", "issued_by <> created_by", schema="targets")
    op.create_check_constraint(
        op.f("ck_plan_signed_when_issued"),
        "plan",
        "(state = 'ISSUED') = (issued_by IS NOT NULL) AND (issued_by IS NULL) = (issued_at IS NULL)",
        schema="targets",
    )
    op.create_table(
        "plan_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
        sa.Column("spans", postgresql.JSONB(), nullable=False),
        sa.Column("conflicts", postgresql.JSONB(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["targets.plan.id"], name=op.f("fk_plan_import_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_import")),
        schema="targets",
    )
    op.create_index(op.f("ix_plan_import_created_at"), "plan_import", ["created_at"], schema="targets")
    for statement in _POLICIES:
        op.execute(statement)
    op.execute("REVOKE UPDATE, DELETE ON targets.plan_import FROM targets_app, targets_worker")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (state, issued_by, issued_at) ON targets.plan FROM targets_app")
    for table, policies in {
        "plan": ("keep_issued", "begin_as_draft", "read_all"),
        "plan_item": ("add_to_draft", "read_all"),
    }.items():
        for policy in policies:
            op.execute(f"DROP POLICY {policy} ON targets.{table}")
        op.execute(f"ALTER TABLE targets.{table} DISABLE ROW LEVEL SECURITY")
    op.drop_table("plan_import", schema="targets")
    op.execute("DELETE FROM targets.plan_item i USING targets.plan p WHERE p.id = i.plan_id AND p.state = 'DRAFT'")
    op.execute("DELETE FROM targets.plan WHERE state = 'DRAFT'")
    op.drop_constraint(op.f("ck_plan_signed_when_issued"), "plan", schema="targets")
    op.drop_constraint(op.f("ck_plan_four_eyes"), "plan", schema="targets")
    op.drop_constraint(op.f("ck_plan_state_known"), "plan", schema="targets")
    op.create_check_constraint(
        op.f("ck_plan_state_known"), "plan", "state IN ('DRAFT', 'CHECKED', 'ISSUED')", schema="targets"
    )
    for column in ("issued_at", "issued_by", "created_at", "created_by"):
        op.drop_column("plan", column, schema="targets")
