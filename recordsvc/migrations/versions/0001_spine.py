"""The spine: people, bodies, issuers, archive, log, access."""

from alembic import op

from recordsvc.schema import load_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    load_tables().create_all(op.get_bind())


def downgrade() -> None:
    """Take back."""
    load_tables().drop_all(op.get_bind())
