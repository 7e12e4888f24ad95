"""A proposed number or name that cannot be (号码冲突): its second official learns it, both persons see who.

Who proposes is told nothing about whose a number is already. The second official's approval finds it; then
the proposal ends refused, with words that fit every conflict, since its proposer reads them, too. Before the
second official is told which, rows of who looked stand under the archive that the proposal is about and
under each that the number leads to. These have nothing to do with the proposal: their rows raise the alarms
of every look without a relation, and of the own archive.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from recordsvc.access import areas, deciding, looked, own_attempts
from recordsvc.access.grants import Actor
from recordsvc.access.looked import Look
from recordsvc.ground import two_person
from recordsvc.people import numbers
from recordsvc.people.numbers import NumberTaken, NumberUnfit

if TYPE_CHECKING:
    from recordsvc.house import House

PURPOSE: Final = "proposal-review"
FIELDS: Final = "identity"
KINDS: Final = frozenset({numbers.ADD, numbers.STAND, numbers.RENAME})
NOT_DONE: Final = "复核时号码或姓名核对不符，未予办理"


@contextmanager
def ending(house: "House", proposal_id: bytes, who: Actor, request_id: str) -> Iterator[None]:
    """Let a conflict that an approval finds end its proposal, durable before it is told.

    Raises the conflict; `Recused`, and the proposal goes on waiting, where it lies in an archive that the
    official keeps out of.
    """
    try:
        yield
    except (NumberTaken, NumberUnfit):
        _end(house, proposal_id, who, request_id)
        raise


def _end(house: "House", proposal_id: bytes, who: Actor, request_id: str) -> None:
    with house.db.read() as conn:
        found = two_person.read(conn, proposal_id, house.clock.now_ms())
        if found.kind not in KINDS:
            return
        others = sorted(numbers.led_to(house, conn, found))
        parties = frozenset().union(*(areas.person(conn, one).parties for one in others))
    own_attempts.check(house, who, parties)
    case, own = str(uuid.UUID(bytes=proposal_id)), uuid.UUID(found.payload["worker_id"]).bytes
    looked.record(house, [Look(own, who, PURPOSE, FIELDS, case, request_id)])
    for one in others:
        # The proposal is no case about them: the row stands, and that is why it is written.
        looked.foreign(house, Look(one, who, PURPOSE, FIELDS, case, request_id))
    deciding.decide(house, proposal_id, who, approve=False, reason=NOT_DONE)
