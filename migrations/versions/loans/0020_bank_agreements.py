"""Agreements with banks, by two people; what they say is frozen on each loan at its disbursement."""

import sqlalchemy as sa
from alembic import op

from migrations.row_policies import protect, unprotect

revision = "loans_0020"
down_revision = "loans_0019"
branch_labels = None
depends_on = None

_POLICIES = (
    "ALTER TABLE loans.bank_agreement ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON loans.bank_agreement FOR SELECT USING (true)",
    "CREATE POLICY begin_unconfirmed ON loans.bank_agreement FOR INSERT WITH CHECK (confirmed_by IS NULL)",
    "CREATE POLICY keep_confirmed ON loans.bank_agreement FOR UPDATE USING (confirmed_by IS NULL) WITH CHECK (true)",
    "REVOKE DELETE ON loans.bank_agreement FROM loans_app, loans_district, loans_bank, loans_worker",
    "REVOKE INSERT, UPDATE ON loans.bank_agreement FROM loans_district, loans_bank, loans_worker",
)


def upgrade() -> None:
    op.create_table(
        "bank_agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("day_count", sa.String(length=16), nullable=False),
        sa.Column("period_scheme", sa.String(length=16), nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), nullable=False),
        sa.Column("repayment_order", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=128), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("grace_days BETWEEN 0 AND 90", name=op.f("ck_bank_agreement_grace_possible")),
        sa.CheckConstraint("entered_by <> confirmed_by", name=op.f("ck_bank_agreement_four_eyes")),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_bank_agreement_signature_and_instant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_agreement")),
        schema="loans",
    )
    op.create_index("ix_bank_agreement_bank", "bank_agreement", ["bank", "valid_from"], schema="loans")
    for statement in _POLICIES:
        op.execute(statement)
    protect("loans", "bank_agreement", has_policies=True, bank="bank")
    op.add_column("loan", sa.Column("grace_days", sa.SmallInteger(), nullable=True), schema="loans")
    op.add_column("loan", sa.Column("repayment_order", sa.String(length=16), nullable=True), schema="loans")


def downgrade() -> None:
    op.drop_column("loan", "repayment_order", schema="loans")
    op.drop_column("loan", "grace_days", schema="loans")
    unprotect("loans", "bank_agreement", has_policies=True, bank="bank")
    op.drop_table("bank_agreement", schema="loans")
