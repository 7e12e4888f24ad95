"""What was done in a worker's place, at rest: services, and the acts of each (代办台账)."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

service = sa.Table(
    "service",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("service_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("way", sa.String(10), nullable=False),
    sa.Column("by_id", sa.String(40), nullable=False),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("case_ref", sa.String(80), nullable=False),
    sa.Column("begun_ms", sa.BigInteger, nullable=False),
    sa.Column("ends_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("way IN ('window', 'helper')", name="way"),
    sa.Index(None, "ends_ms"),
    info={"kind": "state", "worker": True},
    comment="Somebody acted in a worker's place: who (official's id, or a helper's worker id), why, "
    "for which case, from when and until when at the latest; ends_ms moves back when the service is ended",
)

service_act = sa.Table(
    "service_act",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("act_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("service_id", sa.LargeBinary(16), nullable=False),
    sa.Column("door", sa.String(200), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("log_index", sa.BigInteger),
    # By what the worker proved it (pin, totp, slip:<uuid of the paper>), where it was asked for.
    sa.Column("proof", sa.String(80)),
    sa.CheckConstraint("outcome IN ('open', 'done', 'refused')", name="outcome"),
    sa.Index(None, "worker_id", "service_id"),
    info={"kind": "state", "worker": True},
    comment="What was done in a worker's place, by the rule of its door; written before the act, its outcome "
    "after it (open: not known); log_index of the entry that it made, if it made one",
)
