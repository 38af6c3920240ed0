"""The kit's tables as the first revision of each schema made them; never changed afterwards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

_INSTANT = sa.DateTime(timezone=True)


def create(schema: str) -> None:
    # Who serves requests may read which revision stands, not claim another.
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {schema}.alembic_version FROM {schema}_app, {schema}_worker")
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.String(128), nullable=False),
        sa.Column("route", sa.String(200), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("principal", "route", "key", name="pk_idempotency_key"),
        schema=schema,
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"], schema=schema)
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("dedupe_key", sa.String(200), nullable=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, server_default="PENDING"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("max_attempts", sa.Integer, nullable=False, server_default="8"),
        sa.Column("sends", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", _INSTANT, nullable=False, server_default=sa.func.now()),
        sa.Column("next_poll", _INSTANT, nullable=False, server_default=sa.func.now()),
        sa.Column("lease_token", sa.Uuid, nullable=True),
        sa.Column("lease_until", _INSTANT, nullable=True),
        sa.Column("progress_done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("progress_total", sa.Integer, nullable=True),
        sa.Column("result", JSONB, nullable=True),
        sa.Column("error_code", sa.Text, nullable=True),
        sa.Column("traceparent", sa.String(64), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False, server_default=sa.func.now()),
        sa.Column("finished_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("dedupe_key", name="uq_job_dedupe_key"),
        sa.CheckConstraint(
            "state IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED')",
            name=op.f("ck_job_state_known"),
        ),
        sa.CheckConstraint("(state = 'RUNNING') = (lease_token IS NOT NULL)", name=op.f("ck_job_lease_while_running")),
        schema=schema,
    )
    op.create_index(
        "ix_job_due",
        "job",
        ["next_poll"],
        schema=schema,
        postgresql_where=sa.text("state IN ('PENDING', 'RUNNING')"),
    )


def drop(schema: str) -> None:
    op.drop_table("job", schema=schema)
    op.drop_table("idempotency_key", schema=schema)
