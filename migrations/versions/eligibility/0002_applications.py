"""Applications, the register of grants, ratings."""

import sqlalchemy as sa
from alembic import op

revision = "eligibility_0002"
down_revision = "eligibility_0001"
branch_labels = None
depends_on = None

_ROLES = "eligibility_app, eligibility_worker"
_KEPT = (
    f"REVOKE UPDATE, DELETE ON eligibility.application_step, eligibility.rating FROM {_ROLES}",
    f'REVOKE DELETE ON eligibility.application, eligibility."grant", eligibility.applicant FROM {_ROLES}',
)


def upgrade() -> None:
    op.create_table(
        "applicant",
        sa.Column("applicant_ref", sa.Uuid(), nullable=False),
        sa.Column("id_type", sa.String(length=16), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("applicant_ref", name=op.f("pk_applicant")),
        schema="eligibility",
    )
    op.create_table(
        "rating",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("has_reason", sa.Boolean(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("score > 2 OR has_reason", name=op.f("ck_rating_low_score_has_reason")),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_rating_score_of_five")),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_rating")),
        schema="eligibility",
    )
    op.create_table(
        "application",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("applicant_ref", sa.Uuid(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_by", sa.String(length=128), nullable=True),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("reviewed_by", sa.String(length=128), nullable=True),
        sa.Column("paid_by", sa.String(length=128), nullable=True),
        sa.CheckConstraint("(state = 'PAID') = (paid_by IS NOT NULL)", name=op.f("ck_application_paid_by_somebody")),
        sa.CheckConstraint(
            "(state IN ('GRANTED', 'REFUSED', 'REVIEW_REQUESTED', 'PAID')) = (decided_by IS NOT NULL)"
            " AND (decided_by IS NULL OR accepted_by IS NOT NULL)",
            name=op.f("ck_application_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "state <> 'ACCEPTED' OR accepted_by IS NOT NULL", name=op.f("ck_application_accepted_by_somebody")
        ),
        sa.CheckConstraint(
            "state IN ('SUBMITTED', 'RETURNED', 'ACCEPTED', 'GRANTED', 'REFUSED', 'REVIEW_REQUESTED', 'PAID',"
            " 'WITHDRAWN')",
            name=op.f("ck_application_state_known"),
        ),
        sa.CheckConstraint("decided_by <> accepted_by", name=op.f("ck_application_decider_did_not_accept")),
        sa.CheckConstraint(
            "paid_by <> decided_by AND paid_by <> reviewed_by", name=op.f("ck_application_payer_did_not_decide")
        ),
        sa.CheckConstraint(
            "reviewed_by <> accepted_by AND reviewed_by <> decided_by", name=op.f("ck_application_review_by_a_third")
        ),
        sa.ForeignKeyConstraint(
            ["applicant_ref"], ["eligibility.applicant.applicant_ref"], name=op.f("fk_application_applicant_ref")
        ),
        sa.PrimaryKeyConstraint("unit", "application_id", name=op.f("pk_application")),
        schema="eligibility",
    )
    op.create_index(
        "ix_application_created_by", "application", ["created_by", "application_id"], unique=False, schema="eligibility"
    )
    op.create_index("ix_application_id", "application", ["application_id"], unique=False, schema="eligibility")
    op.create_index("ix_application_state", "application", ["unit", "state"], unique=False, schema="eligibility")
    op.create_table(
        "grant",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("applicant_ref", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("once_key", sa.String(length=8), nullable=True),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("payer", sa.String(length=32), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_grant_amount_positive")),
        sa.ForeignKeyConstraint(
            ["applicant_ref"], ["eligibility.applicant.applicant_ref"], name=op.f("fk_grant_applicant_ref")
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant")),
        sa.UniqueConstraint(
            "applicant_ref", "measure", "once_key", name=op.f("uq_grant_applicant_ref_measure_once_key")
        ),
        sa.UniqueConstraint("application_id", name=op.f("uq_grant_application_id")),
        schema="eligibility",
    )
    op.create_index("ix_grant_unit", "grant", ["unit", "grant_id"], unique=False, schema="eligibility")
    op.create_table(
        "application_step",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("catalogue_version", sa.String(length=64), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_application_step_position_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["unit", "application_id"],
            ["eligibility.application.unit", "eligibility.application.application_id"],
            name=op.f("fk_application_step_unit_application_id"),
        ),
        sa.PrimaryKeyConstraint("unit", "application_id", "position", name=op.f("pk_application_step")),
        schema="eligibility",
    )
    # What was decided and said stays as it was; rights do what a trigger would.
    for statement in _KEPT:
        op.execute(statement)


def downgrade() -> None:
    for table in ("application_step", "grant", "application", "rating", "applicant"):
        op.drop_table(table, schema="eligibility")
