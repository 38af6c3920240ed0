"""Webhooks."""

from migrations import webhook_tables

revision = "eligibility_0005"
down_revision = "eligibility_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    webhook_tables.create("eligibility")


def downgrade() -> None:
    webhook_tables.drop("eligibility")
