"""Accounts at an identity provider, sign-ins on their way there, and mismatches for officials."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "identity_link",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_identity_link")),
        comment="Account at an identity provider -> worker, by HMAC over issuer and subject; unique in the world",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_identity_link_worker_id"), "identity_link", ["worker_id"], unique=False)
    op.create_table(
        "worker_identity",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("linked_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "issuer", name=op.f("pk_worker_identity")),
        comment="A worker's account at each identity provider, one at most; tag as in identity_link",
    )
    op.create_table(
        "identity_mismatch",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mismatch_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("found_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('differs', 'second')", name=op.f("ck_identity_mismatch_kind")),
        sa.CheckConstraint("state IN ('open', 'kept', 'moved')", name=op.f("ck_identity_mismatch_state")),
        sa.PrimaryKeyConstraint("worker_id", "tag", name=op.f("pk_identity_mismatch")),
        comment="Accounts whose number led elsewhere than to the worker they are linked to (differs; found_id: "
        "where it led, null: to nobody), or a second account for a worker's number: two officials decide",
    )
    op.create_index(
        op.f("ix_identity_mismatch_mismatch_id"), "identity_mismatch", ["mismatch_id"], unique=False
    )
    op.create_index(op.f("ix_identity_mismatch_found_id"), "identity_mismatch", ["found_id"], unique=False)
    op.create_table(
        "login_start",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("browser", sa.LargeBinary(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("session", sa.LargeBinary(length=32), nullable=True),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_login_start")),
        comment="Sign-ins that went to an identity provider: SHA-256 of state and of the cookie of the browser; "
        "session: digest of the one that is to be strengthened. Gone once answered",
    )
    op.create_index(op.f("ix_login_start_expires_ms"), "login_start", ["expires_ms"], unique=False)


def downgrade() -> None:
    """Revert."""
    op.drop_index(op.f("ix_login_start_expires_ms"), table_name="login_start")
    op.drop_table("login_start")
    op.drop_index(op.f("ix_identity_mismatch_found_id"), table_name="identity_mismatch")
    op.drop_index(op.f("ix_identity_mismatch_mismatch_id"), table_name="identity_mismatch")
    op.drop_table("identity_mismatch")
    op.drop_table("worker_identity")
    op.drop_index(op.f("ix_identity_link_worker_id"), table_name="identity_link")
    op.drop_table("identity_link")
