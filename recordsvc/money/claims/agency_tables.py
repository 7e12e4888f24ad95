"""Claims on somebody's behalf at rest (代办、代领): dated contracts, which claim rests on which, sheets.

A contract never changes; its end is a row of its own. A claim that an institution files names the contract it
rests on, of the same worker and the same institution: foreign keys, so that raw SQL is refused alike.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import metadata

claim_agency = sa.Table(
    "claim_agency",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("agency_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("kinds", sa.String(400), nullable=False),
    sa.Column("signed_on", sa.String(10), nullable=False),
    sa.Column("until_on", sa.String(10), nullable=False),
    sa.Column("source", sa.String(6), nullable=False),
    sa.Column("paper_id", sa.LargeBinary(16)),
    sa.Column("made_by", sa.String(80), nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("worker_id", "agency_id", "institution", name="uq_claim_agency_institution"),
    sa.CheckConstraint("signed_on <= until_on", name="days"),
    sa.CheckConstraint("source IN ('worker', 'paper')", name="source"),
    sa.CheckConstraint("(source = 'paper') = (paper_id IS NOT NULL)", name="paper"),
    sa.Index(None, "agency_id"),
    sa.Index(None, "institution"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Contracts by which an institution (USCC) may claim for a worker (委托协议): kinds of subsidy, "
    "first and last Beijing day; the worker's own word, or a paper that the institution filed",
)

claim_agency_end = sa.Table(
    "claim_agency_end",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("agency_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("how", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("ended_by", sa.String(80), nullable=False),
    sa.Column("ended_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["worker_id", "agency_id"],
        ["claim_agency.worker_id", "claim_agency.agency_id"],
        name="fk_claim_agency_end_agency",
    ),
    sa.CheckConstraint("how IN ('ended', 'denied', 'given-up')", name="how"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Ends of contracts: the worker ended it, or denies it; the institution gave it up",
)

claim_agent = sa.Table(
    "claim_agent",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("agency_id", sa.LargeBinary(16), nullable=False),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"], name="fk_claim_agent_claim"
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "agency_id", "institution"],
        [f"claim_agency.{name}" for name in ("worker_id", "agency_id", "institution")],
        name="fk_claim_agent_agency",
    ),
    sa.Index(None, "institution"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Which institution (USCC) filed a claim, and on which contract of its worker",
)

claim_bundle = sa.Table(
    "claim_bundle",
    metadata,
    sa.Column("bundle_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("paid_to", sa.String(12), nullable=False),
    sa.Column("lines", sa.SmallInteger, nullable=False),
    sa.Column("filed_by", sa.String(80), nullable=False),
    sa.Column("filed_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("lines >= 1", name="lines"),
    sa.CheckConstraint("paid_to IN ('worker', 'institution')", name="paid_to"),
    sa.Index(None, "institution"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Sheets of claims that an institution (USCC) brought: kind, who is paid, how many lines",
)

claim_bundle_line = sa.Table(
    "claim_bundle_line",
    metadata,
    sa.Column("bundle_id", sa.LargeBinary(16), sa.ForeignKey("claim_bundle.bundle_id"), primary_key=True),
    sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("claim_id", sa.LargeBinary(16)),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("detail", sa.String(400), nullable=False),
    sa.CheckConstraint("n >= 1", name="n"),
    sa.CheckConstraint("(claim_id IS NULL) = (code <> '')", name="outcome"),
    info={"kind": "append-only", INFO: Bound()},
    comment="What became of a line of a sheet: a claim, or why not; nothing of the person",
)
