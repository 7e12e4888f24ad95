"""Until when a case of emergency is reviewed; of earlier cases no date is made up."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SAID = "A role that an official took alone for hours (break-glass): a second person closes the case"
SAYS = SAID + ", by the Beijing date due_on (empty: no calendar gave one)"


def upgrade() -> None:
    """Apply."""
    op.add_column("emergency", sa.Column("due_on", sa.String(length=10), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("emergency", SAYS, existing_comment=SAID)


def downgrade() -> None:
    """Take back."""
    op.drop_column("emergency", "due_on")
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("emergency", SAID, existing_comment=SAYS)
