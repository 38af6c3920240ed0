"""Idempotent answers and jobs."""

from migrations import kit_tables

revision = "eligibility_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    kit_tables.create("eligibility")


def downgrade() -> None:
    kit_tables.drop("eligibility")
