"""Amounts that the bureau fills in: proposed by one person, published by another."""

import sqlalchemy as sa
from alembic import op

revision = "eligibility_0004"
down_revision = "eligibility_0003"
branch_labels = None
depends_on = None

# What is published stays: row policies do what a trigger would, and work on a distributed PostgreSQL, too.
_POLICIES = (
    "ALTER TABLE eligibility.parameter_value ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON eligibility.parameter_value FOR SELECT USING (true)",
    "CREATE POLICY begin_as_proposal ON eligibility.parameter_value FOR INSERT WITH CHECK (sequence IS NULL)",
    "CREATE POLICY keep_published ON eligibility.parameter_value FOR UPDATE USING (sequence IS NULL) WITH CHECK (true)",
    "REVOKE DELETE ON eligibility.parameter_value FROM eligibility_app, eligibility_worker",
)


def upgrade() -> None:
    op.create_table(
        "parameter_value",
        sa.Column("value_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("parameter", sa.String(length=64), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("document", sa.String(length=100), nullable=False),
        sa.Column("clause", sa.String(length=100), nullable=False),
        sa.Column("proposed_by", sa.String(length=128), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("published_by", sa.String(length=128), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("published_by <> proposed_by", name=op.f("ck_parameter_value_published_by_another")),
        sa.CheckConstraint(
            "(sequence IS NULL) = (published_by IS NULL) AND (sequence IS NULL) = (published_at IS NULL)",
            name=op.f("ck_parameter_value_published_whole"),
        ),
        sa.PrimaryKeyConstraint("value_id", name=op.f("pk_parameter_value")),
        sa.UniqueConstraint("sequence", name=op.f("uq_parameter_value_sequence")),
        schema="eligibility",
    )
    op.create_index(
        "uq_parameter_value_published",
        "parameter_value",
        ["measure", "parameter", "from_on"],
        unique=True,
        schema="eligibility",
        postgresql_where=sa.text("sequence IS NOT NULL"),
    )
    for statement in _POLICIES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("parameter_value", schema="eligibility")
