"""When each payer's part of a batch reached the bank; indexes of the few events that a fund's limits rest on."""

import sqlalchemy as sa
from alembic import op

revision = "loans_0015"
down_revision = "loans_0014"
branch_labels = None
depends_on = None

_RIGHTS = (
    "REVOKE UPDATE, DELETE ON loans.payer_arrival FROM loans_app, loans_district, loans_bank",
    "REVOKE INSERT, UPDATE, DELETE ON loans.payer_arrival FROM loans_worker",
)


def upgrade() -> None:
    op.create_table(
        "payer_arrival",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("payer_scheme", sa.String(length=64), nullable=False),
        sa.Column("payer", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("arrived_on", sa.Date(), nullable=False),
        sa.Column("bank_ref", sa.String(length=100), nullable=True),
        sa.Column("retracts", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payer_arrival_amount_positive")),
        sa.CheckConstraint(
            "(retracts IS NULL) = (bank_ref IS NOT NULL) AND (retracts IS NULL) = (reason IS NULL)",
            name=op.f("ck_payer_arrival_arrival_or_retraction"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["loans.subsidy_batch.id"], name=op.f("fk_payer_arrival_batch_id")),
        sa.ForeignKeyConstraint(["retracts"], ["loans.payer_arrival.id"], name=op.f("fk_payer_arrival_retracts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_arrival")),
        schema="loans",
    )
    op.create_index("ix_payer_arrival_batch_id", "payer_arrival", ["batch_id"], schema="loans")
    op.create_index("uq_payer_arrival_bank_ref", "payer_arrival", ["bank", "bank_ref"], unique=True, schema="loans")
    op.create_index("uq_payer_arrival_retracts", "payer_arrival", ["retracts"], unique=True, schema="loans")
    op.create_index(
        "ix_loan_event_compensated",
        "loan_event",
        ["booked_on"],
        schema="loans",
        postgresql_where=sa.text("kind = 'COMPENSATION'"),
    )
    op.create_index(
        "ix_loan_event_extended",
        "loan_event",
        ["until"],
        schema="loans",
        postgresql_where=sa.text("kind = 'EXTENSION'"),
    )
    for statement in _RIGHTS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_loan_event_extended", "loan_event", schema="loans")
    op.drop_index("ix_loan_event_compensated", "loan_event", schema="loans")
    op.drop_table("payer_arrival", schema="loans")
