"""Rules of the assessment, dated, by two people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0025"
down_revision = "targets_0024"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_WITHDRAWN = "withdrawn_by, withdrawn_at, withdrawal_reason"
_UNSIGNED = "published_by IS NULL AND withdrawn_by IS NULL"
_TABLE = "targets.assessment_rule_set"
_STATEMENTS = (
    f"ALTER TABLE {_TABLE} ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY read_all ON {_TABLE} FOR SELECT USING (true)",
    f"CREATE POLICY begin_unsigned ON {_TABLE} FOR INSERT WITH CHECK ({_UNSIGNED})",
    f"CREATE POLICY keep_signed ON {_TABLE} FOR UPDATE USING ({_UNSIGNED}) WITH CHECK (true)",
    f"REVOKE UPDATE, DELETE ON {_TABLE} FROM targets_app, targets_worker, targets_district",
    f"REVOKE INSERT ON {_TABLE} FROM targets_worker, targets_district",
    f"GRANT UPDATE (published_by, published_at, {_WITHDRAWN}) ON {_TABLE} TO targets_app",
)


def upgrade() -> None:
    op.create_table(
        "assessment_rule_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("drawn_up_by", sa.String(length=128), nullable=False),
        sa.Column("drawn_up_at", _INSTANT, nullable=False),
        sa.Column("published_by", sa.String(length=128), nullable=True),
        sa.Column("published_at", _INSTANT, nullable=True),
        sa.Column("withdrawn_by", sa.String(length=128), nullable=True),
        sa.Column("withdrawn_at", _INSTANT, nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("drawn_up_by <> published_by", name=op.f("ck_assessment_rule_set_four_eyes")),
        sa.CheckConstraint(
            "(published_by IS NULL) = (published_at IS NULL)", name=op.f("ck_assessment_rule_set_signature_and_instant")
        ),
        sa.CheckConstraint(f"num_nulls({_WITHDRAWN}) IN (0, 3)", name=op.f("ck_assessment_rule_set_withdrawn_whole")),
        sa.CheckConstraint(
            "withdrawn_by IS NULL OR published_by IS NULL", name=op.f("ck_assessment_rule_set_withdrawn_or_signed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_rule_set")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_assessment_rule_set_code_version")),
        schema="targets",
    )
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("assessment_rule_set", schema="targets")
