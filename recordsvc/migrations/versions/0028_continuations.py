"""Where the log went on under another name, after its newest entries were lost."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "log_continuation",
        sa.Column("size", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("before", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_continuation")),
        sa.UniqueConstraint("origin", name=op.f("uq_log_continuation_origin")),
        comment="Where the log got another name: entries kept of the one before, both names, and the "
        "statement of which the entry at that index holds the hash",
    )


def downgrade() -> None:
    """Take back: the entries stay, what they bind is lost."""
    op.drop_table("log_continuation")
