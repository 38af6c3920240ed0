"""A district's people see their own rows alone, in the database as well."""

from migrations.row_policies import copy_rights, protect, take_rights, unprotect

revision = "eligibility_0009"
down_revision = "eligibility_0008"
branch_labels = None
depends_on = None

_TABLES = ("application", "application_step", "rating", "grant")


def upgrade() -> None:
    copy_rights("eligibility", ["district"])
    for table in _TABLES:
        protect("eligibility", table, district="unit")


def downgrade() -> None:
    for table in _TABLES:
        unprotect("eligibility", table, district="unit")
    take_rights("eligibility", ["district"])
