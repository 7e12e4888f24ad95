"""What was erased, and how far its traces are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "erasure",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("erasure_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("erased_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.CheckConstraint("state IN ('erased', 'journalled', 'scrubbed')", name=op.f("ck_erasure_state")),
        sa.PrimaryKeyConstraint("worker_id", "erasure_id", name=op.f("pk_erasure")),
        comment="What was erased: one record (seq) or the whole archive (-1), its entry, and how far its traces "
        "are gone",
    )
    op.create_index(op.f("ix_erasure_state"), "erasure", ["state"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_erasure_state"), table_name="erasure")
    op.drop_table("erasure")
