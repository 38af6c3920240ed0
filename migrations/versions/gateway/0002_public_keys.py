"""A client may prove itself with a key of its own instead of a secret."""

import sqlalchemy as sa
from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client_key", sa.Column("public_key", sa.String(64), nullable=True), schema="gateway")
    op.alter_column("client_key", "secret_hash", nullable=True, schema="gateway")
    op.create_check_constraint(
        op.f("ck_client_key_one_proof"),
        "client_key",
        "(secret_hash IS NULL) <> (public_key IS NULL)",
        schema="gateway",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_client_key_one_proof"), "client_key", schema="gateway")
    op.execute("DELETE FROM gateway.client_key WHERE secret_hash IS NULL")  # what was before knows secrets alone
    op.alter_column("client_key", "secret_hash", nullable=False, schema="gateway")
    op.drop_column("client_key", "public_key", schema="gateway")
