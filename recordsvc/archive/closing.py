"""Closing an archive when its worker has died (档案关闭), and reopening one that was closed in error.

Two officials, with proof; an entry in the chain. A closed archive is read as before and takes nothing new:
what arrives is held. Close relatives may consult it (PIPL art. 49): a copy is a case of two officials, and
leaves its row like every other look.
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
from recordsvc.archive.decided import decision_of, enter, record_id_of, stater_of, worker_of
from recordsvc.archive.errors import CopyNotDecided, TargetUnknown
from recordsvc.archive.statements import Statement
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal
from recordsvc.people import merges, standing
from recordsvc.people import tables as people_tables

if TYPE_CHECKING:
    from recordsvc.house import House

CLOSE: Final = "archive.close"
REOPEN: Final = "archive.reopen"
COPY: Final = "archive.relative-copy"
COPY_LIFE_MS: Final = 30 * 24 * 3600 * 1000
"""How long after the decision a relative's copy may be made."""
_DECIDERS: Final = frozenset({"reviewer", "data-officer"})


@dataclass(frozen=True, slots=True)
class Death:
    """What is known: a code of `closure_grounds`, the day (Beijing date), words, SHA-256 (hex) of papers."""

    ground: str
    on: str
    text: str
    papers: Sequence[str] = ()


def propose_closure(turn: Turn, worker_id: bytes, death: Death, by: str) -> bytes:
    """Propose to close an archive. Raises `TargetUnknown`, `StandingRefused`."""
    _check(turn.conn, worker_id, standing.OPEN)
    payload: dict[str, Any] = {
        "worker_id": str(uuid.UUID(bytes=worker_id)),
        "ground": death.ground,
        "on": death.on,
        "text": death.text,
        "papers": list(death.papers),
    }
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


def propose_copy(
    turn: Turn, worker_id: bytes, relation: str, text: str, papers: Sequence[str], by: str
) -> bytes:
    """Propose that a close relative gets a copy of a closed archive; `relation` in words, nobody's name.

    Raises `TargetUnknown`, `StandingRefused`.
    """
    _check(turn.conn, worker_id, standing.CLOSED)
    payload: dict[str, Any] = {
        "worker_id": str(uuid.UUID(bytes=worker_id)),
        "relation": relation,
        "text": text,
        "papers": list(papers),
    }
    return two_person.propose(turn, COPY, payload["worker_id"], payload, by)


def check_copy(conn: Connection, worker_id: bytes, proposal_id: bytes, now_ms: int) -> None:
    """Raise `CopyNotDecided` unless two officials decided this copy, not longer ago than it may be made."""
    found = two_person.read_all(conn, [proposal_id], now_ms).get(proposal_id)
    decided = found is not None and found.kind == COPY and found.state == "done"
    if found is None or not decided or worker_of(found.payload, "worker_id") != worker_id:
        raise CopyNotDecided
    if now_ms - (found.closed_ms or 0) > COPY_LIFE_MS:
        raise CopyNotDecided


def _check(conn: Connection, worker_id: bytes, wanted: str) -> None:
    worker = people_tables.worker
    found = conn.execute(sa.select(worker.c.state).where(worker.c.worker_id == worker_id)).scalar()
    if found is None:
        raise TargetUnknown
    if found != wanted:
        raise standing.StandingRefused


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, worker_of(payload, "worker_id"))


@two_person.executor(CLOSE, deciders=_DECIDERS, basis=_basis)
def _close(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter the closure; the log index. Whoever is signed in to the archive is signed out."""
    index = _enter(turn, payload, proposal, "closed", standing.OPEN)
    standing.change(turn, worker_of(payload, "worker_id"), standing.OPEN, standing.CLOSED)
    mine = (session.c.actor_kind == "worker", session.c.actor_id == payload["worker_id"])
    turn.conn.execute(session.delete().where(*mine))
    end_uncarried(turn)
    house: House = proposal.tools
    closed = worker_of(payload, "worker_id")
    merged = house.people.read_as(house.db.cursor(turn.conn), closed)
    consents.end(turn, house.log, [closed, *merged], Ended.CLOSED)
    helper_relations.end_all(turn, [closed, *merged], helper_relations.Ended.CLOSED)
    return index


@two_person.executor(REOPEN, deciders=_DECIDERS, basis=_basis)
def _reopen(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter the reopening; the log index."""
    index = _enter(turn, payload, proposal, "reopened", standing.CLOSED)
    standing.change(turn, worker_of(payload, "worker_id"), standing.CLOSED, standing.OPEN)
    return index


@two_person.executor(COPY, deciders=_DECIDERS, basis=_basis)
def _allow_copy(_turn: Turn, _payload: dict[str, Any], _proposal: Proposal) -> None:
    """The decision itself is what `check_copy` asks for."""


def _enter(turn: Turn, payload: dict[str, Any], proposal: Proposal, effect: str, state: str) -> int:
    house: House = proposal.tools
    body: dict[str, Any] = {"decision": decision_of(proposal), "effect": effect}
    body |= {name: payload[name] for name in ("ground", "on", "text", "papers") if payload.get(name)}
    own_id = record_id_of(house, proposal, effect.encode())
    said = Statement("closure", body, stater_of(proposal), own_id, states=frozenset({state}))
    return enter(house, turn, [(worker_of(payload, "worker_id"), said)])[0].index
