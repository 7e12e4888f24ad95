"""A roster that was taken to be signed is kept as taken."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_ROSTER = "ck_training_class_roster"


def upgrade() -> None:
    """Add the column; of rosters taken before nobody knows."""
    with op.batch_alter_table("training_class") as batch:
        batch.add_column(sa.Column("roster_ms", sa.BigInteger))
        batch.create_check_constraint(op.f(_ROSTER), "roster_ms IS NULL OR state <> 'open'")


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("training_class") as batch:
        batch.drop_constraint(op.f(_ROSTER), type_="check")
        batch.drop_column("roster_ms")
