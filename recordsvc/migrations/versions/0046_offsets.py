"""Offsets: what of a claim was kept back for a debt, and whether a decision allows it."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_WITHIN = "offset_fen BETWEEN 1 AND amount_fen - 1"


def upgrade() -> None:
    """Apply; cases that were decided before allow nothing of the kind."""
    op.add_column("recovery", sa.Column("by_offset", sa.SmallInteger(), nullable=True))
    with op.batch_alter_table("claim_state") as batch:
        batch.add_column(sa.Column("offset_fen", sa.BigInteger(), nullable=True))
        batch.create_check_constraint(op.f("ck_claim_state_offset"), _WITHIN)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("claim_state") as batch:
        batch.drop_constraint(op.f("ck_claim_state_offset"), type_="check")
        batch.drop_column("offset_fen")
    op.drop_column("recovery", "by_offset")
