"""What was recorded in error frees its bank reference; a deposit can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "loans_0019"
down_revision = "loans_0018"
branch_labels = None
depends_on = None

_WITH_REFERENCE = ("loan_event", "payer_arrival")


def upgrade() -> None:
    for table in _WITH_REFERENCE:
        op.add_column(
            table,
            sa.Column("bank_ref_use", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
            schema="loans",
        )
        op.drop_index(f"uq_{table}_bank_ref", table_name=table, schema="loans")
        op.create_index(
            f"uq_{table}_bank_ref", table, ["bank", "bank_ref", "bank_ref_use"], unique=True, schema="loans"
        )
    for column, sort in (
        ("withdrawn_by", sa.String(length=128)),
        ("withdrawn_at", sa.DateTime(timezone=True)),
        ("withdrawal_reason", sa.Text()),
    ):
        op.add_column("fund_deposit", sa.Column(column, sort, nullable=True), schema="loans")
    op.create_check_constraint(
        op.f("ck_fund_deposit_withdrawn_by_another"), "fund_deposit", "withdrawn_by <> confirmed_by", schema="loans"
    )
    op.create_check_constraint(
        op.f("ck_fund_deposit_withdrawal_whole"),
        "fund_deposit",
        "num_nulls(withdrawn_by, withdrawn_at, withdrawal_reason) IN (0, 3)",
        schema="loans",
    )
    op.drop_index("uq_fund_deposit_bank_ref", table_name="fund_deposit", schema="loans")
    op.create_index(
        "uq_fund_deposit_bank_ref",
        "fund_deposit",
        ["fund", "bank_ref"],
        unique=True,
        schema="loans",
        postgresql_where=sa.text("withdrawn_by IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_fund_deposit_bank_ref", table_name="fund_deposit", schema="loans")
    op.create_index("uq_fund_deposit_bank_ref", "fund_deposit", ["fund", "bank_ref"], unique=True, schema="loans")
    for name in ("withdrawal_whole", "withdrawn_by_another"):
        op.drop_constraint(op.f(f"ck_fund_deposit_{name}"), "fund_deposit", schema="loans")
    for column in ("withdrawal_reason", "withdrawn_at", "withdrawn_by"):
        op.drop_column("fund_deposit", column, schema="loans")
    for table in _WITH_REFERENCE:
        op.drop_index(f"uq_{table}_bank_ref", table_name=table, schema="loans")
        op.drop_column(table, "bank_ref_use", schema="loans")
        op.create_index(f"uq_{table}_bank_ref", table, ["bank", "bank_ref"], unique=True, schema="loans")
