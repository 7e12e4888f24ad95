"""Records moved before a move sealed them (早先移动、尚未封存的记录): sealed where they were struck.

Two officials decided then whose the record is; that it is shown in the wrong archive no more follows from it.
So one data officer seals all of them, each by an entry on the ground `wrong-worker` that names the decision
of its move. Nothing is told anew: both persons and its issuer were told when it was moved.
"""

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import acts
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor
from recordsvc.archive import restricting
from recordsvc.archive.alike import Alike
from recordsvc.archive.append import DECIDED
from recordsvc.archive.decided import decision_of, enter, worker_of
from recordsvc.archive.moving import MOVE
from recordsvc.archive.reading import Reader
from recordsvc.archive.statements import Statement, Stater, derived_id
from recordsvc.archive.states import MOVED, Life
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal
from recordsvc.people import standing

if TYPE_CHECKING:
    from recordsvc.house import House

_TEXT: Final = "记录早已移入他人档案；内容在这里封存"
_STATES: Final = DECIDED | {standing.RESTRICTED}


def unsealed(house: "House", conn: Connection) -> Iterator[tuple[Proposal, Alike]]:
    """Yield each move that was decided, with what it struck, where that can be read still."""
    own = two_person.proposal.c
    query = sa.select(own.id).where(own.kind == MOVE, own.state == "done").order_by(own.closed_ms, own.id)
    for proposal_id in conn.scalars(query).all():
        found = two_person.read(conn, bytes(proposal_id), house.clock.now_ms())
        struck = _struck(house, conn, found)
        if struck is not None:
            yield found, struck


def seal(turn: Turn, house: "House", proposal_id: bytes, who: Actor) -> bool:
    """Seal what a move struck, on one data officer's word; False where it is sealed, or erased."""
    found = two_person.read(turn.conn, proposal_id, turn.now_ms)
    struck = _struck(house, turn.conn, found)
    if struck is None:
        return False
    worker_id, record = struck.archive.worker_id, struck.state.record or {}
    said = {"effect": "restricted", "ground": MOVED, "restricts": str(record["id"]), "text": _TEXT}
    case = f"case-{uuid.UUID(bytes=found.id)}"
    statement = Statement(
        "restriction",
        {"decision": decision_of(found), **said},
        Stater(f"{who.kind}:{who.id}", "data-officer", case),
        derived_id(house, b"moved-before", found.id),
        target=struck.state.seq,
        states=_STATES,
    )
    (entered,) = enter(house, turn, [(worker_id, statement)])
    after = _place(house, turn.conn, worker_id, struck.state.seq)
    restricting.hide(house, turn, after.archive, after.state, entered.index)
    subject = str(uuid.UUID(bytes=worker_id))
    acts.note(turn, house.random, OfficialAct(who, Act.RECORD_MOVED_SEAL, subject, case))
    return True


def _struck(house: "House", conn: Connection, found: Proposal) -> Alike | None:
    """Return what a decided move struck, while that stands revoked for it and can be read; else None."""
    wrong, right = worker_of(found.payload, "worker_id"), worker_of(found.payload, "to")
    if wrong == right:  # it stays where it stands
        return None
    archive = Reader(house, sealed=True).archive(wrong, house.db.cursor(conn))
    state = None if archive is None else archive.state.of(int(found.payload["seq"]))
    if archive is None or state is None or state.record is None or state.life is not Life.REVOKED:
        return None
    why = state.revocation.record if state.revocation is not None else None
    moved = why is not None and why["issuer"] == house.settings.region and why["body"]["reason"] == MOVED
    return Alike(archive, state) if moved else None


def _place(house: "House", conn: Connection, worker_id: bytes, seq: int) -> Alike:
    archive = Reader(house, sealed=True).archive(worker_id, house.db.cursor(conn))
    state = None if archive is None else archive.state.of(seq)
    if archive is None or state is None:
        raise LookupError(seq)
    return Alike(archive, state)
