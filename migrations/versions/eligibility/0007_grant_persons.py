"""Whom a grant is about: each person once, or at most so many months, over all claims."""

import sqlalchemy as sa
from alembic import op

revision = "eligibility_0007"
down_revision = "eligibility_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grant_person",
        sa.Column("applicant_ref", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("person_ref", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.CheckConstraint("months >= 0", name=op.f("ck_grant_person_months_not_negative")),
        sa.ForeignKeyConstraint(
            ["applicant_ref"],
            ["eligibility.applicant.applicant_ref"],
            name=op.f("fk_grant_person_applicant_ref_applicant"),
        ),
        sa.PrimaryKeyConstraint(
            "applicant_ref", "measure", "person_ref", "application_id", name=op.f("pk_grant_person")
        ),
        schema="eligibility",
    )
    op.execute("REVOKE UPDATE, DELETE ON eligibility.grant_person FROM eligibility_app, eligibility_worker")


def downgrade() -> None:
    op.drop_table("grant_person", schema="eligibility")
