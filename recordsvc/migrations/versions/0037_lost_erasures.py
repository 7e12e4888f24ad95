"""Marks of records that were erased in a log that was lost: what is not entered anew."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "lost_erasure",
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_lost_erasure")),
        comment="Marks of records erased in a log that was lost, with the size at which the log went on "
        "that knows them: sent again, they are refused",
    )


def downgrade() -> None:
    """Take back: what was erased in a lost log may be entered again."""
    op.drop_table("lost_erasure")
