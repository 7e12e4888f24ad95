"""Held records (暂存记录): what no machine may decide waits, sealed, until released or returned.

held ──two people──> approved ──fresh judgement of key, worker, target──> released
  │                     ├── cannot enter now ──> held again, with the reason
  │                     └── never validly signed, or by a key since revoked ──> returned to the issuer
  └──one official, with a reason──> returned to the issuer

The two-person act only marks the rows; appending happens in portions right after it (and by `recordsvc work`
if the process dies in between), so that a release of thousands never keeps writers waiting. Whatever is
appended is judged anew at that moment: a key revoked since then does not become valid by waiting.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import acts, objects
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor
from recordsvc.archive import errors, held_own, notices, restricted, retold, store, tables, targets, types
from recordsvc.archive.append import STALE, Batch, Prepared
from recordsvc.archive.rejudge import Back, Rejudge
from recordsvc.archive.release import RELEASE
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.sealing import dedupe_key
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.readers import Cursor

if TYPE_CHECKING:
    from recordsvc.house import House

__all__ = [
    "RELEASE",
    "HeldRecord",
    "Releaser",
    "counts",
    "give_back",
    "of_issuer",
    "one",
    "open_held",
    "return_one",
    "seen_by",
    "target_of",
    "tell_returned",
    "waiting",
]

PORTION: Final = 300
ATTEMPTS: Final = 6
"""How often a portion whose facts keep changing is tried before its rows are tried one by one."""


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """One held record as officials list it; instants are UTC ms."""

    held_id: bytes
    issuer: str
    reason: str
    owner: str
    state: str
    received_ms: int
    note: str | None


def waiting(
    conn: Connection,
    *seen: sa.ColumnElement[bool],
    issuer: str | None = None,
    reason: str | None = None,
    after: bytes = b"",
    limit: int = 100,
) -> list[HeldRecord]:
    """Return held records behind the id `after`, oldest first; `seen` says which the asker sees."""
    held = tables.held
    query = sa.select(held).where(held.c.state == "held", held.c.held_id > after, *seen)
    if issuer:
        query = query.where(held.c.issuer == issuer)
    if reason:
        query = query.where(held.c.reason == reason)
    rows = conn.execute(query.order_by(held.c.held_id).limit(limit))
    return [HeldRecord(r.held_id, r.issuer, r.reason, r.owner, r.state, r.received_ms, r.note) for r in rows]


def of_issuer(conn: Connection, issuer: str, *, after: bytes = b"", limit: int = 100) -> list[HeldRecord]:
    """Return an issuer's records that wait, were approved or came back, behind the id `after`."""
    held = tables.held
    mine = (held.c.issuer == issuer, held.c.state != "released", held.c.held_id > after)
    rows = conn.execute(sa.select(held).where(*mine).order_by(held.c.held_id).limit(limit))
    return [HeldRecord(r.held_id, r.issuer, r.reason, r.owner, r.state, r.received_ms, r.note) for r in rows]


def seen_by(who: Actor) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the held records that an official sees."""
    return objects.of_institutions(who, "held.read", tables.held.c.issuer)


def counts(conn: Connection, *seen: sa.ColumnElement[bool]) -> list[tuple[str, int]]:
    """Return how many records wait for each reason, the most first; `seen` says which the asker sees."""
    held, count = tables.held, sa.func.count()
    wanted = sa.select(held.c.reason, count).where(held.c.state == "held", *seen).group_by(held.c.reason)
    return sorted(
        ((str(row[0]), int(row[1])) for row in conn.execute(wanted)), key=lambda one: (-one[1], one)
    )


def one(conn: Connection, held_id: bytes) -> HeldRecord:
    """Return one that waits, without its content. Raises `HeldNotHere`."""
    held = tables.held
    wanted = sa.select(held).where(held.c.held_id == held_id, held.c.state == "held")
    r = conn.execute(wanted).one_or_none()
    if r is None:
        raise errors.HeldNotHere
    return HeldRecord(r.held_id, r.issuer, r.reason, r.owner, r.state, r.received_ms, r.note)


def open_held(house: "House", held_id: bytes) -> dict[str, Any]:
    """Return the record R of a held record, for the official who decides.

    Raises `HeldNotHere`, `ArchiveRestricted` where its numbers or what it acts on lead to an archive that is,
    `RecordRestricted` where it acts on a record that is, or tells it again: it says what that one said.
    """
    with house.db.read() as conn:
        row = conn.execute(sa.select(tables.held).where(tables.held.c.held_id == held_id)).one_or_none()
        if row is None or row.sealed is None:
            raise errors.HeldNotHere
        people = held_own.workers_of(house, conn, held_id, bytes(row.sealed))
        restricted.refuse(house, house.db.cursor(conn), *people)
        record: dict[str, Any] = orjson.loads(house.admission.sealer.unhold(held_id, row.sealed)[0])
        _refuse_sealed_target(house, house.db.cursor(conn), record)
        told = targets.made(house, house.db.cursor(conn), record) or record
        _refuse_retold(house, house.db.cursor(conn), people, told)
    return record


def _refuse_retold(
    house: "House", cursor: Cursor, people: Iterable[bytes], record: Mapping[str, Any]
) -> None:
    """Raise `RecordRestricted` where this tells again, under another id, what a restricted record said."""
    found = [worker for one in people if (worker := house.people.load(cursor, one)) is not None]
    persons = {house.people.person(cursor, one).worker_id for one in found}
    told = retold.Retold(house, cursor, persons)
    if any(told.reason(one, record) == retold.RESTRICTED for one in persons):
        raise RecordRestricted


def _refuse_sealed_target(house: "House", cursor: Cursor, record: dict[str, Any]) -> None:
    """Raise `ArchiveRestricted`, `RecordRestricted` where what this acts on is sealed."""
    target = target_of(record)
    if target is None:
        return
    key = dedupe_key(*target)
    found = store.known(house.db, cursor, [key]).get(key)
    if found is not None:
        restricted.refuse(house, cursor, found[0])
        restricted.refuse_record(house, cursor, found[0], found[1])


def target_of(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return issuer and id of the record that this one acts on; None: it acts on none."""
    kind = types.record_type(record)
    found = None if kind is None else kind.target_of(record)
    return None if found is None else (str(record["issuer"]), found)


def give_back(turn: Turn, held_id: bytes, reason: str) -> None:
    """Return a held record to its issuer with a reason and drop its content. Raises `HeldNotHere`."""
    held = tables.held
    closing = held.update().where(held.c.held_id == held_id, held.c.state == "held")
    done = turn.conn.execute(
        closing.values(state="returned", decided_ms=turn.now_ms, note=reason[:200], sealed=None)
    )
    if done.rowcount != 1:
        raise errors.HeldNotHere
    tell_returned(turn, held_id)


def tell_returned(turn: Turn, held_id: bytes) -> None:
    """Tell an issuer that its record came back."""
    issuer = turn.conn.scalar(sa.select(tables.held.c.issuer).where(tables.held.c.held_id == held_id))
    params = {"count": 1, "held_id": str(uuid.UUID(bytes=held_id))}
    notices.tell_institution(turn, str(issuer), "record-returned", params, held_id.hex())


def return_one(house: "House", held_id: bytes, reason: str, who: Actor) -> None:
    """Return a held record on one official's word, which is kept. Raises `HeldNotHere`."""
    house.db.write(lambda turn: return_in(turn, house, held_id, reason, who))


def return_in(turn: Turn, house: "House", held_id: bytes, reason: str, who: Actor) -> None:
    """Return a held record within a turn. Raises `HeldNotHere`."""
    give_back(turn, held_id, reason)
    acts.note(turn, house.random, OfficialAct(who, Act.HELD_RETURN, str(uuid.UUID(bytes=held_id)), reason))


class Releaser:
    """Appends what two people approved."""

    def __init__(self, house: "House") -> None:
        """Release into the archive of this house."""
        self._house = house
        self._rejudge = Rejudge(house)

    def run(self) -> int:
        """Append all approved records, portion by portion; the number released. Resumable at any point.

        Without the region's key nothing can be stated, and everything stays approved until it is back.
        """
        released, after = 0, b""
        while self._rejudge.region_signs() and (rows := self._approved(tables.held.c.held_id > after)):
            released += self._settle(rows)
            after = rows[-1].held_id
        return released

    def _approved(self, *which: sa.ColumnElement[bool]) -> Sequence[Any]:
        with self._house.db.read() as conn:
            query = sa.select(tables.held).where(tables.held.c.state == "approved", *which)
            return conn.execute(query.order_by(tables.held.c.held_id).limit(PORTION)).all()

    def _settle(self, rows: Sequence[Any]) -> int:
        """Release a portion; what stays stale is tried row by row, so that one stuck row blocks no other."""
        released = 0
        for _attempt in range(ATTEMPTS):
            entered, stale = self._release(rows)
            released += entered
            if not stale:
                return released
            rows = self._approved(tables.held.c.held_id.in_([row.held_id for row in rows]))
        if len(rows) > 1:
            return released + sum(self._settle([row]) for row in rows)
        for row in rows:
            observe.log("release-stuck", held=str(uuid.UUID(bytes=row.held_id)))
        return released

    def _release(self, rows: Sequence[Any]) -> tuple[int, bool]:
        """Judge and append one portion; how many were entered, and whether the rest has to be judged anew."""
        house = self._house
        prepared: list[Prepared] = []
        released: list[bytes] = []
        back: dict[bytes, Back] = {}
        for row, outcome in self._rejudge.portion(rows):
            if isinstance(outcome, Back):
                back[row.held_id] = outcome
            else:
                prepared += outcome
                released.append(row.key)
        if back:
            house.db.write(lambda turn: _put_back(turn, back))
        if not released:
            return 0, False
        entered, _log = house.admission.append(Batch(prepared, released=released))
        return (0, True) if entered is STALE else (len(released), False)


def _put_back(turn: Turn, back: dict[bytes, Back]) -> None:
    """Return to its issuer what can never enter; put back to the officials what cannot enter now."""
    held, again = tables.held, list[bytes]()
    for held_id, why in back.items():
        values: dict[str, Any] = {"state": "held", "reason": why.reason, "proposal": None, "worker_id": None}
        if why.note:
            values = {"state": "returned", "decided_ms": turn.now_ms, "note": why.note[:200], "sealed": None}
        done = turn.conn.execute(
            held.update().where(held.c.held_id == held_id, held.c.state == "approved").values(**values)
        )
        if why.note and done.rowcount:
            tell_returned(turn, held_id)
        elif done.rowcount:
            again.append(held_id)
    if again:
        _tell_again(turn, again)


def _tell_again(turn: Turn, held_ids: Sequence[bytes]) -> None:
    """Tell the desks that what two people approved could not enter and waits for them once more."""
    held = tables.held
    found = turn.conn.execute(sa.select(held.c.owner, held.c.issuer).where(held.c.held_id.in_(held_ids)))
    # The same record may come back several times: each is news.
    key = f"again/{min(held_ids).hex()}/{turn.now_ms}"
    for (owner, issuer), count in Counter((row.owner, row.issuer) for row in found).items():
        notices.tell_desk(turn, owner, "record-held-again", {"count": count, "issuer": issuer}, key)
