"""A district's and a bank's people see their own rows alone, in the database as well."""

from migrations.row_policies import copy_rights, protect, take_rights, unprotect, withhold

revision = "loans_0013"
down_revision = "loans_0012"
branch_labels = None
depends_on = None

_DUTIES = ("district", "bank")
_OF_BOTH = ("loan", "loan_story", "subsidy_seal")


def upgrade() -> None:
    copy_rights("loans", _DUTIES)
    for table in _OF_BOTH:
        protect("loans", table, district="unit", bank="bank")
    protect("loans", "subsidy_batch", has_policies=True, district="unit", bank="bank")
    protect("loans", "reward_year", has_policies=True, district="unit")
    protect("loans", "loan_event", bank="bank")
    # COPY does not go into a table with policies (decision 24).
    withhold("loans", ("loan_segment", "loan_change"), _DUTIES)
    withhold("loans", ("reward_year", "reward_counted"), ["bank"])


def downgrade() -> None:
    unprotect("loans", "loan_event", bank="bank")
    unprotect("loans", "reward_year", has_policies=True, district="unit")
    unprotect("loans", "subsidy_batch", has_policies=True, district="unit", bank="bank")
    for table in _OF_BOTH:
        unprotect("loans", table, district="unit", bank="bank")
    take_rights("loans", _DUTIES)
