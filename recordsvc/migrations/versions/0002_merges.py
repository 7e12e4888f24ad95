"""Archives that are read as another."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("worker") as worker:
        worker.add_column(sa.Column("merged_into", sa.LargeBinary(length=16), nullable=True))
        worker.create_check_constraint(
            op.f("ck_worker_merged_into"), "(state = 'merged') = (merged_into IS NOT NULL)"
        )
        worker.create_index(op.f("ix_worker_merged_into"), ["merged_into"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("worker") as worker:
        worker.drop_index(op.f("ix_worker_merged_into"))
        worker.drop_constraint(op.f("ck_worker_merged_into"), type_="check")
        worker.drop_column("merged_into")
