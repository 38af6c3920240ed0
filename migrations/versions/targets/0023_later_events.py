"""A person's first event has the person's id; only the later ones need an index by person."""

from alembic import op

revision = "targets_0023"
down_revision = "targets_0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_event_later ON targets.event (person_id) WHERE person_id <> event_id")
    op.execute("DROP INDEX targets.ix_event_person_id")


def downgrade() -> None:
    op.execute("CREATE INDEX ix_event_person_id ON targets.event (person_id)")
    op.execute("DROP INDEX targets.ix_event_later")
