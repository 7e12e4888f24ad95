"""Texts of samples by which something was decided, kept under their hash."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; what was decided before is explained by the pack of this release, whose texts stay in it."""
    op.create_table(
        "rule_text",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_rule_text")),
        comment="Texts of the sample pack by which something was decided, under their SHA-256: a later release may bring others, and each decision is worked out again by its own",
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("rule_text")
