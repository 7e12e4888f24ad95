"""The window (窗口代办): a service for the worker who stands there with card and document.

The official types the numbers of both. They must lead to one person, and the card must not be void, cancelled
or reported lost; whatever is wrong is answered alike and leaves a row. The service is carried by the
official's own session (`Sessions.serve`): it ends after minutes without a request, in any case after half an
hour, with that session, and when either of them ends it.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recordsvc.access import acts, areas, in_place, looked, own_attempts, recusals, shown_card
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.credentials import worker
from recordsvc.access.errors import Recused
from recordsvc.access.grants import Actor, Through, Way, can
from recordsvc.access.in_place_errors import WindowUnmatched
from recordsvc.access.looked import Look
from recordsvc.access.sessions import Sessions
from recordsvc.ground.commit import Turn
from recordsvc.people import merges
from recordsvc.people.resolve import CARD
from recordsvc.people.standing import CLOSED, RESTRICTED

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Shown:
    """What lies on the counter: kind and number of a document, number of a card."""

    document: str
    number: str
    card: str


@dataclass(frozen=True, slots=True)
class Why:
    """For which purpose (code of `lookup_purposes`) and case, in which request."""

    purpose: str
    case_ref: str
    request_id: str = ""


def open_service(house: "House", sessions: Sessions, shown: Shown, why: Why, who: Actor) -> bytes:
    """Begin a service; its id. The row of who looked is durable on return.

    Somebody of another area, or whom the case is not about, is answered like nobody. Raises
    `WindowUnmatched`, `PurposeRefused`, `PurposeNotYours`, `PurposeNotAtWindow`, `CaseUnknown`, `Recused`.
    """
    looked.judge_at_window(house.db, who, why.purpose, why.case_ref)
    person = _whose(house, shown)
    refused = OfficialAct(who, Act.WINDOW_REFUSED, shown.document, why.purpose, why.case_ref)
    if person is not None:
        with house.db.read() as conn:
            thing = areas.person(conn, person)
        own_attempts.tell(house, who, thing.parties)
    if person is None or not can(who, "window.open", thing):
        acts.record(house.db, house.random, refused)
        raise WindowUnmatched
    if recusals.recused(who, thing.parties):
        acts.record(house.db, house.random, refused)
        raise Recused
    look = Look(person, who, why.purpose, "identity", why.case_ref, why.request_id)
    if looked.foreign(house, look):
        # Their row is the trace; a second commit would be told by its time.
        raise WindowUnmatched

    def act(turn: Turn) -> bytes:
        own = worker(merges.person_id(turn.conn, person))
        looked.note(turn, house, replace(look, worker_id=own.worker_id))
        acts.note(turn, house.random, OfficialAct(who, Act.WINDOW_OPEN, own.id, why.purpose, why.case_ref))
        asked = Through(Way.WINDOW, who.id, why.purpose, why.case_ref)
        through = sessions.serve(turn, who, own.worker_id, asked)
        in_place.begin(turn, own.worker_id, through, sessions.serves_until(turn.now_ms))
        house.tell(turn, own, "window-opened", through.service.hex())
        return through.service

    return house.db.write(act)


def close_service(house: "House", sessions: Sessions, who: Actor) -> None:
    """End the service that somebody is in; nothing happens where it has ended."""
    through, own = who.through, who.worker_id
    if through is None or own is None:
        return

    def act(turn: Turn) -> None:
        if sessions.end_service(turn, who.session_id):
            in_place.end(turn, own, through.service)

    house.db.write(act)


def _whose(house: "House", shown: Shown) -> bytes | None:
    """Return the person whose document and card these are; both are looked up, whatever the first says."""
    card = shown.card.strip().upper()
    found = (house.people.find(shown.document, shown.number.strip().upper()), house.people.find(CARD, card))
    with house.db.read() as conn:
        people = {None if one is None else merges.person_id(conn, one) for one in found}
        person = people.pop()
        if people or person is None:
            return None
        worker_row = house.people.load(house.db.cursor(conn), person)
        if worker_row is None or worker_row.state in (CLOSED, RESTRICTED):
            return None
        return person if shown_card.shows(house, conn, person, card) else None
