"""Whether a report's figures were typed as those of the month alone."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0017"
down_revision = "targets_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "report_revision",
        sa.Column("basis", sa.String(length=16), nullable=False, server_default="CUMULATIVE"),
        schema="targets",
    )
    op.create_check_constraint(
        op.f("ck_report_revision_basis_known"),
        "report_revision",
        "basis IN ('CUMULATIVE', 'INCREMENT')",
        schema="targets",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_report_revision_basis_known"), "report_revision", schema="targets", type_="check")
    op.drop_column("report_revision", "basis", schema="targets")
