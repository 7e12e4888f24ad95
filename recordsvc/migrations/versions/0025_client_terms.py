"""What a client may since an instant, other than it was registered with."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "client_terms",
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scopes", sa.String(length=400), nullable=False),
        sa.Column("units_a_day", sa.Integer(), nullable=True),
        sa.Column("at_once", sa.Integer(), nullable=True),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("proposal", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint("units_a_day > 0", name=op.f("ck_client_terms_units_a_day")),
        sa.CheckConstraint("at_once > 0", name=op.f("ck_client_terms_at_once")),
        sa.PrimaryKeyConstraint("client_id", "n", name=op.f("pk_client_terms")),
        comment="What a client may since an instant, as two people decided; before the first row: what it was "
        "registered with. n is the version of the client that it made",
    )


def downgrade() -> None:
    """Take back: clients have what they were registered with."""
    op.drop_table("client_terms")
