"""A compensation or write-off that was taken back opens its loan again; what fell due is found by fund and day."""

from alembic import op

revision = "loans_0010"
down_revision = "loans_0009"
branch_labels = None
depends_on = None

_ADD = """
    INSERT INTO loans.loan_transition (from_state, kind, to_state)
    VALUES ('WRITTEN_OFF', 'REOPENED', 'COMPENSATED'), ('COMPENSATED', 'REOPENED', 'DISBURSED')
"""
_REMOVE = "DELETE FROM loans.loan_transition WHERE kind = 'REOPENED' AND from_state IN ('WRITTEN_OFF', 'COMPENSATED')"


def upgrade() -> None:
    op.execute(_ADD)
    op.create_index("ix_loan_fund_matures_on", "loan", ["fund", "matures_on"], unique=False, schema="loans")
    op.create_index("ix_loan_unit", "loan", ["unit", "id"], unique=False, schema="loans")


def downgrade() -> None:
    op.drop_index("ix_loan_unit", table_name="loan", schema="loans")
    op.drop_index("ix_loan_fund_matures_on", table_name="loan", schema="loans")
    op.execute(_REMOVE)
