"""Followers of the log, messages that leave, contacts, notices.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring in."""
    op.create_table(
        "follower",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("moved_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_follower")),
        comment="How far each named reader of the log is; attempts count what failed in front of it",
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("put_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'void', 'dead', 'print', 'printed')", name=op.f("ck_outbox_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        comment="Messages that must leave: to whom by opaque id, of what kind; never a number, name or text",
    )
    op.create_index(op.f("ix_outbox_state_due_ms"), "outbox", ["state", "due_ms"], unique=False)
    op.create_index(op.f("ix_outbox_recipient"), "outbox", ["recipient"], unique=False)
    op.create_table(
        "contact",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_contact")),
        comment="The phone at which a worker wants to be told, sealed under the worker's data key",
    )
    op.create_table(
        "notice",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("notice_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("read_ms", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "notice_id", name=op.f("pk_notice")),
        comment="What a worker was told: kind and particulars, sealed under the worker's data key",
    )
    op.create_table(
        "office_notice",
        sa.Column("addressee", sa.String(length=80), nullable=False),
        sa.Column("notice_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("addressee", "notice_id", name=op.f("pk_office_notice")),
        comment="What an institution or a desk was told: codes, counts and opaque ids, nothing of a person",
    )
    op.create_index(
        op.f("ix_office_notice_addressee_at_ms"), "office_notice", ["addressee", "at_ms"], unique=False
    )
    # What was entered before anybody was told of anything is not told now.
    op.execute(
        "INSERT INTO follower (name, position, moved_ms, attempts, due_ms, error) "
        "SELECT 'notices', max(idx), 0, 0, 0, '' FROM place HAVING max(idx) IS NOT NULL"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("office_notice")
    op.drop_table("notice")
    op.drop_table("contact")
    op.drop_table("outbox")
    op.drop_table("follower")
