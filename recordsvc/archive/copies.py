"""Copies that two officials decide (副本): for a close relative of the dead, and for who demands one by law.

A close relative may have the bundles of all archives of the dead (个人信息保护法第四十九条) while the
decision is fresh: to which of them a number led is no matter of theirs. A legal-hold copy (依法调取) is the
one way to read a restricted archive, or a restricted record of an open one, and opens it to nobody else:
decided on an order, made once, its rows before the first byte. An archive stands as the one it is read as.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.acts import Act, OfficialAct, note
from recordsvc.access.grants import Actor
from recordsvc.access.tables import official_act
from recordsvc.archive import restricting
from recordsvc.archive.decided import worker_of
from recordsvc.archive.errors import CopyNotDecided, TargetUnknown
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Random
from recordsvc.ground.two_person import Proposal
from recordsvc.people import merges, standing
from recordsvc.people import tables as people_tables

if TYPE_CHECKING:
    from recordsvc.access.looked import Look

RELATION_PROOF: Final = "relation-proof"
"""Code of `paper_kinds`: by what a relative is known as one (亲属关系证明)."""
NO_RELATION_PROOF: Final = {
    "pointer": "/papers",
    "code": "required",
    "detail": "须选一份已收存的亲属关系证明（材料类型选“亲属关系证明”）",
}
LIFE_MS: Final = 30 * 24 * 3600 * 1000
"""How long after the decision a copy may be made."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of copy: kind of its proposals, states of its archives, last part and policy of its door.

    `act`: what is noted where a decision is used up by making the copy; None: it may be made again.
    `whole`: it holds all archives of the person, not the one alone that was decided on. `sealed`: it opens
    what is restricted; with `record`, one restricted record and nothing else of its chain.
    """

    kind: str
    states: frozenset[str]
    door: str
    policy: str
    act: Act | None = None
    whole: bool = False
    sealed: bool = False
    record: bool = False


RELATIVE: Final = Sort(
    "archive.relative-copy", frozenset({standing.CLOSED}), "copy", "archive.change", whole=True
)
HOLD: Final = Sort(
    "archive.hold-copy",
    frozenset({standing.RESTRICTED}),
    "hold-copy",
    "archive.hold.make",
    Act.ARCHIVE_HOLD_COPY,
    sealed=True,
)
HOLD_RECORD: Final = replace(
    HOLD, kind="record.hold-copy", states=frozenset({standing.OPEN, standing.CLOSED}), record=True
)
SORTS: Final = {one.kind: one for one in (RELATIVE, HOLD, HOLD_RECORD)}


def hold_of(conn: Connection, proposal_id: bytes, now_ms: int) -> Sort:
    """Return which sort of legal-hold copy a proposal is of; of an archive where it is of none."""
    found = two_person.read_all(conn, [proposal_id], now_ms).get(proposal_id)
    return HOLD_RECORD if found is not None and found.kind == HOLD_RECORD.kind else HOLD


def propose(turn: Turn, sort: Sort, worker_id: bytes, said: Mapping[str, Any], by: str) -> bytes:
    """Propose a copy; `said` in codes, words and hashes, nobody's name; of a record its id and seq.

    Raises `TargetUnknown`, `StandingRefused`.
    """
    _check(turn.conn, sort, worker_id, said)
    payload = {"worker_id": str(uuid.UUID(bytes=worker_id)), **said}
    return two_person.propose(turn, sort.kind, payload["worker_id"], payload, by)


def to_make(conn: Connection, worker_id: bytes, now_ms: int) -> list[Proposal]:
    """Return the decisions of this archive by which a copy may be made now, the newest first."""
    own, subject = two_person.proposal.c, str(uuid.UUID(bytes=worker_id))
    decided = (own.state == "done", own.kind.in_(SORTS), own.subject == subject)
    query = sa.select(own.id).where(*decided, own.closed_ms >= now_ms - LIFE_MS).order_by(own.id.desc())
    ids = [bytes(one) for one in conn.scalars(query)]
    found = two_person.read_all(conn, ids, now_ms)
    return [found[one] for one in ids if not made(conn, SORTS[found[one].kind], found[one])]


def check(conn: Connection, sort: Sort, worker_id: bytes, proposal_id: bytes, now_ms: int) -> Proposal:
    """Return the decision by which this copy may be made now. Raises `CopyNotDecided`."""
    found = two_person.read_all(conn, [proposal_id], now_ms).get(proposal_id)
    decided = found is not None and found.kind == sort.kind and found.state == "done"
    if found is None or not decided or worker_of(found.payload, "worker_id") != worker_id:
        raise CopyNotDecided
    if now_ms - (found.closed_ms or 0) > LIFE_MS:
        raise CopyNotDecided
    if made(conn, sort, found):
        raise CopyNotDecided(
            "这份副本已经制作；再次调取须重新提出。", detail_en="This copy was made already."
        )
    return found


def made(conn: Connection, sort: Sort, proposal: Proposal) -> bool:
    """Tell whether a copy of a decision that is used up by it was made."""
    if sort.act is None:
        return False
    own, subject = official_act.c, _subject(proposal.subject, proposal.id)
    # Ids are in the order of time, within a millisecond in none.
    since = proposal.id[:6] + bytes(10)
    query = sa.select(own.id).where(own.id >= since, own.act == sort.act, own.subject == subject)
    return conn.execute(query.limit(1)).first() is not None


def use(turn: Turn, random: Random, sort: Sort, look: "Look", proposal_id: bytes) -> None:
    """Note that the copy is made, in the turn that notes the look; for the first who asks.

    Raises `CopyNotDecided`, `StandingRefused`.
    """
    if sort.act is None:
        return
    own = two_person.proposal.c
    # Whoever asks at the same time waits here, and then finds the act.
    turn.conn.execute(sa.select(own.id).where(own.id == proposal_id).with_for_update())
    decided = check(turn.conn, sort, look.worker_id, proposal_id, turn.now_ms)
    _check(turn.conn, sort, look.worker_id, decided.payload)
    subject = _subject(str(uuid.UUID(bytes=look.worker_id)), proposal_id)
    actor: Actor = look.actor
    note(turn, random, OfficialAct(actor, sort.act, subject, look.purpose, look.case_ref))


def _subject(worker: str, proposal_id: bytes) -> str:
    return f"{worker}/{uuid.UUID(bytes=proposal_id)}"


def _check(conn: Connection, sort: Sort, worker_id: bytes, said: Mapping[str, Any]) -> None:
    worker = people_tables.worker.c
    person = merges.person_id(conn, worker_id)
    found = conn.execute(sa.select(worker.state).where(worker.worker_id == person)).scalar()
    if found is None:
        raise TargetUnknown
    if found not in sort.states:
        raise standing.StandingRefused
    if sort.record and restricting.restricted_by(conn, worker_id, int(said["seq"])) is None:
        raise standing.StandingRefused


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, worker_of(payload, "worker_id"))


@two_person.executor(RELATIVE.kind, deciders=frozenset({"reviewer", "data-officer"}), basis=_basis)
def _allow_relatives(_turn: Turn, _payload: dict[str, Any], _proposal: Proposal) -> None:
    """The decision itself is what `check` asks for."""


@two_person.executor(HOLD.kind, deciders=frozenset({"data-officer"}), basis=_basis)
def _allow_hold(turn: Turn, payload: dict[str, Any], _proposal: Proposal) -> None:
    """The decision itself is what `check` asks for; of an archive that is still restricted."""
    _check(turn.conn, HOLD, worker_of(payload, "worker_id"), payload)


@two_person.executor(HOLD_RECORD.kind, deciders=frozenset({"data-officer"}), basis=restricting.basis)
def _allow_record_hold(turn: Turn, payload: dict[str, Any], _proposal: Proposal) -> None:
    """The decision itself is what `check` asks for; of a record that is still restricted."""
    _check(turn.conn, HOLD_RECORD, worker_of(payload, "worker_id"), payload)
