"""The card that lies on the counter (出示的卡): good when a service begins, and until it ends.

A service is the worker's as long as the card shows its holder. Which card was shown is not kept, so that any
card of the person's that is reported lost or ends while the service runs ends it; whoever holds a good one
shows that, and the clerk begins again.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.ports import beijing_date
from recordsvc.people import merges, numbers
from recordsvc.people.cards import ENDED, LOST, CardEvent, card_state
from recordsvc.people.resolve import CARD
from recordsvc.people.tables import card_event

if TYPE_CHECKING:
    from recordsvc.house import House

CardLost = Callable[[Connection, bytes, int], bool]
"""Connection, person, instant (UTC ms) -> whether a card of the person's was lost or ended since."""
REFUSED: Final = ENDED | LOST
"""A card that shows nobody: it ended, or somebody else may hold it."""


def shows(house: "House", conn: Connection, person: bytes, card: str) -> bool:
    """Tell whether this card is one of the person's, and shows its holder today."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    known = numbers.known(house, house.db.cursor(conn), person)
    own = [one for one in known if (one.kind, one.value) == (CARD, card)]
    return bool(own) and not any(_refused(one.events, today) for one in own)


def lost_since(house: "House", conn: Connection, person: bytes, since_ms: int) -> bool:
    """Tell whether a good card of a person was entered as lost or ended since an instant (UTC ms)."""
    own = card_event.c
    archives = merges.together(conn, [person])
    news = sa.select(own.at_ms).where(own.worker_id.in_(archives), own.at_ms >= since_ms)
    # At nearly every request there is none, and nothing is opened.
    if conn.execute(news.limit(1)).first() is None:
        return False
    today = beijing_date(house.clock.now_ms()).isoformat()
    for known in numbers.known(house, house.db.cursor(conn), person):
        before = [one for one in known.events if one.at_ms < since_ms]
        if _refused(known.events, today) and not _refused(before, today):
            return True
    return False


def _refused(events: Iterable[CardEvent], today: str) -> bool:
    return card_state(events, today).social in REFUSED
