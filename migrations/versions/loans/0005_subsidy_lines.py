"""Segments told from events, numbered lines, seals over them, and the subsidy's journal."""

from alembic import op

revision = "loans_0005"
down_revision = "loans_0004"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE loans.loan_story (
    bank varchar(64) NOT NULL, unit varchar(8) NOT NULL, loan_id uuid NOT NULL,
    version integer NOT NULL, loan_version integer NOT NULL, renew_on date,
    CONSTRAINT pk_loan_story PRIMARY KEY (bank, unit, loan_id));
CREATE TABLE loans.loan_segment (
    bank varchar(64) NOT NULL, unit varchar(8) NOT NULL, loan_id uuid NOT NULL, tranche varchar(8) NOT NULL,
    from_on date NOT NULL, to_on date NOT NULL, from_no integer NOT NULL, to_no integer NOT NULL,
    is_thirty boolean NOT NULL, basis smallint NOT NULL, period_scheme varchar(16) NOT NULL, payer_scheme varchar(64),
    version integer NOT NULL, principal_fen bigint NOT NULL, balance_fen bigint NOT NULL, overdue_fen bigint NOT NULL,
    rate_ppm integer NOT NULL, share6 smallint NOT NULL,
    CONSTRAINT pk_loan_segment PRIMARY KEY (bank, unit, loan_id, tranche, from_on));
CREATE TABLE loans.loan_segment_past (
    loan_id uuid NOT NULL, version integer NOT NULL, tranche varchar(8) NOT NULL, from_on date NOT NULL,
    to_on date NOT NULL, principal_fen bigint NOT NULL, balance_fen bigint NOT NULL, overdue_fen bigint NOT NULL,
    rate_ppm integer NOT NULL, share6 smallint NOT NULL,
    CONSTRAINT pk_loan_segment_past PRIMARY KEY (loan_id, version, tranche, from_on));
CREATE TABLE loans.loan_change (
    bank varchar(64) NOT NULL, unit varchar(8) NOT NULL, serial bigint NOT NULL, loan_id uuid NOT NULL,
    version integer NOT NULL, changed_from date NOT NULL,
    CONSTRAINT pk_loan_change PRIMARY KEY (bank, unit, serial));
CREATE UNIQUE INDEX uq_loan_change_version ON loans.loan_change (loan_id, version);
CREATE TABLE loans.subsidy_line (
    batch_id uuid NOT NULL, number integer NOT NULL, loan_id uuid NOT NULL, story integer NOT NULL,
    kind varchar(16) NOT NULL, tranche varchar(8) NOT NULL, relates_to varchar(6) NOT NULL, amount_fen bigint NOT NULL,
    days integer, rate_ppm integer, share6 smallint, numerator bigint, denominator bigint,
    reverses_batch uuid, reverses_number integer, payer_scheme varchar(64),
    CONSTRAINT pk_subsidy_line PRIMARY KEY (batch_id, number),
    CONSTRAINT ck_subsidy_line_kind_known CHECK (kind IN ('CLAIM', 'REVERSAL', 'REPOST', 'WAIVER')),
    CONSTRAINT ck_subsidy_line_reversal_names_its_line CHECK (
        (kind = 'REVERSAL') = (reverses_batch IS NOT NULL) AND (reverses_batch IS NULL) = (reverses_number IS NULL)),
    CONSTRAINT ck_subsidy_line_amount_signed CHECK (
        CASE WHEN kind IN ('CLAIM', 'REPOST') THEN amount_fen > 0 ELSE amount_fen < 0 END),
    CONSTRAINT ck_subsidy_line_number_positive CHECK (number > 0));
CREATE UNIQUE INDEX uq_subsidy_line_place ON loans.subsidy_line (loan_id, relates_to, tranche, kind, batch_id);
CREATE UNIQUE INDEX uq_subsidy_line_reverses ON loans.subsidy_line (reverses_batch, reverses_number, batch_id)
    WHERE reverses_batch IS NOT NULL;
CREATE TABLE loans.subsidy_seal (
    bank varchar(64) NOT NULL, unit varchar(8) NOT NULL, serial bigint NOT NULL, batch_id uuid NOT NULL,
    first_number integer NOT NULL, last_number integer NOT NULL, previous bytea NOT NULL, digest bytea NOT NULL,
    CONSTRAINT pk_subsidy_seal PRIMARY KEY (bank, unit, serial));
CREATE UNIQUE INDEX uq_subsidy_seal_lines ON loans.subsidy_seal (batch_id, first_number);
CREATE TABLE loans.subsidy_seal_block (
    batch_id uuid NOT NULL, first_number integer NOT NULL, last_number integer NOT NULL, digest bytea NOT NULL,
    marks bytea NOT NULL, before jsonb NOT NULL,
    CONSTRAINT pk_subsidy_seal_block PRIMARY KEY (batch_id, first_number));
CREATE TABLE loans.subsidy_transfer (
    id uuid NOT NULL, batch_id uuid NOT NULL, payer_scheme varchar(64) NOT NULL, payer varchar(16) NOT NULL,
    debit varchar(16) NOT NULL, credit varchar(16) NOT NULL, amount_fen bigint NOT NULL, booked_on date NOT NULL,
    recorded_at timestamptz NOT NULL, recorded_by varchar(128) NOT NULL,
    CONSTRAINT pk_subsidy_transfer PRIMARY KEY (id),
    CONSTRAINT ck_subsidy_transfer_amount_positive CHECK (amount_fen > 0),
    CONSTRAINT ck_subsidy_transfer_between_two_accounts CHECK (debit <> credit),
    CONSTRAINT ck_subsidy_transfer_account_known CHECK (
        debit IN ('EXPENSE', 'PAYABLE', 'TREASURY', 'RECEIVABLE')
        AND credit IN ('EXPENSE', 'PAYABLE', 'TREASURY', 'RECEIVABLE')));
CREATE UNIQUE INDEX uq_subsidy_transfer_once
    ON loans.subsidy_transfer (batch_id, payer_scheme, payer, debit, credit);
ALTER TABLE loans.subsidy_batch
    ADD COLUMN zero_reasons jsonb NOT NULL DEFAULT '{}'::jsonb,
    ADD COLUMN changes_until bigint NOT NULL DEFAULT 0;
"""
_STATES = "'PENDING', 'COMPUTED', {}'SUBMITTED', 'REVIEWED', 'APPROVED', 'PAID', 'CLOSED', 'REJECTED'"
# A line that was stored before tells its own days: they become a story of one line, numbered below zero.
_MOVE = """
CREATE TABLE loans.moved AS
    SELECT id, row_number() OVER (PARTITION BY batch_id ORDER BY loan_id, id)::integer AS number,
           -row_number() OVER (PARTITION BY loan_id ORDER BY id)::integer AS story FROM loans.claim_line;
INSERT INTO loans.subsidy_line
    SELECT l.batch_id, m.number, l.loan_id, m.story, l.kind, l.tranche, l.relates_to, l.amount_fen, l.days, l.rate_ppm,
           l.share6, l.numerator, l.denominator, r.batch_id, rm.number, l.payer_scheme
    FROM loans.claim_line l JOIN loans.moved m USING (id)
    LEFT JOIN loans.claim_line r ON r.id = l.reverses LEFT JOIN loans.moved rm ON rm.id = l.reverses;
INSERT INTO loans.loan_segment_past
    SELECT l.loan_id, m.story, l.tranche, (s->>'from')::date, (s->>'to')::date, (s->>'balance_fen')::bigint,
           (s->>'balance_fen')::bigint, 0, (s->>'rate_ppm')::integer, (s->>'share6')::smallint
    FROM loans.claim_line l JOIN loans.moved m USING (id), jsonb_array_elements(l.segments) s;
DROP TABLE loans.moved;
DROP TABLE loans.claim_line;
"""
_OLD = """
CREATE TABLE loans.claim_line (
    id uuid NOT NULL, batch_id uuid NOT NULL, loan_id uuid NOT NULL, kind varchar(16) NOT NULL,
    tranche varchar(8) NOT NULL, relates_to varchar(6) NOT NULL, amount_fen bigint NOT NULL, days integer,
    rate_ppm integer, share6 smallint, numerator numeric(30, 0), denominator bigint, segments jsonb, reverses uuid,
    payer_scheme varchar(64),
    CONSTRAINT pk_claim_line PRIMARY KEY (id),
    CONSTRAINT ck_claim_line_reversal_names_its_line CHECK ((kind = 'REVERSAL') = (reverses IS NOT NULL)),
    CONSTRAINT ck_claim_line_amount_signed CHECK (amount_fen <> 0 AND (kind = 'REVERSAL' OR amount_fen > 0)),
    CONSTRAINT ck_claim_line_kind_known CHECK (kind IN ('CLAIM', 'REVERSAL', 'REPOST')),
    CONSTRAINT fk_claim_line_batch_id FOREIGN KEY (batch_id) REFERENCES loans.subsidy_batch (id),
    CONSTRAINT fk_claim_line_loan_id FOREIGN KEY (loan_id) REFERENCES loans.loan (id),
    CONSTRAINT fk_claim_line_reverses FOREIGN KEY (reverses) REFERENCES loans.claim_line (id));
CREATE INDEX ix_claim_line_loan_id ON loans.claim_line (loan_id);
CREATE UNIQUE INDEX uq_claim_line_place ON loans.claim_line (batch_id, loan_id, tranche, relates_to, kind);
CREATE UNIQUE INDEX uq_claim_line_reverses ON loans.claim_line (batch_id, reverses);
CREATE TABLE loans.moved AS
    SELECT batch_id, number, gen_random_uuid() AS id FROM loans.subsidy_line;
INSERT INTO loans.claim_line
    SELECT m.id, l.batch_id, l.loan_id, l.kind, l.tranche, l.relates_to, l.amount_fen, l.days, l.rate_ppm, l.share6,
           l.numerator, l.denominator, NULL, r.id, l.payer_scheme
    FROM loans.subsidy_line l JOIN loans.moved m USING (batch_id, number)
    LEFT JOIN loans.moved r ON r.batch_id = l.reverses_batch AND r.number = l.reverses_number
    WHERE l.kind <> 'WAIVER' ORDER BY l.reverses_batch IS NOT NULL;
DROP TABLE loans.moved;
REVOKE UPDATE, DELETE ON loans.claim_line FROM loans_worker;
REVOKE INSERT, UPDATE, DELETE ON loans.claim_line FROM loans_app;
"""
# Who serves requests reads; the worker writes lines and seals once, and may tell a loan's segments again.
_RIGHTS = """
REVOKE INSERT, UPDATE, DELETE ON loans.loan_story, loans.loan_segment, loans.loan_segment_past, loans.loan_change,
    loans.subsidy_line, loans.subsidy_seal, loans.subsidy_seal_block FROM loans_app;
REVOKE UPDATE, DELETE ON loans.loan_segment_past, loans.loan_change, loans.subsidy_line, loans.subsidy_seal,
    loans.subsidy_seal_block FROM loans_worker;
REVOKE UPDATE ON loans.loan_segment FROM loans_worker;
REVOKE DELETE ON loans.loan_story FROM loans_worker;
REVOKE UPDATE, DELETE ON loans.subsidy_transfer FROM loans_app, loans_worker;
REVOKE INSERT ON loans.subsidy_transfer FROM loans_worker;
"""


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)


def _know_states(states: str) -> None:
    op.execute("ALTER TABLE loans.subsidy_batch DROP CONSTRAINT ck_subsidy_batch_state_known")
    op.execute(
        f"ALTER TABLE loans.subsidy_batch ADD CONSTRAINT ck_subsidy_batch_state_known CHECK (state IN ({states}))"
    )


def upgrade() -> None:
    _run(_TABLES)
    _know_states(_STATES.format("'MATCHED', "))
    _run(_MOVE)
    _run(_RIGHTS)


def downgrade() -> None:
    op.execute("UPDATE loans.subsidy_batch SET state = 'COMPUTED' WHERE state = 'MATCHED'")
    _know_states(_STATES.format(""))
    _run(_OLD)
    op.execute("ALTER TABLE loans.subsidy_batch DROP COLUMN zero_reasons, DROP COLUMN changes_until")
    for table in (
        "subsidy_transfer",
        "subsidy_seal_block",
        "subsidy_seal",
        "subsidy_line",
        "loan_change",
        "loan_segment_past",
        "loan_segment",
        "loan_story",
    ):
        op.drop_table(table, schema="loans")
