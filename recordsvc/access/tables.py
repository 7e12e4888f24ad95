"""Who may, at rest: clients with dated keys, officials with dated roles, sessions, and who looked at whom."""

import sqlalchemy as sa

from recordsvc.access.looked_tables import (
    looked,
    looked_alarm,
    looked_checkpoint,
    looked_detail,
    looked_head,
    looked_place,
    looked_question,
)
from recordsvc.access.service_tables import service, service_act
from recordsvc.ground.database import metadata

__all__ = [
    "assertion_seen",
    "client",
    "client_event",
    "client_key",
    "demo_login",
    "login_code",
    "looked",
    "looked_alarm",
    "looked_checkpoint",
    "looked_detail",
    "looked_head",
    "looked_place",
    "looked_question",
    "official",
    "official_act",
    "official_role",
    "service",
    "service_act",
    "session",
]

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
    info={"kind": "state"},
    comment="The one-time code of an official, as a keyed digest; gone once used",
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
    # Digest of the official's own session that carries a service at the window, one at a time.
    sa.Column("desk", sa.LargeBinary(32)),
    sa.CheckConstraint("actor_kind IN ('worker', 'staff', 'official')", name="actor_kind"),
    sa.CheckConstraint("(through_way IS NULL) = (through_id IS NULL)", name="through"),
    sa.CheckConstraint("through_way IS NULL OR actor_kind = 'worker'", name="through_worker"),
    sa.Index(None, "actor_kind", "actor_id", "id"),
    sa.CheckConstraint("desk IS NULL OR through_way = 'window'", name="desk"),
    sa.Index(None, "through_way", "through_id"),
    sa.Index(None, "desk", unique=True),
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

worker_credential = sa.Table(
    "worker_credential",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("credential_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    # What the authenticator calls a passkey.
    sa.Column("external", sa.LargeBinary(1023)),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("counter", sa.BigInteger, nullable=False),
    sa.Column("device", sa.String(40), nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger),
    sa.CheckConstraint("kind IN ('passkey', 'pin', 'password')", name="kind"),
    sa.CheckConstraint("(kind = 'passkey') = (external IS NOT NULL)", name="external"),
    sa.CheckConstraint("(kind = 'password') = (sealed IS NOT NULL)", name="sealed"),
    sa.Index(None, "worker_id", "external", unique=True),
    info={"kind": "state", "worker": True},
    comment="A worker's ways in. secret: COSE public key, or Argon2id of the peppered PIN or password; "
    "sealed: TOTP secret under the worker's data key; counter: the passkey's, or the last TOTP step used",
)

worker_code = sa.Table(
    "worker_code",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("credential_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    info={"kind": "state", "worker": True},
    comment="Printed one-time codes that are still good, as keyed digests; using one deletes its row",
)

worker_device = sa.Table(
    "worker_device",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("device", sa.String(40), primary_key=True),
    sa.Column("first_ms", sa.BigInteger, nullable=False),
    info={"kind": "state", "worker": True},
    comment="Kinds of device, each in a word, from which a worker has signed in: a new one is told",
)

worker_account = sa.Table(
    "worker_account",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "state", "worker": True},
    comment="The account name a worker was given, sealed under the worker's data key",
)

account_name = sa.Table(
    "account_name",
    metadata,
    sa.Column("tag", sa.LargeBinary(32), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Index(None, "worker_id"),
    sqlite_with_rowid=False,
    info={"kind": "state", "unique": "tag"},
    comment="Account name -> worker by HMAC; unique in the world, so it leads with the tag",
)

account_credential = sa.Table(
    "account_credential",
    metadata,
    sa.Column("actor_kind", sa.String(10), primary_key=True),
    sa.Column("actor_id", sa.String(40), primary_key=True),
    sa.Column("credential_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("external", sa.LargeBinary(1023)),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("counter", sa.BigInteger, nullable=False),
    sa.Column("device", sa.String(40), nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger),
    sa.CheckConstraint("actor_kind IN ('staff', 'official')", name="actor_kind"),
    sa.CheckConstraint("kind IN ('passkey', 'password')", name="kind"),
    sa.CheckConstraint("(kind = 'passkey') = (external IS NOT NULL)", name="external"),
    sa.CheckConstraint("(kind = 'password') = (sealed IS NOT NULL)", name="sealed"),
    sa.Index(None, "actor_kind", "actor_id", "external", unique=True),
    info={"kind": "state"},
    comment="Ways in of officials and staff, as worker_credential; TOTP secrets wrapped under the master key",
)

activation = sa.Table(
    "activation",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("actor_kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.String(40), nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.String(80), nullable=False),
    sa.CheckConstraint("actor_kind IN ('worker', 'staff')", name="actor_kind"),
    sa.Index(None, "actor_kind", "actor_id"),
    sa.Index(None, "expires_ms"),
    info={"kind": "state"},
    comment="Activation codes handed over in person, as keyed digests; gone once used. One a person",
)

login_challenge = sa.Table(
    "login_challenge",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "expires_ms"),
    info={"kind": "state"},
    comment="SHA-256 of the challenges that passkeys are to sign, and what for; gone once answered",
)

login_attempt = sa.Table(
    "login_attempt",
    metadata,
    sa.Column("subject", sa.LargeBinary(32), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    sa.Column("free_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "last_ms"),
    info={"kind": "state"},
    comment="Attempts to sign in that did not succeed, by keyed digest of an account (known or not) or a "
    "network, and when the next one is taken; forgotten after a day",
)
