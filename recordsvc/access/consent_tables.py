"""Consents at rest (授权): what is shared with whom, the links, and each receiver's own order of events."""

import sqlalchemy as sa

from recordsvc.ground.bound import Bound
from recordsvc.ground.database import metadata

consent = sa.Table(
    "consent",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("consent_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("receiver", sa.String(80), nullable=False),
    sa.Column("records", sa.Text, nullable=False),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("text_code", sa.String(40), nullable=False),
    sa.Column("text_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("given_in", sa.String(80), nullable=False),
    # The worker's own at the window: pin, totp or slip:<uuid of the paper>.
    sa.Column("proof", sa.String(60)),
    sa.Column("begun_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("max_uses", sa.Integer),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("used_ms", sa.BigInteger),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("ended_by", sa.String(20)),
    sa.Column("code_digest", sa.LargeBinary(32)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("wait_ms", sa.BigInteger, nullable=False),
    sa.Column("fields", sa.Text),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.CheckConstraint("(ended_ms IS NULL) = (ended_by IS NULL)", name="ended"),
    sa.CheckConstraint("max_uses IS NULL OR uses <= max_uses", name="uses"),
    sa.Index(None, "receiver"),
    sa.Index(None, "until_ms"),
    info={
        "kind": "state",
        "worker": True,
        "bound": Bound(("uses", "used_ms", "ended_ms", "ended_by", "attempts", "wait_ms"), most=None),
    },
    comment="What a worker shares, with whom, for what and until when; receiver is client:id, "
    "institution:USCC or link, records are ids as text, given_in names the session. Gone with the worker",
)

consent_link = sa.Table(
    "consent_link",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("consent_id", sa.LargeBinary(16), nullable=False),
    info={"kind": "state", "bound": Bound(most=2, key=("worker_id", "consent_id", "digest"))},
    comment="SHA-256 of a link's 256-bit secret, and which consent it opens; gone with the worker",
)

consent_event = sa.Table(
    "consent_event",
    metadata,
    sa.Column("receiver", sa.String(80), primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("consent_id", sa.LargeBinary(16), nullable=False),
    sa.Column("event", sa.String(10), nullable=False),
    sa.Column("why", sa.String(20), nullable=False),
    sa.Column("log_size", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("event IN ('start', 'use', 'restricted', 'lifted', 'end')", name="event"),
    info={"kind": "append-only", "unique": "receiver", "bound": Bound()},
    comment="Consents beginning, used and ending, in each receiver's own sequence; written under the log "
    "head's lock: an event stands behind entries below log_size and before the others",
)
