"""What a proposal to seal, show again or erase is about (限制、解除、删除的复核), and would be, as cards.

Who is shown which records, and the looks that this leaves: `archive/proposal_records.py`.
"""

from dataclasses import dataclass
from typing import Final

from recordsvc.access.grants import Actor
from recordsvc.archive import alike, proposal_records
from recordsvc.archive.persons import Place
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import Life
from recordsvc.ground.http import current
from recordsvc.ground.two_person import Proposal
from recordsvc.web.cards import Card
from recordsvc.web.services import dealer, house
from recordsvc.web.worker_routes import card_of

_TAKES: Final = {
    "restrict": frozenset({Life.ACTIVE, Life.REVOKED}),
    "unrestrict": frozenset({Life.RESTRICTED}),
    "erase": frozenset({Life.ACTIVE, Life.REVOKED, Life.RESTRICTED}),
}
"""Name of an act on a record -> how what goes along stands."""


def shown(found: Proposal, who: Actor) -> tuple[Card, ...]:
    """Return the record of a proposal and what goes along, to who may decide; the looks come before."""
    concerned = proposal_records.shown(house(), found, who, current().id)
    return tuple(card_of(one.archive, one.state, dealer()) for one in concerned)


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
