"""Screenings of registers: request, pieces of files, parts with facts and results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "eligibility_0003"
down_revision = "eligibility_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "screening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("horizon", sa.Date(), nullable=False),
        sa.Column("catalogue_version", sa.String(length=32), nullable=False),
        sa.Column("request", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("screened", sa.Integer(), nullable=True),
        sa.Column("rejected", sa.Integer(), nullable=True),
        sa.Column("criteria", postgresql.JSONB(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=True),
        sa.Column("rejections", postgresql.JSONB(), nullable=True),
        sa.Column("problem", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
        sa.UniqueConstraint("owner", "digest", name=op.f("uq_screening_owner_digest")),
        schema="eligibility",
    )
    for name, columns in _OF_A_SCREENING.items():
        op.create_table(
            name,
            sa.Column("screening_id", sa.Uuid(), nullable=False),
            *columns(),
            sa.ForeignKeyConstraint(
                ["screening_id"],
                ["eligibility.screening.id"],
                name=op.f(f"fk_{name}_screening_id_screening"),
                ondelete="CASCADE",
            ),
            schema="eligibility",
        )


def _piece_columns() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('REGISTER', 'RESULTS')", name=op.f("ck_screening_file_piece_kind_known")),
        sa.PrimaryKeyConstraint("screening_id", "kind", "position", name=op.f("pk_screening_file_piece")),
    ]


def _part_columns() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("screened", sa.Integer(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("results", sa.LargeBinary(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("screening_id", "position", name=op.f("pk_screening_part")),
    ]


_OF_A_SCREENING = {"screening_file_piece": _piece_columns, "screening_part": _part_columns}


def downgrade() -> None:
    for name in (*_OF_A_SCREENING, "screening"):
        op.drop_table(name, schema="eligibility")
