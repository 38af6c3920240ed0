"""The audit trail."""

from migrations import audit_tables

revision = "targets_0014"
down_revision = "targets_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    audit_tables.create("targets")


def downgrade() -> None:
    audit_tables.drop("targets")
