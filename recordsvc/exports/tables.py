"""Feeds at rest (数据流): each receiver's own sequence of items, what stands of it, who has what.

No content lies here: an item commits to it by a salted digest whose salt follows from the record's own
secret, and so goes with an erasure. What an item held is made anew from the archive when it is pulled.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import Bound
from recordsvc.ground.database import metadata

OPS = "op IN ('add', 'replace', 'withdraw')"

export_receiver = sa.Table(
    "export_receiver",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("newest", sa.BigInteger, nullable=False),
    sa.Column("acks", sa.BigInteger, nullable=False),
    sa.Column("reached", sa.BigInteger, nullable=False),
    sa.CheckConstraint("reached <= newest", name="reached"),
    info={"kind": "head"},
    comment="One row a receiver (client id), locked for whatever gets the next number: how many items and "
    "acknowledgements there are, and up to which item everything was acknowledged",
)

export_item = sa.Table(
    "export_item",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("ref", sa.LargeBinary(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("op", sa.String(10), nullable=False),
    sa.Column("why", sa.String(20), nullable=False),
    sa.Column("log_size", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    # SHA-256(salt ‖ canonical content); a withdrawal has none.
    sa.Column("digest", sa.LargeBinary(32)),
    sa.CheckConstraint(OPS, name="op"),
    sa.CheckConstraint("(op = 'withdraw') = (digest IS NULL)", name="digest"),
    info={"kind": "append-only", "unique": "receiver", "bound": Bound()},
    comment="What a receiver was told, in its own order without a gap; ref is its name for the record, "
    "version counts what was told of it; written under the log head's lock with the log's size then current",
)

export_state = sa.Table(
    "export_state",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("ref", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("log_size", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.LargeBinary(32)),
    sa.Index(None, "receiver", "n"),
    info={"kind": "head", "worker": True},
    comment="The newest item of each record for each receiver: the fold of its items; without a digest it "
    "was withdrawn",
)

export_source = sa.Table(
    "export_source",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("source", sa.String(80), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("swept_on", sa.String(10), nullable=False),
    info={"kind": "state"},
    comment="How far a feed has followed the events of a sequence of consents (source), and the Beijing day "
    "of the last round over everybody in it, which finds what begins or ends by date",
)

export_ack = sa.Table(
    "export_ack",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ack_id", sa.String(64), nullable=False),
    sa.Column("from_n", sa.BigInteger, nullable=False),
    sa.Column("to_n", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("receiver", "ack_id"),
    sa.CheckConstraint("from_n <= to_n", name="range"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Batches that a receiver says it has: items behind from_n up to to_n, and the root over them",
)

export_ticket = sa.Table(
    "export_ticket",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("ticket_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("told", sa.Text, nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Column("closed_by", sa.String(80)),
    sa.Column("note", sa.String(400)),
    sa.CheckConstraint("(closed_ms IS NULL) = (closed_by IS NULL)", name="closed"),
    info={"kind": "state"},
    comment="Where a receiver and this service say different things (待核差异): for officials, with its age",
)
