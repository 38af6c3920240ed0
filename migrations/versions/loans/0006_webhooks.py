"""Webhooks."""

from migrations import webhook_tables

revision = "loans_0006"
down_revision = "loans_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    webhook_tables.create("loans")


def downgrade() -> None:
    webhook_tables.drop("loans")
