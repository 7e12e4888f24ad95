"""Accounts at an identity provider: whose they are, sign-ins on their way, and what an official must judge.

An account is known by an HMAC over issuer and subject: a provider may take a number of the person for a
subject, and no number stands in a table.
"""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

identity_link = sa.Table(
    "identity_link",
    metadata,
    sa.Column("tag", sa.LargeBinary(32), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Index(None, "worker_id"),
    sqlite_with_rowid=False,
    info={"kind": "state", "unique": "tag"},
    comment="Account at an identity provider -> worker, by HMAC over issuer and subject; unique in the world",
)

worker_identity = sa.Table(
    "worker_identity",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("issuer", sa.String(200), primary_key=True),
    sa.Column("tag", sa.LargeBinary(32), nullable=False),
    sa.Column("linked_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger, nullable=False),
    info={"kind": "state", "worker": True},
    comment="A worker's account at each identity provider, one at most; tag as in identity_link",
)

identity_mismatch = sa.Table(
    "identity_mismatch",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("tag", sa.LargeBinary(32), primary_key=True),
    sa.Column("mismatch_id", sa.LargeBinary(16), nullable=False),
    sa.Column("issuer", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("found_id", sa.LargeBinary(16)),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind IN ('differs', 'second')", name="kind"),
    sa.CheckConstraint("state IN ('open', 'kept', 'moved')", name="state"),
    sa.Index(None, "mismatch_id"),
    sa.Index(None, "found_id"),
    info={"kind": "state", "worker": True},
    comment="Accounts whose number led elsewhere than to the worker they are linked to (differs; found_id: "
    "where it led, null: to nobody), or a second account for a worker's number: two officials decide",
)

login_start = sa.Table(
    "login_start",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("browser", sa.LargeBinary(32), nullable=False),
    sa.Column("issuer", sa.String(200), nullable=False),
    sa.Column("session", sa.LargeBinary(32)),
    sa.Column("begun_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "expires_ms"),
    info={"kind": "state"},
    comment="Sign-ins that went to an identity provider: SHA-256 of state and of the cookie of the browser; "
    "session: digest of the one that is to be strengthened. Gone once answered",
)
