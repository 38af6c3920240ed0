"""Benchmark rates, entered by two people."""

import sqlalchemy as sa
from alembic import op

revision = "loans_0011"
down_revision = "loans_0010"
branch_labels = None
depends_on = None

_POLICIES = (
    "ALTER TABLE loans.benchmark_rate ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON loans.benchmark_rate FOR SELECT USING (true)",
    "CREATE POLICY begin_unconfirmed ON loans.benchmark_rate FOR INSERT WITH CHECK (confirmed_by IS NULL)",
    "CREATE POLICY keep_confirmed ON loans.benchmark_rate FOR UPDATE USING (confirmed_by IS NULL) WITH CHECK (true)",
    "REVOKE DELETE ON loans.benchmark_rate FROM loans_app, loans_worker",
    "REVOKE INSERT, UPDATE ON loans.benchmark_rate FROM loans_worker",
)


def upgrade() -> None:
    op.create_table(
        "benchmark_rate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("rate_ppm", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=8), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=128), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("rate_ppm > 0 AND rate_ppm <= 240000", name=op.f("ck_benchmark_rate_rate_possible")),
        sa.CheckConstraint("mark IN ('SEED', 'SEEN', 'MEM', 'INF')", name=op.f("ck_benchmark_rate_mark_known")),
        sa.CheckConstraint("entered_by <> confirmed_by", name=op.f("ck_benchmark_rate_four_eyes")),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_benchmark_rate_signature_and_instant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benchmark_rate")),
        schema="loans",
    )
    op.create_index(
        "uq_benchmark_rate_published_on",
        "benchmark_rate",
        ["published_on"],
        unique=True,
        schema="loans",
        postgresql_where=sa.text("confirmed_by IS NOT NULL"),
    )
    for statement in _POLICIES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("benchmark_rate", schema="loans")
