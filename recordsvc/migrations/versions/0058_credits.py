"""The exchange with credit banks: outcomes, batches and their lines, answers, tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "credit_answer",
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("answer_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("said", sa.LargeBinary(length=32), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receipt', 'result', 'decision', 'redemption')", name=op.f("ck_credit_answer_kind")
        ),
        sa.PrimaryKeyConstraint("receiver", "answer_id", name=op.f("pk_credit_answer")),
        comment="Everything a receiver said, once each: a keyed hash of it (said) and what it was answered",
    )
    op.create_table(
        "credit_batch",
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("first <= last", name=op.f("ck_credit_batch_range")),
        sa.PrimaryKeyConstraint("receiver", "n", name=op.f("pk_credit_batch")),
        sa.UniqueConstraint("receiver", "batch_id", name=op.f("uq_credit_batch_receiver_batch_id")),
        comment="Batches in their order: numbers of their lines, and the hash over the heads of these",
    )
    op.create_table(
        "credit_line",
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("outcome_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("op", sa.String(length=10), nullable=False),
        sa.Column("sort", sa.String(length=24), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.CheckConstraint("(op = 'withdraw') = (digest IS NULL)", name=op.f("ck_credit_line_digest")),
        sa.CheckConstraint("op IN ('add', 'replace', 'withdraw')", name=op.f("ck_credit_line_op")),
        sa.PrimaryKeyConstraint("receiver", "n", name=op.f("pk_credit_line")),
        sa.UniqueConstraint(
            "receiver", "outcome_id", "version", name=op.f("uq_credit_line_receiver_outcome_id_version")
        ),
        comment="Lines of batches, numbered without a gap; each version of an outcome once",
    )
    op.create_table(
        "credit_outcome",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("outcome_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("op", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("sort", sa.String(length=24), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("decision_id", sa.String(length=64), nullable=True),
        sa.Column("decision", sa.String(length=12), nullable=True),
        sa.Column("earned", sa.String(length=12), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("redemption_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(decision IS NULL AND earned IS NULL) OR (decision IN ('refused', 'withdrawn') AND earned IS NULL) OR (decision IN ('recognised', 'partly') AND earned IS NOT NULL)",
            name=op.f("ck_credit_outcome_earned"),
        ),
        sa.CheckConstraint(
            "(state IN ('held', 'rejected')) = (code IS NOT NULL)", name=op.f("ck_credit_outcome_code")
        ),
        sa.CheckConstraint("(version = 0) = (op = '')", name=op.f("ck_credit_outcome_version")),
        sa.CheckConstraint("op IN ('', 'add', 'replace', 'withdraw')", name=op.f("ck_credit_outcome_op")),
        sa.CheckConstraint(
            "state IN ('none', 'held', 'sent', 'pending', 'accepted', 'rejected', 'withdrawn')",
            name=op.f("ck_credit_outcome_state"),
        ),
        sa.CheckConstraint(
            "(decision_id IS NULL) = (decision IS NULL)", name=op.f("ck_credit_outcome_decided")
        ),
        sa.CheckConstraint(
            "redemption_id IS NULL OR earned IS NOT NULL", name=op.f("ck_credit_outcome_redeemed")
        ),
        sa.PrimaryKeyConstraint("worker_id", "receiver", "outcome_id", name=op.f("pk_credit_outcome")),
        comment="One record for one receiver: what its feed wants (live), what was sent last, what the receiver said, what it decided; outcome_id is the feed's ref, sealed the decision in full",
    )
    op.create_index(
        op.f("ix_credit_outcome_receiver_due_item"),
        "credit_outcome",
        ["receiver", "due", "item"],
        unique=False,
    )
    op.create_index(
        op.f("ix_credit_outcome_receiver_outcome_id"),
        "credit_outcome",
        ["receiver", "outcome_id"],
        unique=False,
    )
    op.create_table(
        "credit_receiver",
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("followed", sa.BigInteger(), nullable=False),
        sa.Column("batches", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_credit_receiver")),
        comment="One row a receiver (client id), locked for whatever moves its exchange: up to which item its feed was followed, how many batches and lines there are",
    )
    op.create_table(
        "credit_ticket",
        sa.Column("receiver", sa.String(length=40), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=True),
        sa.CheckConstraint("(closed_ms IS NULL) = (closed_by IS NULL)", name=op.f("ck_credit_ticket_closed")),
        sa.PrimaryKeyConstraint("receiver", "ticket_id", name=op.f("pk_credit_ticket")),
        comment="Where a credit bank and this service say different things: for officials, with its age",
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("credit_ticket")
    op.drop_table("credit_receiver")
    op.drop_index(op.f("ix_credit_outcome_receiver_outcome_id"), table_name="credit_outcome")
    op.drop_index(op.f("ix_credit_outcome_receiver_due_item"), table_name="credit_outcome")
    op.drop_table("credit_outcome")
    op.drop_table("credit_line")
    op.drop_table("credit_batch")
    op.drop_table("credit_answer")
