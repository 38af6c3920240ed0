"""A file keeps the size of batch that its first run had: the numbers of finished batches mean nothing with another."""

from alembic import op

revision = "targets_0020"
down_revision = "targets_0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE targets.event_upload ADD COLUMN batch_lines integer")
    op.execute("UPDATE targets.event_upload SET batch_lines = 10000")  # what earlier releases had


def downgrade() -> None:
    op.execute("ALTER TABLE targets.event_upload DROP COLUMN batch_lines")
