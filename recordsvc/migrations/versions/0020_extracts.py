"""Consents to chosen fields of records."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("consent", sa.Column("fields", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("consent", "fields")
