"""Signed slips that stood for a worker's consent, at rest: which, used by whom, what a second look found."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

slip_check = sa.Table(
    "slip_check",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("paper_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("used_by", sa.String(80), nullable=False),
    sa.Column("used_ms", sa.BigInteger, nullable=False),
    sa.Column("due_on", sa.String(10), nullable=False),
    sa.Column("owner", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("checked_by", sa.String(80)),
    sa.Column("checked_ms", sa.BigInteger),
    sa.Column("finding", sa.String(400), nullable=False),
    sa.CheckConstraint("state IN ('open', 'agrees', 'differs')", name="state"),
    sa.CheckConstraint("checked_by <> used_by", name="second_person"),
    sa.CheckConstraint("(state = 'open') = (checked_by IS NULL)", name="checked"),
    sa.CheckConstraint("(checked_by IS NULL) = (checked_ms IS NULL)", name="checked_when"),
    sa.Index(None, "state", "due_on"),
    info={"kind": "state", "worker": True},
    comment="A signed slip that a clerk took for a worker's consent and somebody else compares: whose it is "
    "to do, until which Beijing day, and what was found; gone with the worker's erasure",
)
