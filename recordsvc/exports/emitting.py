"""Items (数据流条目): what changed of what a receiver may see, in its own order, numbered without a gap.

A view is made outside the turn. In the turn it is held against what it rests on, and made anew where
anything moved; then items, state and number are written in one transaction. The same view twice adds nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.exports.granting import Granting
from recordsvc.exports.tables import export_item, export_receiver, export_state
from recordsvc.exports.views import Fact, View, Viewer, bases
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing

if TYPE_CHECKING:
    from recordsvc.house import House

_PORTION = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest item of a record for a receiver."""

    n: int
    version: int
    log_size: int
    digest: bytes | None


States = dict[tuple[bytes, str, bytes], Standing]
"""(worker_id, receiver, ref) -> its newest item."""


def emit(turn: Turn, house: "House", sources: Sequence[Granting], views: Sequence[View]) -> int:
    """Write what these views change; how many items."""
    fresh = _fresh(turn, house, sources, views)
    known = standing(turn.conn, {view.worker_id for view in fresh})
    size = house.log.turn(turn).size
    items = defaultdict[str, list[dict[str, Any]]](list)
    for view in fresh:
        mine = items[view.receiver.client_id]
        mine += _changes(view, known, size, turn.now_ms)
    for receiver, rows in sorted(items.items()):
        _write(turn, receiver, rows, known)
    return sum(map(len, items.values()))


def open_receivers(turn: Turn, clients: Sequence[str]) -> None:
    """Begin the sequences of these receivers that have none."""
    rows = [{"receiver": one, "newest": 0, "acks": 0, "reached": 0} for one in clients]
    insert_missing(turn.conn, export_receiver, rows)


def standing(conn: Connection, workers: set[bytes]) -> States:
    """Return the newest items about these chains."""
    own, found, ids = export_state.c, States(), sorted(workers)
    for start in range(0, len(ids), _PORTION):
        query = sa.select(export_state).where(own.worker_id.in_(ids[start : start + _PORTION]))
        for row in conn.execute(query):
            digest = None if row.digest is None else bytes(row.digest)
            key = (bytes(row.worker_id), row.receiver, bytes(row.ref))
            found[key] = Standing(row.n, row.version, row.log_size, digest)
    return found


def _fresh(turn: Turn, house: "House", sources: Sequence[Granting], views: Sequence[View]) -> list[View]:
    """Return the views, those of chains that moved meanwhile made anew."""
    # Under the log head's lock no entry and no event of a consent comes in between.
    house.log.turn(turn)
    now = bases(turn.conn, sources, {view.worker_id for view in views})
    stale = [(view.receiver, view.worker_id) for view in views if view.basis != now[view.worker_id]]
    made = Viewer(house, sources).within(turn.conn, house.db.cursor(turn.conn), stale, now) if stale else []
    return [*(view for view in views if view.basis == now[view.worker_id]), *made]


def _changes(view: View, known: States, size: int, now_ms: int) -> list[dict[str, Any]]:
    client_id, worker_id = view.receiver.client_id, view.worker_id
    was = {key[2]: one for key, one in known.items() if key[:2] == (worker_id, client_id)}
    rows = []
    for name in sorted({*was, *view.facts}):
        before, fact = was.get(name), view.facts.get(name)
        change = _change(view, name, before, fact)
        if change is not None:
            op, why, digest = change
            rows.append(
                {
                    "receiver": client_id,
                    "n": 0,
                    "worker_id": worker_id,
                    "ref": name,
                    "version": 1 if before is None else before.version + 1,
                    "op": op,
                    "why": why,
                    "log_size": size,
                    "at_ms": now_ms,
                    "digest": digest,
                }
            )
    return rows


def _change(
    view: View, name: bytes, before: Standing | None, fact: Fact | None
) -> tuple[str, str, bytes | None] | None:
    """Return op, why and digest of what is new about a record; None: nothing."""
    lives = before is not None and before.digest is not None
    if fact is None:
        return ("withdraw", view.why(name), None) if lives else None
    version = 1 if before is None else before.version + 1
    if before is None or not lives:
        return "add", "granted" if before is None else "granted-again", fact.digest(version)
    if fact.digest(before.version) == before.digest:
        return None
    if fact.acted >= before.log_size:
        why = "corrected"
    else:
        why = "merged" if fact.merged >= before.log_size else "changed"
    return "replace", why, fact.digest(version)


def _write(turn: Turn, receiver: str, rows: list[dict[str, Any]], known: States) -> None:
    if not rows:
        return
    own = export_receiver.c
    numbering = export_receiver.update().where(own.receiver == receiver)
    newest = turn.conn.execute(
        numbering.values(newest=own.newest + len(rows)).returning(own.newest)
    ).scalar_one()
    for n, row in enumerate(rows, newest - len(rows) + 1):
        row["n"] = n
    turn.conn.execute(export_item.insert(), rows)
    bound.wrote(turn, export_item, *rows)
    names = [column.name for column in export_state.columns]
    states = [{name: row[name] for name in names} for row in rows]
    new = [one for one in states if (one["worker_id"], receiver, one["ref"]) not in known]
    if new:
        turn.conn.execute(export_state.insert(), new)
    old = [one for one in states if (one["worker_id"], receiver, one["ref"]) in known]
    if old:
        turn.conn.execute(_moving(), [{f"b_{name}": value for name, value in one.items()} for one in old])


def _moving() -> sa.Update:
    own = export_state.c
    keys = ("worker_id", "receiver", "ref")
    where = [own[name] == sa.bindparam(f"b_{name}") for name in keys]
    return (
        export_state.update()
        .where(*where)
        .values(**{name: sa.bindparam(f"b_{name}") for name in ("n", "version", "log_size", "digest")})
    )
