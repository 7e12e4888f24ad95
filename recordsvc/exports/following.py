"""What makes a feed move (跟读): entries of the log, events of consents, and dates; each handled once.

    entries of the log        a follower (ground/follower.py): chains that something was entered in,
                              of a merge or its undoing those read as one of the two as well
    events of consents        the sequences of each receiver and of its institution, by position
    dates and dated tables    once a Beijing day a round over every chain that a receiver has anything of

Position and items move in one transaction: killed anywhere, nothing is lost and nothing told twice.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import consents
from recordsvc.access.clients import Clients
from recordsvc.access.consents import Event
from recordsvc.access.tables import consent
from recordsvc.archive.announcing import entries
from recordsvc.archive.formats import Kind
from recordsvc.archive.store import StoredEntry
from recordsvc.exports import emitting, receivers
from recordsvc.exports.granting import Consents, Granting
from recordsvc.exports.receivers import Receiver
from recordsvc.exports.tables import export_receiver, export_source, export_state
from recordsvc.exports.views import MERGES, Pair, View, Viewer
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Ahead, Follower
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import beijing_date
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "exports"
SOURCES: Final[tuple[Granting, ...]] = (Consents(),)
PORTION: Final = 200
"""Events or chains of one transaction."""
SWEPT: Final = "dates"
"""The row of `export_source` that keeps a receiver's rounds; no sequence of consents is called so."""
_MOVES: Final = frozenset({Event.START, Event.RESTRICTED, Event.LIFTED, Event.END})


class Feeds:
    """The feeds of a house, moved by one process at a time."""

    def __init__(self, house: "House", sources: Sequence[Granting] = SOURCES) -> None:
        """Feed by the grants of these sources."""
        self._house, self._sources = house, sources
        self._clients = Clients(house.db)
        self._log = Follower(
            house.db, NAME, lambda after, limit: entries(house, after, limit), Ahead(self._entered)
        )

    def run(self) -> int:
        """Bring every feed up to date; how many entries and events were handled."""
        return self._log.run() + sum(self._events(one) for one in self.all())

    def sweep(self) -> int:
        """Go round where that was not done today; how many chains were looked at."""
        today = beijing_date(self._house.clock.now_ms()).isoformat()
        with self._house.db.read() as conn:
            own = export_source.c
            done = set(
                conn.scalars(sa.select(own.receiver).where(own.source == SWEPT, own.swept_on == today))
            )
        return sum(self._round(one, today) for one in self.all() if one.client_id not in done)

    def all(self) -> list[Receiver]:
        """Return whoever is or was fed, as of today; each has its sequence."""
        today = beijing_date(self._house.clock.now_ms()).isoformat()
        with self._house.db.read() as conn:
            known = frozenset(conn.scalars(sa.select(export_receiver.c.receiver)))
        found = receivers.all_of({one.client_id: one for one in self._clients.all()}, known, today)
        new = [one.client_id for one in found if one.client_id not in known]
        if new:
            self._house.db.write(lambda turn: emitting.open_receivers(turn, new))
        return found

    def refresh(self, pairs: Collection[Pair]) -> int:
        """Bring what these receivers see of these chains up to date; how many items."""
        views = Viewer(self._house, self._sources).views(pairs)
        return self._house.db.write(lambda turn: emitting.emit(turn, self._house, self._sources, views))

    # -- the log

    def _entered(self, stored: Sequence[StoredEntry]) -> Callable[[Turn], object]:
        everybody, workers = self.all(), {one.worker_id for one in stored}
        merged = {one.worker_id for one in stored if Kind(one.leaf[1]) in MERGES}
        with self._house.db.read() as conn:
            # Archives merged before into one that is merged now get no entry, but another person's name.
            workers |= merges.beneath(conn, merged)
            pairs = [pair for one in everybody for pair in _concerned(conn, one, workers)]
        views = Viewer(self._house, self._sources).views(pairs) if pairs else []

        def act(turn: Turn) -> None:
            # A consent that was given since then has an event of its own, which is followed.
            if views:
                emitting.emit(turn, self._house, self._sources, views)

        return act

    # -- consents

    def _events(self, receiver: Receiver) -> int:
        return sum(self._follow(receiver, source) for source in receiver.names)

    def _follow(self, receiver: Receiver, source: str) -> int:
        handled = 0
        while True:
            with self._house.db.read() as conn:
                at = _position(conn, receiver, source)
                found = consents.events_of(conn, source, at, PORTION)
            if not found:
                return handled
            moved = {bytes(one.worker_id) for one in found if one.event in _MOVES}
            views = Viewer(self._house, self._sources).views([(receiver, one) for one in sorted(moved)])

            def act(turn: Turn, at: int = at, to: int = found[-1].n, views: list[View] = views) -> None:
                if _move(turn, receiver, source, at, to):
                    emitting.emit(turn, self._house, self._sources, views)

            self._house.db.write(act)
            handled += len(found)

    # -- dates

    def _round(self, receiver: Receiver, today: str) -> int:
        after, looked = b"", 0
        while True:
            with self._house.db.read() as conn:
                chains = _chains(conn, self._sources, receiver, after)
            if not chains:
                break
            self.refresh([(receiver, one) for one in chains])
            after, looked = chains[-1], looked + len(chains)

        def done(turn: Turn) -> None:
            _begin(turn, receiver, SWEPT)
            own = export_source.c
            mine = (own.receiver == receiver.client_id, own.source == SWEPT)
            turn.conn.execute(export_source.update().where(*mine).values(swept_on=today))

        self._house.db.write(done)
        return looked


def _concerned(conn: Connection, receiver: Receiver, workers: Collection[bytes]) -> list[Pair]:
    """Return which of these chains a receiver has, or may have, anything of."""
    ids, given, kept = list(workers), consent.c, export_state.c
    running = (given.worker_id.in_(ids), given.receiver.in_(receiver.names), given.ended_ms.is_(None))
    live = (kept.worker_id.in_(ids), kept.receiver == receiver.client_id, kept.digest.is_not(None))
    found = {
        bytes(one)
        for query in (sa.select(given.worker_id).where(*running), sa.select(kept.worker_id).where(*live))
        for one in conn.scalars(query)
    }
    return [(receiver, one) for one in sorted(found)]


def _chains(conn: Connection, sources: Sequence[Granting], receiver: Receiver, after: bytes) -> list[bytes]:
    """Return the next chains of a round."""
    kept = export_state.c
    where = (kept.receiver == receiver.client_id, kept.digest.is_not(None), kept.worker_id > after)
    live = sa.select(kept.worker_id).where(*where).distinct().order_by(kept.worker_id).limit(PORTION)
    found = {bytes(one) for one in conn.scalars(live)}
    for source in sources:
        found |= set(source.chains(conn, receiver, after, PORTION))
    return sorted(found)[:PORTION]


def _position(conn: Connection, receiver: Receiver, source: str) -> int:
    own = export_source.c
    query = sa.select(own.position).where(own.receiver == receiver.client_id, own.source == source)
    return conn.scalar(query) or 0


def _begin(turn: Turn, receiver: Receiver, source: str) -> None:
    row = {"receiver": receiver.client_id, "source": source, "position": 0, "swept_on": ""}
    insert_missing(turn.conn, export_source, [row])


def _move(turn: Turn, receiver: Receiver, source: str, at: int, to: int) -> bool:
    """Move a position; False when another process moved it."""
    _begin(turn, receiver, source)
    own = export_source.c
    mine = (own.receiver == receiver.client_id, own.source == source, own.position == at)
    return turn.conn.execute(export_source.update().where(*mine).values(position=to)).rowcount == 1
