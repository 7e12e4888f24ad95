"""Closing an archive when its worker has died (档案关闭), and reopening one that was closed in error.

Two officials, with a paper that proves it; an entry in the chain. A closed archive is read as before and
takes nothing new: what arrives is held. Close relatives may consult it (PIPL art. 49): `copies.py`.
One that was closed before a loss and is sealed since the restore (`awaiting.py`) is closed out of that.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import consents, helper_relations
from recordsvc.access.consents import Ended
from recordsvc.access.sessions import end_uncarried
from recordsvc.access.tables import session
from recordsvc.archive import awaiting, blockers, persons, sealed_words, slip_checks
from recordsvc.archive.decided import decision_of, enter, record_id_of, stater_of, worker_of
from recordsvc.archive.errors import TargetUnknown
from recordsvc.archive.life_errors import DeathBeforeBirth, EvidenceNeeded
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.retention import Blocker
from recordsvc.archive.statements import Statement
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal
from recordsvc.people import identifiers, merges, numbers, standing
from recordsvc.people import tables as people_tables
from recordsvc.people.identifiers import Kind

if TYPE_CHECKING:
    from recordsvc.house import House

CLOSE: Final = "archive.close"
REOPEN: Final = "archive.reopen"
_DECIDERS: Final = frozenset({"reviewer", "data-officer"})
_TELLS_BIRTH: Final = frozenset({Kind.RESIDENT_ID, Kind.HMT_RESIDENCE, Kind.FOREIGN_PR})
"""Kinds of number that tell the day of birth where they have 18 characters."""
_EIGHTEEN: Final = 18
NO_PAPER: Final = {"pointer": "/papers", "code": "required", "detail": "须有至少一份已收存的证明材料"}
"""The fault of an act that no filed paper stands behind."""


@dataclass(frozen=True, slots=True)
class Death:
    """What is known: a code of `closure_grounds`, the day (Beijing date), words, SHA-256 (hex) of papers."""

    ground: str
    on: str
    text: str
    papers: Sequence[str] = ()


def propose_closure(turn: Turn, house: "House", worker_id: bytes, death: Death, by: str) -> bytes:
    """Propose to close an archive.

    Raises `TargetUnknown`, `StandingRefused`, `EvidenceNeeded`, `DeathBeforeBirth`.
    """
    again = awaits(house, turn.conn, worker_id)
    _check(turn.conn, worker_id, standing.RESTRICTED if again else standing.OPEN)
    if not death.papers:
        raise EvidenceNeeded(errors=[NO_PAPER])
    born = _born(house, turn.conn, worker_id)
    if born is not None and death.on < born:
        detail = "早于证件号码中的出生日期"
        raise DeathBeforeBirth(errors=[{"pointer": "/on", "code": "value", "detail": detail}])
    payload: dict[str, Any] = {
        "worker_id": str(uuid.UUID(bytes=worker_id)),
        "ground": death.ground,
        "papers": list(death.papers),
    }
    told = {"on": death.on, "text": death.text}
    payload = sealed_words.of_worker(house, turn.conn, payload, told, restricted=again)
    return two_person.propose(turn, CLOSE, payload["worker_id"], payload, by)


def propose_reopening(turn: Turn, worker_id: bytes, text: str, by: str) -> bytes:
    """Propose to reopen an archive that was closed in error. Raises `TargetUnknown`, `StandingRefused`."""
    _check(turn.conn, worker_id, standing.CLOSED)
    payload: dict[str, Any] = {
        "worker_id": str(uuid.UUID(bytes=worker_id)),
        "ground": "closed-in-error",
        "text": text,
        "papers": [],
    }
    return two_person.propose(turn, REOPEN, payload["worker_id"], payload, by)


def proof_of(house: "House", worker_id: bytes) -> list[str]:
    """Return the SHA-256 (hex) of the papers on which a person's archive was closed last; empty: on none.

    Raises `ArchiveRestricted`.
    """
    person = persons.read(house, worker_id)
    entries = [] if person is None else [entry for archive in person.archives for entry in archive.entries]
    said = [one.record for one in entries if one.record is not None and one.record["type"] == "closure"]
    closed = [record["body"] for record in said if record["body"]["effect"] == "closed"]
    return [str(one) for one in closed[-1].get("papers", ())] if closed else []


def awaits(house: "House", conn: Connection, worker_id: bytes) -> bool:
    """Tell whether an archive is sealed since a restore, until its closing is entered again."""
    archive = Reader(house, sealed=True).archive(worker_id, house.db.cursor(conn))
    return awaiting.closing_awaited(archive)


def _born(house: "House", conn: Connection, worker_id: bytes) -> str | None:
    """Return the earliest day of birth that a verified number of the person tells; None: none does."""
    known = numbers.known(house, house.db.cursor(conn), worker_id)
    told = (one for one in known if one.kind in _TELLS_BIRTH and one.standing == numbers.VERIFIED)
    days = (identifiers.birth_date(one.value).isoformat() for one in told if len(one.value) == _EIGHTEEN)
    return min(days, default=None)


def _check(conn: Connection, worker_id: bytes, wanted: str) -> None:
    worker = people_tables.worker
    found = conn.execute(sa.select(worker.c.state).where(worker.c.worker_id == worker_id)).scalar()
    if found is None:
        raise TargetUnknown
    if found != wanted:
        raise standing.StandingRefused


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, worker_of(payload, "worker_id"))


def _opened(house: "House", conn: Connection, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what a proposal to close says; of an archive that waits for just that, though it is sealed."""
    again = awaits(house, conn, worker_of(payload, "worker_id"))
    return sealed_words.opened(house, conn, payload, restricted=again)


@two_person.executor(CLOSE, deciders=_DECIDERS, basis=_basis, opens=_opened)
def _close(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter the closure; the log index. Whoever is signed in to the archive is signed out."""
    house: House = proposal.tools
    worker_id = worker_of(payload, "worker_id")
    archive = Reader(house, sealed=True).archive(worker_id, house.db.cursor(turn.conn))
    before = standing.RESTRICTED if awaiting.closing_awaited(archive) else standing.OPEN
    index = _enter(turn, payload, proposal, "closed", before)
    if before == standing.OPEN or awaiting.alone(archive):
        if before == standing.RESTRICTED:
            _unseal(turn, worker_id, proposal)
        standing.change(turn, worker_id, before, standing.CLOSED)
    _tell(turn, payload, proposal, "archive-closed")
    mine = (session.c.actor_kind == "worker", session.c.actor_id == payload["worker_id"])
    turn.conn.execute(session.delete().where(*mine))
    end_uncarried(turn)
    end_open(turn, house, worker_id)
    return index


def _unseal(turn: Turn, worker_id: bytes, proposal: Proposal) -> None:
    """Enter that what sealed the archive until it was closed again is lifted, by the same decision."""
    house: House = proposal.tools
    text = "恢复备份后待办的关闭已重新办理"
    body = {"decision": decision_of(proposal), "effect": "lifted", "ground": awaiting.ENTERED, "text": text}
    own_id = record_id_of(house, proposal, b"lift")
    said = Statement(
        "restriction", body, stater_of(proposal), own_id, states=frozenset({standing.RESTRICTED})
    )
    enter(house, turn, [(worker_id, said)])
    slip_checks.begin_anew(turn, [worker_id, *house.people.read_as(house.db.cursor(turn.conn), worker_id)])


def end_open(turn: Turn, house: "House", worker_id: bytes) -> None:
    """End what is open to others of an archive, and of those read as it, since its worker died."""
    closed = [worker_id, *house.people.read_as(house.db.cursor(turn.conn), worker_id)]
    consents.end(turn, house.log, closed, Ended.CLOSED)
    helper_relations.end_all(turn, closed, helper_relations.Ended.CLOSED)
    for closing in house.closers:
        closing(turn, house, closed)


def unsettled(house: "House", conn: Connection, found: Proposal) -> list[Blocker]:
    """Return what is still open of the worker whose archive a waiting proposal would close."""
    if found.kind != CLOSE or found.state != "open":
        return []
    theirs = merges.together(conn, [worker_of(found.payload, "worker_id")])
    return blockers.unsettled(house, conn, sorted(theirs))


def beneath(archive: Archive | None) -> str:
    """Return how the chain itself says that an archive stands: closed by its newest closure, or open."""
    said = [one.record for one in (() if archive is None else archive.entries) if one.record is not None]
    effects = [record["body"]["effect"] for record in said if record["type"] == "closure"]
    return standing.CLOSED if effects[-1:] == ["closed"] else standing.OPEN


@two_person.executor(REOPEN, deciders=_DECIDERS, basis=_basis)
def _reopen(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter the reopening; the log index."""
    index = _enter(turn, payload, proposal, "reopened", standing.CLOSED)
    standing.change(turn, worker_of(payload, "worker_id"), standing.CLOSED, standing.OPEN)
    _tell(turn, payload, proposal, "archive-reopened")
    return index


def _tell(turn: Turn, payload: dict[str, Any], proposal: Proposal, kind: str) -> None:
    """Tell at the person's phone, or on paper: who lives objects, and who is left learns of the copy."""
    house: House = proposal.tools
    house.tell_worker(turn, worker_of(payload, "worker_id"), kind, f"proposal/{proposal.id.hex()}")


def _enter(turn: Turn, payload: dict[str, Any], proposal: Proposal, effect: str, state: str) -> int:
    house: House = proposal.tools
    payload = _opened(house, turn.conn, payload)
    body: dict[str, Any] = {"decision": decision_of(proposal), "effect": effect}
    body |= {name: payload[name] for name in ("ground", "on", "text", "papers") if payload.get(name)}
    own_id = record_id_of(house, proposal, effect.encode())
    said = Statement("closure", body, stater_of(proposal), own_id, states=frozenset({state}))
    return enter(house, turn, [(worker_of(payload, "worker_id"), said)])[0].index
