"""Grants of the time before, entered by an office with their proof; and grants that were taken back."""

import sqlalchemy as sa
from alembic import op

revision = "eligibility_0010"
down_revision = "eligibility_0009"
branch_labels = None
depends_on = None

_STATES = "'SUBMITTED', 'RETURNED', 'ACCEPTED', 'GRANTED', 'REFUSED', 'REVIEW_REQUESTED', 'PAID', 'WITHDRAWN'"
_PAID = "(state = 'PAID') <= (paid_by IS NOT NULL) AND (paid_by IS NULL OR state IN ('PAID', 'REVOKED'))"
_DECIDED = "'GRANTED', 'REFUSED', 'REVIEW_REQUESTED', 'PAID'"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE eligibility."grant"
            ALTER COLUMN application_id DROP NOT NULL,
            ADD COLUMN entered_by varchar(128),
            ADD COLUMN reference_sealed bytea,
            ADD COLUMN revoked_by varchar(128),
            ADD COLUMN revoked_at timestamptz,
            ADD COLUMN revocation_sealed bytea
        """
    )
    op.execute(
        """
        UPDATE eligibility."grant" g SET entered_by = coalesce(a.reviewed_by, a.decided_by)
        FROM eligibility.application a WHERE a.application_id = g.application_id
        """
    )
    op.execute(
        """
        ALTER TABLE eligibility."grant"
            ALTER COLUMN entered_by SET NOT NULL,
            ADD CONSTRAINT ck_grant_has_a_proof CHECK ((application_id IS NULL) = (reference_sealed IS NOT NULL)),
            ADD CONSTRAINT ck_grant_revoked_by_another CHECK (revoked_by <> entered_by),
            ADD CONSTRAINT ck_grant_revoked_as_a_whole CHECK (
                (revoked_by IS NULL) = (revoked_at IS NULL) AND (revoked_by IS NULL) = (revocation_sealed IS NULL)
            ),
            ADD CONSTRAINT ck_grant_revoked_takes_no_slot CHECK (revoked_by IS NULL OR once_key IS NULL)
        """
    )
    op.add_column("grant_person", sa.Column("grant_id", sa.Uuid(), nullable=True), schema="eligibility")
    op.execute(
        """
        UPDATE eligibility.grant_person p SET grant_id = g.grant_id
        FROM eligibility."grant" g WHERE g.application_id = p.application_id
        """
    )
    op.execute(
        """
        ALTER TABLE eligibility.grant_person
            DROP CONSTRAINT pk_grant_person,
            DROP COLUMN application_id,
            ADD CONSTRAINT pk_grant_person PRIMARY KEY (applicant_ref, measure, person_ref, grant_id)
        """
    )
    _states(f"{_STATES}, 'REVOKED'", f"{_DECIDED}, 'REVOKED'", _PAID)


def downgrade() -> None:
    """Earlier grants have no place in the older form, and a revoked one would count again: both must be gone."""
    op.execute(
        """
        DO $$
        BEGIN
            IF EXISTS (SELECT FROM eligibility."grant" WHERE application_id IS NULL OR revoked_by IS NOT NULL) THEN
                RAISE EXCEPTION '登记簿中有补登或撤销的待遇，旧版数据结构不能保存，不能降级';
            END IF;
        END
        $$
        """
    )
    _states(_STATES, _DECIDED, "(state = 'PAID') = (paid_by IS NOT NULL)")
    op.add_column("grant_person", sa.Column("application_id", sa.Uuid(), nullable=True), schema="eligibility")
    op.execute(
        """
        UPDATE eligibility.grant_person p SET application_id = g.application_id
        FROM eligibility."grant" g WHERE g.grant_id = p.grant_id
        """
    )
    op.execute(
        """
        ALTER TABLE eligibility.grant_person
            DROP CONSTRAINT pk_grant_person,
            DROP COLUMN grant_id,
            ADD CONSTRAINT pk_grant_person PRIMARY KEY (applicant_ref, measure, person_ref, application_id)
        """
    )
    op.execute(
        """
        ALTER TABLE eligibility."grant"
            DROP CONSTRAINT ck_grant_has_a_proof,
            DROP CONSTRAINT ck_grant_revoked_by_another,
            DROP CONSTRAINT ck_grant_revoked_as_a_whole,
            DROP CONSTRAINT ck_grant_revoked_takes_no_slot,
            ALTER COLUMN application_id SET NOT NULL,
            DROP COLUMN entered_by,
            DROP COLUMN reference_sealed,
            DROP COLUMN revoked_by,
            DROP COLUMN revoked_at,
            DROP COLUMN revocation_sealed
        """
    )


def _states(known: str, decided: str, paid: str) -> None:
    op.execute(
        f"""
        ALTER TABLE eligibility.application
            DROP CONSTRAINT ck_application_state_known,
            DROP CONSTRAINT ck_application_decided_by_somebody,
            DROP CONSTRAINT ck_application_paid_by_somebody,
            ADD CONSTRAINT ck_application_state_known CHECK (state IN ({known})),
            ADD CONSTRAINT ck_application_decided_by_somebody CHECK (
                (state IN ({decided})) = (decided_by IS NOT NULL) AND (decided_by IS NULL OR accepted_by IS NOT NULL)
            ),
            ADD CONSTRAINT ck_application_paid_by_somebody CHECK ({paid})
        """
    )
