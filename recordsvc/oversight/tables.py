"""Draws at rest: what was committed to, what each step said in public, who inspects what and found what.

All of it is bound (ground/bound.py): whoever changes a row contradicts what the archive's log speaks for.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import Bound
from recordsvc.ground.database import metadata

_MOVES = (
    "state",
    "revealed_by",
    "revealed_ms",
    "assigned_by",
    "assigned_ms",
    "due_on",
    "reported_ms",
    "published_by",
    "published_ms",
)
_REPORTED = (
    "result", "summary", "papers", "reported_by", "reported_ms", "confirmed_by", "confirmed_ms",
)  # fmt: skip

draw = sa.Table(
    "draw",
    metadata,
    sa.Column("draw_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("subject", sa.String(20), nullable=False),
    sa.Column("area", sa.String(6), nullable=False),
    sa.Column("source", sa.String(20), nullable=False),
    sa.Column("issue", sa.String(20), nullable=False),
    sa.Column("event_ms", sa.BigInteger, nullable=False),
    sa.Column("reveal_by_ms", sa.BigInteger, nullable=False),
    sa.Column("opens_on", sa.String(10), nullable=False),
    sa.Column("inspectors", sa.Integer, nullable=False),
    sa.Column("committed_by", sa.String(80), nullable=False),
    sa.Column("committed_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("revealed_by", sa.String(80)),
    sa.Column("revealed_ms", sa.BigInteger),
    sa.Column("assigned_by", sa.String(80)),
    sa.Column("assigned_ms", sa.BigInteger),
    sa.Column("due_on", sa.String(10)),
    sa.Column("reported_ms", sa.BigInteger),
    sa.Column("published_by", sa.String(80)),
    sa.Column("published_ms", sa.BigInteger),
    sa.CheckConstraint(
        "state IN ('committed', 'revealed', 'assigned', 'reported', 'published')", name="state"
    ),
    sa.CheckConstraint("inspectors >= 2", name="inspectors"),
    sa.CheckConstraint("committed_ms < event_ms AND event_ms < reveal_by_ms", name="event"),
    sa.CheckConstraint("revealed_by <> committed_by", name="two_people"),
    sa.CheckConstraint("revealed_ms >= event_ms AND revealed_ms < reveal_by_ms", name="in_time"),
    sa.CheckConstraint("(state = 'committed') = (revealed_by IS NULL)", name="revealed"),
    sa.CheckConstraint("(state IN ('committed', 'revealed')) = (assigned_by IS NULL)", name="assigned"),
    sa.CheckConstraint("(state = 'published') = (published_by IS NOT NULL)", name="published"),
    sa.UniqueConstraint("subject", "area", "source", "issue"),
    info={"kind": "state", "bound": Bound(_MOVES, most=5)},
    comment="Draws of whom to inspect; revealed by another official than committed it, after the event and "
    "within the term; one for an area, sort of object and event",
)

draw_list = sa.Table(
    "draw_list",
    metadata,
    sa.Column("draw_id", sa.LargeBinary(16), sa.ForeignKey("draw.draw_id"), primary_key=True),
    sa.Column("list", sa.String(10), primary_key=True),
    sa.Column("lines", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("list IN ('objects', 'roster')", name="list"),
    info={"kind": "append-only", "bound": Bound()},
    comment="The lists that a draw committed to, byte for byte; public when the draw opens",
)

draw_stratum = sa.Table(
    "draw_stratum",
    metadata,
    sa.Column("draw_id", sa.LargeBinary(16), sa.ForeignKey("draw.draw_id"), primary_key=True),
    sa.Column("stratum", sa.String(60), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("least", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.CheckConstraint("least >= 1 AND number >= least AND number <= size", name="number"),
    info={"kind": "append-only", "bound": Bound()},
    comment="How many objects of a stratum are drawn, of how many, and how many the rules ask for at least",
)

draw_document = sa.Table(
    "draw_document",
    metadata,
    sa.Column("draw_id", sa.LargeBinary(16), sa.ForeignKey("draw.draw_id"), primary_key=True),
    sa.Column("step", sa.String(10), primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("idx", sa.BigInteger, nullable=False, unique=True),
    sa.CheckConstraint("step IN ('commit', 'reveal', 'assign', 'result')", name="step"),
    info={"kind": "append-only", "bound": Bound()},
    comment="What each step of a draw says, canonical JSON; the archive's log states its hash at idx",
)

draw_inspector = sa.Table(
    "draw_inspector",
    metadata,
    sa.Column("draw_id", sa.LargeBinary(16), sa.ForeignKey("draw.draw_id"), primary_key=True),
    sa.Column("code", sa.String(16), primary_key=True),
    sa.Column("official_id", sa.String(40), nullable=False),
    sa.UniqueConstraint("draw_id", "official_id"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Which inspector a code of a draw's roster stands for; never public",
)

draw_seat = sa.Table(
    "draw_seat",
    metadata,
    sa.Column("draw_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("object_id", sa.String(60), primary_key=True),
    sa.Column("code", sa.String(16), primary_key=True),
    sa.Column("seat", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["draw_id", "code"], ["draw_inspector.draw_id", "draw_inspector.code"]),
    sa.UniqueConstraint("draw_id", "object_id", "seat"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Which inspectors a drawn object has; seats count from 0",
)

draw_report = sa.Table(
    "draw_report",
    metadata,
    sa.Column("draw_id", sa.LargeBinary(16), sa.ForeignKey("draw.draw_id"), primary_key=True),
    sa.Column("object_id", sa.String(60), primary_key=True),
    sa.Column("result", sa.String(40), nullable=False),
    sa.Column("summary", sa.String(400), nullable=False),
    sa.Column("papers", sa.String(2000), nullable=False),
    sa.Column("reported_by", sa.String(16), nullable=False),
    sa.Column("reported_ms", sa.BigInteger, nullable=False),
    sa.Column("confirmed_by", sa.String(16)),
    sa.Column("confirmed_ms", sa.BigInteger),
    sa.CheckConstraint("confirmed_by <> reported_by", name="two_people"),
    sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_ms IS NULL)", name="confirmed"),
    sa.ForeignKeyConstraint(
        ["draw_id", "object_id", "reported_by"],
        ["draw_seat.draw_id", "draw_seat.object_id", "draw_seat.code"],
    ),
    sa.ForeignKeyConstraint(
        ["draw_id", "object_id", "confirmed_by"],
        ["draw_seat.draw_id", "draw_seat.object_id", "draw_seat.code"],
    ),
    info={
        "kind": "state",
        "bound": Bound(_REPORTED, most=None),
    },
    comment="What two of an object's inspectors found; until the second confirms, either may say it anew. "
    "Papers are SHA-256 by spaces",
)
