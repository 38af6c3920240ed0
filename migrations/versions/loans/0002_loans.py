"""Loans with their events and transitions, and guarantee funds with their journal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "loans_0002"
down_revision = "loans_0001"
branch_labels = None
depends_on = None

_LATE = ("REPAYMENT", "OVERDUE", "STOP", "EXTENSION", "RATE_RESET", "RETRACTION")  # may be told at any time
_TRANSITIONS = (
    ("APPLIED", "APPROVAL", "APPROVED"),
    ("APPLIED", "REJECTION", "REJECTED"),
    ("APPLIED", "CANCELLATION", "CANCELLED"),
    ("APPROVED", "DISBURSEMENT", "DISBURSED"),
    ("APPROVED", "CANCELLATION", "CANCELLED"),
    ("DISBURSED", "CANCELLATION", "CANCELLED"),
    ("DISBURSED", "COMPENSATION", "COMPENSATED"),
    ("DISBURSED", "SETTLED", "CLOSED"),
    ("CLOSED", "REOPENED", "DISBURSED"),
    ("COMPENSATED", "COMPENSATION", "COMPENSATED"),
    ("COMPENSATED", "RECOVERY", "COMPENSATED"),
    ("COMPENSATED", "WRITE_OFF", "WRITTEN_OFF"),
    *((state, kind, state) for state in ("DISBURSED", "COMPENSATED", "WRITTEN_OFF", "CLOSED") for kind in _LATE),
)
_APPEND_ONLY = "loans.loan_event, loans.loan_tranche, loans.fund_transfer"
_REFERENCE = "loans.loan_transition, loans.fund"


def upgrade() -> None:
    op.create_table(
        "fund",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("limits_id", sa.String(length=64), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund")),
        schema="loans",
    )
    op.create_table(
        "loan_transition",
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "kind", name=op.f("pk_loan_transition")),
        schema="loans",
    )
    op.create_table(
        "fund_account",
        sa.Column("fund", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account IN ('CASH', 'CAPITAL', 'RECEIVABLE', 'LOSS', 'RESERVED', 'GUARANTEED', 'CONTINGENT')",
            name=op.f("ck_fund_account_account_known"),
        ),
        sa.CheckConstraint(
            "account NOT IN ('CASH', 'RECEIVABLE', 'LOSS', 'RESERVED', 'GUARANTEED') OR balance_fen >= 0",
            name=op.f("ck_fund_account_never_overdrawn"),
        ),
        sa.ForeignKeyConstraint(["fund"], ["loans.fund.id"], name=op.f("fk_fund_account_fund")),
        sa.PrimaryKeyConstraint("fund", "account", name=op.f("pk_fund_account")),
        schema="loans",
    )
    op.create_table(
        "fund_deposit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("bank_ref", sa.String(length=100), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_fund_deposit_signature_and_instant")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_deposit_amount_positive")),
        sa.CheckConstraint("recorded_by <> confirmed_by", name=op.f("ck_fund_deposit_four_eyes")),
        sa.ForeignKeyConstraint(["fund"], ["loans.fund.id"], name=op.f("fk_fund_deposit_fund")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_deposit")),
        schema="loans",
    )
    op.create_index("uq_fund_deposit_bank_ref", "fund_deposit", ["fund", "bank_ref"], unique=True, schema="loans")
    op.create_table(
        "fund_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund", sa.String(length=64), nullable=False),
        sa.Column("debit", sa.String(length=16), nullable=False),
        sa.Column("credit", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.CheckConstraint(
            "debit IN ('CASH', 'CAPITAL', 'RECEIVABLE', 'LOSS', 'RESERVED', 'GUARANTEED', 'CONTINGENT')"
            " AND credit IN ('CASH', 'CAPITAL', 'RECEIVABLE', 'LOSS', 'RESERVED', 'GUARANTEED', 'CONTINGENT')",
            name=op.f("ck_fund_transfer_accounts_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_transfer_amount_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_fund_transfer_two_accounts")),
        sa.ForeignKeyConstraint(["fund"], ["loans.fund.id"], name=op.f("fk_fund_transfer_fund")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_transfer")),
        schema="loans",
    )
    op.create_index("ix_fund_transfer_cause", "fund_transfer", ["cause"], unique=False, schema="loans")
    op.create_index(
        "ix_fund_transfer_fund_booked_on", "fund_transfer", ["fund", "booked_on"], unique=False, schema="loans"
    )
    op.create_table(
        "loan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("fund", sa.String(length=64), nullable=False),
        sa.Column("supported_group", sa.String(length=32), nullable=False),
        sa.Column("borrower_kind", sa.String(length=32), nullable=False),
        sa.Column("borrower_key", sa.Uuid(), nullable=False),
        sa.Column("is_woman", sa.Boolean(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("term_months", sa.SmallInteger(), nullable=False),
        sa.Column("eligibility", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("applied_by", sa.String(length=128), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disbursed_by", sa.String(length=128), nullable=True),
        sa.Column("disbursed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.String(length=128), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outstanding_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("receivable_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=True),
        sa.Column("matures_on", sa.Date(), nullable=True),
        sa.Column("principal_fen", sa.BigInteger(), nullable=True),
        sa.Column("contract_ppm", sa.Integer(), nullable=True),
        sa.Column("benchmark_ppm", sa.Integer(), nullable=True),
        sa.Column("eff_ppm", sa.Integer(), nullable=True),
        sa.Column("rule_id", sa.String(length=40), nullable=True),
        sa.Column("day_count", sa.String(length=16), nullable=True),
        sa.Column("period_scheme", sa.String(length=16), nullable=True),
        sa.Column("window_end", sa.Date(), nullable=True),
        sa.Column("prior_loans", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("prior_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("prior_first_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "state IN ('APPLIED', 'APPROVED', 'REJECTED', 'CANCELLED', 'DISBURSED', 'COMPENSATED', 'WRITTEN_OFF',"
            " 'CLOSED')",
            name=op.f("ck_loan_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('DISBURSED', 'COMPENSATED', 'WRITTEN_OFF', 'CLOSED') OR disbursed_by IS NOT NULL",
            name=op.f("ck_loan_terms_once_disbursed"),
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (disbursed_by IS NULL) = (disbursed_at IS NULL)"
            " AND (cancelled_by IS NULL) = (cancelled_at IS NULL)",
            name=op.f("ck_loan_signature_and_instant"),
        ),
        sa.CheckConstraint("amount_fen > 0 AND term_months > 0", name=op.f("ck_loan_amounts_positive")),
        sa.CheckConstraint("applied_by <> decided_by", name=op.f("ck_loan_decided_by_another")),
        sa.CheckConstraint(
            "cancelled_by <> applied_by AND cancelled_by <> disbursed_by", name=op.f("ck_loan_cancelled_by_another")
        ),
        sa.CheckConstraint("decided_by <> disbursed_by", name=op.f("ck_loan_disbursed_by_another")),
        sa.CheckConstraint(
            "num_nulls(disbursed_by, disbursed_on, matures_on, principal_fen, contract_ppm, benchmark_ppm, eff_ppm,"
            " rule_id, day_count, period_scheme, window_end) IN (0, 11)",
            name=op.f("ck_loan_terms_whole"),
        ),
        sa.CheckConstraint("outstanding_fen >= 0 AND receivable_fen >= 0", name=op.f("ck_loan_never_overpaid")),
        sa.CheckConstraint("principal_fen <= amount_fen", name=op.f("ck_loan_lent_within_approval")),
        sa.ForeignKeyConstraint(["fund"], ["loans.fund.id"], name=op.f("fk_loan_fund")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan")),
        schema="loans",
    )
    op.create_index("ix_loan_bank_unit", "loan", ["bank", "unit", "disbursed_on"], unique=False, schema="loans")
    op.create_index("ix_loan_borrower_key", "loan", ["borrower_key"], unique=False, schema="loans")
    op.create_table(
        "loan_borrower",
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("id_type", sa.String(length=16), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.loan.id"], name=op.f("fk_loan_borrower_loan_id")),
        sa.PrimaryKeyConstraint("loan_id", name=op.f("pk_loan_borrower")),
        schema="loans",
    )
    op.create_table(
        "loan_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("contract_ppm", sa.Integer(), nullable=True),
        sa.Column("benchmark_ppm", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("bank_ref", sa.String(length=100), nullable=True),
        sa.Column("retracts", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'RETRACTION') = (retracts IS NOT NULL)", name=op.f("ck_loan_event_retraction_names_its_event")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_loan_event_amount_positive")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.loan.id"], name=op.f("fk_loan_event_loan_id")),
        sa.ForeignKeyConstraint(["retracts"], ["loans.loan_event.id"], name=op.f("fk_loan_event_retracts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_event")),
        schema="loans",
    )
    op.create_index("ix_loan_event_loan_id", "loan_event", ["loan_id"], unique=False, schema="loans")
    op.create_index("uq_loan_event_bank_ref", "loan_event", ["bank", "bank_ref"], unique=True, schema="loans")
    op.create_index("uq_loan_event_retracts", "loan_event", ["retracts"], unique=True, schema="loans")
    op.create_table(
        "loan_tranche",
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("tranche", sa.String(length=8), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("payer_scheme", sa.String(length=64), nullable=True),
        sa.CheckConstraint("tranche IN ('STATE', 'LOCAL')", name=op.f("ck_loan_tranche_tranche_known")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_loan_tranche_amount_positive")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.loan.id"], name=op.f("fk_loan_tranche_loan_id")),
        sa.PrimaryKeyConstraint("loan_id", "tranche", name=op.f("pk_loan_tranche")),
        schema="loans",
    )
    transition = sa.table("loan_transition", *map(sa.column, ("from_state", "kind", "to_state")), schema="loans")
    op.bulk_insert(
        transition, [dict(zip(("from_state", "kind", "to_state"), row, strict=True)) for row in _TRANSITIONS]
    )
    op.execute(
        "INSERT INTO loans.fund (id, name, limits_id, row_version)"
        " VALUES ('CITY', '市级创业担保贷款担保基金', 'FUND_2020', 1)"
    )
    op.execute(
        "INSERT INTO loans.fund_account (fund, account, balance_fen) SELECT 'CITY', account, 0 FROM unnest(ARRAY["
        "'CASH', 'CAPITAL', 'RECEIVABLE', 'LOSS', 'RESERVED', 'GUARANTEED', 'CONTINGENT']) AS account"
    )
    both = "FROM loans_app, loans_worker"
    op.execute(f"REVOKE UPDATE, DELETE ON {_APPEND_ONLY} {both}")
    op.execute(f"REVOKE INSERT, DELETE ON {_REFERENCE}, loans.fund_account {both}")
    op.execute(f"REVOKE UPDATE ON loans.loan_transition {both}")
    op.execute(f"REVOKE DELETE ON loans.loan, loans.fund_deposit {both}")
    # Who a borrower is can be written by the service and read by nobody but the schema's owner.
    op.execute("REVOKE SELECT, UPDATE, DELETE ON loans.loan_borrower FROM loans_app")
    op.execute("REVOKE ALL ON loans.loan_borrower FROM loans_worker")


def downgrade() -> None:
    for table in (
        "loan_tranche",
        "loan_event",
        "loan_borrower",
        "loan",
        "fund_transfer",
        "fund_deposit",
        "fund_account",
        "loan_transition",
        "fund",
    ):
        op.drop_table(table, schema="loans")
