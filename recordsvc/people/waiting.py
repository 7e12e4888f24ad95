"""Cards that the registry knew before their holders (待认领的卡): attached in the background.

A fact waits under the tag of its card. Its holder may come by a record that names no card, by a corrected or
added number, or by a changed name; none of these meets the card. So what waits is walked through, a portion
at a time, and whatever now agrees with a verified number and name is attached as at an import. The walk
writes nothing else and may stop anywhere: it begins again from the start.
"""

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.ground import observe
from recordsvc.people import cardbook, merges, tables
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import VERIFIED, take
from recordsvc.people.resolve import Found, Person
from recordsvc.people.workers import MERGED

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 500
"""Facts looked at in one run: some ten milliseconds."""


class WaitingCards:
    """The walk through the facts that wait."""

    def __init__(self, house: "House") -> None:
        """Attach to archives of this house."""
        self._house = house
        self._after = b""

    def run(self) -> int:
        """Look at the next portion; how many cards were attached."""
        facts = self._next()
        ready = self._ready(facts) if facts else []
        if not ready:
            return 0
        house = self._house
        outcomes = house.db.write(lambda turn: take(turn, house, ready))
        attached = sum(not one.conflict for one in outcomes)
        observe.log("waiting-cards", attached=attached, left=len(outcomes) - attached)
        return attached

    def _next(self) -> list[CardFact]:
        """Return the facts behind the last one looked at, in the order of their tags."""
        own = tables.card_fact.c
        query = sa.select(own.tag, own.sealed).where(own.tag > self._after).order_by(own.tag).limit(PORTION)
        with self._house.db.read() as conn:
            rows = [(bytes(tag), bytes(sealed)) for tag, sealed in conn.execute(query)]
        self._after = rows[-1][0] if len(rows) == PORTION else b""
        return [cardbook.open_fact(self._house.keys, tag, sealed) for tag, sealed in rows]

    def _ready(self, facts: list[CardFact]) -> list[CardFact]:
        """Return the facts whose number is somebody's, verified, under the name that they give."""
        people = self._house.people
        persons = [Person(one.document, one.number, one.name) for one in facts]
        with self._house.db.read_raw() as cursor:
            found = Found(*people.db.ask(cursor, *people.asking(persons)))
        return [one for one in facts if self._agrees(found, one)]

    def _agrees(self, found: Found, fact: CardFact) -> bool:
        hit = found.hits.get((fact.document, fact.number))
        if hit is None or hit.standing != VERIFIED or hit.worker.state not in (merges.OPEN, MERGED):
            return False
        return self._house.people.name_tag(hit.worker.worker_id, fact.name) in hit.worker.names
