"""Who may, at rest: clients with dated keys, officials with dated roles, sessions, and who looked at whom."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

client = sa.Table(
    "client",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("institution", sa.String(18)),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("scopes", sa.String(400), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("registered_ms", sa.BigInteger, nullable=False),
    sa.Column("units_a_day", sa.Integer),
    sa.Column("at_once", sa.Integer),
    sa.CheckConstraint("state IN ('active', 'suspended')", name="state"),
    info={"kind": "state"},
    comment="A machine that may ask for tokens; version counts its changes",
)

client_key = sa.Table(
    "client_key",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("kid", sa.String(255), primary_key=True),
    sa.Column("alg", sa.String(8), nullable=False),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("not_before_ms", sa.BigInteger, nullable=False),
    sa.Column("not_after_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
    info={"kind": "state"},
    comment="Public keys by which a client proves itself; raw as the log carries keys",
)

client_event = sa.Table(
    "client_event",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.String(20), nullable=False),
    sa.Column("stated_by", sa.String(80), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("proposal", sa.LargeBinary(16)),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    info={"kind": "append-only"},
    comment="What was done to a client, by whom and why; n is the version it made",
)

assertion_seen = sa.Table(
    "assertion_seen",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("jti", sa.LargeBinary(32), primary_key=True),
    sa.Column("exp_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "exp_ms"),
    info={"kind": "state"},
    comment="SHA-256 of the jti of each client assertion until it expires: one assertion, one token",
)

proof_seen = sa.Table(
    "proof_seen",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "until_ms"),
    info={"kind": "state"},
    comment="SHA-256 of key and jti of each DPoP proof while it would be believed: one proof, one request",
)

request_usage = sa.Table(
    "request_usage",
    metadata,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("window_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.Index(None, "window_ms"),
    info={"kind": "state"},
    comment="Units of a caller's limit handed out to processes in the window that began at window_ms",
)

request_slot = sa.Table(
    "request_slot",
    metadata,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("holder", sa.LargeBinary(16), primary_key=True),
    sa.Column("held", sa.Integer, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "until_ms"),
    info={"kind": "state"},
    comment="Requests at once of a client that a process may run until then; the empty holder is its lock",
)

official = sa.Table(
    "official",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("institution", sa.String(18)),
    sa.Column("added_ms", sa.BigInteger, nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    info={"kind": "state"},
    comment="People of the bureau who sign in; made by command",
)

official_role = sa.Table(
    "official_role",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("area", sa.String(6), nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("granted_by", sa.String(80), nullable=False),
    sa.Column("revoked_by", sa.String(80)),
    info={"kind": "state"},
    comment="Dated grants; area is a division code of two to six digits. A revoked grant keeps its row",
)

login_code = sa.Table(
    "login_code",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    info={"kind": "state"},
    comment="The one-time code of an official, as a keyed digest; gone once used or wrong too often",
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("id", sa.LargeBinary(16), nullable=False),
    sa.Column("actor_kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.String(40), nullable=False),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("device", sa.String(40), nullable=False),
    sa.Column("begun_ms", sa.BigInteger, nullable=False),
    sa.Column("authenticated_ms", sa.BigInteger, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.Column("ends_ms", sa.BigInteger, nullable=False),
    sa.Column("through_way", sa.String(10)),
    sa.Column("through_id", sa.String(40)),
    sa.Column("purpose", sa.String(40)),
    sa.Column("case_ref", sa.String(80)),
    sa.CheckConstraint("actor_kind IN ('worker', 'staff', 'official')", name="actor_kind"),
    sa.CheckConstraint("(through_way IS NULL) = (through_id IS NULL)", name="through"),
    sa.CheckConstraint("through_way IS NULL OR actor_kind = 'worker'", name="through_worker"),
    sa.Index(None, "actor_kind", "actor_id", "id"),
    sa.Index(None, "through_way", "through_id"),
    sa.Index(None, "ends_ms"),
    info={"kind": "state"},
    comment="Signed-in browsers; digest is the SHA-256 of the cookie, id names the session on its owner's "
    "list, through says who acts in a worker's place. Ending a session deletes its row",
)

demo_login = sa.Table(
    "demo_login",
    metadata,
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("label", sa.String(120), nullable=False),
    sa.Column("label_en", sa.String(120), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("actor_kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.String(40), nullable=False),
    sa.CheckConstraint("actor_kind IN ('worker', 'official')", name="actor_kind"),
    info={"kind": "state"},
    comment="Personas of the demo region that anybody on this machine may become; empty elsewhere",
)

official_act = sa.Table(
    "official_act",
    metadata,
    sa.Column("id", sa.LargeBinary(16), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("role", sa.String(80), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(300), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("case_ref", sa.String(80), nullable=False),
    info={"kind": "append-only"},
    comment="What one official did alone: who, in which role, to what and why; subjects are opaque ids and "
    "codes, never a person's number or name",
)

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
    sa.Column("case_ref", sa.String(80), nullable=False),
    sa.Column("request_id", sa.String(40), nullable=False),
    info={"kind": "append-only", "worker": True},
    comment="Who looked at whose archive, in which role, why, at what; written before the first byte leaves",
)

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
    sa.CheckConstraint("(ended_ms IS NULL) = (ended_by IS NULL)", name="ended"),
    sa.CheckConstraint("max_uses IS NULL OR uses <= max_uses", name="uses"),
    sa.Index(None, "receiver"),
    sa.Index(None, "until_ms"),
    info={"kind": "state", "worker": True},
    comment="What a worker shares, with whom, for what and until when; receiver is client:id, "
    "institution:USCC or link, records are ids as text, given_in names the session. Gone with the worker",
)

consent_link = sa.Table(
    "consent_link",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("consent_id", sa.LargeBinary(16), nullable=False),
    info={"kind": "state"},
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
    sa.CheckConstraint("event IN ('start', 'use', 'end')", name="event"),
    info={"kind": "append-only"},
    comment="Consents beginning, used and ending, in each receiver's own sequence; written under the log "
    "head's lock: an event stands behind entries below log_size and before the others",
)
