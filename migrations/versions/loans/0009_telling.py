"""The worker reads who borrowed, sealed, to tell `targets` of a disbursement; who serves requests still can't."""

from alembic import op

revision = "loans_0009"
down_revision = "loans_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT ON loans.loan_borrower TO loans_worker")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON loans.loan_borrower FROM loans_worker")
