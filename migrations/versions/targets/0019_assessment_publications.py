"""Confirmed fabrication, and assessments as they are published."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_policies import protect

revision = "targets_0019"
down_revision = "targets_0018"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "assessment_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=128), nullable=False),
        sa.Column("entered_at", _INSTANT, nullable=False),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmed_at", _INSTANT, nullable=True),
        sa.CheckConstraint("entered_by <> confirmed_by", name=op.f("ck_assessment_finding_four_eyes")),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_assessment_finding_signature_and_instant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_finding")),
        schema="targets",
    )
    op.create_index(op.f("ix_assessment_finding_year_unit"), "assessment_finding", ["year", "unit"], schema="targets")
    op.create_table(
        "assessment_publication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("rule_set", sa.String(length=64), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("drawn_up_by", sa.String(length=128), nullable=False),
        sa.Column("drawn_up_at", _INSTANT, nullable=False),
        sa.Column("published_by", sa.String(length=128), nullable=True),
        sa.Column("published_at", _INSTANT, nullable=True),
        sa.CheckConstraint("drawn_up_by <> published_by", name=op.f("ck_assessment_publication_four_eyes")),
        sa.CheckConstraint(
            "(published_by IS NULL) = (published_at IS NULL)",
            name=op.f("ck_assessment_publication_signature_and_instant"),
        ),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_assessment_publication_month_of_year")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_publication")),
        schema="targets",
    )
    op.create_index(
        op.f("ix_assessment_publication_year_month"), "assessment_publication", ["year", "month"], schema="targets"
    )
    for table, signed_by in (("assessment_finding", "confirmed_by"), ("assessment_publication", "published_by")):
        name = f"targets.{table}"
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY read_all ON {name} FOR SELECT USING (true)")
        op.execute(f"CREATE POLICY begin_unsigned ON {name} FOR INSERT WITH CHECK ({signed_by} IS NULL)")
        op.execute(f"CREATE POLICY keep_signed ON {name} FOR UPDATE USING ({signed_by} IS NULL) WITH CHECK (true)")
        op.execute(f"REVOKE DELETE ON {name} FROM targets_app, targets_worker, targets_district")
        op.execute(f"REVOKE INSERT, UPDATE ON {name} FROM targets_worker, targets_district")
    # A draft changes by its publication alone: what the second person has read is what is published.
    op.execute("REVOKE UPDATE ON targets.assessment_publication FROM targets_app")
    op.execute("GRANT UPDATE (published_by, published_at) ON targets.assessment_publication TO targets_app")
    protect("targets", "assessment_finding", has_policies=True, district="unit")


def downgrade() -> None:
    op.drop_table("assessment_publication", schema="targets")
    op.drop_table("assessment_finding", schema="targets")
