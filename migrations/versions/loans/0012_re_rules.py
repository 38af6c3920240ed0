"""Another rule from a day on, as an event of the loan."""

import sqlalchemy as sa
from alembic import op

revision = "loans_0012"
down_revision = "loans_0011"
branch_labels = None
depends_on = None

_ADD = """
    INSERT INTO loans.loan_transition (from_state, kind, to_state)
    SELECT state, 'RE_RULE', state FROM unnest(ARRAY['DISBURSED', 'COMPENSATED', 'WRITTEN_OFF', 'CLOSED']) AS state
"""
_NAMED = "(kind = 'RE_RULE') = (rule_id IS NOT NULL)"


def upgrade() -> None:
    op.add_column("loan_event", sa.Column("rule_id", sa.String(length=40), nullable=True), schema="loans")
    op.create_check_constraint(op.f("ck_loan_event_re_rule_names_its_rule"), "loan_event", _NAMED, schema="loans")
    op.execute(_ADD)


def downgrade() -> None:
    op.execute("DELETE FROM loans.loan_transition WHERE kind = 'RE_RULE'")
    op.drop_constraint(op.f("ck_loan_event_re_rule_names_its_rule"), "loan_event", type_="check", schema="loans")
    op.drop_column("loan_event", "rule_id", schema="loans")
