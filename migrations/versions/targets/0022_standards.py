"""Standards, dated, by two people; and by which of them a warning was judged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0022"
down_revision = "targets_0021"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_WITHDRAWN = "withdrawn_by, withdrawn_at, withdrawal_reason"
_UNSIGNED = "published_by IS NULL AND withdrawn_by IS NULL"
_STATEMENTS = (
    "ALTER TABLE targets.standard ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.standard FOR SELECT USING (true)",
    f"CREATE POLICY begin_unsigned ON targets.standard FOR INSERT WITH CHECK ({_UNSIGNED})",
    f"CREATE POLICY keep_signed ON targets.standard FOR UPDATE USING ({_UNSIGNED}) WITH CHECK (true)",
    "REVOKE UPDATE, DELETE ON targets.standard FROM targets_app, targets_worker, targets_district",
    "REVOKE INSERT ON targets.standard FROM targets_worker, targets_district",
    f"GRANT UPDATE (published_by, published_at, {_WITHDRAWN}) ON targets.standard TO targets_app",
)


def upgrade() -> None:
    op.create_table(
        "standard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
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
        sa.CheckConstraint("version > 1", name=op.f("ck_standard_version_after_shipped")),
        sa.CheckConstraint("drawn_up_by <> published_by", name=op.f("ck_standard_four_eyes")),
        sa.CheckConstraint(
            "(published_by IS NULL) = (published_at IS NULL)", name=op.f("ck_standard_signature_and_instant")
        ),
        sa.CheckConstraint(f"num_nulls({_WITHDRAWN}) IN (0, 3)", name=op.f("ck_standard_withdrawn_whole")),
        sa.CheckConstraint(
            "withdrawn_by IS NULL OR published_by IS NULL", name=op.f("ck_standard_withdrawn_or_signed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard")),
        sa.UniqueConstraint("version", name=op.f("uq_standard_version")),
        schema="targets",
    )
    for statement in _STATEMENTS:
        op.execute(statement)
    op.add_column(
        "warning",
        sa.Column("standard_version", sa.SmallInteger(), server_default="1", nullable=False),
        schema="targets",
    )


def downgrade() -> None:
    op.drop_column("warning", "standard_version", schema="targets")
    op.drop_table("standard", schema="targets")
