"""Sessions say how somebody signed in, when they last proved it, and who acts in a worker's place."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Open sessions end: what they lack cannot be made up."""
    _drop()
    op.create_table(
        "session",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("authenticated_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.Column("through_way", sa.String(length=10), nullable=True),
        sa.Column("through_id", sa.String(length=40), nullable=True),
        sa.Column("purpose", sa.String(length=40), nullable=True),
        sa.Column("case_ref", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "actor_kind IN ('worker', 'staff', 'official')", name=op.f("ck_session_actor_kind")
        ),
        sa.CheckConstraint("(through_way IS NULL) = (through_id IS NULL)", name=op.f("ck_session_through")),
        sa.CheckConstraint(
            "through_way IS NULL OR actor_kind = 'worker'", name=op.f("ck_session_through_worker")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
        comment="Signed-in browsers; digest is the SHA-256 of the cookie, id names the session on its owner's "
        "list, through says who acts in a worker's place. Ending a session deletes its row",
    )
    op.create_index(
        op.f("ix_session_actor_kind_actor_id_id"), "session", ["actor_kind", "actor_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_session_through_way_through_id"), "session", ["through_way", "through_id"], unique=False
    )
    op.create_index(op.f("ix_session_ends_ms"), "session", ["ends_ms"], unique=False)


def downgrade() -> None:
    """Revert. Open sessions end."""
    op.drop_index(op.f("ix_session_through_way_through_id"), table_name="session")
    op.drop_index(op.f("ix_session_actor_kind_actor_id_id"), table_name="session")
    op.drop_index(op.f("ix_session_ends_ms"), table_name="session")
    op.drop_table("session")
    op.create_table(
        "session",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("actor_kind IN ('worker', 'official')", name=op.f("ck_session_actor_kind")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
        comment="Signed-in browsers; digest is the SHA-256 of the cookie. Ending a session deletes its row",
    )
    op.create_index(
        op.f("ix_session_actor_kind_actor_id"), "session", ["actor_kind", "actor_id"], unique=False
    )
    op.create_index(op.f("ix_session_ends_ms"), "session", ["ends_ms"], unique=False)


def _drop() -> None:
    op.drop_index(op.f("ix_session_ends_ms"), table_name="session")
    op.drop_index(op.f("ix_session_actor_kind_actor_id"), table_name="session")
    op.drop_table("session")
