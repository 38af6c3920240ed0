"""Which closes have become warnings."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0012"
down_revision = "targets_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "warning_judgement",
        sa.Column("close_id", sa.Uuid(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["close_id"], ["targets.month_close.id"], name=op.f("fk_warning_judgement_close_id")),
        sa.PrimaryKeyConstraint("close_id", name=op.f("pk_warning_judgement")),
        schema="targets",
    )
    op.execute("REVOKE UPDATE, DELETE ON targets.warning_judgement FROM targets_app, targets_worker")


def downgrade() -> None:
    op.drop_table("warning_judgement", schema="targets")
