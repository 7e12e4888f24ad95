"""When, and by whom, a notice of an institution or a desk was read."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("office_notice", sa.Column("read_ms", sa.BigInteger(), nullable=True))
    op.add_column("office_notice", sa.Column("read_by", sa.String(length=80), nullable=True))


def downgrade() -> None:
    """Undo."""
    op.drop_column("office_notice", "read_by")
    op.drop_column("office_notice", "read_ms")
