"""The banks' own claim files, matched with batches; shares that are written anew when lines come to a batch."""

from alembic import op

revision = "loans_0007"
down_revision = "loans_0006"
branch_labels = None
depends_on = None

_UPGRADE = """
CREATE TABLE loans.bank_file (
    id uuid NOT NULL, batch_id uuid NOT NULL, state varchar(16) NOT NULL, sha256 bytea NOT NULL,
    lines integer NOT NULL DEFAULT 0, matched integer NOT NULL DEFAULT 0, total_fen bigint NOT NULL DEFAULT 0,
    errors jsonb NOT NULL DEFAULT '[]'::jsonb, uploaded_by varchar(128) NOT NULL, uploaded_at timestamptz NOT NULL,
    resolved_by varchar(128), resolved_at timestamptz, resolution_reason text,
    CONSTRAINT pk_bank_file PRIMARY KEY (id),
    CONSTRAINT ck_bank_file_state_known CHECK (state IN ('RECEIVED', 'REFUSED', 'MATCHED', 'DIFFERENT', 'RESOLVED')),
    CONSTRAINT ck_bank_file_resolved_by_another CHECK (uploaded_by <> resolved_by),
    CONSTRAINT ck_bank_file_resolved_is_signed CHECK (
        (state = 'RESOLVED') = (resolved_by IS NOT NULL) AND (resolved_by IS NULL) = (resolved_at IS NULL)
        AND (resolved_by IS NULL) = (resolution_reason IS NULL)));
CREATE INDEX ix_bank_file_batch_id ON loans.bank_file (batch_id);
CREATE TABLE loans.bank_file_part (
    file_id uuid NOT NULL, part_no integer NOT NULL, content bytea NOT NULL,
    CONSTRAINT pk_bank_file_part PRIMARY KEY (file_id, part_no));
CREATE TABLE loans.bank_line (
    file_id uuid NOT NULL, row_no integer NOT NULL, loan_ref varchar(100), loan_id uuid,
    tranche varchar(8) NOT NULL, relates_to varchar(6) NOT NULL, amount_fen bigint NOT NULL, days integer,
    rate_ppm integer, share6 smallint, balance_fen bigint,
    CONSTRAINT pk_bank_line PRIMARY KEY (file_id, row_no));
CREATE TABLE loans.bank_difference (
    file_id uuid NOT NULL, number integer NOT NULL, row_no integer, loan_ref varchar(100), loan_id uuid,
    tranche varchar(8) NOT NULL, relates_to varchar(6) NOT NULL, bank_fen bigint, our_fen bigint,
    cause varchar(16) NOT NULL,
    CONSTRAINT pk_bank_difference PRIMARY KEY (file_id, number));
ALTER TABLE loans.batch_share ADD COLUMN revision smallint NOT NULL DEFAULT 1;
ALTER TABLE loans.batch_share DROP CONSTRAINT pk_batch_share;
ALTER TABLE loans.batch_share ADD CONSTRAINT pk_batch_share PRIMARY KEY (batch_id, payer_scheme, revision);
REVOKE DELETE ON loans.bank_file FROM loans_app, loans_worker;
REVOKE INSERT, UPDATE, DELETE ON loans.bank_line, loans.bank_difference FROM loans_app;
REVOKE UPDATE, DELETE ON loans.bank_file_part FROM loans_app;
REVOKE SELECT ON loans.bank_file_part FROM loans_app;
REVOKE INSERT, UPDATE ON loans.bank_file_part FROM loans_worker;
REVOKE UPDATE, DELETE ON loans.bank_line FROM loans_worker;
REVOKE DELETE ON loans.bank_difference FROM loans_worker;
REVOKE INSERT ON loans.bank_file FROM loans_worker
"""
_DOWNGRADE = """
DELETE FROM loans.batch_share s WHERE revision < (
    SELECT max(revision) FROM loans.batch_share o WHERE o.batch_id = s.batch_id);
ALTER TABLE loans.batch_share DROP CONSTRAINT pk_batch_share;
ALTER TABLE loans.batch_share DROP COLUMN revision;
ALTER TABLE loans.batch_share ADD CONSTRAINT pk_batch_share PRIMARY KEY (batch_id, payer_scheme);
DROP TABLE loans.bank_difference;
DROP TABLE loans.bank_line;
DROP TABLE loans.bank_file_part;
DROP TABLE loans.bank_file
"""


def upgrade() -> None:
    for statement in _UPGRADE.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWNGRADE.split(";\n"):
        op.execute(statement)
