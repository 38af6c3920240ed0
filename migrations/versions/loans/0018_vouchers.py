"""Accounting vouchers: months whose transfers have their numbers. Nobody of the service changes or deletes them."""

import sqlalchemy as sa
from alembic import op

revision = "loans_0018"
down_revision = "loans_0017"
branch_labels = None
depends_on = None

_TABLES = "loans.voucher_month, loans.voucher_entry"
_RIGHTS = (
    f"REVOKE UPDATE, DELETE ON {_TABLES} FROM loans_app",
    f"REVOKE ALL ON {_TABLES} FROM loans_worker, loans_district, loans_bank",
)


def upgrade() -> None:
    op.create_table(
        "voucher_month",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("vouchers", sa.Integer(), nullable=False),
        sa.Column("promises", sa.Integer(), nullable=False),
        sa.Column("debit_fen", sa.BigInteger(), nullable=False),
        sa.Column("closed_by", sa.String(length=128), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_month")),
        schema="loans",
    )
    op.create_index("uq_voucher_month_book_month", "voucher_month", ["book", "month"], unique=True, schema="loans")
    op.create_table(
        "voucher_entry",
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("month_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.CheckConstraint("word IN ('GENERAL', 'OFF_BALANCE')", name=op.f("ck_voucher_entry_word_known")),
        sa.CheckConstraint("number > 0", name=op.f("ck_voucher_entry_number_positive")),
        sa.ForeignKeyConstraint(["month_id"], ["loans.voucher_month.id"], name=op.f("fk_voucher_entry_month_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_voucher_entry")),
        schema="loans",
    )
    op.create_index("ix_voucher_entry_number", "voucher_entry", ["month_id", "word", "number"], schema="loans")
    for statement in _RIGHTS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("voucher_entry", schema="loans")
    op.drop_table("voucher_month", schema="loans")
