"""Keyed digests of what restricted and erased records told."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "fact_mark",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "seq", "mark", name=op.f("pk_fact_mark")),
        comment="Keyed digests of what restricted and erased records told: told again under another id, it waits",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("fact_mark")
