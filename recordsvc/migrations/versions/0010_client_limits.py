"""Limits of callers, and proofs of possession that were seen."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("client", sa.Column("units_a_day", sa.Integer(), nullable=True))
    op.add_column("client", sa.Column("at_once", sa.Integer(), nullable=True))
    op.create_table(
        "proof_seen",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_proof_seen")),
        comment="SHA-256 of key and jti of each DPoP proof while it would be believed: one proof, one request",
    )
    op.create_index(op.f("ix_proof_seen_until_ms"), "proof_seen", ["until_ms"], unique=False)
    op.create_table(
        "request_usage",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("window_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "window_ms", name=op.f("pk_request_usage")),
        comment="Units of a caller's limit handed out to processes in the window that began at window_ms",
    )
    op.create_index(op.f("ix_request_usage_window_ms"), "request_usage", ["window_ms"], unique=False)
    op.create_table(
        "request_slot",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("holder", sa.LargeBinary(length=16), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "holder", name=op.f("pk_request_slot")),
        comment="Requests at once of a client that a process may run until then; the empty holder is its lock",
    )
    op.create_index(op.f("ix_request_slot_until_ms"), "request_slot", ["until_ms"], unique=False)


def downgrade() -> None:
    """Revert."""
    op.drop_index(op.f("ix_request_slot_until_ms"), table_name="request_slot")
    op.drop_table("request_slot")
    op.drop_index(op.f("ix_request_usage_window_ms"), table_name="request_usage")
    op.drop_table("request_usage")
    op.drop_index(op.f("ix_proof_seen_until_ms"), table_name="proof_seen")
    op.drop_table("proof_seen")
    op.drop_column("client", "at_once")
    op.drop_column("client", "units_a_day")
