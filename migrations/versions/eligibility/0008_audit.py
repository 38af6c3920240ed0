"""The audit trail."""

from migrations import audit_tables

revision = "eligibility_0008"
down_revision = "eligibility_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    audit_tables.create("eligibility")


def downgrade() -> None:
    audit_tables.drop("eligibility")
