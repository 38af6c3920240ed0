"""Borrowers find their own loans by document and name; loans that wait for a step are found without reading all."""

import sqlalchemy as sa
from alembic import op

revision = "loans_0017"
down_revision = "loans_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("loan", sa.Column("holder_key", sa.Uuid(), nullable=True), schema="loans")
    op.create_index("ix_loan_holder_key", "loan", ["holder_key"], schema="loans")
    op.create_index(
        "ix_loan_waiting",
        "loan",
        ["state"],
        schema="loans",
        postgresql_where=sa.text("state IN ('APPLIED', 'APPROVED')"),
    )


def downgrade() -> None:
    op.drop_index("ix_loan_waiting", table_name="loan", schema="loans")
    op.drop_index("ix_loan_holder_key", table_name="loan", schema="loans")
    op.drop_column("loan", "holder_key", schema="loans")
