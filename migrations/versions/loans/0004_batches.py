"""Quarterly subsidy batches: signed lines, and what each payer bears."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "loans_0004"
down_revision = "loans_0003"
branch_labels = None
depends_on = None

_LIVE = "state NOT IN ('CLOSED', 'REJECTED')"
_POLICIES = (
    "ALTER TABLE loans.subsidy_batch ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON loans.subsidy_batch FOR SELECT USING (true)",
    "CREATE POLICY begin_pending ON loans.subsidy_batch FOR INSERT WITH CHECK (state = 'PENDING')",
    f"CREATE POLICY keep_ended ON loans.subsidy_batch FOR UPDATE USING ({_LIVE}) WITH CHECK (true)",
    "REVOKE DELETE ON loans.subsidy_batch FROM loans_app, loans_worker",
    "REVOKE UPDATE, DELETE ON loans.claim_line, loans.batch_share FROM loans_worker",
    "REVOKE INSERT, UPDATE, DELETE ON loans.claim_line, loans.batch_share FROM loans_app",
)


def upgrade() -> None:
    op.create_table(
        "subsidy_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("period", sa.String(length=6), nullable=False),
        sa.Column("sequence", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("state_scheme", sa.String(length=64), nullable=True),
        sa.Column("local_scheme", sa.String(length=64), nullable=True),
        sa.Column("loans", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lines", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("zero_lines", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(length=128), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.String(length=128), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=128), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_by", sa.String(length=128), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("payment_ref", sa.String(length=100), nullable=True),
        sa.Column("closed_by", sa.String(length=128), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_by", sa.String(length=128), nullable=True),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state NOT IN ('SUBMITTED', 'REVIEWED', 'APPROVED', 'PAID', 'CLOSED') OR submitted_by IS NOT NULL)"
            " AND (state NOT IN ('REVIEWED', 'APPROVED', 'PAID', 'CLOSED') OR reviewed_by IS NOT NULL)"
            " AND (state NOT IN ('APPROVED', 'PAID', 'CLOSED') OR approved_by IS NOT NULL)"
            " AND (state NOT IN ('PAID', 'CLOSED') OR (paid_by IS NOT NULL AND payment_ref IS NOT NULL))"
            " AND (state <> 'REJECTED' OR rejection_reason IS NOT NULL)",
            name=op.f("ck_subsidy_batch_signed_as_far_as_it_is"),
        ),
        sa.CheckConstraint(
            "state IN ('PENDING', 'COMPUTED', 'SUBMITTED', 'REVIEWED', 'APPROVED', 'PAID', 'CLOSED', 'REJECTED')",
            name=op.f("ck_subsidy_batch_state_known"),
        ),
        sa.CheckConstraint(
            "submitted_by <> reviewed_by AND submitted_by <> approved_by AND reviewed_by <> approved_by"
            " AND approved_by <> paid_by",
            name=op.f("ck_subsidy_batch_separated_duties"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsidy_batch")),
        schema="loans",
    )
    op.create_index(
        "uq_subsidy_batch_live",
        "subsidy_batch",
        ["bank", "unit", "period"],
        unique=True,
        schema="loans",
        postgresql_where=sa.text("state <> 'REJECTED'"),
    )
    op.create_index(
        "uq_subsidy_batch_payment_ref", "subsidy_batch", ["bank", "payment_ref"], unique=True, schema="loans"
    )
    op.create_index(
        "uq_subsidy_batch_sequence",
        "subsidy_batch",
        ["bank", "unit", "period", "sequence"],
        unique=True,
        schema="loans",
    )
    op.create_table(
        "batch_share",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("payer_scheme", sa.String(length=64), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("carried_in_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("carried_out_fen", sa.BigInteger(), nullable=False),
        sa.Column("payers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "payable_fen + carried_out_fen = total_fen + carried_in_fen", name=op.f("ck_batch_share_adds_up")
        ),
        sa.CheckConstraint(
            "payable_fen >= 0 AND carried_in_fen <= 0 AND carried_out_fen <= 0", name=op.f("ck_batch_share_signs")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["loans.subsidy_batch.id"], name=op.f("fk_batch_share_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "payer_scheme", name=op.f("pk_batch_share")),
        schema="loans",
    )
    op.create_table(
        "claim_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("tranche", sa.String(length=8), nullable=False),
        sa.Column("relates_to", sa.String(length=6), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("rate_ppm", sa.Integer(), nullable=True),
        sa.Column("share6", sa.SmallInteger(), nullable=True),
        sa.Column("numerator", sa.Numeric(precision=30, scale=0), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.Column("segments", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("payer_scheme", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(kind = 'REVERSAL') = (reverses IS NOT NULL)", name=op.f("ck_claim_line_reversal_names_its_line")
        ),
        sa.CheckConstraint(
            "amount_fen <> 0 AND (kind = 'REVERSAL' OR amount_fen > 0)", name=op.f("ck_claim_line_amount_signed")
        ),
        sa.CheckConstraint("kind IN ('CLAIM', 'REVERSAL', 'REPOST')", name=op.f("ck_claim_line_kind_known")),
        sa.ForeignKeyConstraint(["batch_id"], ["loans.subsidy_batch.id"], name=op.f("fk_claim_line_batch_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.loan.id"], name=op.f("fk_claim_line_loan_id")),
        sa.ForeignKeyConstraint(["reverses"], ["loans.claim_line.id"], name=op.f("fk_claim_line_reverses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_line")),
        schema="loans",
    )
    op.create_index("ix_claim_line_loan_id", "claim_line", ["loan_id"], unique=False, schema="loans")
    op.create_index(
        "uq_claim_line_place",
        "claim_line",
        ["batch_id", "loan_id", "tranche", "relates_to", "kind"],
        unique=True,
        schema="loans",
    )
    op.create_index("uq_claim_line_reverses", "claim_line", ["batch_id", "reverses"], unique=True, schema="loans")
    for statement in _POLICIES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("batch_share", "claim_line", "subsidy_batch"):
        op.drop_table(table, schema="loans")
