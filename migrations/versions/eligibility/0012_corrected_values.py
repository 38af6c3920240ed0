"""A published value is corrected by another one of the same day that names it; a proposal can be turned down."""

import sqlalchemy as sa
from alembic import op

revision = "eligibility_0012"
down_revision = "eligibility_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE eligibility.parameter_value
            ADD COLUMN corrects uuid REFERENCES eligibility.parameter_value,
            ADD COLUMN rejected_by varchar(128),
            ADD COLUMN rejected_at timestamptz,
            ADD COLUMN rejection_reason varchar(1000),
            ADD CONSTRAINT ck_parameter_value_rejected_whole CHECK (
                (rejected_by IS NULL) = (rejected_at IS NULL) AND (rejected_by IS NULL) = (rejection_reason IS NULL)
            ),
            ADD CONSTRAINT ck_parameter_value_rejected_or_published CHECK (rejected_by IS NULL OR sequence IS NULL)
        """
    )
    op.drop_index("uq_parameter_value_published", table_name="parameter_value", schema="eligibility")
    _index("uq_parameter_value_published", ["measure", "parameter", "from_on"], "corrects IS NULL")
    # What was corrected is corrected again by correcting its correction.
    _index("uq_parameter_value_corrected", ["corrects"], "corrects IS NOT NULL")


def downgrade() -> None:
    """Two values of one day have no place in the older form; the database says so if there are any."""
    for name in ("uq_parameter_value_published", "uq_parameter_value_corrected"):
        op.drop_index(name, table_name="parameter_value", schema="eligibility")
    _index("uq_parameter_value_published", ["measure", "parameter", "from_on"], "true")
    op.execute(
        """
        ALTER TABLE eligibility.parameter_value
            DROP CONSTRAINT ck_parameter_value_rejected_whole,
            DROP CONSTRAINT ck_parameter_value_rejected_or_published,
            DROP COLUMN corrects,
            DROP COLUMN rejected_by,
            DROP COLUMN rejected_at,
            DROP COLUMN rejection_reason
        """
    )


def _index(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(f"sequence IS NOT NULL AND {where}")
    op.create_index(name, "parameter_value", columns, unique=True, schema="eligibility", postgresql_where=condition)
