"""Changes of key: the epoch that rows must be made under, and how far passes over old rows are."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    epoch = op.create_table(
        "key_epoch",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_epoch")),
        comment="One row (id 1): rows made with keys of an earlier epoch are written no more",
    )
    op.create_table(
        "key_work",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("moved_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_key_work")),
        comment="Passes over old rows after a change of key (reindex, rewrap): to which version, and how far",
    )
    # An installation that is there already has its first run behind it.
    op.bulk_insert(epoch, [{"id": 1, "epoch": 0}])


def downgrade() -> None:
    """Take back."""
    op.drop_table("key_work")
    op.drop_table("key_epoch")
