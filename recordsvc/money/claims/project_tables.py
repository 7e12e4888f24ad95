"""Funded projects at rest (项目制培训): a class bought whole, and the claims for its heads.

A project is approved by two officials and never changes: another approval of the same class counts from then
on, and what was decided before stays as it was.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import metadata
from recordsvc.money.ledger.tables import MOST_FEN

MOST_PLACES = 500

training_project = sa.Table(
    "training_project",
    metadata,
    sa.Column("project_id", sa.LargeBinary(16), sa.ForeignKey("proposal.id"), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("course", sa.String(80), nullable=False),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("doc", sa.String(100), nullable=False),
    sa.Column("region", sa.String(6), nullable=False),
    sa.Column("places", sa.SmallInteger, nullable=False),
    sa.Column("price_fen", sa.BigInteger, nullable=False),
    sa.Column("proposed_by", sa.String(80), nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint(f"places BETWEEN 1 AND {MOST_PLACES}", name="places"),
    sa.CheckConstraint(f"price_fen BETWEEN 1 AND {MOST_FEN}", name="price"),
    sa.CheckConstraint("decided_by <> proposed_by", name="second_person"),
    sa.Index(None, "institution", "course"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Funded projects (项目制培训): institution (USCC), its code of the class, document of approval, "
    "division, places, price of a head in fen, by two officials; of one class the newest counts",
)

project_claim = sa.Table(
    "project_claim",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("project_id", sa.LargeBinary(16), sa.ForeignKey("training_project.project_id"), nullable=False),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"], name="fk_project_claim_claim"
    ),
    sa.Index(None, "project_id"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="For which project a claim is: one head of its class",
)
