"""Followers (跟读): named readers of an ordered log that miss nothing and do nothing twice.

    read(after, limit) ──> portion ──> handle(turn, items) ─┬─ one transaction ─> position moves
                                                            └─ raises ─────────> position stays, tried later

What need not hold the writer up is done before the turn: `Ahead` returns what is left to do in it.

The position is a row, moved in the transaction of the effects: killed anywhere, both are there or neither
is. Who runs twice at once (a lease that ended too early) finds the row moved, and its effects are undone.

An item that cannot be handled is never passed over. Those before it are handled one by one, then the
follower stays in front of it: reported, tried again with growing pauses, and seen as lag in the metrics.
What stands behind it waits, since order is what a follower promises.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import observe
from recordsvc.ground.commit import CommitUnknown, Turn
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.missing import insert_missing

T = TypeVar("T")

START: Final = -1
"""Position of a follower that has read nothing; the first of a log stands at 0."""
PORTION: Final = 200
"""Items of one transaction."""
PORTIONS: Final = 50
"""Transactions of one run, so that a signal to stop is heard."""
FIRST_PAUSE_MS: Final = 2_000
LONGEST_PAUSE_MS: Final = 15 * 60_000

follower = sa.Table(
    "follower",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("moved_ms", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_ms", sa.BigInteger, nullable=False),
    sa.Column("error", sa.String(80), nullable=False),
    info={"kind": "state"},
    comment="How far each named reader of the log is; attempts count what failed in front of it",
)


@dataclass(frozen=True, slots=True)
class Portion(Generic[T]):
    """What stands behind a position: items with theirs, in order, and how far they reach."""

    items: Sequence[tuple[int, T]]
    to: int


@dataclass(frozen=True, slots=True)
class Place:
    """How far a follower is; `attempts` failed in front of it, the next may begin at UTC `due_ms`."""

    name: str
    position: int
    attempts: int
    due_ms: int
    error: str


class _MovedMeanwhile(Exception):
    """Another process moved this follower: what was done here is undone."""


Read = Callable[[int, int], Portion[T]]
Handle = Callable[[Turn, Sequence[T]], object]


class Ahead(Generic[T]):
    """A handler in two parts: `prepare(items)`, outside any turn, returns what is done with them in one.

    What it read may be older than the turn: what went meanwhile (a key, a row) the turn looks at again.
    """

    def __init__(self, prepare: Callable[[Sequence[T]], Callable[[Turn], object]]) -> None:
        """Prepare with this."""
        self.prepare = prepare


class Follower(Generic[T]):
    """One named reader."""

    def __init__(self, db: Database, name: str, read: Read[T], handle: Handle[T] | Ahead[T]) -> None:
        """Follow what `read(after, limit)` gives; `handle(turn, items)` must be re-runnable as all turns."""
        self.name = name
        self._db = db
        self._read = read
        self._prepare = handle.prepare if isinstance(handle, Ahead) else _nothing_ahead(handle)

    def run(self) -> int:
        """Handle what came since, portion by portion; the number of items. Raises `CommitUnknown`."""
        handled = 0
        for _portion in range(PORTIONS):
            place = self.place()
            if place.due_ms > self._db.clock.now_ms():
                break
            try:
                # In front of what failed nothing else is tried together with it.
                portion = self._read(place.position, 1 if place.attempts else PORTION)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported and tried again
                self._stuck(place, place.position, error)
                break
            if portion.to == place.position:
                break
            done, whole = self._take(place, portion)
            handled += done
            if not whole:
                break
        return handled

    def place(self) -> Place:
        """Return how far this follower is; a new one stands at the start."""
        with self._db.read() as conn:
            found = conn.execute(sa.select(follower).where(follower.c.name == self.name)).one_or_none()
        if found is None:
            self._db.write(self._begin)
            return Place(self.name, START, 0, 0, "")
        return Place(found.name, found.position, found.attempts, found.due_ms, found.error)

    def _begin(self, turn: Turn) -> None:
        values = {"name": self.name, "position": START, "moved_ms": turn.now_ms}
        insert_missing(turn.conn, follower, [{**values, "attempts": 0, "due_ms": 0, "error": ""}])

    def _take(self, place: Place, portion: Portion[T]) -> tuple[int, bool]:
        """Handle a portion, or what of it stands before an item that fails: how many, and whether all."""
        try:
            self._advance(place.position, portion)
        except _MovedMeanwhile:
            return 0, False
        except CommitUnknown:
            raise
        except Exception as error:  # noqa: BLE001 - one item must not hide that others were fine
            if len(portion.items) > 1:
                return self._one_by_one(place, portion)
            self._stuck(place, portion.to, error)
            return 0, False
        return len(portion.items), True

    def _one_by_one(self, place: Place, portion: Portion[T]) -> tuple[int, bool]:
        at = place.position
        for count, (position, item) in enumerate(portion.items):
            try:
                self._advance(at, Portion([(position, item)], position))
            except _MovedMeanwhile:
                return count, False
            except CommitUnknown:
                raise
            except Exception as error:  # noqa: BLE001 - reported, and tried again later
                self._stuck(Place(self.name, at, 0, 0, ""), position, error)
                return count, False
            at = position
        return len(portion.items), True

    def _advance(self, at: int, portion: Portion[T]) -> None:
        items = [item for _position, item in portion.items]
        handle = self._prepare(items) if items else None

        def act(turn: Turn) -> None:
            # First, since this locks the row: whoever comes second must not even begin.
            own = follower.update().where(follower.c.name == self.name, follower.c.position == at)
            values: dict[str, Any] = {"position": portion.to, "moved_ms": turn.now_ms}
            if handle is not None:
                values |= {"attempts": 0, "due_ms": 0, "error": ""}
            if turn.conn.execute(own.values(**values)).rowcount != 1:
                raise _MovedMeanwhile
            if handle is not None:
                handle(turn)

        self._db.write(act)

    def _stuck(self, place: Place, position: int, error: Exception) -> None:
        """Report what failed, and pause before the next attempt."""
        attempts = place.attempts + 1
        pause = min(FIRST_PAUSE_MS * 2 ** min(attempts - 1, 20), LONGEST_PAUSE_MS)
        where = observe.place(error)
        observe.log("follower-stuck", follower=self.name, position=position, attempts=attempts, at=where)
        own = follower.update().where(follower.c.name == self.name, follower.c.position == place.position)

        def act(turn: Turn) -> None:
            values = {"attempts": attempts, "due_ms": turn.now_ms + pause}
            turn.conn.execute(own.values(error=type(error).__name__[:80], **values))

        self._db.write(act)


def _nothing_ahead(handle: Handle[T]) -> Callable[[Sequence[T]], Callable[[Turn], object]]:
    return lambda items: lambda turn: handle(turn, items)


def places(conn: Connection) -> list[Place]:
    """Return how far each follower is that ever ran."""
    names = [follower.c[name] for name in Place.__slots__]
    return [Place(*row) for row in conn.execute(sa.select(*names).order_by(follower.c.name))]
