"""The real-name register: an append-only ledger, slots, counts, and sealed identities."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0004"
down_revision = "targets_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("person_key", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("name_digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_person")),
        schema="targets",
    )
    op.create_table(
        "person_identity",
        sa.Column("person_key", sa.Uuid(), nullable=False),
        sa.Column("id_type", sa.String(length=16), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_key"], ["targets.person.person_key"], name=op.f("fk_person_identity_person_key")
        ),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_person_identity")),
        schema="targets",
    )
    op.create_table(
        "event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("person_key", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_system", sa.Text(collation="C"), nullable=False),
        sa.Column("source_ref", sa.Text(collation="C"), nullable=False),
        sa.Column("content_key_id", sa.String(length=32), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.CheckConstraint("EXTRACT(year FROM event_date) = year", name=op.f("ck_event_date_in_year")),
        sa.ForeignKeyConstraint(["person_key"], ["targets.person.person_key"], name=op.f("fk_event_person_key")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("source_system", "source_ref", name=op.f("uq_event_source_system_source_ref")),
        schema="targets",
    )
    op.create_index("ix_event_slot", "event", ["year", "indicator", "person_key"], unique=False, schema="targets")
    op.create_table(
        "event_retraction",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retracted_by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["targets.event.event_id"], name=op.f("fk_event_retraction_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_retraction")),
        schema="targets",
    )
    op.create_table(
        "slot",
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("person_key", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_system", sa.Text(collation="C"), nullable=False),
        sa.Column("source_ref", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["targets.event.event_id"], name=op.f("fk_slot_event_id")),
        sa.PrimaryKeyConstraint("year", "indicator", "person_key", name=op.f("pk_slot")),
        sa.UniqueConstraint("event_id", name=op.f("uq_slot_event_id")),
        schema="targets",
    )
    op.create_table(
        "rollup",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_rollup_month_of_year")),
        sa.CheckConstraint("n >= 0", name=op.f("ck_rollup_n_not_negative")),
        sa.PrimaryKeyConstraint("unit", "year", "indicator", "month", name=op.f("pk_rollup")),
        schema="targets",
        postgresql_with={"fillfactor": 50},
    )
    op.execute(
        "REVOKE UPDATE, DELETE ON targets.person, targets.event, targets.event_retraction"
        " FROM targets_app, targets_worker"
    )
    # Who a person is can be written by the service and read by nobody but the schema's owner.
    op.execute("REVOKE SELECT, UPDATE, DELETE ON targets.person_identity FROM targets_app")
    op.execute("REVOKE ALL ON targets.person_identity FROM targets_worker")


def downgrade() -> None:
    op.drop_table("rollup", schema="targets")
    op.drop_table("slot", schema="targets")
    op.drop_table("event_retraction", schema="targets")
    op.drop_table("event", schema="targets")
    op.drop_table("person_identity", schema="targets")
    op.drop_table("person", schema="targets")
