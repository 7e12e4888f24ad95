"""Consents, their links and their events."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "consent",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("receiver", sa.String(length=80), nullable=False),
        sa.Column("records", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("text_code", sa.String(length=40), nullable=False),
        sa.Column("text_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("given_in", sa.String(length=80), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=20), nullable=True),
        sa.Column("code_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(ended_ms IS NULL) = (ended_by IS NULL)", name=op.f("ck_consent_ended")),
        sa.CheckConstraint("max_uses IS NULL OR uses <= max_uses", name=op.f("ck_consent_uses")),
        sa.PrimaryKeyConstraint("worker_id", "consent_id", name=op.f("pk_consent")),
        comment="What a worker shares, with whom, for what and until when; receiver is client:id, "
        "institution:USCC or link, records are ids as text, given_in names the session. Gone with the worker",
    )
    op.create_index(op.f("ix_consent_receiver"), "consent", ["receiver"], unique=False)
    op.create_index(op.f("ix_consent_until_ms"), "consent", ["until_ms"], unique=False)
    op.create_table(
        "consent_link",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_consent_link")),
        comment="SHA-256 of a link's 256-bit secret, and which consent it opens; gone with the worker",
    )
    op.create_table(
        "consent_event",
        sa.Column("receiver", sa.String(length=80), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("consent_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("log_size", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("event IN ('start', 'use', 'end')", name=op.f("ck_consent_event_event")),
        sa.PrimaryKeyConstraint("receiver", "n", name=op.f("pk_consent_event")),
        comment="Consents beginning, used and ending, in each receiver's own sequence; written under the log "
        "head's lock: an event stands behind entries below log_size and before the others",
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("consent_event")
    op.drop_table("consent_link")
    op.drop_index(op.f("ix_consent_until_ms"), table_name="consent")
    op.drop_index(op.f("ix_consent_receiver"), table_name="consent")
    op.drop_table("consent")
