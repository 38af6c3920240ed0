"""The rule files of each release that answered, so that its answers can be replayed by a later one."""

import sqlalchemy as sa
from alembic import op

revision = "eligibility_0006"
down_revision = "eligibility_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_release",
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_catalogue_release")),
        schema="eligibility",
    )
    op.execute("REVOKE UPDATE, DELETE ON eligibility.catalogue_release FROM eligibility_app, eligibility_worker")
    op.execute("REVOKE INSERT ON eligibility.catalogue_release FROM eligibility_worker")


def downgrade() -> None:
    op.drop_table("catalogue_release", schema="eligibility")
