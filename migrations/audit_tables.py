"""The audit trail of a schema as the revision that brings it makes it; never changed afterwards."""

import sqlalchemy as sa
from alembic import op


def create(schema: str) -> None:
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("actor_kind", sa.String(32), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("object", sa.String(160), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_entry"),
        schema=schema,
    )
    for column in ("actor", "object", "at"):
        op.create_index(f"ix_audit_entry_{column}", "audit_entry", [column], schema=schema)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one_row")),
        schema=schema,
    )
    op.execute(f"INSERT INTO {schema}.audit_head (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'))")  # noqa: S608  our own names
    # Who serves requests adds rows and moves the head on, nothing else.
    op.execute(f"REVOKE UPDATE, DELETE ON {schema}.audit_entry FROM {schema}_app, {schema}_worker")
    op.execute(f"REVOKE INSERT, DELETE ON {schema}.audit_head FROM {schema}_app, {schema}_worker")


def drop(schema: str) -> None:
    op.drop_table("audit_head", schema=schema)
    op.drop_table("audit_entry", schema=schema)
