"""An applicant's applications are found without reading them all."""

from alembic import op

revision = "eligibility_0011"
down_revision = "eligibility_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_application_applicant", "application", ["applicant_ref", "application_id"], schema="eligibility"
    )


def downgrade() -> None:
    op.drop_index("ix_application_applicant", table_name="application", schema="eligibility")
