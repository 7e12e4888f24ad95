"""Helpers at rest (亲情代办): whom a worker named to act in their place, for what, until when."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

helper = sa.Table(
    "helper",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("helper_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("by_worker", sa.LargeBinary(16)),
    sa.Column("name_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("code_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("verbs", sa.String(400), nullable=False),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("named_ms", sa.BigInteger, nullable=False),
    sa.Column("named_in", sa.String(80), nullable=False),
    sa.Column("proof", sa.String(60)),
    sa.Column("accepted_ms", sa.BigInteger),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("ended_by", sa.String(20)),
    sa.CheckConstraint("(by_worker IS NULL) = (accepted_ms IS NULL)", name="accepted"),
    sa.CheckConstraint("(ended_ms IS NULL) = (ended_by IS NULL)", name="ended"),
    sa.CheckConstraint("by_worker IS NULL OR by_worker <> worker_id", name="another"),
    sa.Index(None, "helper_id"),
    sa.Index(None, "by_worker"),
    sa.Index(None, "code_digest"),
    info={"kind": "state", "worker": True},
    comment="Whom a worker named to act in their place: by_worker once accepted, verbs are policies, "
    "named_in and proof say how; name and code are keyed digests. Gone with either of them",
)
