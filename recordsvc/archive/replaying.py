"""What a restored archive is sealed for again (恢复备份后的封存): restrictions that were lost, and closings.

Both come from the journal of restrictions, in the turn in which the log goes on (`recordsvc/continuing.py`).
An archive that the copy still reads as another, since a merge that was undone meanwhile, is sealed as that.
A closing is not entered again by itself: the journal knows no day of death. Its archive is sealed, the desks
that close archives are told which, and closing it again shows it (`awaiting.py`).
"""

import uuid
from typing import TYPE_CHECKING, Any

from recordsvc.access import areas
from recordsvc.archive import awaiting, closing, erasing, notices, restricting
from recordsvc.archive.decided import decision_of, record_id_of, stater_of
from recordsvc.archive.reading import Reader
from recordsvc.archive.statements import Statement
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal
from recordsvc.people import merges, standing

if TYPE_CHECKING:
    from recordsvc.house import House

_DESKS = ("desk:identity", "desk:data-officer")


def restrict_again(turn: Turn, house: "House", proposal: Proposal, worker_id: bytes, text: str) -> bool:
    """Restrict what was restricted in a log that was lost; False where it is, or nobody is there."""
    person, before = merges.held(turn, worker_id)
    if before not in erasing.RESTRICTABLE:
        return False
    said = _restriction(house, proposal, worker_id, restricting.REPLAYED, text)
    erasing.seal(turn, house, person, before, said)
    return True


def await_closing(turn: Turn, house: "House", proposal: Proposal, worker_id: bytes, text: str) -> bool:
    """Seal what was closed in a log that was lost, and tell who closes it again.

    False where the copy has it closed, or sealed for that, or nobody is there.
    """
    person, before = merges.held(turn, worker_id)
    if before not in (*erasing.RESTRICTABLE, standing.RESTRICTED):
        return False
    archive = Reader(house, sealed=True).archive(person, house.db.cursor(turn.conn))
    if closing.beneath(archive) == standing.CLOSED or awaiting.closing_awaited(archive):
        return False
    said = _restriction(house, proposal, worker_id, awaiting.AWAITS, text)
    erasing.seal(turn, house, person, before, said)
    area = areas.person(turn.conn, person).area or ""
    params: dict[str, Any] = {"worker_id": str(uuid.UUID(bytes=person))}
    for desk in _DESKS:
        notices.tell_desk(turn, desk, "closing-lost", params, f"{proposal.id.hex()}/{worker_id.hex()}", area)
    return True


def _restriction(house: "House", proposal: Proposal, worker_id: bytes, ground: str, text: str) -> Statement:
    body = {"decision": decision_of(proposal), "effect": "restricted", "ground": ground, "text": text}
    own_id = record_id_of(house, proposal, ground.encode() + worker_id)
    states = erasing.RESTRICTABLE | {standing.RESTRICTED}
    return Statement("restriction", body, stater_of(proposal), own_id, states=states)
