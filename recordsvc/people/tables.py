"""Workers, their identifiers and keys at rest. No number stands here in clear (architecture.md, rule 2)."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("names", sa.LargeBinary, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    # The archive that a merged one is read as.
    sa.Column("merged_into", sa.LargeBinary(16)),
    sa.Index(None, "merged_into"),
    sa.CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged_into"),
    sa.CheckConstraint("state IN ('open', 'restricted', 'closed', 'merged', 'erased')", name="state"),
    info={"kind": "state", "worker": True},
    comment="A person with an archive. names: 16-byte keyed tags of the names the person is known by",
)

worker_key = sa.Table(
    "worker_key",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    info={"kind": "erasable", "worker": True, "mutable": ("wrapped",)},
    comment="The worker's data key under the master key; destroying it erases the person's data",
)

identifier = sa.Table(
    "identifier",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("identifier_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("standing", sa.String(12), nullable=False),
    sa.Column("asserted_ms", sa.BigInteger, nullable=False),
    sa.Column("source", sa.String(80), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("standing IN ('claimed', 'verified', 'superseded', 'disputed')", name="standing"),
    info={"kind": "erasable", "worker": True, "mutable": ("standing",)},
    comment="Dated assertions: this number (or name, or card) is this person's, says this source",
)

erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("erasure_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.Column("erased_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.CheckConstraint("state IN ('erased', 'journalled', 'scrubbed')", name="state"),
    sa.Index(None, "state"),
    info={"kind": "state", "worker": True},
    comment="What was erased: one record (seq) or the whole archive (-1), its entry, and how far its traces "
    "are gone",
)

blind_index = sa.Table(
    "blind_index",
    metadata,
    sa.Column("tag", sa.LargeBinary(32), primary_key=True),
    sa.Column("pepper", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("standing", sa.String(12), nullable=False),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("identifier_id", sa.LargeBinary(16), nullable=False),
    sa.Index(None, "worker_id"),
    sqlite_with_rowid=False,
    info={"kind": "erasable", "unique": "tag", "mutable": ("standing",)},
    comment="Number -> worker by HMAC(pepper, kind, number); unique in the world, so it leads with the tag",
)

worker_area = sa.Table(
    "worker_area",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("division", sa.String(6), nullable=False),
    sa.Column("source", sa.String(80), nullable=False),
    sa.Column("stated_ms", sa.BigInteger, nullable=False),
    info={"kind": "state", "worker": True},
    comment="The division in which a worker is registered, as far as known; officials of others see nothing",
)

contact = sa.Table(
    "contact",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("set_ms", sa.BigInteger, nullable=False),
    sa.Column("source", sa.String(80), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "state", "worker": True},
    comment="The phone at which a worker wants to be told, sealed under the worker's data key",
)

former_contact = sa.Table(
    "former_contact",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "state", "worker": True},
    comment="The phone before a change, to which warnings go, too, until an instant; sealed as the phone was",
)

card = sa.Table(
    "card",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("identifier_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("events", sa.Integer, nullable=False),
    info={"kind": "erasable", "worker": True, "mutable": ("events",)},
    comment="A card of whose life something is known: how many events there are",
)

card_event = sa.Table(
    "card_event",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("identifier_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "erasable", "worker": True},
    comment="Dated events of a card, sealed under its holder's key: issued, activated, lost, replaced ...",
)

card_fact = sa.Table(
    "card_fact",
    metadata,
    sa.Column("tag", sa.LargeBinary(32), primary_key=True),
    sa.Column("pepper", sa.SmallInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
    info={"kind": "state", "unique": "tag"},
    comment="What the card registry says of cards whose holder has no archive yet; gone with the first",
)

kept_number = sa.Table(
    "kept_number",
    metadata,
    sa.Column("number_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "state"},
    comment="A number that is kept for comparing alone, under a data key of its own; gone when its keeper "
    "needs it no more",
)

kept_tag = sa.Table(
    "kept_tag",
    metadata,
    sa.Column("number_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("pepper", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("tag", sa.LargeBinary(32), nullable=False),
    sa.Index(None, "tag"),
    info={"kind": "state"},
    comment="Kept number -> its blind-index tag under each live pepper: whose archive it leads to, without "
    "opening it",
)
