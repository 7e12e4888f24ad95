"""Reconciling (对账): what a receiver holds against what it was told, and where the two differ.

    line   {ref, state, version}, canonical JSON; state is `live` or `withdrawn`
    root   RFC 6962 over SHA-256(0x00 ‖ line), in order of ref, as of a cursor

Roots that differ are looked for by the first digits of `ref`, sixteen ranges at a time, until a range is
small enough to be told line by line. Each line that differs is a ticket for officials; where more than a
few of a range do, one ticket says how many. Nothing else changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.exports import lines
from recordsvc.exports.acks import open_ticket
from recordsvc.exports.tables import export_item
from recordsvc.ground.commit import Turn
from recordsvc.ground.strictjson import canonical
from recordsvc.translog.tree import Frontier, leaf_hash

if TYPE_CHECKING:
    from recordsvc.house import House

DIGITS: Final = "0123456789abcdef"
EACH: Final = 50
"""So many differences of a range are a ticket each; what is more would bury them."""
RANGE: Final = "range-differs"
_REF: Final = 32
"""Digits of a ref."""


@dataclass(frozen=True, slots=True)
class Line:
    """How one record stands for a receiver."""

    ref: str
    version: int
    state: str

    def leaf(self) -> bytes:
        """Return its leaf hash."""
        return leaf_hash(canonical({"ref": self.ref, "state": self.state, "version": self.version}))


def totals(house: "House", receiver: str, at: str | None, prefix: str) -> dict[str, Any]:
    """Return counts and root of the range of refs that begin so, as of a cursor, and those of its parts.

    Raises `FeedCursorUnknown`, `FeedCursorAhead`.
    """
    with house.db.read() as conn:
        end = lines.read(conn, receiver, at)
        whole, parts = Frontier(), {digit: Frontier() for digit in DIGITS}
        states = {"live": 0, "withdrawn": 0}
        for one in held(conn, receiver, end, prefix):
            leaf = one.leaf()
            whole.append(leaf)
            states[one.state] += 1
            if len(prefix) < _REF:
                parts[one.ref[len(prefix)]].append(leaf)
        told = [
            {"prefix": prefix + digit, "count": part.size, "root": part.root().hex()}
            for digit, part in parts.items()
            if part.size
        ]
        root, cursor = whole.root().hex(), lines.cursor(conn, receiver, end)
    return {"at": cursor, "prefix": prefix, "count": whole.size, "root": root, "parts": told, **states}


def compare(
    house: "House", receiver: str, at: str, prefix: str, theirs: Sequence[Line]
) -> list[dict[str, Any]]:
    """Compare a range line by line; each difference is a ticket, once, or the range is where there are many.

    Raises `FeedCursorUnknown`, `FeedCursorAhead`.
    """
    with house.db.read() as conn:
        end = lines.read(conn, receiver, at)
        ours = {one.ref: one for one in held(conn, receiver, end, prefix)}
    mine = {one.ref: one for one in theirs}
    found: list[dict[str, Any]] = [
        {"kind": kind, "ref": name, "ours": _told(ours.get(name)), "theirs": _told(mine.get(name))}
        for name in sorted({*ours, *mine})
        if (kind := _differs(ours.get(name), mine.get(name)))
    ]

    def act(turn: Turn) -> None:
        if len(found) > EACH:
            told = {"count": len(theirs), "our_count": len(ours), "differ": len(found)}
            open_ticket(turn, receiver, RANGE, f"{prefix}* @{end}", told)
            return
        for one in found:
            open_ticket(
                turn, receiver, one["kind"], one["ref"], {"ours": one["ours"], "theirs": one["theirs"]}
            )

    if found:
        house.db.write(act)
    return found


def held(conn: Connection, receiver: str, end: int, prefix: str) -> Iterator[Line]:
    """Yield how each record of a range stood at item `end`, in order of ref."""
    own = export_item.c
    low, high = (bytes.fromhex(prefix.ljust(_REF, filler)) for filler in "0f")
    where = (own.receiver == receiver, own.n <= end, own.ref >= low, own.ref <= high)
    query = sa.select(own.ref, own.version, own.op).where(*where).order_by(own.ref, own.version)
    last: Line | None = None
    for row in conn.execute(query, execution_options={"yield_per": 2_000}):
        name = bytes(row.ref).hex()
        if last is not None and last.ref != name:
            yield last
        last = Line(name, row.version, "withdrawn" if row.op == "withdraw" else "live")
    if last is not None:
        yield last


def _differs(ours: Line | None, theirs: Line | None) -> str:
    if ours is None:
        return "missing-here"
    if theirs is None:
        return "missing-there"
    if ours.version != theirs.version:
        return "version-differs"
    return "" if ours.state == theirs.state else "state-differs"


def _told(one: Line | None) -> Mapping[str, Any] | None:
    return None if one is None else {"state": one.state, "version": one.version}
