"""Ways in at rest (登录方式): of workers, staff and officials, and what signing in leaves for a while."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

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
