"""Consents whose records are restricted in part: events at the restriction and where it is lifted."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_NAME = "ck_consent_event_event"


def upgrade() -> None:
    """Allow the two events."""
    with op.batch_alter_table("consent_event") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(op.f(_NAME), "event IN ('start', 'use', 'restricted', 'lifted', 'end')")


def downgrade() -> None:
    """Take them back; the first step makes the table anew on SQLite, which frees its rows."""
    with op.batch_alter_table("consent_event") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
    event = sa.table("consent_event", sa.column("event"))
    op.execute(event.delete().where(event.c.event.in_(("restricted", "lifted"))))
    with op.batch_alter_table("consent_event") as batch:
        batch.create_check_constraint(op.f(_NAME), "event IN ('start', 'use', 'end')")
