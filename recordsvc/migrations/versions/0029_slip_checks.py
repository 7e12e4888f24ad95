"""Signed slips that somebody else compares."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "slip_check",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("paper_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("used_by", sa.String(length=80), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("checked_by", sa.String(length=80), nullable=True),
        sa.Column("checked_ms", sa.BigInteger(), nullable=True),
        sa.Column("finding", sa.String(length=400), nullable=False),
        sa.CheckConstraint("state IN ('open', 'agrees', 'differs')", name=op.f("ck_slip_check_state")),
        sa.CheckConstraint("checked_by <> used_by", name=op.f("ck_slip_check_second_person")),
        sa.CheckConstraint("(state = 'open') = (checked_by IS NULL)", name=op.f("ck_slip_check_checked")),
        sa.CheckConstraint(
            "(checked_by IS NULL) = (checked_ms IS NULL)", name=op.f("ck_slip_check_checked_when")
        ),
        sa.PrimaryKeyConstraint("worker_id", "paper_id", name=op.f("pk_slip_check")),
        comment="A signed slip that a clerk took for a worker's consent and somebody else compares: whose it is "
        "to do, until which Beijing day, and what was found; gone with the worker's erasure",
    )
    op.create_index(op.f("ix_slip_check_state_due_on"), "slip_check", ["state", "due_on"], unique=False)


def downgrade() -> None:
    """Take back: what was to be compared is told in notices alone."""
    op.drop_index(op.f("ix_slip_check_state_due_on"), table_name="slip_check")
    op.drop_table("slip_check")
