"""Apprentices at rest (企业新型学徒制): an enterprise's plan, who has each place, and the claims on them.

A place (名额) is what money is advanced for. Who leaves frees it for one other at a time: the turn before is
a foreign key to its leaving: nobody replaces who did not leave. A place that ends unfinished ends once.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import metadata

MOST_PLACES = 500
_SEAT = ("plan_id", "place", "turn")

apprentice_plan = sa.Table(
    "apprentice_plan",
    metadata,
    sa.Column("plan_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("course", sa.String(40), nullable=False),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("occupation", sa.String(60), nullable=False),
    sa.Column("level", sa.String(12), nullable=False),
    sa.Column("places", sa.SmallInteger, nullable=False),
    sa.Column("advance_pct", sa.SmallInteger, nullable=False),
    sa.Column("starts_on", sa.String(10), nullable=False),
    sa.Column("ends_on", sa.String(10), nullable=False),
    sa.Column("filed_by", sa.String(80), nullable=False),
    sa.Column("filed_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("institution", "course", name="uq_apprentice_plan_course"),
    sa.UniqueConstraint("plan_id", "places", name="uq_apprentice_plan_places"),
    sa.CheckConstraint(f"places BETWEEN 1 AND {MOST_PLACES}", name="places"),
    sa.CheckConstraint("advance_pct BETWEEN 0 AND 100", name="advance"),
    sa.CheckConstraint("starts_on < ends_on", name="days"),
    # Never changed, but locked while one of its places changes hands.
    info={"kind": "state", INFO: Bound()},
    comment="Training plans of enterprises (学徒培养计划备案): its own code of the class, occupation, level "
    "aimed at, places, share to be advanced in percent, first and last Beijing day",
)

apprentice = sa.Table(
    "apprentice",
    metadata,
    sa.Column("plan_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("place", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("turn", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("before", sa.SmallInteger),
    sa.Column("places", sa.SmallInteger, nullable=False),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("record_id", sa.String(36), nullable=False),
    sa.Column("joined_by", sa.String(80), nullable=False),
    sa.Column("joined_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("plan_id", "worker_id", name="uq_apprentice_worker"),
    sa.ForeignKeyConstraint(
        ["plan_id", "places"],
        ["apprentice_plan.plan_id", "apprentice_plan.places"],
        name="fk_apprentice_plan",
    ),
    sa.ForeignKeyConstraint(
        ["plan_id", "place", "before"],
        [f"apprentice_left.{name}" for name in _SEAT],
        name="fk_apprentice_before",
    ),
    sa.ForeignKeyConstraint(
        ["plan_id", "place", "before"], [f"apprentice.{name}" for name in _SEAT], name="fk_apprentice_turn"
    ),
    sa.CheckConstraint("place BETWEEN 1 AND places", name="place"),
    sa.CheckConstraint("turn >= 1 AND (turn = 1) = (before IS NULL)", name="first"),
    sa.CheckConstraint("before = turn - 1", name="order"),
    sa.Index(None, "worker_id"),
    info={"kind": "append-only", "unique": "plan_id", INFO: Bound()},
    comment="Who has a place of a plan, the first and those who replaced others (补录), each on an enrolment "
    "in the archive (its id); turn before: that one left",
)

apprentice_left = sa.Table(
    "apprentice_left",
    metadata,
    *(sa.Column(name, apprentice.c[name].type, primary_key=True, autoincrement=False) for name in _SEAT),
    sa.Column("record_id", sa.String(36), nullable=False),
    sa.Column("left_by", sa.String(80), nullable=False),
    sa.Column("left_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["plan_id"], ["apprentice_plan.plan_id"], name="fk_apprentice_left_plan"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Who left a place, on what the archive says became of the enrolment (id of the record)",
)

apprentice_end = sa.Table(
    "apprentice_end",
    metadata,
    sa.Column("plan_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("place", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("turn", sa.SmallInteger, nullable=False),
    sa.Column("why", sa.String(10), nullable=False),
    sa.Column("ended_by", sa.String(80), nullable=False),
    sa.Column("ended_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        list(_SEAT), [f"apprentice.{name}" for name in _SEAT], name="fk_apprentice_end_apprentice"
    ),
    sa.CheckConstraint("why IN ('given-up', 'vacant', 'over')", name="why"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Places that ended without anybody finishing: the enterprise gave it up, nobody replaced who "
    "left, the plan is over; what was advanced for it is asked back",
)

apprentice_claim = sa.Table(
    "apprentice_claim",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    *(sa.Column(name, apprentice.c[name].type, nullable=False) for name in _SEAT),
    sa.Column("event", sa.String(10), nullable=False),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"], name="fk_apprentice_claim_claim"
    ),
    sa.ForeignKeyConstraint(
        list(_SEAT), [f"apprentice.{name}" for name in _SEAT], name="fk_apprentice_claim_apprentice"
    ),
    sa.CheckConstraint("event IN ('advance', 'settle') AND (event <> 'advance' OR turn = 1)", name="event"),
    sa.Index(None, "plan_id", "place"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="For which place of which plan a claim is: its advance (预支), which only the first turn brings, "
    "or its settlement (结算)",
)
