"""Auditors' packs."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit_pack",
        sa.Column("pack_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("auditor", sa.String(length=40), nullable=False),
        sa.Column("case_ref", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("omitted", sa.Integer(), nullable=False),
        sa.Column("approved_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("fetched", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('making', 'ready', 'expired')", name=op.f("ck_audit_pack_state")),
        sa.CheckConstraint("(state = 'expired') = (wrapped IS NULL)", name=op.f("ck_audit_pack_key")),
        sa.PrimaryKeyConstraint("pack_id", name=op.f("pk_audit_pack")),
        comment="Packs that two officials approved for an auditor and a case; pack_id is the proposal's, and the "
        "key of the files goes when the pack expires",
    )
    op.create_index(op.f("ix_audit_pack_auditor_pack_id"), "audit_pack", ["auditor", "pack_id"], unique=False)
    op.create_index(
        op.f("ix_audit_pack_state_expires_ms"), "audit_pack", ["state", "expires_ms"], unique=False
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_audit_pack_state_expires_ms"), table_name="audit_pack")
    op.drop_index(op.f("ix_audit_pack_auditor_pack_id"), table_name="audit_pack")
    op.drop_table("audit_pack")
