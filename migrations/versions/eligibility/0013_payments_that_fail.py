"""A payment that came back: the grant stands, nothing was paid, and it is paid again."""

from alembic import op

revision = "eligibility_0013"
down_revision = "eligibility_0012"
branch_labels = None
depends_on = None

_DECIDED = "'GRANTED', 'REFUSED', 'REVIEW_REQUESTED', 'PAID', 'REVOKED'"
_OTHERS = "'SUBMITTED', 'RETURNED', 'ACCEPTED', 'WITHDRAWN'"
_FAILED = "'PAYMENT_FAILED'"


def upgrade() -> None:
    _states(f"{_DECIDED}, {_FAILED}")


def downgrade() -> None:
    """An application whose payment failed waits for the next one, as it did when it was granted."""
    op.execute("UPDATE eligibility.application SET state = 'GRANTED' WHERE state = 'PAYMENT_FAILED'")
    _states(_DECIDED)


def _states(decided: str) -> None:
    op.execute(
        f"""
        ALTER TABLE eligibility.application
            DROP CONSTRAINT ck_application_state_known,
            DROP CONSTRAINT ck_application_decided_by_somebody,
            ADD CONSTRAINT ck_application_state_known CHECK (state IN ({_OTHERS}, {decided})),
            ADD CONSTRAINT ck_application_decided_by_somebody CHECK (
                (state IN ({decided})) = (decided_by IS NOT NULL) AND (decided_by IS NULL OR accepted_by IS NOT NULL)
            )
        """
    )
