"""Declarative base and kit tables of a service's schema."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from kit.audit.tables import audit_tables

naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def schema_metadata(schema: str) -> MetaData:
    """Metadata of a service's schema with the kit's tables in it; `class Base(DeclarativeBase): metadata = …`."""
    metadata = MetaData(schema=schema, naming_convention=naming_convention)
    idempotency_table(metadata)
    job_table(metadata)
    audit_tables(metadata)
    return metadata


def idempotency_table(metadata: MetaData) -> Table:
    """Stored answers of idempotent requests, one row for each (principal, route, key), kept 7 days."""
    return Table(
        "idempotency_key",
        metadata,
        Column("principal", String(128), primary_key=True),
        Column("route", String(200), primary_key=True),
        Column("key", String(255), primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index(None, "created_at"),
    )


def job_table(metadata: MetaData) -> Table:
    """Work that outlives a request: the truth about a job (reliability design §2.4)."""
    return Table(
        "job",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("kind", String(64), nullable=False),
        Column("dedupe_key", String(200), nullable=True),
        Column("owner", String(128), nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("state", String(16), nullable=False, server_default="PENDING"),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("max_attempts", Integer, nullable=False, server_default="8"),
        Column("sends", Integer, nullable=False, server_default="0"),
        Column("not_before", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("next_poll", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("lease_token", Uuid, nullable=True),
        Column("lease_until", DateTime(timezone=True), nullable=True),
        Column("progress_done", Integer, nullable=False, server_default="0"),
        Column("progress_total", Integer, nullable=True),
        Column("result", JSONB, nullable=True),
        Column("error_code", Text, nullable=True),
        Column("traceparent", String(64), nullable=True),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("finished_at", DateTime(timezone=True), nullable=True),
        UniqueConstraint("dedupe_key"),
        CheckConstraint(
            "state IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED')", name="state_known"
        ),
        CheckConstraint("(state = 'RUNNING') = (lease_token IS NOT NULL)", name="lease_while_running"),
        Index("ix_job_due", "next_poll", postgresql_where=text("state IN ('PENDING', 'RUNNING')")),
    )
