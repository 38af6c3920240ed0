"""Webhooks."""

from migrations import webhook_tables

revision = "targets_0013"
down_revision = "targets_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    webhook_tables.create("targets")


def downgrade() -> None:
    webhook_tables.drop("targets")
