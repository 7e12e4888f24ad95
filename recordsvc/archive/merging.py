"""Two archives that are one person's (档案合并), and a merge undone (撤回合并): two officials, both chains.

Nothing moves and nothing is deleted. Both chains get an entry (kind 7 or 8), the merged archive is read as
the other from then on, and every record stays in the chain, with the proofs, that it always had. What a feed
reads in log order tells every reader of it.

After a merge was undone, what was entered meanwhile under a number of the one person still stands in the
chain of the other: `strays.py` lists it, `moving.py` puts it right. What was set up meanwhile ends, as nobody
knows by which of the two (`parting.py`).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.sessions import end_uncarried
from recordsvc.access.tables import session
from recordsvc.archive import closing, parting
from recordsvc.archive.append import OPEN
from recordsvc.archive.decided import decision_of, enter, record_id_of, stater_of, worker_of
from recordsvc.archive.errors import TargetUnknown
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.statements import Statement
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal
from recordsvc.people import merges, standing
from recordsvc.people.merges import NotMergeable
from recordsvc.people.workers import MERGED

if TYPE_CHECKING:
    from recordsvc.house import House

MERGE: Final = "archive.merge"
UNMERGE: Final = "archive.unmerge"
_READ_ALONE: Final = frozenset({standing.OPEN, standing.CLOSED})
"""How an archive may stand for another to be parted from it."""
_IN_THE_WAY: Final = {
    standing.RESTRICTED: (
        "保留的档案正被限制处理：请先解除限制，再撤回合并，之后可以重新限制",
        "the archive it is read as is restricted: lift that, undo the merge, restrict it again",
    ),
    MERGED: (
        "保留的档案后来又并入另一份档案：请先撤回后一次合并",
        "the archive it is read as was merged into another since: undo that merge first",
    ),
}
"""What keeps a merge from being undone, and what to do about it."""
_DECIDERS: Final = frozenset({"reviewer", "data-officer"})


@dataclass(frozen=True, slots=True)
class Why:
    """On what a merge or its undoing rests: a code of `merge_grounds`, words, SHA-256 (hex) of papers."""

    ground: str
    text: str
    papers: Sequence[str] = ()


def propose_merge(turn: Turn, house: "House", worker_id: bytes, into: bytes, why: Why, by: str) -> bytes:
    """Propose to read an archive as another. Raises `TargetUnknown`, `NotMergeable`."""
    cursor = house.db.cursor(turn.conn)
    states = [house.people.load(cursor, one) for one in (worker_id, into)]
    if None in states:
        raise TargetUnknown
    before, there = [one.state for one in states if one is not None]
    if (before, there) == (standing.CLOSED, standing.OPEN):
        raise NotMergeable(
            "死者已关闭的档案不能并入仍在收录的档案：同属一位死者的，请把另一份并入已关闭的这一份",
            detail_en="the archive of somebody who died is not merged into an open one: merge that into it",
        )
    if worker_id == into or before not in _READ_ALONE or there not in _READ_ALONE:
        raise NotMergeable
    return _propose(turn, MERGE, worker_id, into, why, by)


def propose_unmerge(turn: Turn, house: "House", worker_id: bytes, why: Why, by: str) -> bytes:
    """Propose that a merged archive stands alone again, also from that of somebody who died.

    Raises `TargetUnknown`, `NotMergeable`.
    """
    cursor = house.db.cursor(turn.conn)
    worker = house.people.load(cursor, worker_id)
    if worker is None:
        raise TargetUnknown
    if worker.merged_into is None:
        raise NotMergeable
    into = house.people.load(cursor, worker.merged_into)
    if into is None or into.state not in _READ_ALONE:
        zh, en = _IN_THE_WAY.get("" if into is None else into.state, ("", ""))
        raise NotMergeable(zh, detail_en=en)
    return _propose(turn, UNMERGE, worker_id, worker.merged_into, why, by)


def _propose(turn: Turn, kind: str, worker_id: bytes, into: bytes, why: Why, by: str) -> bytes:
    payload: dict[str, Any] = {
        "from": str(uuid.UUID(bytes=worker_id)),
        "into": str(uuid.UUID(bytes=into)),
        "ground": why.ground,
        "text": why.text,
        "papers": list(why.papers),
    }
    return two_person.propose(turn, kind, payload["from"], payload, by)


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, worker_of(payload, "from"), worker_of(payload, "into"))


@two_person.executor(MERGE, deciders=_DECIDERS, basis=_basis)
def _merge(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Enter the merge in both chains and link the workers."""
    worker_id, into = worker_of(payload, "from"), worker_of(payload, "into")
    _state(turn, payload, proposal, "merge", _READ_ALONE, _READ_ALONE)
    if merges.link(turn, worker_id, into) == standing.CLOSED:
        closing.end_open(turn, proposal.tools, into)
    # Who is signed in to the merged archive signs in again, to the one it is read as.
    turn.conn.execute(
        session.delete().where(session.c.actor_kind == "worker", session.c.actor_id == payload["from"])
    )
    end_uncarried(turn)


@two_person.executor(UNMERGE, deciders=_DECIDERS, basis=_basis)
def _unmerge(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Enter the undoing in both chains and take the link back."""
    house: House = proposal.tools
    worker_id, into = worker_of(payload, "from"), worker_of(payload, "into")
    merged_ms = _merged_ms(turn.conn, payload)
    archives = house.people.read_as(house.db.cursor(turn.conn), into)
    archive = Reader(house).archive(worker_id, house.db.cursor(turn.conn))
    undone = _merge_of(archive, payload)
    _state(turn, payload, proposal, "unmerge", frozenset({MERGED}), _READ_ALONE, undoes=undone)
    merges.unlink(turn, worker_id, into, closing.beneath(archive))
    parting.end_since(turn, house, [into, *archives], merged_ms, proposal.proposed_by)


def _merged_ms(conn: Connection, payload: dict[str, Any]) -> int:
    """Return when the merge in force was decided (UTC ms)."""
    own = two_person.proposal.c
    decided = (own.kind == MERGE, own.subject == payload["from"], own.state == "done")
    return int(conn.scalar(sa.select(sa.func.max(own.closed_ms)).where(*decided)) or 0)


def _state(
    turn: Turn,
    payload: dict[str, Any],
    proposal: Proposal,
    record_type: str,
    states: frozenset[str],
    into_states: frozenset[str] = OPEN,
    **more: str,
) -> None:
    """Enter one statement in each of the two chains; each archive may be in its `states`."""
    house: House = proposal.tools
    body = {"decision": decision_of(proposal), **more}
    body |= {name: payload[name] for name in ("from", "into", "ground", "text")}
    if payload["papers"]:
        body["papers"] = payload["papers"]
    said = [
        (worker_of(payload, part), Statement(record_type, body, stater_of(proposal), own_id, states=allowed))
        for part, allowed in (("from", states), ("into", into_states))
        for own_id in (record_id_of(house, proposal, part.encode()),)
    ]
    enter(house, turn, said)


def _merge_of(archive: Archive | None, payload: dict[str, Any]) -> str:
    """Return the id of the merge in force, as it stands in the chain of the archive merged away."""
    for entry in reversed(archive.entries if archive is not None else ()):
        if entry.kind is Kind.MERGE and entry.record is not None:
            body = entry.record["body"]
            if (body["from"], body["into"]) == (payload["from"], payload["into"]):
                return str(entry.record["id"])
    raise NotMergeable
