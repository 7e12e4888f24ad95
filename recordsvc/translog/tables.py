"""The log at rest: entries, full tiles, checkpoints, cosignatures (append-only) and the head (derivable).

Of a log that went on under another name after its newest entries were lost, the continuations as well.

A proof never scans entries: level-0 hashes of the last, partial tile are hashed from at most 255 entries,
everything else is a full tile or the root of one.
"""

import sqlalchemy as sa

from recordsvc.ground.database import BIG_KEY, metadata

head = sa.Table(
    "log_head",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("edge", sa.LargeBinary, nullable=False),
    sa.Column("ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="single"),
    info={"kind": "head"},
    comment="The one row every append locks: size, root and frontier of the tree, UTC ms of its newest entry",
)

entry = sa.Table(
    "log_entry",
    metadata,
    sa.Column("idx", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    info={"kind": "append-only"},
    comment="Log entries G as they are published in entry bundles",
)

tile = sa.Table(
    "log_tile",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("n", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    info={"kind": "append-only"},
    comment="Full tiles of C2SP tlog-tiles: 256 hashes, 8,192 bytes",
)

tile_root = sa.Table(
    "log_tile_root",
    metadata,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("n", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    info={"kind": "append-only"},
    comment="Hash n of tile level >= 1: the root of full tile n one level below",
)

checkpoint = sa.Table(
    "log_checkpoint",
    metadata,
    sa.Column("size", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("ms", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    info={"kind": "append-only"},
    comment="Signed checkpoints; the primary key stops two roots for one size",
)

cosignature = sa.Table(
    "log_cosignature",
    metadata,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("witness", sa.String(200), primary_key=True),
    sa.Column("line", sa.Text, nullable=False),
    info={"kind": "append-only"},
    comment="Witnesses' signature lines (C2SP tlog-cosignature)",
)

continuation = sa.Table(
    "log_continuation",
    metadata,
    sa.Column("size", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("before", sa.String(200), nullable=False),
    sa.Column("origin", sa.String(200), nullable=False, unique=True),
    sa.Column("text", sa.Text, nullable=False),
    info={"kind": "append-only"},
    comment="Where the log got another name: entries kept of the one before, both names, and the statement "
    "of which the entry at that index holds the hash",
)
