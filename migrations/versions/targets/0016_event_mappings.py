"""Changes of the mapping table, made by two people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0016"
down_revision = "targets_0015"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_TABLE = "targets.event_mapping_change"
_POLICIES = (
    f"ALTER TABLE {_TABLE} ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY read_all ON {_TABLE} FOR SELECT USING (true)",
    f"CREATE POLICY begin_unconfirmed ON {_TABLE} FOR INSERT WITH CHECK (confirmed_by IS NULL)",
    f"CREATE POLICY keep_confirmed ON {_TABLE} FOR UPDATE USING (confirmed_by IS NULL) WITH CHECK (true)",
    f"REVOKE DELETE ON {_TABLE} FROM targets_app, targets_worker, targets_district",
    f"REVOKE INSERT, UPDATE ON {_TABLE} FROM targets_worker, targets_district",
)


def upgrade() -> None:
    op.create_table(
        "event_mapping_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("change", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=128), nullable=False),
        sa.Column("proposed_at", _INSTANT, nullable=False),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmed_at", _INSTANT, nullable=True),
        sa.CheckConstraint("change IN ('ADD', 'END')", name=op.f("ck_event_mapping_change_change_known")),
        sa.CheckConstraint(
            "(change = 'ADD') = (content IS NOT NULL)", name=op.f("ck_event_mapping_change_content_when_added")
        ),
        sa.CheckConstraint("change = 'ADD' OR last_day IS NOT NULL", name=op.f("ck_event_mapping_change_end_has_day")),
        sa.CheckConstraint("proposed_by <> confirmed_by", name=op.f("ck_event_mapping_change_four_eyes")),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)",
            name=op.f("ck_event_mapping_change_signature_and_instant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_mapping_change")),
        schema="targets",
    )
    op.create_index(
        "uq_event_mapping_change_code",
        "event_mapping_change",
        ["code", "change"],
        unique=True,
        schema="targets",
        postgresql_where=sa.text("confirmed_by IS NOT NULL"),
    )
    for statement in _POLICIES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("event_mapping_change", schema="targets")
