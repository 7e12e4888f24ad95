"""The life of cards, and what the card registry says before their holders are here.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring in."""
    op.create_table(
        "card",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("identifier_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "identifier_id", name=op.f("pk_card")),
        comment="A card of whose life something is known: how many events there are",
    )
    op.create_table(
        "card_event",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("identifier_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "identifier_id", "n", name=op.f("pk_card_event")),
        comment="Dated events of a card, sealed under its holder's key: issued, activated, lost, replaced ...",
    )
    op.create_table(
        "card_fact",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("pepper", sa.SmallInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_card_fact")),
        sqlite_with_rowid=False,
        comment="What the card registry says of cards whose holder has no archive yet; gone with the first",
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("card_fact")
    op.drop_table("card_event")
    op.drop_table("card")
