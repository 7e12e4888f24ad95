"""Acts at the window say by what the worker proved them."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was done before asked for no proof, or has it beside what was agreed to."""
    with op.batch_alter_table("service_act") as batch:
        batch.add_column(sa.Column("proof", sa.String(80)))


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("service_act") as batch:
        batch.drop_column("proof")
