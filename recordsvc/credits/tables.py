"""The exchange with credit banks at rest (成果交换): what was sent, what was said of it, what was earned.

No content lies here: a line commits to it by a salted digest, and is made anew from the archive when a batch
is taken. What a bank said in a decision is sealed under the worker's data key and gone with it.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import Bound
from recordsvc.ground.database import metadata

credit_receiver = sa.Table(
    "credit_receiver",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("followed", sa.BigInteger, nullable=False),
    sa.Column("batches", sa.BigInteger, nullable=False),
    sa.Column("sent", sa.BigInteger, nullable=False),
    info={"kind": "head", "bound": Bound(("followed", "batches", "sent"), most=None)},
    comment="One row a receiver (client id), locked for whatever moves its exchange: up to which item its "
    "feed was followed, how many batches and lines there are",
)

credit_outcome = sa.Table(
    "credit_outcome",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("outcome_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("item", sa.BigInteger, nullable=False),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("due", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("op", sa.String(10), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("code", sa.String(40)),
    sa.Column("sort", sa.String(24), nullable=False),
    sa.Column("minutes", sa.BigInteger, nullable=False),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("decision_id", sa.String(64)),
    sa.Column("decision", sa.String(12)),
    sa.Column("earned", sa.String(12)),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("redemption_id", sa.String(64)),
    sa.Index(None, "receiver", "outcome_id"),
    sa.Index(None, "receiver", "due", "item"),
    sa.CheckConstraint(
        "state IN ('none', 'held', 'sent', 'pending', 'accepted', 'rejected', 'withdrawn')", name="state"
    ),
    sa.CheckConstraint("op IN ('', 'add', 'replace', 'withdraw')", name="op"),
    sa.CheckConstraint("(version = 0) = (op = '')", name="version"),
    sa.CheckConstraint("(state IN ('held', 'rejected')) = (code IS NOT NULL)", name="code"),
    sa.CheckConstraint("(decision_id IS NULL) = (decision IS NULL)", name="decided"),
    # Only a decision fills earned credits; without one there is neither.
    sa.CheckConstraint(
        "(decision IS NULL AND earned IS NULL) OR (decision IN ('refused', 'withdrawn') AND earned IS NULL) "
        "OR (decision IN ('recognised', 'partly') AND earned IS NOT NULL)",
        name="earned",
    ),
    sa.CheckConstraint("redemption_id IS NULL OR earned IS NOT NULL", name="redeemed"),
    info={
        "kind": "state",
        "worker": True,
        "bound": Bound(
            (
                "item",
                "live",
                "due",
                "version",
                "op",
                "state",
                "code",
                "sort",
                "minutes",
                "since_ms",
                "decision_id",
                "decision",
                "earned",
                "sealed",
                "redemption_id",
            ),
            most=None,
        ),
    },
    comment="One record for one receiver: what its feed wants (live), what was sent last, what the receiver "
    "said, what it decided; outcome_id is the feed's ref, sealed the decision in full",
)

credit_batch = sa.Table(
    "credit_batch",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("batch_id", sa.LargeBinary(16), nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("receiver", "batch_id"),
    sa.CheckConstraint("first <= last", name="range"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Batches in their order: numbers of their lines, and the hash over the heads of these",
)

credit_line = sa.Table(
    "credit_line",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("outcome_id", sa.LargeBinary(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("op", sa.String(10), nullable=False),
    sa.Column("sort", sa.String(24), nullable=False),
    sa.Column("minutes", sa.BigInteger, nullable=False),
    # SHA-256(salt ‖ canonical content); a withdrawal has none.
    sa.Column("digest", sa.LargeBinary(32)),
    sa.UniqueConstraint("receiver", "outcome_id", "version"),
    sa.CheckConstraint("op IN ('add', 'replace', 'withdraw')", name="op"),
    sa.CheckConstraint("(op = 'withdraw') = (digest IS NULL)", name="digest"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Lines of batches, numbered without a gap; each version of an outcome once",
)

credit_answer = sa.Table(
    "credit_answer",
    metadata,
    sa.Column("receiver", sa.String(40), primary_key=True),
    sa.Column("answer_id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("said", sa.LargeBinary(32), nullable=False),
    sa.Column("standing", sa.String(12), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind IN ('receipt', 'result', 'decision', 'redemption')", name="kind"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Everything a receiver said, once each: a keyed hash of it (said) and what it was answered",
)

credit_ticket = sa.Table(
    "credit_ticket",
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
    info={"kind": "state", "bound": Bound(("closed_ms", "closed_by", "note"), most=2)},
    comment="Where a credit bank and this service say different things: for officials, with its age",
)
