"""Yearly reward pools, their weights, and what a closed year has counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "loans_0003"
down_revision = "loans_0002"
branch_labels = None
depends_on = None

_POLICIES = (
    "ALTER TABLE loans.reward_year ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON loans.reward_year FOR SELECT USING (true)",
    "CREATE POLICY begin_computed ON loans.reward_year FOR INSERT WITH CHECK (state = 'COMPUTED')",
    "CREATE POLICY keep_closed ON loans.reward_year FOR UPDATE USING (state <> 'CLOSED') WITH CHECK (true)",
    "REVOKE DELETE ON loans.reward_year, loans.reward_weights FROM loans_app, loans_worker",
    "REVOKE UPDATE, DELETE ON loans.reward_counted FROM loans_app, loans_worker",
)


def upgrade() -> None:
    op.create_table(
        "reward_weights",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_year", sa.SmallInteger(), nullable=False),
        sa.Column("bank", sa.Integer(), nullable=False),
        sa.Column("fund_operator", sa.Integer(), nullable=False),
        sa.Column("hr_office", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=128), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_reward_weights_signature_and_instant")
        ),
        sa.CheckConstraint(
            "bank >= 0 AND fund_operator >= 0 AND hr_office >= 0 AND bank + fund_operator + hr_office > 0",
            name=op.f("ck_reward_weights_something_to_share_by"),
        ),
        sa.CheckConstraint("proposed_by <> confirmed_by", name=op.f("ck_reward_weights_four_eyes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_weights")),
        schema="loans",
    )
    op.create_table(
        "reward_year",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.String(length=64), nullable=False),
        sa.Column("weights", sa.Uuid(), nullable=False),
        sa.Column("disbursed_fen", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_fen", sa.BigInteger(), nullable=False),
        sa.Column("brought_forward_fen", sa.BigInteger(), nullable=False),
        sa.Column("base_fen", sa.BigInteger(), nullable=False),
        sa.Column("carried_forward_fen", sa.BigInteger(), nullable=False),
        sa.Column("pool_fen", sa.BigInteger(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("computed_by", sa.String(length=128), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(length=128), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'CLOSED') = (closed_by IS NOT NULL) AND (closed_by IS NULL) = (closed_at IS NULL)",
            name=op.f("ck_reward_year_closed_is_signed"),
        ),
        sa.CheckConstraint("state IN ('COMPUTED', 'CLOSED')", name=op.f("ck_reward_year_state_known")),
        sa.CheckConstraint(
            "base_fen - carried_forward_fen = disbursed_fen - cancelled_fen - brought_forward_fen AND base_fen >= 0"
            " AND carried_forward_fen >= 0",
            name=op.f("ck_reward_year_base_adds_up"),
        ),
        sa.CheckConstraint("computed_by <> closed_by", name=op.f("ck_reward_year_four_eyes")),
        sa.ForeignKeyConstraint(["weights"], ["loans.reward_weights.id"], name=op.f("fk_reward_year_weights")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_year")),
        schema="loans",
    )
    op.create_index("uq_reward_year_unit_year", "reward_year", ["unit", "year"], unique=True, schema="loans")
    op.create_table(
        "reward_counted",
        sa.Column("reward_year", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["loans.loan_event.id"], name=op.f("fk_reward_counted_event_id")),
        sa.ForeignKeyConstraint(["reward_year"], ["loans.reward_year.id"], name=op.f("fk_reward_counted_reward_year")),
        sa.PrimaryKeyConstraint("reward_year", "event_id", name=op.f("pk_reward_counted")),
        schema="loans",
    )
    for statement in _POLICIES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("reward_counted", "reward_year", "reward_weights"):
        op.drop_table(table, schema="loans")
