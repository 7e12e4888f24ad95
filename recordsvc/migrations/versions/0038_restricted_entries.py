"""Entries that nobody is shown, because one record is restricted.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "restricted_entry",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "seq", name=op.f("pk_restricted_entry")),
        comment="Entries that nobody is shown, one record being restricted: the record and what acted on it, "
        "with the log index of the restriction; derivable from the chain",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("restricted_entry")
