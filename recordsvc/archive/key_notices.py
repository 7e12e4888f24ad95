"""Who holds records that a key signed is told what became of the key (签名钥匙吊销、疑似泄露的告知).

Which key signed stands sealed with each record, so the log is walked once for each event, from where the key
was registered up to the event, a portion a transaction:

    key-notices         the last event that everybody was told of
    key-notices/<idx>   how far the log is walked for the event at that index; gone once it is told

Killed anywhere, it goes on, and nobody is told twice. A key that was revoked: who has a record, correction,
revocation or restoration that it signed. One that is suspected: those whose entries fall into the suspicion
and wait to be confirmed again. Whoever died is told nothing, and what is restricted is not spoken of.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.archive import notices, restricted, store, tables
from recordsvc.archive.evidence import kid_of
from recordsvc.archive.formats import Kind
from recordsvc.archive.keyevents import KeyAction, KeyEvent
from recordsvc.archive.notices import Telling
from recordsvc.archive.reading import Reader
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Ahead, Follower, Portion, follower
from recordsvc.people.standing import CLOSED

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "key-notices"
KINDS: Final = {KeyAction.REVOKE: "issuer-key-revoked", KeyAction.SUSPECT: "issuer-key-suspect"}
"""What of a key's life workers are told, and as what."""
_SIGNED: Final = frozenset({Kind.ISSUE, Kind.CORRECT, Kind.REVOKE, Kind.RESTORE})


@dataclass(frozen=True, slots=True)
class _Event:
    """A key event at its log index; `begins`: the index at which the key was registered."""

    idx: int
    begins: int
    said: KeyEvent

    def concerns(self, entry: StoredEntry) -> bool:
        """Tell whether an entry may be signed in the time that this event is about."""
        suspect = self.said.action is KeyAction.SUSPECT
        since_ms = self.said.suspected_since_ms if suspect else 0
        return entry.leaf[1] in _SIGNED and int.from_bytes(entry.leaf[2:10]) >= since_ms


def run(house: "House") -> int:
    """Tell of the events that came since, one after another; how many entries were looked at."""
    looked_at = 0
    while True:
        told = _outer(house, 0).place().position
        event, end = _next(house, told)
        if event is None:
            _outer(house, end).run()
            _forget(house)
            return looked_at
        walk = _walk(house, event)
        looked_at += walk.run()
        if walk.place().position < event.idx - 1:
            return looked_at  # stopped in front of something, or enough for one run
        _outer(house, event.idx).run()
        _forget(house)


def _outer(house: "House", to: int) -> Follower[None]:
    """Return the row that says of which events everybody was told, to be moved to an index."""
    return Follower(
        house.db, NAME, lambda after, _limit: Portion([], max(after, to)), lambda _turn, _items: None
    )


def _walk(house: "House", event: _Event) -> Follower[StoredEntry]:
    def before(after: int, limit: int) -> Portion[StoredEntry]:
        with house.db.read_raw() as cursor:
            found = store.in_log_order(house.db, cursor, max(after, event.begins), limit)
        mine = [(one.idx, one) for one in found if one.idx < event.idx]
        whole = len(mine) < limit
        return Portion(mine, event.idx - 1 if whole else mine[-1][0])

    return Follower(house.db, f"{NAME}/{event.idx}", before, Ahead(_Telling(house, event)))


class _Telling:
    """Opens what of a portion the key may have signed before the turn, and tells its workers in one."""

    def __init__(self, house: "House", event: _Event) -> None:
        self._house, self._event, self._reader = house, event, Reader(house)

    def __call__(self, entries: Sequence[StoredEntry]) -> Callable[[Turn], object]:
        house, said = self._house, self._event.said
        wanted = [one for one in entries if one.sealed is not None and self._event.concerns(one)]
        with house.db.read_raw() as cursor:
            workers = house.people.load_all(cursor, {one.worker_id for one in wanted})
            silent = restricted.entries_of(house, cursor, workers)
        told = []
        for one in wanted:
            worker = workers.get(one.worker_id)
            if worker is None or worker.state == CLOSED or (one.worker_id, one.seq) in silent:
                continue
            entry = self._reader.open(worker, one)
            if entry.record is None or entry.opened is None or entry.record["issuer"] != said.issuer:
                continue
            if kid_of(entry.opened.evidence) == said.kid:
                told.append(self._telling(one.worker_id))
        return lambda turn: notices.tell_workers(turn, house, told, add=True)

    def _telling(self, worker_id: bytes) -> Telling:
        said, key = self._event.said, f"log/{self._event.idx}"
        return Telling(worker_id, KINDS[said.action], {"count": 1, "issuer": said.issuer}, key)


def _next(house: "House", told: int) -> tuple[_Event | None, int]:
    """Return the first event behind an index that workers are told of, and the last index of the log."""
    own, place = tables.issuer_key_event.c, tables.place.c
    query = sa.select(own.idx, own.data).order_by(own.idx)
    with house.db.read() as conn:
        end = conn.scalar(sa.select(sa.func.max(place.idx)))
        newest = conn.scalar(sa.select(sa.func.max(own.idx)))
        for idx, data in conn.execute(query.where(own.idx > told)).all():
            said = KeyEvent.unpack(bytes(data))
            if said.action not in KINDS:
                continue
            for begins, first in conn.execute(query.where(own.issuer == said.issuer)).all():
                known = KeyEvent.unpack(bytes(first))
                if (known.action, known.kid) == (KeyAction.REGISTER, said.kid):
                    return _Event(int(idx), int(begins), said), int(idx)
    return None, max((int(one) for one in (end, newest) if one is not None), default=told)


def _forget(house: "House") -> None:
    """Drop the rows of walks that are over."""
    over = follower.c.name.like(f"{NAME}/%")
    with house.db.read() as conn:
        found = conn.scalar(sa.select(sa.func.count()).where(over))
    if found:
        house.db.write(lambda turn: turn.conn.execute(follower.delete().where(over)))
