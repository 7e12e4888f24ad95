"""Statements of the region that two people decided (双人决定的陈述): entered in the turn of the decision.

The executor of a proposal runs under the writer's lock. What it states is signed, gets its places and is
committed together with the decision: either both are there or neither.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive.append import STALE, Accepted, Batch
from recordsvc.archive.errors import TargetUnknown
from recordsvc.archive.statements import Region, Statement, Stater, derived_id
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal, StaleProposal

if TYPE_CHECKING:
    from recordsvc.house import House


_CASE: Final = "case-"


def decision_of(proposal: Proposal) -> dict[str, str]:
    """Return the `decision` that a statement carries: who proposed, who decided, under which proposal."""
    return {
        "decided_by": str(proposal.decided_by),
        "proposal": str(uuid.UUID(bytes=proposal.id)),
        "proposed_by": proposal.proposed_by,
    }


def stater_of(proposal: Proposal) -> Stater:
    """Return on whose word the region states what a proposal decided: the second person's."""
    case = f"{_CASE}{uuid.UUID(bytes=proposal.id)}"
    return Stater(str(proposal.decided_by), proposal.decided_role or "official", case)


def case_of(record: Mapping[str, Any]) -> bytes | None:
    """Return the id of the proposal by which the region states a record; None: of none."""
    case = str(record.get("actor", {}).get("case", ""))
    return uuid.UUID(case.removeprefix(_CASE)).bytes if case.startswith(_CASE) else None


def enter(house: "House", turn: Turn, statements: Sequence[tuple[bytes, Statement]]) -> list[Accepted]:
    """Enter statements (worker_id, statement) in the running turn.

    Raises `TargetUnknown` for a worker who is not there, `StaleProposal` when what they rest on has changed,
    `KeyNotInForce` without the region's key.
    """
    cursor = house.db.cursor(turn.conn)
    region = Region(house)
    workers: dict[bytes, Any] = {}
    prepared = []
    for worker_id, said in statements:
        worker = workers.setdefault(worker_id, house.people.load(cursor, worker_id))
        if worker is None:
            raise TargetUnknown
        prepared.append(region.prepare(cursor, worker, said))
    (outcome,) = house.admission.appender.take(turn, [Batch(prepared)])
    if outcome is STALE or not all(isinstance(one, Accepted) for one in outcome):
        raise StaleProposal
    return [one for one in outcome if isinstance(one, Accepted)]


def record_id_of(house: "House", proposal: Proposal, part: bytes) -> uuid.UUID:
    """Return the one id of a record that a decision makes; `part` tells several of one decision apart."""
    return derived_id(house, b"decided", proposal.id, part)


def worker_of(payload: Mapping[str, Any], member: str) -> bytes:
    """Return a worker id of a payload."""
    return uuid.UUID(payload[member]).bytes
