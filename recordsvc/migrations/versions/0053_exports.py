"""Feeds: each receiver's own sequence of items, what stands of it, acknowledgements and tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_CREDIT_BANK = "credit-bank"


def upgrade() -> None:
    """Make the tables; a credit bank that read the feed of all has one of its own."""
    op.create_table(
        "export_receiver",
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("acks", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("reached <= newest", name=op.f("ck_export_receiver_reached")),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_export_receiver")),
        comment="One row a receiver (client id), locked for whatever gets the next number: how many items "
        "and acknowledgements there are, and up to which item everything was acknowledged",
    )
    op.create_table(
        "export_item",
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
        sa.Column("ref", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("op", sa.String(10), nullable=False),
        sa.Column("why", sa.String(20), nullable=False),
        sa.Column("log_size", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32)),
        sa.CheckConstraint("op IN ('add', 'replace', 'withdraw')", name=op.f("ck_export_item_op")),
        sa.CheckConstraint("(op = 'withdraw') = (digest IS NULL)", name=op.f("ck_export_item_digest")),
        sa.PrimaryKeyConstraint("receiver", "n", name=op.f("pk_export_item")),
        comment="What a receiver was told, in its own order without a gap; ref is its name for the record, "
        "version counts what was told of it; written under the log head's lock with the log's size then "
        "current",
    )
    op.create_table(
        "export_state",
        sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("ref", sa.LargeBinary(16), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32)),
        sa.PrimaryKeyConstraint("worker_id", "receiver", "ref", name=op.f("pk_export_state")),
        comment="The newest item of each record for each receiver: the fold of its items; without a digest "
        "it was withdrawn",
    )
    op.create_index(op.f("ix_export_state_receiver_n"), "export_state", ["receiver", "n"])
    op.create_table(
        "export_source",
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("swept_on", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "source", name=op.f("pk_export_source")),
        comment="How far a feed has followed the events of a sequence of consents (source), and the Beijing "
        "day of the last round over everybody in it, which finds what begins or ends by date",
    )
    op.create_table(
        "export_ack",
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ack_id", sa.String(64), nullable=False),
        sa.Column("from_n", sa.BigInteger(), nullable=False),
        sa.Column("to_n", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("from_n <= to_n", name=op.f("ck_export_ack_range")),
        sa.PrimaryKeyConstraint("receiver", "n", name=op.f("pk_export_ack")),
        sa.UniqueConstraint("receiver", "ack_id", name=op.f("uq_export_ack_receiver_ack_id")),
        comment="Batches that a receiver says it has: items behind from_n up to to_n, and the root over them",
    )
    op.create_table(
        "export_ticket",
        sa.Column("receiver", sa.String(40), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger()),
        sa.Column("closed_by", sa.String(80)),
        sa.Column("note", sa.String(400)),
        sa.CheckConstraint("(closed_ms IS NULL) = (closed_by IS NULL)", name=op.f("ck_export_ticket_closed")),
        sa.PrimaryKeyConstraint("receiver", "ticket_id", name=op.f("pk_export_ticket")),
        comment="Where a receiver and this service say different things (待核差异): for officials, with "
        "its age",
    )
    _rename("feed:read", "exports")


def downgrade() -> None:
    """Take them back."""
    _rename("exports", "feed:read")
    for name in ("ticket", "ack", "source", "state", "item", "receiver"):
        op.drop_table(f"export_{name}")


def _rename(old: str, new: str) -> None:
    """Give credit banks the scope of the door that tells them the same."""
    client = sa.table("client", sa.column("kind"), sa.column("scopes"))
    renamed = sa.func.replace(client.c.scopes, old, new)
    op.execute(client.update().where(client.c.kind == _CREDIT_BANK).values(scopes=renamed))
