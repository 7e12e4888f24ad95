"""The spine at rest: entries, places in the log, what makes a record the same, ciphertexts, held records."""

import sqlalchemy as sa

from recordsvc.archive.pack_tables import audit_pack  # noqa: F401 - the room's tables are loaded from here
from recordsvc.archive.slip_tables import slip_check  # noqa: F401 - as above
from recordsvc.ground.database import BIG_KEY, metadata

entry = sa.Table(
    "entry",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.Column("target", sa.Integer, nullable=False),
    sa.Column("nonce", sa.LargeBinary(32), nullable=False),
    sa.Column("leaf", sa.LargeBinary(74), nullable=False),
    sa.Column("edge", sa.LargeBinary, nullable=False),
    info={"kind": "append-only", "worker": True},
    comment="One worker leaf W, what opens its P, its log index, and the worker tree's frontier after it",
)

place = sa.Table(
    "place",
    metadata,
    sa.Column("idx", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    info={"kind": "append-only", "unique": "idx"},
    comment="Log index -> worker entry; what the ordered feed walks",
)

dedupe = sa.Table(
    "dedupe",
    metadata,
    sa.Column("key", sa.LargeBinary(24), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary(16), nullable=False),
    sqlite_with_rowid=False,
    info={"kind": "append-only", "unique": "key"},
    comment="(issuer, record id) -> entry, and a keyed digest of R: the same record again gets the same "
    "receipt. The key leads with the issuer, then the time-ordered record id: a batch's rows land together",
)

lost_erasure = sa.Table(
    "lost_erasure",
    metadata,
    sa.Column("mark", sa.LargeBinary(16), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    info={"kind": "append-only", "unique": "mark"},
    comment="Marks of records erased in a log that was lost, with the size at which the log went on that "
    "knows them: sent again, they are refused",
)

ciphertext = sa.Table(
    "record_ciphertext",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record_id", sa.LargeBinary(16), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "erasable", "worker": True},
    comment="R, evidence and the record's secret s, sealed under the worker's data key",
)

restricted_entry = sa.Table(
    "restricted_entry",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    info={"kind": "state", "worker": True},
    comment="Entries that nobody is shown, one record being restricted: the record and what acted on it, "
    "with the log index of the restriction; derivable from the chain",
)

fact_mark = sa.Table(
    "fact_mark",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("mark", sa.LargeBinary(16), primary_key=True),
    info={"kind": "state", "worker": True},
    comment="Keyed digests of what restricted and erased records told: told again under another id, it waits",
)

held = sa.Table(
    "held_record",
    metadata,
    sa.Column("held_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("key", sa.LargeBinary(24), nullable=False, unique=True),
    sa.Column("digest", sa.LargeBinary(16), nullable=False),
    sa.Column("issuer", sa.String(18), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("decided_ms", sa.BigInteger),
    sa.Column("note", sa.String(200)),
    sa.Column("worker_id", sa.LargeBinary(16)),
    sa.Column("proposal", sa.LargeBinary(16)),
    sa.Column("sealed", sa.LargeBinary),
    sa.CheckConstraint("state IN ('held', 'approved', 'released', 'returned')", name="state"),
    sa.Index(None, "state", "received_ms"),
    sa.Index(None, "issuer", "state"),
    info={"kind": "state"},
    comment="Records that wait for an official, sealed under the holding key; emptied when decided",
)

import_run = sa.Table(
    "import_run",
    metadata,
    sa.Column("run_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("file_sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("record_type", sa.String(40), nullable=False),
    sa.Column("source", sa.String(40), nullable=False),
    sa.Column("vouched_by", sa.String(120), nullable=False),
    sa.Column("proposed_by", sa.String(80), nullable=False),
    sa.Column("proposal", sa.LargeBinary(16)),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("ready", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("entered", sa.Integer, nullable=False),
    sa.Column("begun_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("wrapped", sa.LargeBinary),
    sa.CheckConstraint("state IN ('loading', 'proposed', 'approved', 'done', 'dropped')", name="state"),
    sa.Index(None, "state"),
    info={"kind": "state"},
    comment="Files of old papers on their way into archives; the key of their rows goes when the run ends",
)

import_row = sa.Table(
    "import_row",
    metadata,
    sa.Column("run_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("code", sa.String(120)),
    sa.Column("sealed", sa.LargeBinary),
    sa.CheckConstraint("state IN ('ready', 'entered', 'refused')", name="state"),
    sa.Index(None, "run_id", "state", "row"),
    info={"kind": "state"},
    comment="Rows of such a file: sealed under the run's key until entered, and why one was refused",
)

issuer = sa.Table(
    "issuer",
    metadata,
    sa.Column("issuer", sa.String(18), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("last_event", sa.LargeBinary(32), nullable=False),
    info={"kind": "head"},
    comment="Head of an issuer's chain of key events; version is re-read under the lock by every append",
)

issuer_key_event = sa.Table(
    "issuer_key_event",
    metadata,
    sa.Column("issuer", sa.String(18), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    info={"kind": "append-only"},
    comment="Key events as they stand in the log: register, revoke, suspend, lift, suspect",
)

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("notice_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("read_ms", sa.BigInteger),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "state", "worker": True},
    comment="What a worker was told: kind and particulars, sealed under the worker's data key",
)

office_notice = sa.Table(
    "office_notice",
    metadata,
    sa.Column("addressee", sa.String(80), primary_key=True),
    sa.Column("notice_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("area", sa.String(6), nullable=False, server_default=""),
    sa.Column("read_ms", sa.BigInteger),
    sa.Column("read_by", sa.String(80)),
    sa.Index(None, "addressee", "at_ms"),
    info={"kind": "state"},
    comment="What an institution or a desk was told: codes, counts and opaque ids, nothing of a person",
)

# A paper is a row and an object in the store (vault/objects.py); what is in the clear is bound into `sealed`.
# The key ends with a keyed tag of the file: the same file of the same owner is one paper.

paper = sa.Table(
    "paper",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("tag", sa.LargeBinary(16), primary_key=True),
    sa.Column("paper_id", sa.LargeBinary(16), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("media", sa.String(20), nullable=False),
    sa.Column("filed_ms", sa.BigInteger, nullable=False),
    sa.Column("filed_by", sa.String(80), nullable=False),
    sa.Column("object", sa.String(32), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "object"),
    info={"kind": "erasable", "worker": True},
    comment="Papers of a worker: kind, when filed, by whom, where the ciphertext lies; hash and title sealed",
)

institution_paper = sa.Table(
    "institution_paper",
    metadata,
    sa.Column("uscc", sa.String(18), primary_key=True),
    sa.Column("tag", sa.LargeBinary(16), primary_key=True),
    sa.Column("paper_id", sa.LargeBinary(16), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("media", sa.String(20), nullable=False),
    sa.Column("filed_ms", sa.BigInteger, nullable=False),
    sa.Column("filed_by", sa.String(80), nullable=False),
    sa.Column("object", sa.String(32), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "object"),
    info={"kind": "erasable"},
    comment="Papers of an institution, as `paper`",
)

institution_key = sa.Table(
    "institution_key",
    metadata,
    sa.Column("uscc", sa.String(18), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
    info={"kind": "erasable", "mutable": ("wrapped",)},
    comment="The data key of an institution's papers under the master key, made with the first paper",
)

dispute = sa.Table(
    "dispute",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("dispute_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("contest_seq", sa.Integer, nullable=False),
    sa.Column("issuer", sa.String(18), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("owner", sa.String(10), nullable=False),
    # Whether its issuer is told of it: of a wish to be restricted it is not.
    sa.Column("issuer_told", sa.Boolean, nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    # Beijing date; empty where no calendar says: such a case comes before all others.
    sa.Column("due_on", sa.String(10), nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Column("outcome_idx", sa.BigInteger),
    sa.Column("answer", sa.String(10)),
    sa.Column("answer_id", sa.LargeBinary(16)),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("state IN ('open', 'answered', 'upheld', 'rejected', 'withdrawn')", name="state"),
    sa.CheckConstraint("owner IN ('issuer', 'region')", name="owner"),
    sa.CheckConstraint("(state IN ('open', 'answered')) = (closed_ms IS NULL)", name="closed"),
    sa.Index(None, "dispute_id"),
    sa.Index(None, "issuer", "state", "due_on"),
    sa.Index(None, "owner", "state", "due_on"),
    info={"kind": "state", "worker": True},
    comment="A case that a worker's contest opened: the record (seq), the contest, whose turn it is and "
    "until when, how many messages it has, and the entry that ended it",
)

dispute_message = sa.Table(
    "dispute_message",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("message_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("dispute_id", sa.LargeBinary(16), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("who", sa.String(10), nullable=False),
    sa.Column("said_by", sa.String(80), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("who IN ('worker', 'issuer', 'official')", name="who"),
    sa.Index(None, "worker_id", "dispute_id"),
    info={"kind": "erasable", "worker": True},
    comment="What was said in a case, sealed under the worker's data key",
)
