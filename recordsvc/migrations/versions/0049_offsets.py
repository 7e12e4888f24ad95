"""Offsets: what of a claim was kept back for a debt, and whether a decision allows it."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_STATE = (
    "Where a claim stands, with what limits it: `purpose` is the family of kinds that exclude one another; year "
    "and slot its place among so many a year (year 0: in a life); part: it tops another up"
)
_KEPT = "; offset_fen: so much of it is kept back for what its payee owes"
_CASE = (
    "Cases in which a paid claim is asked back (追回), in whole or in part: ground, what in the log caused it, "
    "until when the worker is heard, what two officials decided"
)
_ALLOWS = " (by_offset 1: it may be kept back from later subsidies)"
_END = ", what came back; amounts in fen"
_WITHIN = "offset_fen BETWEEN 1 AND amount_fen - 1"


def upgrade() -> None:
    """Apply; cases that were decided before allow nothing of the kind."""
    op.add_column("recovery", sa.Column("by_offset", sa.SmallInteger(), nullable=True))
    _say(_CASE + _ALLOWS + _END)
    with op.batch_alter_table("claim_state") as batch:
        batch.create_table_comment(_STATE + _KEPT + "; amounts in fen")
        batch.add_column(sa.Column("offset_fen", sa.BigInteger(), nullable=True))
        batch.create_check_constraint(op.f("ck_claim_state_offset"), _WITHIN)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("claim_state") as batch:
        batch.create_table_comment(_STATE + "; amounts in fen")
        batch.drop_constraint(op.f("ck_claim_state_offset"), type_="check")
        batch.drop_column("offset_fen")
    _say(_CASE + _END)
    op.drop_column("recovery", "by_offset")


def _say(comment: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.create_table_comment("recovery", comment)
