"""One row of the roll-up holds the twelve months of a year: a batch of a file moves a twelfth as many rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "targets_0027"
down_revision = "targets_0026"
branch_labels = None
depends_on = None

_KEY = ["unit", "year", "indicator"]


def upgrade() -> None:
    op.add_column("rollup", sa.Column("counts", postgresql.ARRAY(sa.Integer())), schema="targets")
    op.execute(
        """
        UPDATE targets.rollup r SET counts = ARRAY(
            SELECT coalesce(o.n, 0) FROM generate_series(1, 12) m LEFT JOIN targets.rollup o
                ON (o.unit, o.year, o.indicator, o.month) = (r.unit, r.year, r.indicator, m)
            ORDER BY m)
        """
    )
    op.execute(
        """
        DELETE FROM targets.rollup r USING targets.rollup o
        WHERE (o.unit, o.year, o.indicator) = (r.unit, r.year, r.indicator) AND o.month < r.month
        """
    )
    op.drop_constraint(op.f("pk_rollup"), "rollup", schema="targets")
    for name in ("month", "n"):
        op.drop_column("rollup", name, schema="targets")
    op.alter_column("rollup", "counts", nullable=False, schema="targets")
    op.create_primary_key(op.f("pk_rollup"), "rollup", _KEY, schema="targets")
    for name, condition in (
        ("twelve_months", "array_ndims(counts) = 1 AND array_lower(counts, 1) = 1 AND array_upper(counts, 1) = 12"),
        ("counts_not_negative", "(0 <= ALL (counts)) IS TRUE"),
    ):
        op.create_check_constraint(op.f(f"ck_rollup_{name}"), "rollup", condition, schema="targets")


def downgrade() -> None:
    for name in ("counts_not_negative", "twelve_months"):
        op.drop_constraint(op.f(f"ck_rollup_{name}"), "rollup", schema="targets")
    op.drop_constraint(op.f("pk_rollup"), "rollup", schema="targets")
    for name, kind in (("month", sa.SmallInteger()), ("n", sa.Integer())):
        op.add_column("rollup", sa.Column(name, kind), schema="targets")
    op.execute(
        """
        INSERT INTO targets.rollup (unit, year, indicator, counts, month, n)
        SELECT unit, year, indicator, counts, m.month, m.n
        FROM targets.rollup, unnest(counts) WITH ORDINALITY m(n, month)
        """
    )
    op.execute("DELETE FROM targets.rollup WHERE month IS NULL")
    op.drop_column("rollup", "counts", schema="targets")
    for name in ("month", "n"):
        op.alter_column("rollup", name, nullable=False, schema="targets")
    op.create_primary_key(op.f("pk_rollup"), "rollup", [*_KEY, "month"], schema="targets")
    for name, condition in (("month_of_year", "month BETWEEN 1 AND 12"), ("n_not_negative", "n >= 0")):
        op.create_check_constraint(op.f(f"ck_rollup_{name}"), "rollup", condition, schema="targets")
