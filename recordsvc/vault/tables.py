"""How far the database has followed the keys: which epoch it demands, and the work of changing keys."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

key_epoch = sa.Table(
    "key_epoch",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    info={"kind": "state"},
    comment="One row (id 1): rows made with keys of an earlier epoch are written no more",
)

key_work = sa.Table(
    "key_work",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("target", sa.Integer, nullable=False),
    sa.Column("stage", sa.Integer, nullable=False),
    sa.Column("after", sa.LargeBinary, nullable=False),
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("moved_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    info={"kind": "state"},
    comment="Passes over old rows after a change of key (reindex, rewrap): to which version, and how far",
)
