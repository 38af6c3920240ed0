"""The audit trail."""

from migrations import audit_tables

revision = "loans_0008"
down_revision = "loans_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    audit_tables.create("loans")


def downgrade() -> None:
    audit_tables.drop("loans")
