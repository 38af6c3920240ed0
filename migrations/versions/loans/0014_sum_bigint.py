"""A sum of whole numbers that stays whole: the built-in one goes by way of numeric."""

from alembic import op

revision = "loans_0014"
down_revision = "loans_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # int8pl fails on overflow; without lines the sum is null.
    op.execute(
        "CREATE AGGREGATE loans.sum_bigint(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl,"
        " PARALLEL = SAFE)"
    )
    op.execute("GRANT EXECUTE ON FUNCTION loans.sum_bigint(bigint) TO loans_worker")


def downgrade() -> None:
    op.execute("DROP AGGREGATE loans.sum_bigint(bigint)")
