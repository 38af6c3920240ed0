"""Which lines have been recorded already: a keyed digest for each batch of a file, by which a repeat is recognised."""

import sqlalchemy as sa
from alembic import op

from migrations.row_policies import withhold

revision = "targets_0018"
down_revision = "targets_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_upload_block",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_event_upload_block")),
        schema="targets",
    )
    op.execute("REVOKE UPDATE, DELETE ON targets.event_upload_block FROM targets_app, targets_worker")
    withhold("targets", ["event_upload_block"], ["district"])


def downgrade() -> None:
    op.drop_table("event_upload_block", schema="targets")
