"""Receivers of feeds may be told that there is something new (webhooks)."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "export_hook",
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("url", sa.String(400), nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("renewed_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("told", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_export_hook")),
        sa.CheckConstraint("state IN ('active', 'stopped')", name=op.f("ck_export_hook_state")),
        comment="Where a receiver wants to hear that its feed moved (webhook): serial of the secret and since "
        "when, up to which item it was told, how many events there were",
    )
    op.create_table(
        "export_event",
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("n", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "n", name=op.f("pk_export_event")),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_export_event_state")),
        comment="An event that says that a feed moved up to an item: how often it was sent, when it is due, what "
        "the last answer was; one a receiver waits at a time, and those given up stay",
    )
    op.create_index(
        "ux_export_event_pending",
        "export_event",
        ["receiver"],
        unique=True,
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("export_event")
    op.drop_table("export_hook")
