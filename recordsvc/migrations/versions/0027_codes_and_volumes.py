"""Login codes that two officials decided, and what clients used day by day."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "client_volume",
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "day", name=op.f("pk_client_volume")),
        comment="Units a client used on a Beijing day, kept for weeks: what its volume is compared with",
    )
    op.create_index(op.f("ix_client_volume_day"), "client_volume", ["day"], unique=False)
    op.create_table(
        "staff_code",
        sa.Column("proposal_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("drawn_ms", sa.BigInteger(), nullable=True),
        sa.Column("drawn_by", sa.String(length=80), nullable=True),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_staff_code_second_person")),
        sa.CheckConstraint("drawn_by IN (proposed_by, decided_by)", name=op.f("ck_staff_code_one_of_two")),
        sa.CheckConstraint("(drawn_ms IS NULL) = (drawn_by IS NULL)", name=op.f("ck_staff_code_drawn")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_staff_code")),
        comment="One login code that two officials decided for the head of an institution: which proposal, "
        "until when one of the two may make it, and who did",
    )
    op.create_index(op.f("ix_staff_code_staff_id"), "staff_code", ["staff_id"], unique=False)


def downgrade() -> None:
    """Take back: codes that were decided are decided anew, and volumes are learnt anew."""
    op.drop_index(op.f("ix_staff_code_staff_id"), table_name="staff_code")
    op.drop_table("staff_code")
    op.drop_index(op.f("ix_client_volume_day"), table_name="client_volume")
    op.drop_table("client_volume")
