"""An official looks for a purpose and a case (依目的和案卷查阅): found, noted durably, then answered.

Finding nobody leaves a row too, which no worker's list shows (`access/acts.py`); numbers stand in neither.
"""

import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recordsvc.access import acts, areas, looked, objects, own_attempts
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.case_errors import CaseForeign
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import Look
from recordsvc.archive import bundle, copies
from recordsvc.archive.copies import Sort
from recordsvc.archive.errors import ArchiveRestricted, HeldNotHere
from recordsvc.archive.reading import Reader
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, why, for which case, in which request."""

    actor: Actor
    purpose: str
    case_ref: str
    request_id: str = ""


def note(house: "House", looker: Looker, workers: Sequence[bytes], fields: str) -> None:
    """Write who looked; a purpose or case that cannot be is refused even when nobody was found.

    Raises `PurposeRefused`, `CaseUnknown`, `CaseForeign`.
    """
    who, request_id = looker.actor, looker.request_id
    looks = [Look(one, who, looker.purpose, fields, looker.case_ref, request_id) for one in workers]
    judge(house, looker)
    looked.record(house, looks)


@contextlib.contextmanager
def traced(house: "House", looker: Looker, worker_id: bytes) -> Iterator[None]:
    """Note the look also where the archive is restricted: that it is, is told of a person, too."""
    try:
        yield
    except ArchiveRestricted:
        note(house, looker, [worker_id], "identity")
        raise


def judge(house: "House", looker: Looker) -> None:
    """Refuse a purpose or a case that cannot be, before anybody is looked for.

    Raises `PurposeRefused`, `CaseRefused`, `CaseUnknown`.
    """
    looked.judge(house.db, looker.actor, looker.purpose, looker.case_ref)


def check_case(house: "House", looker: Looker, subject: bytes, fields: str) -> None:
    """Answer like nobody whom a case of ours is not about; the row is durable. Raises `CaseForeign`."""
    look = Look(subject, looker.actor, looker.purpose, fields, looker.case_ref, looker.request_id)
    if looked.foreign(house, look):
        raise CaseForeign


def note_act(house: "House", looker: Looker, act: Act, subject: str) -> None:
    """Write a reading that no worker's list shows; its purpose is the reason."""
    done = OfficialAct(looker.actor, act, subject, looker.purpose, looker.case_ref)
    acts.record(house.db, house.random, done)


def note_held(house: "House", looker: Looker, held_id: bytes) -> None:
    """Write who opened a held record: whose it is reads it once it is released, auditors at once.

    Raises `PurposeRefused`, `HeldNotHere`.
    """
    try:
        note(house, looker, [held_id], looked.HELD)
    except CaseForeign:
        raise HeldNotHere from None
    note_act(house, looker, Act.HELD_OPEN, str(uuid.UUID(bytes=held_id)))


def find(house: "House", looker: Looker, kind: str, number: str) -> bytes:
    """Return whose archive a number leads to; whom the case is not about is answered like nobody.

    Raises `NotFound`, `PurposeRefused`, `CaseUnknown`.
    """
    judge(house, looker)
    worker_id = house.people.find(kind, number.strip().upper())
    if worker_id is None or not _sees(house, looker.actor, worker_id):
        note_act(house, looker, Act.FIND_NOTHING, kind)
        raise NotFound
    try:
        note(house, looker, [worker_id], "identity")
    except CaseForeign:
        # Their row is the trace. One of nobody beside it would be a second commit, which time tells.
        raise NotFound from None
    return worker_id


def _sees(house: "House", who: Actor, worker_id: bytes) -> bool:
    """Tell whether an official may find this worker: of their area, and not recused."""
    if who.kind is not Kind.OFFICIAL:
        return True
    with house.db.read() as conn:
        thing = areas.person(conn, worker_id)
    own_attempts.tell(house, who, thing.parties)
    return objects.own_reach(who, "worker.find", thing)


def nobody(house: "House", looker: Looker, worker_id: bytes) -> NotFound:
    """Note that an archive was asked for that is not there; the problem to raise."""
    note(house, looker, [], "records")
    note_act(house, looker, Act.ARCHIVE_NOTHING, str(uuid.UUID(bytes=worker_id)))
    return NotFound()


def copied(house: "House", looker: Looker, sort: Sort, worker_id: bytes, proposal_id: bytes) -> bytes:
    """Return the copy that two officials decided, a bundle, or a zip of all; its rows are durable before.

    Raises `CopyNotDecided`, `PurposeRefused`, `NotFound`, `ArchiveRestricted`, `StandingRefused`.
    """
    with house.db.read() as conn:
        decided = copies.check(conn, sort, worker_id, proposal_id, house.clock.now_ms())
    judge(house, looker)
    shown = _person(house, worker_id) if sort.whole else [worker_id]
    if sort.whole:
        made = bundle.packed(house, shown) if shown else None
    else:
        opened = _of_record(house, worker_id, int(decided.payload["seq"])) if sort.record else None
        made = bundle.make(house, worker_id, opened, sealed=sort.sealed)
    if made is None:
        raise NotFound
    who, case = looker.actor, (looker.purpose, "records", looker.case_ref, looker.request_id)
    looks = [Look(one, who, *case) for one in shown]

    def act(turn: Turn) -> None:
        copies.use(turn, house.random, sort, looks[0], proposal_id)
        for look in looks:
            looked.note(turn, house, look)

    house.db.write(act)
    return made


def _of_record(house: "House", worker_id: bytes, seq: int) -> set[bytes]:
    """Return the ids of a record and of everything that acted on it."""
    archive = Reader(house, sealed=True).archive(worker_id)
    state = None if archive is None else archive.state.of(seq)
    if archive is None or state is None:
        raise NotFound
    ids = (archive.entries[one].stored.record_id for one in (seq, *(act.seq for act in state.history)))
    return {one for one in ids if one is not None}


def _person(house: "House", worker_id: bytes) -> list[bytes]:
    """Return all archives of whom an archive is read as, that one first."""
    with house.db.read_raw() as cursor:
        worker = house.people.load(cursor, worker_id)
        if worker is None:
            return []
        own = house.people.person(cursor, worker).worker_id
        return [own, *house.people.read_as(cursor, own)]
