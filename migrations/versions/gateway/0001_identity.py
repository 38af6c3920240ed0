"""Clients with their keys, revocations, kiosks, and the audit trail."""

import sqlalchemy as sa
from alembic import op

from migrations import audit_tables

revision = "gateway_0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_TABLES = ("registry", "client", "client_key", "subject_epoch", "revoked_token", "device")


def upgrade() -> None:
    op.execute("REVOKE INSERT, UPDATE, DELETE ON gateway.alembic_version FROM gateway_app, gateway_worker")
    op.create_table(
        "registry",
        sa.Column("id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry"),
        sa.CheckConstraint("id = 1", name=op.f("ck_registry_one_row")),
        schema="gateway",
    )
    op.execute("INSERT INTO gateway.registry (id, version) VALUES (1, 0)")
    op.create_table(
        "client",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("unit", sa.String(64), nullable=True),
        sa.Column("bank", sa.String(64), nullable=True),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("is_disabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_client"),
        sa.CheckConstraint("origin IN ('FILE', 'ADMIN')", name=op.f("ck_client_origin_known")),
        schema="gateway",
    )
    op.create_table(
        "client_key",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("slot", sa.SmallInteger, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "slot", name="pk_client_key"),
        sa.ForeignKeyConstraint(
            ["client_id"], ["gateway.client.id"], name="fk_client_key_client_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("slot IN (1, 2)", name=op.f("ck_client_key_two_at_most")),
        schema="gateway",
    )
    op.create_table(
        "subject_epoch",
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("revoked_until", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=False),
        sa.Column("revoked_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_subject_epoch"),
        schema="gateway",
    )
    op.create_table(
        "revoked_token",
        sa.Column("token_id", sa.Uuid, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=False),
        sa.Column("revoked_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_revoked_token"),
        schema="gateway",
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("unit", sa.String(64), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=True),
        sa.Column("code_hash", sa.LargeBinary, nullable=True),
        sa.Column("code_expires_at", _INSTANT, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("approved_by", sa.String(128), nullable=True),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.CheckConstraint("state IN ('NEW', 'ENROLLED', 'ACTIVE', 'DISABLED')", name=op.f("ck_device_state_known")),
        sa.CheckConstraint("approved_by <> created_by", name=op.f("ck_device_four_eyes")),
        sa.CheckConstraint(
            "state <> 'ACTIVE' OR (public_key IS NOT NULL AND approved_by IS NOT NULL)",
            name=op.f("ck_device_approved"),
        ),
        sa.CheckConstraint("(code_hash IS NULL) = (code_expires_at IS NULL)", name=op.f("ck_device_code_expires")),
        schema="gateway",
    )
    audit_tables.create("gateway")
    # Nobody who serves requests removes the row that counts; a revocation is never taken back.
    op.execute("REVOKE INSERT, DELETE ON gateway.registry FROM gateway_app, gateway_worker")
    op.execute("REVOKE DELETE ON gateway.subject_epoch, gateway.device FROM gateway_app, gateway_worker")


def downgrade() -> None:
    audit_tables.drop("gateway")
    for table in reversed(_TABLES):
        op.drop_table(table, schema="gateway")
