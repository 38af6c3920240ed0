"""The register by person id: narrower rows that lie in the order in which they came, identities in sealed blocks, what
proves a case, and cases that wait for their verification. A batch of a file needs no table to stand in any more.

The tables are made anew. What they held could be carried over only with the keys, and nothing is in production: a
register that is not empty stops the migration.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "targets_0010"
down_revision = "targets_0009"
branch_labels = None
depends_on = None

_LANES = (0, 1)


def upgrade() -> None:
    _require_empty()
    for lane in _LANES:
        op.drop_table(f"person_staging_{lane}", schema="targets")
        op.drop_table(f"event_staging_{lane}", schema="targets")
    _drop("slot", "event_retraction", "event", "person_identity", "person")
    op.create_table(
        "person",
        sa.Column("person_key", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("name_digest", sa.BigInteger(), nullable=False),
        sa.Column("identity_block", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_person")),
        schema="targets",
    )
    op.create_index("ix_person_person_id", "person", ["person_id"], postgresql_using="brin", schema="targets")
    op.create_table(
        "identity_block",
        sa.Column("block_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block_id", name=op.f("pk_identity_block")),
        schema="targets",
    )
    # What was sealed does not compress.
    op.execute("ALTER TABLE targets.identity_block ALTER COLUMN sealed SET STORAGE EXTERNAL")
    op.create_table(
        "event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name_digest", sa.BigInteger(), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("is_pending", sa.Boolean(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("source_system", sa.Text(collation="C"), nullable=False),
        sa.Column("source_ref", sa.Text(collation="C"), nullable=False),
        sa.Column("name_key_id", sa.String(length=32), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("evidence", JSONB(), nullable=True),
        sa.CheckConstraint(
            "event_date >= make_date(year, 1, 1) AND event_date < make_date(year + 1, 1, 1)",
            name=op.f("ck_event_date_in_year"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("source_system", "source_ref", name=op.f("uq_event_source_system_source_ref")),
        schema="targets",
    )
    op.create_index("ix_event_person_id", "event", ["person_id"], schema="targets")
    op.create_index(
        "ix_event_pending", "event", ["unit", "event_id"], schema="targets", postgresql_where=sa.text("is_pending")
    )
    for name in ("phone", "employer"):
        value = f"(evidence ->> '{name}')"
        op.create_index(
            f"ix_event_{name}", "event", [sa.text(value), "event_date"], schema="targets",
            postgresql_where=sa.text(f"{value} IS NOT NULL"),
        )  # fmt: skip
    _create_retraction()
    op.create_table(
        "event_verification",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_by", sa.String(length=128), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.CheckConstraint("verified_by <> recorded_by", name=op.f("ck_event_verification_four_eyes")),
        sa.ForeignKeyConstraint(["event_id"], ["targets.event.event_id"], name=op.f("fk_event_verification_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_verification")),
        schema="targets",
    )
    op.create_table(
        "slot",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        *_held_columns(),
        sa.PrimaryKeyConstraint("person_id", "year", "indicator", name=op.f("pk_slot")),
        schema="targets",
        postgresql_with={"fillfactor": 90},
    )
    op.execute("ALTER TABLE targets.event_upload_batch ADD pending integer NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE targets.event_upload_batch ALTER pending DROP DEFAULT")
    op.execute(
        "REVOKE UPDATE, DELETE ON targets.person, targets.event, targets.event_retraction, targets.event_verification"
        " FROM targets_app, targets_worker"
    )
    # Who a person is can be written by the service and read by nobody but the schema's owner.
    op.execute("REVOKE SELECT, UPDATE, DELETE ON targets.identity_block FROM targets_app, targets_worker")


def downgrade() -> None:
    _require_empty()
    op.drop_column("event_upload_batch", "pending", schema="targets")
    _drop("slot", "event_verification", "event_retraction", "event", "identity_block", "person")
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
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_person_identity")),
        schema="targets",
    )
    op.create_table(
        "event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        *_claim_columns(),
        sa.Column("content_key_id", sa.String(length=32), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(length=128), nullable=False),
        sa.CheckConstraint("EXTRACT(year FROM event_date) = year", name=op.f("ck_event_date_in_year")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("source_system", "source_ref", name=op.f("uq_event_source_system_source_ref")),
        schema="targets",
    )
    op.create_index("ix_event_slot", "event", ["year", "indicator", "person_key"], schema="targets")
    _create_retraction()
    op.create_table(
        "slot",
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("person_key", sa.Uuid(), nullable=False),
        *_held_columns(),
        sa.PrimaryKeyConstraint("year", "indicator", "person_key", name=op.f("pk_slot")),
        sa.UniqueConstraint("event_id", name=op.f("uq_slot_event_id")),
        schema="targets",
    )
    for lane in _LANES:
        _create_lane(lane)
    op.execute(
        "REVOKE UPDATE, DELETE ON targets.person, targets.event, targets.event_retraction"
        " FROM targets_app, targets_worker"
    )
    op.execute("REVOKE SELECT, UPDATE, DELETE ON targets.person_identity FROM targets_app, targets_worker")


def _require_empty() -> None:
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM targets.event)")):
        raise RuntimeError(
            "实名登记的表在这一版本更换，现有登记不能自动转换；请换一个新的数据库（make run 换一个 JIUYE_HOME）。"
        )


def _drop(*tables: str) -> None:
    for table in tables:
        op.drop_table(table, schema="targets")
    op.execute("DELETE FROM targets.rollup")


def _claim_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("person_key", sa.Uuid(), nullable=False),
        *_held_columns()[1:],
    ]


def _held_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_system", sa.Text(collation="C"), nullable=False),
        sa.Column("source_ref", sa.Text(collation="C"), nullable=False),
    ]


def _create_retraction() -> None:
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


def _create_lane(lane: int) -> None:
    op.create_table(
        f"event_staging_{lane}",
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        *_claim_columns(),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("name_digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row_no", name=op.f(f"pk_event_staging_{lane}")),
        schema="targets",
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        f"person_staging_{lane}",
        sa.Column("person_key", sa.Uuid(), nullable=False),
        sa.Column("name_digest", sa.LargeBinary(), nullable=False),
        sa.Column("id_type", sa.String(length=16), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f(f"pk_person_staging_{lane}")),
        schema="targets",
        prefixes=["UNLOGGED"],
    )
    op.execute(f"GRANT TRUNCATE ON targets.event_staging_{lane}, targets.person_staging_{lane} TO targets_worker")
