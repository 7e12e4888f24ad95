"""Reconciling the exchange (对账): both sides' totals and root, and line by line where they differ.

    line   {outcome_id, state, version}, canonical JSON
    root   RFC 6962 over SHA-256(0x00 ‖ line), in order

Counted is every outcome that was ever sent, with its state here; `credits` are earned ones, a decimal text.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.credits import tickets
from recordsvc.credits.tables import credit_outcome
from recordsvc.ground.commit import Turn
from recordsvc.ground.strictjson import canonical
from recordsvc.translog.tree import Frontier, leaf_hash

if TYPE_CHECKING:
    from recordsvc.house import House

WIDTH: Final = 32
"""Digits of an outcome's id."""


@dataclass(frozen=True, slots=True)
class Line:
    """How one outcome stands with one side."""

    outcome_id: str
    version: int
    state: str
    credits: str | None = None

    def leaf(self) -> bytes:
        """Return its leaf hash."""
        said = {"outcome_id": self.outcome_id, "state": self.state, "version": self.version}
        return leaf_hash(canonical(said))


def totals(house: "House", receiver: str, prefix: str) -> dict[str, Any]:
    """Return root, and by class and state count, minutes and credits, of a range of ids."""
    sums: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    edge = Frontier()
    with house.db.read() as conn:
        for line, sort, minutes in _held(conn, receiver, prefix):
            edge.append(line.leaf())
            one = sums[sort, line.state]
            one[0] += 1
            one[1] += minutes
            one[2] += Decimal(line.credits or 0)
    told = [
        {"class": sort, "state": state, "count": count, "minutes": minutes, "credits": str(earned)}
        for (sort, state), (count, minutes, earned) in sorted(sums.items())
    ]
    return {"prefix": prefix, "count": edge.size, "root": edge.root().hex(), "totals": told}


def compare(house: "House", receiver: str, prefix: str, theirs: Sequence[Line]) -> list[dict[str, Any]]:
    """Compare a range line by line; each difference is a ticket, once. Neither side is changed."""
    with house.db.read() as conn:
        ours = {line.outcome_id: line for line, _sort, _minutes in _held(conn, receiver, prefix)}
    mine = {one.outcome_id: one for one in theirs}
    found: list[dict[str, Any]] = [
        {"kind": kind, "outcome_id": name, "ours": _told(ours.get(name)), "theirs": _told(mine.get(name))}
        for name in sorted({*ours, *mine})
        if (kind := _differs(ours.get(name), mine.get(name)))
    ]

    def act(turn: Turn) -> None:
        for one in found:
            told = {"ours": one["ours"], "theirs": one["theirs"]}
            tickets.open_one(turn, receiver, one["kind"], one["outcome_id"], told)

    if found:
        house.db.write(act)
    return found


def _held(conn: Connection, receiver: str, prefix: str) -> Iterator[tuple[Line, str, int]]:
    own = credit_outcome.c
    low, high = (bytes.fromhex(prefix.ljust(WIDTH, filler)) for filler in "0f")
    where = (own.receiver == receiver, own.version > 0, own.outcome_id >= low, own.outcome_id <= high)
    names = (own.outcome_id, own.version, own.state, own.earned, own.sort, own.minutes)
    query = sa.select(*names).where(*where).order_by(own.outcome_id)
    for row in conn.execute(query, execution_options={"yield_per": 2_000}):
        yield Line(bytes(row[0]).hex(), row[1], row[2], row[3]), row[4], row[5]


def _differs(ours: Line | None, theirs: Line | None) -> str:
    if ours is None:
        return tickets.HERE
    if theirs is None:
        return tickets.THERE
    if ours.version != theirs.version:
        return tickets.VERSION
    if ours.state != theirs.state:
        return tickets.STATE
    return "" if ours.credits == theirs.credits else tickets.AMOUNT


def _told(one: Line | None) -> Mapping[str, Any] | None:
    return None if one is None else {"credits": one.credits, "state": one.state, "version": one.version}
