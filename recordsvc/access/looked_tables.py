"""Who looked, at rest: the rows, what of them can be erased, and the Merkle log that holds all of them.

A row of `looked` commits to its erasable part (`detail`), its place commits to the row, the head and the
signed checkpoints to all places. Nothing in a place tells whom or what it is about: both hashes are salted.
"""

import sqlalchemy as sa

from recordsvc.ground.database import BIG_KEY, metadata

looked = sa.Table(
    "looked",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("id", sa.LargeBinary(16), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor_kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.String(80), nullable=False),
    sa.Column("role", sa.String(80), nullable=False),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("fields", sa.String(200), nullable=False),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("detail", sa.LargeBinary(32), nullable=False),
    sa.Index(None, "actor_kind", "actor_id", "at_ms"),
    info={"kind": "append-only", "worker": True},
    comment="Who looked at whose archive, in which role, why, at what; written before the first byte leaves",
)

looked_detail = sa.Table(
    "looked_detail",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("id", sa.LargeBinary(16), primary_key=True),
    sa.Column("case_ref", sa.String(80), nullable=False),
    sa.Column("request_id", sa.String(40), nullable=False),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    info={"kind": "erasable", "worker": True},
    comment="What of a look names a case: goes with the worker's erasure, the row keeps its salted hash",
)

looked_place = sa.Table(
    "looked_place",
    metadata,
    sa.Column("idx", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("id", sa.LargeBinary(16), nullable=False),
    sa.Column("data", sa.LargeBinary(32), nullable=False),
    info={"kind": "append-only", "unique": "idx"},
    comment="The who-looked log in order: which row stands at an index, and the salted hash of it",
)

looked_head = sa.Table(
    "looked_head",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("edge", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("id = 1", name="single"),
    info={"kind": "head"},
    comment="The one row every look locks: size, root and frontier of the who-looked log",
)

looked_checkpoint = sa.Table(
    "looked_checkpoint",
    metadata,
    sa.Column("size", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("ms", sa.BigInteger, nullable=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    info={"kind": "append-only"},
    comment="Signed checkpoints of the who-looked log; idx is the statement of each in the archive's log",
)

looked_question = sa.Table(
    "looked_question",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("look_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("asked_ms", sa.BigInteger, nullable=False),
    sa.Column("due_on", sa.String(10), nullable=False),
    sa.Column("owner", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("answer", sa.String(1000), nullable=False),
    sa.Column("answered_by", sa.String(80), nullable=False),
    sa.Column("answered_ms", sa.BigInteger),
    sa.CheckConstraint("state IN ('open', 'answered')", name="state"),
    sa.Index(None, "state", "due_on"),
    info={"kind": "state", "worker": True},
    comment="A worker does not know why somebody looked: whose it is to answer, until which Beijing day, and "
    "what was answered; one for each look, gone with the worker's erasure",
)

looked_alarm = sa.Table(
    "looked_alarm",
    metadata,
    sa.Column("key", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("actor_kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.String(80), nullable=False),
    sa.Column("worker_id", sa.LargeBinary(16)),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.Column("raised_ms", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("answer", sa.String(1000), nullable=False),
    sa.Column("answered_by", sa.String(80), nullable=False),
    sa.Column("answered_ms", sa.BigInteger),
    sa.CheckConstraint("state IN ('open', 'answered')", name="state"),
    sa.Index(None, "state", "raised_ms"),
    info={"kind": "state"},
    comment="Looks that stand out: kind, who, at whom, the place in the who-looked log that "
    "raised it; key is the hash of what makes two alarms one",
)
