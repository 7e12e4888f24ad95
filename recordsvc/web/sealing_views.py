"""What a proposal to seal, show again or erase is about (限制、解除、删除的复核): types, titles and days.

Who decides sees of which record they decide and what goes along with it, and nothing else that it says: of
a restricted one nobody reads more. Each showing leaves a row at its worker, for the purpose of whoever
reviews a proposal and with it as the case. Once it is decided nothing is shown here any more.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.access import deciding
from recordsvc.access.grants import Actor
from recordsvc.archive import alike, copies, dispute_decisions, erasing, looking, restricting
from recordsvc.archive.decided import worker_of
from recordsvc.archive.looking import Looker
from recordsvc.archive.persons import Place
from recordsvc.archive.proposal_papers import PURPOSE
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import Life
from recordsvc.ground.http import current
from recordsvc.ground.two_person import Proposal
from recordsvc.web.cards import Card
from recordsvc.web.services import dealer, house
from recordsvc.web.worker_routes import card_of

KINDS: Final = frozenset(
    {
        restricting.RESTRICT,
        restricting.LIFT,
        erasing.ERASE_RECORD,
        dispute_decisions.RESTRICT,
        copies.HOLD_RECORD.kind,
    }
)
_TAKES: Final = {
    "restrict": frozenset({Life.ACTIVE, Life.REVOKED}),
    "unrestrict": frozenset({Life.RESTRICTED}),
    "erase": frozenset({Life.ACTIVE, Life.REVOKED, Life.RESTRICTED}),
}
"""Name of an act on a record -> how what goes along stands."""


def shown(found: Proposal, who: Actor) -> tuple[Card, ...]:
    """Return the record of a proposal and what goes along, to who may decide; the looks come before."""
    if found.kind not in KINDS or found.state != "open" or not deciding.may_decide(found, who):
        return ()
    named = [found.payload, *found.payload.get(alike.ALSO, [])]
    cards = tuple(card for one in named if (card := _card(one)) is not None)
    looker = Looker(who, PURPOSE, str(uuid.UUID(bytes=found.id)), current().id)
    looking.note(house(), looker, sorted({worker_of(one, "worker_id") for one in named}), "records")
    return cards


@dataclass(frozen=True, slots=True)
class Along:
    """What would go along with a record: how many; of those that may be read, which."""

    count: int
    cards: tuple[Card, ...]


def along(act: str, place: Place) -> Along:
    """Return what an act on a record of the desk's archive would take along; of what is sealed the number."""
    archive = Reader(house(), sealed=True).archive(place.archive.worker_id)
    state = None if archive is None else archive.state.of(place.entry.stored.seq)
    if archive is None or state is None or act not in _TAKES:
        return Along(0, ())
    with house().db.read() as conn:
        found = alike.of(house(), conn, archive, state, _TAKES[act])
    read = [one for one in found if one.state.life is not Life.RESTRICTED]
    return Along(len(found), tuple(card_of(*one, dealer()) for one in read))


def _card(named: Mapping[str, Any]) -> Card | None:
    """Return the card of a record by its place; None where it is no more."""
    archive = Reader(house(), sealed=True).archive(worker_of(named, "worker_id"))
    state = None if archive is None else archive.state.of(int(named["seq"]))
    return None if archive is None or state is None else card_of(archive, state, dealer())
