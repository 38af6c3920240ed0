"""A bank's people see the arrivals of their own bank alone, in the database as well."""

from migrations.row_policies import protect, unprotect

revision = "loans_0016"
down_revision = "loans_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    protect("loans", "payer_arrival", bank="bank")


def downgrade() -> None:
    unprotect("loans", "payer_arrival", bank="bank")
