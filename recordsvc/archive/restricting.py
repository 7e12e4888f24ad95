"""One record restricted (限制处理一条记录; PIPL art. 47): sealed and lifted by two officials.

    active, revoked ── two officials ──> restricted ── two officials, nothing blocks ──> erased
                                             └── two officials ──> as it was before

The rest of the archive stays open. The restriction is an entry on the record, in its own chain: every reader
derives from it that the record counts for nothing and that nobody is shown what it says, nor what acted on it
(`reading.sealed_in`). While it stands nothing acts on the record: what an institution sends waits, and the
worker's word is not taken. So the sealed entries are known when it is entered, and stand in
`restricted_entry` for those who open entries without deriving states. A whole archive: `erasing.py`.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import consents
from recordsvc.access.consents import Ended, Event
from recordsvc.archive import alike, contest_again, disputes, notices, parties, persons, retold, tables
from recordsvc.archive.alike import Alike
from recordsvc.archive.append import DECIDED
from recordsvc.archive.decided import decision_of, enter, record_id_of, stater_of, worker_of
from recordsvc.archive.errors import TargetUnfit, TargetUnknown
from recordsvc.archive.persons import Place
from recordsvc.archive.reading import Archive, Reader, sealed_by
from recordsvc.archive.statements import Statement
from recordsvc.archive.states import Life, RecordState
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal, StaleProposal
from recordsvc.people import merges, standing

if TYPE_CHECKING:
    from recordsvc.house import House

RESTRICT: Final = "record.restrict"
LIFT: Final = "record.unrestrict"
NO_ORDER: Final = {"pointer": "/papers", "code": "needed", "detail": "至少选一份已收存的决定文书"}
_DECIDERS: Final = frozenset({"data-officer"})
_RESTRICTABLE: Final = frozenset({Life.ACTIVE, Life.REVOKED})
_BEFORE: Final = {RESTRICT: _RESTRICTABLE, LIFT: frozenset({Life.RESTRICTED})}
"""Kind of proposal -> how the record stands to which it is done."""
_EFFECT: Final = {RESTRICT: "restricted", LIFT: "lifted"}
REPLAYED: Final = "replayed"
"""Ground of what is entered again after a restore: what was decided stands in the log before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which record (and whose, where ids of several issuers are alike), and on what it rests.

    `ground`: a code of `restriction_grounds`; `papers`: SHA-256 of what was filed; `text` without personal
    data.
    """

    worker_id: bytes
    record_id: bytes
    ground: str
    text: str
    papers: tuple[str, ...] = ()
    issuer: str | None = None


def propose(turn: Turn, house: "House", kind: str, asked: Asked, by: str) -> bytes:
    """Propose to restrict a record (`RESTRICT`), or to lift that (`LIFT`).

    Raises `TargetUnknown`, `TargetUnfit`, `RecordAmbiguous`, `StandingRefused`.
    """
    place = find(house, turn, asked.worker_id, asked.record_id, asked.issuer)
    worker_id = place.archive.worker_id
    if place.state is None:
        raise TargetUnfit
    if place.state.moved:
        raise TargetUnfit("这条记录已移出这份档案：要移回，请从现在所在的档案办理移动")
    if place.state.life not in _BEFORE[kind] or _stands(turn, worker_id) == standing.RESTRICTED:
        raise standing.StandingRefused
    payload: dict[str, Any] = {
        "worker_id": str(uuid.UUID(bytes=worker_id)),
        "record_id": str(uuid.UUID(bytes=asked.record_id)),
        "seq": place.state.seq,
        "ground": asked.ground,
        "text": asked.text,
        **alike.named(alike.of(house, turn.conn, place.archive, place.state, _BEFORE[kind])),
    }
    if asked.papers:
        payload["papers"] = list(asked.papers)
    return two_person.propose(turn, kind, payload["worker_id"], payload, by)


def place_of(
    house: "House", turn: Turn, worker_id: bytes, record_id: bytes, issuer: str | None
) -> tuple[bytes, dict[str, Any]]:
    """Return in whose chain a record stands, and how a proposal names it. Raises as `find`, `TargetUnfit`."""
    place = find(house, turn, worker_id, record_id, issuer)
    if place.state is None:
        raise TargetUnfit
    named = {"record_id": str(uuid.UUID(bytes=record_id)), "seq": place.state.seq}
    return place.archive.worker_id, named


def find(house: "House", turn: Turn, worker_id: bytes, record_id: bytes, issuer: str | None = None) -> Place:
    """Return where a record stands, restricted or not; to judge by, never to show.

    Raises `TargetUnknown`, also of one that was erased, and `RecordAmbiguous`.
    """
    person = persons.read(house, worker_id, house.db.cursor(turn.conn), sealed=True)
    place = None if person is None else person.find(record_id, issuer)
    if place is None or place.entry.opened is None:
        raise TargetUnknown
    return place


def basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    """Return what a decision on one record rests on: the worker's version, and by what it is restricted."""
    worker_id = worker_of(payload, "worker_id")
    by = restricted_by(conn, worker_id, int(payload["seq"]))
    return f"{merges.versions(conn, worker_id)}/{'' if by is None else by}"


def restricted_by(conn: Connection, worker_id: bytes, seq: int) -> int | None:
    """Return the log index of the entry by which a record is restricted now; None: it is not."""
    own = tables.restricted_entry.c
    query = sa.select(own.idx).where(own.worker_id == worker_id, own.seq == seq)
    return conn.execute(query).scalar()


@two_person.executor(RESTRICT, deciders=_DECIDERS, basis=basis)
def _restrict(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter the restriction and seal the record; the log index of the entry."""
    house: House = proposal.tools
    archive, state = _judged(house, turn, payload, RESTRICT)
    others = going_along(turn, house, archive, state, payload)
    index = _enter(house, turn, Alike(archive, state), proposal, _EFFECT[RESTRICT].encode(), payload)
    sealed(house, turn, archive, state, index, 1 + len(others))
    _grant(house, turn, archive, state, index)
    seal_along(turn, house, others, proposal, payload)
    return index


def again(turn: Turn, house: "House", proposal: Proposal, place: tuple[bytes, int], text: str) -> bool:
    """Restrict a record (worker_id, seq) that was restricted in a log that was lost; False where it is."""
    archive = Reader(house, sealed=True).archive(place[0], house.db.cursor(turn.conn))
    state = None if archive is None else archive.state.of(place[1])
    if archive is None or state is None or state.record is None or state.life not in _RESTRICTABLE:
        return False
    if _stands(turn, archive.worker_id) == standing.RESTRICTED:
        return False
    said = {"effect": "restricted", "ground": REPLAYED, "restricts": str(state.record["id"]), "text": text}
    own_id = record_id_of(house, proposal, b"restriction" + place[0] + place[1].to_bytes(4))
    body = {"decision": decision_of(proposal), **said}
    note = Statement("restriction", body, stater_of(proposal), own_id, target=state.seq, states=DECIDED)
    (entered,) = enter(house, turn, [(archive.worker_id, note)])
    sealed(house, turn, archive, state, entered.index)
    return True


def alike_of(turn: Turn, house: "House", archive: Archive, state: RecordState) -> list[Alike]:
    """Return what would be restricted with a record."""
    return alike.of(house, turn.conn, archive, state, _RESTRICTABLE)


def going_along(
    turn: Turn, house: "House", archive: Archive, state: RecordState, payload: dict[str, Any]
) -> list[Alike]:
    """Return what is restricted with a record, as its proposal named it. Raises `StaleProposal`."""
    others = alike_of(turn, house, archive, state)
    alike.judged(payload, others)
    return others


def seal_along(
    turn: Turn, house: "House", others: Sequence[Alike], proposal: Proposal, why: Mapping[str, Any]
) -> None:
    """Restrict what tells the same as a record, each by an entry of its own, on the same ground."""
    for one in others:
        index = _enter(house, turn, one, proposal, alike.part("restricted", one), why)
        sealed(house, turn, one.archive, one.state, index, 0)
        _grant(house, turn, one.archive, one.state, index)


def _grant(house: "House", turn: Turn, archive: Archive, state: RecordState, index: int) -> None:
    """End the worker's case that wished, at first or by a later word, for what was done at a log index."""
    case = disputes.unclosed(turn, archive.worker_id, state.seq)
    said = () if case is None else [one for one in state.history if one.seq >= case.contest_seq]
    wishes = (
        contest_again.asks_the_region(one.record["body"], one.ms)
        for one in said
        if one.record is not None and one.record["type"] == "contest"
    )
    if case is not None and any(wishes):
        disputes.end(turn, house, case, "upheld", index)


def sealed(
    house: "House", turn: Turn, archive: Archive, state: RecordState, index: int, count: int = 1
) -> None:
    """Seal a record, as it was read before its restriction was entered at a log index, and tell of it.

    `count`: of how many records the worker is told with it; 0: told with another.
    """
    hide(house, turn, archive, state, index)
    place = archive.worker_id, state.seq
    retold.keep(turn, house, place, state.record or {}, retold.of_state(state))
    _tell(house, turn, Alike(archive, state), "record-restricted", index, count)


def hide(house: "House", turn: Turn, archive: Archive, state: RecordState, index: int) -> None:
    """Seal a record without a word to its worker and whose it is; receivers of consents learn of it."""
    rows = [
        {"worker_id": archive.worker_id, "seq": seq, "idx": index}
        for seq in sorted(sealed_by(state))
        if archive.entries[seq].opened is not None
    ]
    turn.conn.execute(tables.restricted_entry.insert(), rows)
    _tell_consents(house, turn, archive, state, Event.RESTRICTED)


def _tell_consents(house: "House", turn: Turn, archive: Archive, state: RecordState, event: Event) -> None:
    """Tell receivers, in order, what becomes of the consents that name a record; end those to nothing else.

    A consent to other records too goes on; opened, it tells which record is restricted.
    """
    chains = persons.chains(turn, house, archive.worker_id)
    own, kept = tables.restricted_entry.c, tables.ciphertext.c
    same = sa.and_(kept.worker_id == own.worker_id, kept.seq == own.seq)
    named = sa.select(kept.record_id).join(tables.restricted_entry, same).where(own.worker_id.in_(chains))
    hidden = {bytes(one) for one in turn.conn.scalars(named)}
    record_id = archive.entries[state.seq].stored.record_id
    for one in consents.of_workers(turn.conn, chains):
        if not one.runs(turn.now_ms) or record_id not in one.records:
            continue
        if hidden.issuperset(one.records):
            consents.end(turn, house.log, [one.worker_id], Ended.RESTRICTED, one.consent_id)
        else:
            consents.note(turn, house.log, one, event)


@two_person.executor(LIFT, deciders=_DECIDERS, basis=basis)
def _lift(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter that it is lifted, and show the record again; the log index of the entry."""
    house: House = proposal.tools
    archive, state = _judged(house, turn, payload, LIFT)
    others = alike.of(house, turn.conn, archive, state, _BEFORE[LIFT])
    alike.judged(payload, others)
    index = _enter(house, turn, Alike(archive, state), proposal, _EFFECT[LIFT].encode(), payload)
    _show(house, turn, Alike(archive, state), index, 1 + len(others))
    for one in others:
        _show(house, turn, one, _enter(house, turn, one, proposal, alike.part("lifted", one), payload), 0)
    return index


def _show(house: "House", turn: Turn, one: Alike, index: int, count: int) -> None:
    """Show a record again whose lifting was entered at a log index, and tell of it."""
    worker_id, own = one.archive.worker_id, tables.restricted_entry.c
    mine = (own.worker_id == worker_id, own.seq.in_(sorted(sealed_by(one.state))))
    turn.conn.execute(sa.delete(tables.restricted_entry).where(*mine))
    retold.take_back(turn, worker_id, one.state.seq)
    _tell_consents(house, turn, one.archive, one.state, Event.LIFTED)
    _tell(house, turn, one, "record-lifted", index, count)


def _judged(house: "House", turn: Turn, payload: dict[str, Any], kind: str) -> tuple[Archive, RecordState]:
    archive = Reader(house, sealed=True).archive(worker_of(payload, "worker_id"), house.db.cursor(turn.conn))
    state = None if archive is None else archive.state.of(int(payload["seq"]))
    if archive is None or state is None or state.life not in _BEFORE[kind]:
        raise StaleProposal
    if _stands(turn, archive.worker_id) == standing.RESTRICTED:
        raise standing.StandingRefused
    return archive, state


def _enter(
    house: "House", turn: Turn, one: Alike, proposal: Proposal, part: bytes, why: Mapping[str, Any]
) -> int:
    """Enter what becomes of a record, on the ground, words and papers of `why`; the log index."""
    body = {
        "decision": decision_of(proposal),
        "effect": _EFFECT.get(proposal.kind, "restricted"),
        "ground": why["ground"],
        "restricts": str((one.state.record or {})["id"]),
        "text": why["text"],
    }
    if why.get("papers"):
        body["papers"] = why["papers"]
    own_id = record_id_of(house, proposal, part)
    said = Statement("restriction", body, stater_of(proposal), own_id, target=one.state.seq, states=DECIDED)
    (entered,) = enter(house, turn, [(one.archive.worker_id, said)])
    return entered.index


def _tell(house: "House", turn: Turn, one: Alike, kind: str, index: int, count: int) -> None:
    """Tell the worker, of so many records, and whose it is; receivers read the entry in their feeds."""
    worker_id, key = one.archive.worker_id, f"restriction/{index}"
    if count and _stands(turn, worker_id) == standing.OPEN:  # of one who died nobody is left to be told
        notices.tell_worker(turn, house, worker_id, kind, {"count": count}, key)
    parties.tell(turn, house, one.state.record or {}, kind.removeprefix("record-"), key)


def _stands(turn: Turn, worker_id: bytes) -> str:
    """Return how the archive stands as which a chain is read."""
    return merges.held(turn, worker_id)[1]
