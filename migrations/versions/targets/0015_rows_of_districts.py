"""A district's people see their own rows alone, in the database as well; the register they reach by its own calls."""

from migrations.row_policies import copy_rights, protect, take_rights, unprotect, withhold

revision = "targets_0015"
down_revision = "targets_0014"
branch_labels = None
depends_on = None

_PLAIN = ("report", "rollup", "warning", "warning_event", "month_snapshot", "service_event")
_WITH_POLICIES = ("report_revision", "report_cell", "child_plan", "child_plan_item")
# COPY does not go into a table with policies (decision 36), and a person counts once in the whole city.
_REGISTER = ("person", "identity_block", "event", "event_verification", "event_retraction", "slot")


def upgrade() -> None:
    copy_rights("targets", ["district"])
    for table in _PLAIN:
        protect("targets", table, district="unit")
    for table in _WITH_POLICIES:
        protect("targets", table, has_policies=True, district="unit")
    protect("targets", "event_upload", district="own_unit")
    withhold("targets", _REGISTER, ["district"])


def downgrade() -> None:
    unprotect("targets", "event_upload", district="own_unit")
    for table in _WITH_POLICIES:
        unprotect("targets", table, has_policies=True, district="unit")
    for table in _PLAIN:
        unprotect("targets", table, district="unit")
    take_rights("targets", ["district"])
