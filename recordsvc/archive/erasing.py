"""Restrict, then erase (限制处理与删除; PIPL art. 47): nobody reads on, then nothing can be read any more.

    open, closed ── one data officer ──> restricted ── two officials, nothing blocks ──> erased
                                             └── two officials ──> open or closed, as before

Every archive is restricted before it is erased, that of a worker who died too; and every record, by itself
(`restricting.py`) or with its archive.

Erasing destroys the worker's data key, or one record's ciphertext. The erasure is an entry, every proof
given before still verifies, and the commitments in the log are 32 random-looking bytes. What law or open
money keeps (`Blocker`) is named, and until then the archive stays restricted.

Archives that are read as one since a merge are one person's: they are restricted and erased together, and
with them what a merge that was undone left under their numbers in the chains of others. With one record goes
what corrected it, revoked it or put it back in force, since that says again what it said.
"""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import (
    acts,
    areas,
    consents,
    credentials,
    helper_relations,
    identity_links,
    in_place,
    looked,
    questions,
)
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.consents import Ended
from recordsvc.access.grants import Actor
from recordsvc.access.sessions import end_uncarried
from recordsvc.access.tables import session
from recordsvc.archive import (
    alike,
    awaiting,
    blockers,
    closing,
    disputes,
    farewell,
    going,
    notices,
    origins,
    paper_rows,
    parties,
    persons,
    restricting,
    retold,
    slip_checks,
    store,
    strays,
    tables,
    traces,
)
from recordsvc.archive.alike import Alike
from recordsvc.archive.decided import decision_of, enter, record_id_of, stater_of, worker_of
from recordsvc.archive.errors import ErasureBlocked, TargetUnfit, TargetUnknown
from recordsvc.archive.going import WHOLE
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.statements import Statement, Stater, derived_id
from recordsvc.archive.states import MOVED, Life
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.privileges import erasing
from recordsvc.ground.two_person import Proposal
from recordsvc.people import merges, standing
from recordsvc.people import tables as people_tables
from recordsvc.people.workers import MERGED

if TYPE_CHECKING:
    from recordsvc.house import House

LIFT: Final = "archive.unrestrict"
ERASE: Final = "archive.erase"
ERASE_RECORD: Final = "record.erase"
_DECIDERS: Final = frozenset({"data-officer"})
RESTRICTABLE: Final = frozenset({standing.OPEN, standing.CLOSED})
"""States of an archive that is restricted from then on."""
_STANDING: Final = frozenset({Life.ACTIVE, Life.REVOKED, Life.RESTRICTED})
_ANY_STATE: Final = frozenset({standing.OPEN, standing.RESTRICTED, standing.CLOSED, MERGED})


# -- restricting


def restrict(house: "House", worker_id: bytes, ground: str, text: str, who: Actor) -> int:
    """Restrict an archive at once, on one data officer's word; the entry's log index.

    Raises `TargetUnknown`, `StandingRefused`.
    """
    return int(house.db.write(lambda turn: restrict_in(turn, house, worker_id, ground, text, who)))


def restrict_in(turn: Turn, house: "House", worker_id: bytes, ground: str, text: str, who: Actor) -> int:
    """Restrict within a turn. Raises `TargetUnknown`, `StandingRefused`."""
    said = Statement(
        "restriction",
        {"effect": "restricted", "ground": ground, "text": text},
        Stater(f"{who.kind}:{who.id}", "data-officer", "restriction"),
        derived_id(house, b"restriction", worker_id, _version(turn.conn, worker_id)),
        states=RESTRICTABLE,
    )
    standing_now = _state(turn.conn, worker_id)
    if standing_now is None:
        raise TargetUnknown
    if standing_now not in RESTRICTABLE:
        raise standing.StandingRefused
    index = seal(turn, house, worker_id, standing_now, said)
    reason = f"{ground}: {text}"[:400]
    subject = str(uuid.UUID(bytes=worker_id))
    acts.note(turn, house.random, OfficialAct(who, Act.ARCHIVE_RESTRICT, subject, reason))
    if standing_now == standing.OPEN:  # of one who died nobody is left to be told
        notices.tell_worker(turn, house, worker_id, "archive-restricted", {}, f"restriction/{index}")
    return index


def seal(turn: Turn, house: "House", worker_id: bytes, before: str, said: Statement) -> int:
    """Enter a restriction, and end what was open to others; the entry's log index."""
    (entered,) = enter(house, turn, [(worker_id, said)])
    if before != standing.RESTRICTED:
        standing.change(turn, worker_id, before, standing.RESTRICTED)
    _end_sessions(turn, worker_id)
    merged = house.people.read_as(house.db.cursor(turn.conn), worker_id)
    consents.end(turn, house.log, [worker_id, *merged], Ended.RESTRICTED)
    helper_relations.end_all(turn, [worker_id, *merged], helper_relations.Ended.RESTRICTED)
    return entered.index


def propose_lift(
    turn: Turn, worker_id: bytes, ground: str, text: str, by: str, papers: Sequence[str] = ()
) -> bytes:
    """Propose to lift a restriction, on papers (SHA-256). Raises `TargetUnknown`, `StandingRefused`."""
    found = _state(turn.conn, worker_id)
    if found is None:
        raise TargetUnknown
    if found != standing.RESTRICTED:
        raise standing.StandingRefused
    worker = str(uuid.UUID(bytes=worker_id))
    payload = {"worker_id": worker, "ground": ground, "text": text, "papers": list(papers)}
    return two_person.propose(turn, LIFT, worker, payload, by)


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, worker_of(payload, "worker_id"))


@two_person.executor(LIFT, deciders=_DECIDERS, basis=_basis)
def _lift(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    house: House = proposal.tools
    worker_id = worker_of(payload, "worker_id")
    body = {
        "decision": decision_of(proposal),
        "effect": "lifted",
        "ground": payload["ground"],
        "text": payload["text"],
    }
    if payload.get("papers"):
        body["papers"] = payload["papers"]
    own_id = record_id_of(house, proposal, b"lift")
    states = frozenset({standing.RESTRICTED})
    said = Statement("restriction", body, stater_of(proposal), own_id, states=states)
    archive = Reader(house, sealed=True).archive(worker_id, house.db.cursor(turn.conn))
    awaiting.check_lifting(archive, payload["ground"])
    beneath = closing.beneath(archive)
    (entered,) = enter(house, turn, [(worker_id, said)])
    standing.change(turn, worker_id, standing.RESTRICTED, beneath)
    slip_checks.begin_anew(turn, [worker_id, *house.people.read_as(house.db.cursor(turn.conn), worker_id)])
    if beneath == standing.OPEN:
        notices.tell_worker(turn, house, worker_id, "archive-lifted", {}, f"restriction/{entered.index}")
    return entered.index


# -- erasing


@dataclass(frozen=True, slots=True)
class Why:
    """A code of `erasure_grounds`, words without personal data, SHA-256 of papers the decision keeps.

    `issuer`: whose record, where ids of several issuers are alike.
    """

    ground: str
    text: str
    papers: Sequence[str] = ()
    issuer: str | None = None


def propose_erasure(turn: Turn, house: "House", worker_id: bytes, why: Why, by: str) -> bytes:
    """Propose to erase a person's archives. Raises `TargetUnknown`, `StandingRefused`, `ErasureBlocked`."""
    person = persons.read(house, worker_id, house.db.cursor(turn.conn), sealed=True)
    if person is None:
        raise TargetUnknown
    if _state(turn.conn, worker_id) != standing.RESTRICTED:
        raise standing.StandingRefused("请先限制处理，再提出删除", detail_en="restrict it first")
    _refuse_blocked(house, turn, person.archives, why.ground)
    worker = str(uuid.UUID(bytes=worker_id))
    payload = {"worker_id": worker, "ground": why.ground, "text": why.text, "papers": list(why.papers)}
    return two_person.propose(turn, ERASE, worker, payload, by)


def propose_record_erasure(
    turn: Turn, house: "House", worker_id: bytes, record_id: bytes, why: Why, by: str
) -> bytes:
    """Propose to erase one record that is restricted, by itself or with its archive.

    Raises `TargetUnknown`, `TargetUnfit`, `RecordAmbiguous`, `StandingRefused`, `ErasureBlocked`.
    """
    place = restricting.find(house, turn, worker_id, record_id, why.issuer)
    if place.state is None:
        raise TargetUnfit
    alone = place.state.life is Life.RESTRICTED
    if not alone and merges.held(turn, place.archive.worker_id)[1] != standing.RESTRICTED:
        raise standing.StandingRefused("请先限制处理这条记录，再提出删除", detail_en="restrict it first")
    others = alike.of(house, turn.conn, place.archive, place.state, _STANDING)
    alike.refuse_read(turn, others)
    going_now = [Alike(place.archive, place.state), *others]
    alike.refuse_kept(house, turn, going_now, why.ground)
    origins.refuse_kept(house, turn.conn, origins.struck(house, turn.conn, going_now), why.ground)
    payload: dict[str, Any] = {
        "worker_id": str(uuid.UUID(bytes=place.archive.worker_id)),
        "record_id": str(uuid.UUID(bytes=record_id)),
        "seq": place.entry.stored.seq,
        "ground": why.ground,
        "text": why.text,
        **alike.named(others),
    }
    if why.papers:
        payload["papers"] = list(why.papers)
    return two_person.propose(turn, ERASE_RECORD, payload["worker_id"], payload, by)


@two_person.executor(ERASE, deciders=_DECIDERS, basis=_basis)
def _erase(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Enter the erasure in each chain of the person, and destroy keys and what the person is found by."""
    house: House = proposal.tools
    cursor = house.db.cursor(turn.conn)
    person = persons.read(house, worker_of(payload, "worker_id"), cursor, sealed=True)
    if person is None:
        raise TargetUnknown
    _refuse_blocked(house, turn, person.archives, payload["ground"])
    statements = [
        (archive.worker_id, _erasure(house, payload, proposal, archive.worker_id))
        for archive in person.archives
    ]
    astray = strays.left_elsewhere(house, cursor, [archive.worker_id for archive in person.archives])
    struck = origins.of_archives(house, turn.conn, person.archives)
    _erase_struck(turn, proposal, struck)
    gone = {(one.archive.worker_id, seq) for one in struck for seq in alike.repeated(one)}
    left = [(one.worker_id, one.seq, one.record_id) for one in astray]
    _erase_entries(turn, payload, proposal, [one for one in left if one[:2] not in gone])
    going.with_archives(turn, house, person.archives)
    # Made while there is a phone and a name; posted behind `forget`, which takes all there was to be told.
    last = farewell.made(turn, house, person.archives)
    for archive, entered in zip(person.archives, enter(house, turn, statements), strict=True):
        destroy(turn, house, archive.worker_id)
        _note(turn, proposal, archive.worker_id, WHOLE, entered.index)
    farewell.post(turn, last)
    states = [one for archive in person.archives for one in archive.state.records]
    known = [one.record for one in states if one.record is not None and not one.moved]
    parties.tell_erased(turn, house, known, f"erasure/{proposal.id.hex()}")


@two_person.executor(ERASE_RECORD, deciders=_DECIDERS, basis=restricting.basis)
def _erase_record(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Enter the erasure of one record and of what repeats it, and destroy ciphertexts and secrets."""
    house: House = proposal.tools
    archive = Reader(house, sealed=True).archive(worker_of(payload, "worker_id"), house.db.cursor(turn.conn))
    state = None if archive is None else archive.state.of(int(payload["seq"]))
    if archive is None or state is None:
        raise TargetUnknown
    others = alike.of(house, turn.conn, archive, state, _STANDING)
    alike.judged(payload, others)
    alike.refuse_read(turn, others)
    going_now = [Alike(archive, state), *others]
    alike.refuse_kept(house, turn, going_now, payload["ground"])
    struck = origins.struck(house, turn.conn, going_now)
    origins.refuse_kept(house, turn.conn, struck, payload["ground"])
    _erase_records(turn, payload, proposal, going_now)
    _erase_struck(turn, proposal, struck)


def _erase_struck(turn: Turn, proposal: Proposal, found: Sequence[Alike]) -> None:
    """Erase what moves struck elsewhere of what is erased: there nothing is said of why, or of whom."""
    said = {"ground": MOVED, "text": "记录早已移出这份档案，随之删除"}
    _erase_records(turn, said, proposal, found)


def _erase_records(turn: Turn, payload: dict[str, Any], proposal: Proposal, found: Sequence[Alike]) -> None:
    """Take what waits for these records, enter their erasures and what repeats them, destroy them."""
    places = []
    for one in found:
        seqs = alike.repeated(one)
        key = f"erasure/{proposal.id.hex()}/{one.archive.worker_id.hex()}/{one.state.seq}"
        parties.tell(turn, proposal.tools, one.state.record or {}, parties.ERASED, key)
        going.with_records(turn, proposal.tools, one.archive, seqs)
        places += [one.archive.entries[seq].stored for seq in seqs]
    known = [(one.worker_id, one.seq, one.record_id) for one in places if one.record_id is not None]
    _erase_entries(turn, payload, proposal, known)


def _erase_entries(
    turn: Turn, payload: dict[str, Any], proposal: Proposal, places: Sequence[tuple[bytes, int, bytes]]
) -> None:
    """Enter the erasure of single entries (worker_id, seq, record_id) and destroy their ciphertexts."""
    house: House = proposal.tools
    statements = [
        (worker_id, _entry_erasure(house, payload, proposal, worker_id, seq, record_id))
        for worker_id, seq, record_id in places
    ]
    for (worker_id, seq, _id), entered in zip(places, enter(house, turn, statements), strict=True):
        destroy(turn, house, worker_id, seq)
        _note(turn, proposal, worker_id, seq, entered.index)


def destroy(turn: Turn, house: "House", worker_id: bytes, seq: int = WHOLE) -> None:
    """Destroy one record's ciphertext, or a worker's key and everything that was kept of the person."""
    if seq != WHOLE:
        traces.remove(turn, house, worker_id, seq)
        disputes.erase(turn, worker_id, seq)
    sealed = tables.ciphertext
    mine = sealed.c.worker_id == worker_id
    with erasing(turn.conn):
        turn.conn.execute(sa.delete(sealed).where(mine if seq == WHOLE else mine & (sealed.c.seq == seq)))
    hidden = tables.restricted_entry
    mine = hidden.c.worker_id == worker_id
    turn.conn.execute(sa.delete(hidden).where(mine if seq == WHOLE else mine & (hidden.c.seq == seq)))
    if seq == WHOLE:
        # Rooms above may know a person by number alone: they go first, while it still leads to the archive.
        for forgetting in house.forgetters:
            forgetting(turn, worker_id)
        standing.erase(turn, worker_id)
        forget(turn, worker_id)
        consents.erase(turn, house.log, worker_id)


def restated(
    house: "House", proposal: Proposal, worker_id: bytes, seq: int, record_id: bytes | None, text: str
) -> Statement:
    """Return the erasure as it is entered again in a log that goes on from before it (`continuing`)."""
    payload = {"ground": restricting.REPLAYED, "text": text}
    if seq == WHOLE:
        return _erasure(house, payload, proposal, worker_id)
    if record_id is None:
        raise TargetUnknown
    return _entry_erasure(house, payload, proposal, worker_id, seq, record_id)


def forget(turn: Turn, worker_id: bytes) -> None:
    """Remove what else was kept of an erased worker: messages, objections, papers, looks, place, ways in."""
    notices.erase(turn, worker_id)
    disputes.erase(turn, worker_id)
    paper_rows.erase(turn, worker_id)
    looked.erase(turn, worker_id, store.released_into(turn, worker_id))
    questions.erase(turn, worker_id)
    credentials.erase(turn, worker_id)
    in_place.erase(turn, worker_id)
    helper_relations.erase(turn, worker_id)
    slip_checks.erase(turn, worker_id)
    identity_links.erase(turn, worker_id)
    areas.forget_worker(turn, worker_id)
    retold.take_back(turn, worker_id)
    _end_sessions(turn, worker_id)


def _erasure(house: "House", payload: dict[str, Any], proposal: Proposal, worker_id: bytes) -> Statement:
    body = _erasure_body(payload, proposal, "worker")
    own_id = record_id_of(house, proposal, b"erasure" + worker_id)
    return Statement("erasure", body, stater_of(proposal), own_id, states=_ANY_STATE)


def _entry_erasure(
    house: "House", payload: dict[str, Any], proposal: Proposal, worker_id: bytes, seq: int, record_id: bytes
) -> Statement:
    body = _erasure_body(payload, proposal, "record") | {"erases": str(uuid.UUID(bytes=record_id))}
    own_id = record_id_of(house, proposal, b"erasure" + worker_id + seq.to_bytes(4))
    return Statement("erasure", body, stater_of(proposal), own_id, target=seq, states=_ANY_STATE)


def _erasure_body(payload: dict[str, Any], proposal: Proposal, scope: str) -> dict[str, Any]:
    told = {"ground": payload["ground"], "text": payload["text"]}
    return {"decision": decision_of(proposal), "scope": scope, **told}


def _refuse_blocked(house: "House", turn: Turn, archives: Iterable[Archive], ground: str) -> None:
    found = blockers.of_archives(house, turn.conn, archives, ground)
    if found:
        raise ErasureBlocked.by(found)


def _note(turn: Turn, proposal: Proposal, worker_id: bytes, seq: int, idx: int) -> None:
    turn.conn.execute(
        people_tables.erasure.insert().values(
            worker_id=worker_id,
            erasure_id=_erasure_id(proposal, seq),
            seq=seq,
            idx=idx,
            erased_ms=turn.now_ms,
            state="erased",
        )
    )


def _erasure_id(proposal: Proposal, seq: int) -> bytes:
    """Return the id of one erasure of a decision: of several in one chain each has its own."""
    return proposal.id if seq == WHOLE else hashlib.sha256(proposal.id + seq.to_bytes(4)).digest()[:16]


def _end_sessions(turn: Turn, worker_id: bytes) -> None:
    mine = (session.c.actor_kind == "worker", session.c.actor_id == str(uuid.UUID(bytes=worker_id)))
    turn.conn.execute(session.delete().where(*mine))
    end_uncarried(turn)


def _state(conn: Connection, worker_id: bytes) -> str | None:
    worker = people_tables.worker
    found = conn.execute(sa.select(worker.c.state).where(worker.c.worker_id == worker_id)).scalar()
    return None if found is None else str(found)


def _version(conn: Connection, worker_id: bytes) -> bytes:
    """What tells one restriction of an archive from the next."""
    return merges.versions(conn, worker_id).encode()
