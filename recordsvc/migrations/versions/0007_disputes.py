"""Cases of contested records, and what was said in them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Contests that stand already open their cases when the follower first runs."""
    op.create_table(
        "dispute",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("dispute_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("contest_seq", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=10), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome_idx", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("answer_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'upheld', 'rejected', 'withdrawn')", name=op.f("ck_dispute_state")
        ),
        sa.CheckConstraint("owner IN ('issuer', 'region')", name=op.f("ck_dispute_owner")),
        sa.CheckConstraint(
            "(state IN ('open', 'answered')) = (closed_ms IS NULL)", name=op.f("ck_dispute_closed")
        ),
        sa.PrimaryKeyConstraint("worker_id", "dispute_id", name=op.f("pk_dispute")),
        comment="A case that a worker's contest opened: the record (seq), the contest, whose turn it is and "
        "until when, how many messages it has, and the entry that ended it",
    )
    op.create_index(op.f("ix_dispute_dispute_id"), "dispute", ["dispute_id"], unique=False)
    op.create_index(
        op.f("ix_dispute_issuer_state_due_on"), "dispute", ["issuer", "state", "due_on"], unique=False
    )
    op.create_index(
        op.f("ix_dispute_owner_state_due_on"), "dispute", ["owner", "state", "due_on"], unique=False
    )
    op.create_table(
        "dispute_message",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("message_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("dispute_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=10), nullable=False),
        sa.Column("said_by", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("who IN ('worker', 'issuer', 'official')", name=op.f("ck_dispute_message_who")),
        sa.PrimaryKeyConstraint("worker_id", "message_id", name=op.f("pk_dispute_message")),
        comment="What was said in a case, sealed under the worker's data key",
    )
    op.create_index(
        op.f("ix_dispute_message_worker_id_dispute_id"),
        "dispute_message",
        ["worker_id", "dispute_id"],
        unique=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("dispute_message")
    op.drop_table("dispute")
