"""Events that name a street are found by their unit and year."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0024"
down_revision = "targets_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_event_street",
        "event",
        ["unit", "year"],
        schema="targets",
        postgresql_where=sa.text("(evidence ->> 'street') IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_event_street", "event", schema="targets")
