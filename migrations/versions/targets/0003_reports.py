"""Monthly reports: revisions carried by three people, and their figures."""

import sqlalchemy as sa
from alembic import op

revision = "targets_0003"
down_revision = "targets_0002"
branch_labels = None
depends_on = None

_IS_OPEN = """
EXISTS (
    SELECT FROM targets.report_revision r
    WHERE r.unit = report_cell.unit AND r.year = report_cell.year AND r.month = report_cell.month
      AND r.revision = report_cell.revision AND r.state IN ('DRAFT', 'RETURNED')
)
"""
_POLICIES = (
    "ALTER TABLE targets.report_revision ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.report_revision FOR SELECT USING (true)",
    "CREATE POLICY begin_as_draft ON targets.report_revision FOR INSERT WITH CHECK (state = 'DRAFT')",
    "CREATE POLICY keep_approved ON targets.report_revision FOR UPDATE USING (state <> 'APPROVED') WITH CHECK (true)",
    "ALTER TABLE targets.report_cell ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON targets.report_cell FOR SELECT USING (true)",
    f"CREATE POLICY add_to_draft ON targets.report_cell FOR INSERT WITH CHECK ({_IS_OPEN})",
    f"CREATE POLICY change_in_draft ON targets.report_cell FOR UPDATE USING ({_IS_OPEN})",
    f"CREATE POLICY drop_from_draft ON targets.report_cell FOR DELETE USING ({_IS_OPEN})",
    "REVOKE DELETE ON targets.report, targets.report_revision FROM targets_app, targets_worker",
)


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("month BETWEEN 1 AND 12", name=op.f("ck_report_month_of_year")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_report_revision_counts_from_one")),
        sa.PrimaryKeyConstraint("unit", "year", "month", name=op.f("pk_report")),
        schema="targets",
    )
    op.create_table(
        "report_revision",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(length=128), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.String(length=128), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=128), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_by", sa.String(length=128), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("correction_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('SUBMITTED', 'REVIEWED', 'APPROVED')) = (submitted_by IS NOT NULL)"
            " AND (state IN ('REVIEWED', 'APPROVED')) = (reviewed_by IS NOT NULL)"
            " AND (state = 'APPROVED') = (approved_by IS NOT NULL)",
            name=op.f("ck_report_revision_signed_as_far_as_it_is"),
        ),
        sa.CheckConstraint(
            "state <> 'RETURNED' OR return_reason IS NOT NULL", name=op.f("ck_report_revision_return_has_reason")
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'SUBMITTED', 'REVIEWED', 'RETURNED', 'APPROVED')",
            name=op.f("ck_report_revision_state_known"),
        ),
        sa.CheckConstraint(
            "(revision > 1) = (correction_reason IS NOT NULL)", name=op.f("ck_report_revision_correction_has_reason")
        ),
        sa.CheckConstraint(
            "(submitted_by IS NULL) = (submitted_at IS NULL) AND (reviewed_by IS NULL) = (reviewed_at IS NULL)"
            " AND (approved_by IS NULL) = (approved_at IS NULL) AND (returned_by IS NULL) = (returned_at IS NULL)",
            name=op.f("ck_report_revision_signature_and_instant"),
        ),
        sa.CheckConstraint(
            "submitted_by <> reviewed_by AND reviewed_by <> approved_by AND submitted_by <> approved_by",
            name=op.f("ck_report_revision_four_eyes"),
        ),
        sa.ForeignKeyConstraint(
            ["unit", "year", "month"],
            ["targets.report.unit", "targets.report.year", "targets.report.month"],
            name=op.f("fk_report_revision_unit_year_month"),
        ),
        sa.PrimaryKeyConstraint("unit", "year", "month", "revision", name=op.f("pk_report_revision")),
        schema="targets",
    )
    op.create_index("ix_report_revision_period", "report_revision", ["year", "month"], unique=False, schema="targets")
    op.create_index(
        "uq_report_revision_open",
        "report_revision",
        ["unit", "year", "month"],
        unique=True,
        schema="targets",
        postgresql_where=sa.text("state <> 'APPROVED'"),
    )
    op.create_table(
        "report_cell",
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("numerator", sa.BigInteger(), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.Column("gross", sa.BigInteger(), nullable=True),
        sa.Column("attrition", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(gross IS NULL) = (attrition IS NULL) AND (gross IS NULL OR value = gross - attrition)",
            name=op.f("ck_report_cell_net_parts"),
        ),
        sa.CheckConstraint(
            "(numerator IS NULL) = (denominator IS NULL) AND denominator > 0", name=op.f("ck_report_cell_rate_parts")
        ),
        sa.ForeignKeyConstraint(
            ["unit", "year", "month", "revision"],
            [
                "targets.report_revision.unit",
                "targets.report_revision.year",
                "targets.report_revision.month",
                "targets.report_revision.revision",
            ],
            name=op.f("fk_report_cell_unit_year_month_revision"),
        ),
        sa.PrimaryKeyConstraint("unit", "year", "month", "revision", "indicator", name=op.f("pk_report_cell")),
        schema="targets",
    )
    # What is approved stays: row policies do what a trigger would, and work on a distributed PostgreSQL, too.
    for statement in _POLICIES:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("report_cell", schema="targets")
    op.drop_table("report_revision", schema="targets")
    op.drop_table("report", schema="targets")
