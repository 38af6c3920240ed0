"""A correction that was begun by mistake can be withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0026"
down_revision = "targets_0025"
branch_labels = None
depends_on = None

_TABLE = "report_revision"
_COLUMNS = "withdrawn_by, withdrawn_at, withdrawal_reason"
_STATES = "'DRAFT', 'SUBMITTED', 'REVIEWED', 'RETURNED', 'APPROVED'"


def _end_with(*, is_withdrawable: bool) -> None:
    states = f"{_STATES}, 'WITHDRAWN'" if is_withdrawable else _STATES
    op.drop_constraint(op.f("ck_report_revision_state_known"), _TABLE, schema="targets")
    op.create_check_constraint(op.f("ck_report_revision_state_known"), _TABLE, f"state IN ({states})", schema="targets")
    open_states = "state NOT IN ('APPROVED', 'WITHDRAWN')" if is_withdrawable else "state <> 'APPROVED'"
    op.execute(f"ALTER POLICY keep_approved ON targets.report_revision USING ({open_states})")
    op.drop_index("uq_report_revision_open", _TABLE, schema="targets")
    op.create_index(
        "uq_report_revision_open",
        _TABLE,
        ["unit", "year", "month"],
        unique=True,
        schema="targets",
        postgresql_where=sa.text(open_states),
    )


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("withdrawn_by", sa.String(length=128), nullable=True), schema="targets")
    op.add_column(_TABLE, sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True), schema="targets")
    op.add_column(_TABLE, sa.Column("withdrawal_reason", sa.Text(), nullable=True), schema="targets")
    _end_with(is_withdrawable=True)
    for name, condition in (
        ("withdrawn_by_whom", "(state = 'WITHDRAWN') = (withdrawn_by IS NOT NULL)"),
        ("only_corrections_withdrawn", "withdrawn_by IS NULL OR revision > 1"),
        ("withdrawn_whole", f"num_nulls({_COLUMNS}) IN (0, 3)"),
    ):
        op.create_check_constraint(op.f(f"ck_report_revision_{name}"), _TABLE, condition, schema="targets")


def downgrade() -> None:
    op.execute(
        "DELETE FROM targets.report_cell c USING targets.report_revision r WHERE r.state = 'WITHDRAWN'"
        " AND (c.unit, c.year, c.month, c.revision) = (r.unit, r.year, r.month, r.revision)"
    )
    op.execute("DELETE FROM targets.report_revision WHERE state = 'WITHDRAWN'")
    for name in ("withdrawn_whole", "only_corrections_withdrawn", "withdrawn_by_whom"):
        op.drop_constraint(op.f(f"ck_report_revision_{name}"), _TABLE, schema="targets")
    _end_with(is_withdrawable=False)
    for column in ("withdrawal_reason", "withdrawn_at", "withdrawn_by"):
        op.drop_column(_TABLE, column, schema="targets")
