"""The number before a change of phone, to which warnings go for a term."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "former_contact",
        sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_former_contact")),
        comment="The phone before a change, to which warnings go, too, until an instant; sealed as the phone "
        "was",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("former_contact")
