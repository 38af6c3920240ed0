"""The few references that were used again are found without reading all events."""

import sqlalchemy as sa
from alembic import op

revision = "loans_0021"
down_revision = "loans_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_loan_event_reused",
        "loan_event",
        ["bank"],
        schema="loans",
        postgresql_where=sa.text("bank_ref_use > 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_loan_event_reused", table_name="loan_event", schema="loans")
