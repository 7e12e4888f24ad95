"""Auditors' packs at rest: which there are, how far each is made, what was fetched. Content lies in files."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

audit_pack = sa.Table(
    "audit_pack",
    metadata,
    sa.Column("pack_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("auditor", sa.String(40), nullable=False),
    sa.Column("case_ref", sa.String(80), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("workers", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("omitted", sa.Integer, nullable=False),
    sa.Column("approved_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("fetched", sa.Integer, nullable=False),
    sa.Column("wrapped", sa.LargeBinary),
    sa.CheckConstraint("state IN ('making', 'ready', 'expired')", name="state"),
    sa.CheckConstraint("(state = 'expired') = (wrapped IS NULL)", name="key"),
    sa.Index(None, "auditor", "pack_id"),
    sa.Index(None, "state", "expires_ms"),
    info={"kind": "state"},
    comment="Packs that two officials approved for an auditor and a case; pack_id is the proposal's, and the "
    "key of the files goes when the pack expires",
)
