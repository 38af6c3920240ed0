"""Bulk uploads of events: sealed parts of the file, results by batch, and lanes where a batch is prepared."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0005"
down_revision = "targets_0004"
branch_labels = None
depends_on = None

LANES = (0, 1)


def upgrade() -> None:
    op.create_table(
        "event_upload",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("own_unit", sa.String(length=8), nullable=True),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("encoding", sa.String(length=8), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("faulty_rows", sa.Integer(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_event_upload")),
        schema="targets",
    )
    op.create_index("ix_event_upload_file_sha256", "event_upload", ["file_sha256"], schema="targets")
    op.create_table(
        "event_upload_part",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("part_no", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "part_no", name=op.f("pk_event_upload_part")),
        schema="targets",
    )
    # What was sealed does not compress.
    op.execute("ALTER TABLE targets.event_upload_part ALTER COLUMN sealed SET STORAGE EXTERNAL")
    op.create_table(
        "event_upload_batch",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("valid", sa.Integer(), nullable=False),
        sa.Column("faulty", sa.Integer(), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "batch_no", name=op.f("pk_event_upload_batch")),
        schema="targets",
    )
    op.execute("ALTER TABLE targets.event_upload_batch ALTER COLUMN result SET STORAGE EXTERNAL")
    for lane in LANES:
        _create_lane(lane)
    op.execute("GRANT INSERT ON targets.person_identity TO targets_worker")
    # The rows come a million at a time, from statements that write both sides in one transaction; checking each of
    # them again costs as much as writing it. The nightly recount looks at what these constraints said.
    op.drop_constraint("fk_slot_event_id", "slot", schema="targets", type_="foreignkey")
    op.drop_constraint("fk_event_person_key", "event", schema="targets", type_="foreignkey")
    op.drop_constraint("fk_person_identity_person_key", "person_identity", schema="targets", type_="foreignkey")


def _create_lane(lane: int) -> None:
    """Unlogged: what stands here is of one transaction, and begins with a TRUNCATE."""
    op.create_table(
        f"event_staging_{lane}",
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("person_key", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_system", sa.Text(collation="C"), nullable=False),
        sa.Column("source_ref", sa.Text(collation="C"), nullable=False),
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


def downgrade() -> None:
    op.create_foreign_key(
        "fk_person_identity_person_key", "person_identity", "person", ["person_key"], ["person_key"],
        source_schema="targets", referent_schema="targets",
    )  # fmt: skip
    op.create_foreign_key(
        "fk_event_person_key", "event", "person", ["person_key"], ["person_key"],
        source_schema="targets", referent_schema="targets",
    )  # fmt: skip
    op.create_foreign_key(
        "fk_slot_event_id", "slot", "event", ["event_id"], ["event_id"],
        source_schema="targets", referent_schema="targets",
    )  # fmt: skip
    op.execute("REVOKE ALL ON targets.person_identity FROM targets_worker")
    for lane in LANES:
        op.drop_table(f"person_staging_{lane}", schema="targets")
        op.drop_table(f"event_staging_{lane}", schema="targets")
    for table in ("event_upload_batch", "event_upload_part", "event_upload"):
        op.drop_table(table, schema="targets")
