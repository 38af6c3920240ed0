"""What nobody has signed can be taken back, and a confirmed finding by two people."""

import sqlalchemy as sa
from alembic import op

from migrations.row_policies import protect

revision = "targets_0021"
down_revision = "targets_0020"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_COLUMNS = "withdrawn_by, withdrawn_at, withdrawal_reason"
_SIGNED_BY = {
    "event_mapping_change": "confirmed_by",
    "assessment_finding": "confirmed_by",
    "assessment_publication": "published_by",
}
_STATES = {
    "plan": "'DRAFT', 'ISSUED'",
    "child_plan": "'DRAFT', 'ISSUED'",
    "month_close": "'PROPOSED', 'APPROVED', 'REJECTED'",
}
_KEEPS = {
    "event_mapping_change": "keep_confirmed",
    "assessment_finding": "keep_signed",
    "assessment_publication": "keep_signed",
}
_DECIDED = {
    True: "(state IN ('APPROVED', 'REJECTED')) = (decided_by IS NOT NULL)",
    False: "(state = 'PROPOSED') = (decided_by IS NULL)",
}


def _withdrawable() -> list[sa.Column[object]]:
    return [
        sa.Column("withdrawn_by", sa.String(length=128), nullable=True),
        sa.Column("withdrawn_at", _INSTANT, nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
    ]


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, schema="targets")


def _replace_check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, schema="targets")
    _check(table, name, condition)


def _keep(table: str, condition: str) -> None:
    op.execute(f"ALTER POLICY {_KEEPS[table]} ON targets.{table} USING ({condition})")


def _decided(*, is_withdrawable: bool) -> None:
    paired = "(decided_by IS NULL) = (decided_at IS NULL)"
    _replace_check("month_close", "signed_when_decided", f"{_DECIDED[is_withdrawable]} AND {paired}")


def _resize_state(length: int) -> None:
    """Policies name the column: they go, and come back."""
    draft = (
        "EXISTS (SELECT FROM targets.child_plan p"
        " WHERE p.unit = child_plan_item.unit AND p.id = child_plan_item.plan_id AND p.state = 'DRAFT')"
    )
    policies = {
        ("child_plan", "begin_as_draft"): "FOR INSERT WITH CHECK (state = 'DRAFT')",
        ("child_plan", "keep_issued"): "FOR UPDATE USING (state = 'DRAFT') WITH CHECK (true)",
        ("child_plan_item", "add_to_draft"): f"FOR INSERT WITH CHECK ({draft})",
    }
    for table, name in policies:
        op.execute(f"DROP POLICY {name} ON targets.{table}")
    op.alter_column("child_plan", "state", type_=sa.String(length=length), schema="targets")
    for (table, name), rule in policies.items():
        op.execute(f"CREATE POLICY {name} ON targets.{table} {rule}")


def upgrade() -> None:
    for table in (*_SIGNED_BY, *_STATES):
        for column in _withdrawable():
            op.add_column(table, column, schema="targets")
        _check(table, "withdrawn_whole", f"num_nulls({_COLUMNS}) IN (0, 3)")
    for table, signed_by in _SIGNED_BY.items():
        _check(table, "withdrawn_or_signed", f"withdrawn_by IS NULL OR {signed_by} IS NULL")
        _keep(table, f"{signed_by} IS NULL AND withdrawn_by IS NULL")
    _resize_state(16)
    for table, states in _STATES.items():
        _replace_check(table, "state_known", f"state IN ({states}, 'WITHDRAWN')")
        _check(table, "withdrawn_by_whom", "(state = 'WITHDRAWN') = (withdrawn_by IS NOT NULL)")
    _decided(is_withdrawable=True)
    for table in ("plan", "month_close", "assessment_publication"):
        op.execute(f"GRANT UPDATE ({_COLUMNS}) ON targets.{table} TO targets_app")
    op.execute(f"GRANT UPDATE ({_COLUMNS}) ON targets.child_plan TO targets_app, targets_district")
    op.create_table(
        "assessment_revocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(length=128), nullable=False),
        sa.Column("entered_at", _INSTANT, nullable=False),
        sa.Column("confirmed_by", sa.String(length=128), nullable=True),
        sa.Column("confirmed_at", _INSTANT, nullable=True),
        *_withdrawable(),
        sa.CheckConstraint("entered_by <> confirmed_by", name=op.f("ck_assessment_revocation_four_eyes")),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)",
            name=op.f("ck_assessment_revocation_signature_and_instant"),
        ),
        sa.CheckConstraint(f"num_nulls({_COLUMNS}) IN (0, 3)", name=op.f("ck_assessment_revocation_withdrawn_whole")),
        sa.CheckConstraint(
            "withdrawn_by IS NULL OR confirmed_by IS NULL", name=op.f("ck_assessment_revocation_withdrawn_or_signed")
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["targets.assessment_finding.id"], name=op.f("fk_assessment_revocation_finding_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_revocation")),
        schema="targets",
    )
    op.create_index(
        "uq_assessment_revocation_finding",
        "assessment_revocation",
        ["finding_id"],
        unique=True,
        schema="targets",
        postgresql_where=sa.text("withdrawn_by IS NULL"),
    )
    name, unsigned = "targets.assessment_revocation", "confirmed_by IS NULL AND withdrawn_by IS NULL"
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY read_all ON {name} FOR SELECT USING (true)")
    op.execute(f"CREATE POLICY begin_unsigned ON {name} FOR INSERT WITH CHECK ({unsigned})")
    op.execute(f"CREATE POLICY keep_signed ON {name} FOR UPDATE USING ({unsigned}) WITH CHECK (true)")
    op.execute(f"REVOKE DELETE ON {name} FROM targets_app, targets_worker, targets_district")
    op.execute(f"REVOKE INSERT, UPDATE ON {name} FROM targets_worker, targets_district")
    protect("targets", "assessment_revocation", has_policies=True, district="unit")


def downgrade() -> None:
    op.drop_table("assessment_revocation", schema="targets")
    for table in _STATES:
        op.drop_constraint(op.f(f"ck_{table}_withdrawn_by_whom"), table, schema="targets")
    for table, first in (("plan", "DRAFT"), ("child_plan", "DRAFT"), ("month_close", "PROPOSED")):
        op.execute(f"UPDATE targets.{table} SET state = '{first}' WHERE state = 'WITHDRAWN'")  # noqa: S608  our names
        _replace_check(table, "state_known", f"state IN ({_STATES[table]})")
    _decided(is_withdrawable=False)
    _resize_state(8)
    for table, signed_by in _SIGNED_BY.items():
        _keep(table, f"{signed_by} IS NULL")
        op.drop_constraint(op.f(f"ck_{table}_withdrawn_or_signed"), table, schema="targets")
    for table in (*_SIGNED_BY, *_STATES):
        op.drop_constraint(op.f(f"ck_{table}_withdrawn_whole"), table, schema="targets")
        for column in ("withdrawal_reason", "withdrawn_at", "withdrawn_by"):
            op.drop_column(table, column, schema="targets")
