"""Followers of the log.

Revision ID: 0004
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring in."""
    op.create_table(
        "follower",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("moved_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_follower")),
        comment="How far each named reader of the log is; attempts count what failed in front of it",
    )
    # What was entered before anybody was told of anything is not told now.
    op.execute(
        "INSERT INTO follower (name, position, moved_ms, attempts, due_ms, error) "
        "SELECT 'notices', max(idx), 0, 0, 0, '' FROM place HAVING max(idx) IS NOT NULL"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("follower")
