"""A card that was registered for the wrong person (卡登记错人): taken back, and given to whom it belongs.

Two officials. Nothing is deleted: the card stays among the wrong person's, disputed and with the day on which
it was taken back; no entry of either chain changes. From then on the number leads to the right person, with
what is known of the card's life, or to nobody until that person is found. What the registry goes on saying of
the wrong person is told to officials and not applied.

Told are both persons, the desk, and each institution whose record in the wrong archive names the card: which
of these records are another person's is decided one by one (`moving.py`).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc.archive import notices
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import OpenEntry, Reader
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.privileges import erasing
from recordsvc.ground.problems import NotFound
from recordsvc.ground.two_person import Proposal
from recordsvc.people import cardbook, cards, enrolling, merges, numbers, tables
from recordsvc.people.cardbook import CardFact
from recordsvc.people.cards import CardEvent
from recordsvc.people.enrolling import Outcome
from recordsvc.people.numbers import Known, NumberUnfit, Why
from recordsvc.people.resolve import CARD, CHIP, DISPUTED, NAME
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

_NO_NUMBERS: Final = frozenset({CARD, CHIP, NAME})


def propose_reassign(
    turn: Turn, house: "House", worker_id: bytes, card_id: bytes, to: bytes | None, why: Why, by: str
) -> bytes:
    """Propose that a card is taken back from a worker and given to another; `to` None: to nobody yet.

    Raises `NotFound` for a card or worker that is not there, `NumberUnfit` when the card does not lead to
    this worker, was taken back already, or cannot be the other's.
    """
    card = _card(house, turn, worker_id, card_id)
    if not _leads_here(turn.conn, card) or (to is None and card.standing == DISPUTED):
        raise NumberUnfit
    if to is not None:
        if merges.person_id(turn.conn, to) == merges.person_id(turn.conn, worker_id):
            raise NumberUnfit
        _named(house, turn, to)
    other = None if to is None else uuid_text(to)
    payload = {"identifier_id": uuid_text(card_id), "kind": CARD, "to": other}
    return numbers.propose(turn, numbers.REASSIGN, worker_id, payload, why, by)


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, *(one for one in (_id(payload, "worker_id"), _id(payload, "to")) if one))


@two_person.executor(numbers.REASSIGN, deciders=numbers.DECIDERS, basis=_basis)
def _reassign(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    worker_id, card_id, to = (_id(payload, name) for name in ("worker_id", "identifier_id", "to"))
    assert worker_id is not None  # noqa: S101 - what was proposed names them
    assert card_id is not None  # noqa: S101
    worker = numbers.worker_of(house, turn, worker_id)
    card = _card(house, turn, worker_id, card_id)
    if not _leads_here(turn.conn, card):
        raise NumberUnfit
    chips = _chips_of(card, _own(house, turn, worker_id))
    _note(turn, house, worker, card, proposal)
    for one in (card, *chips):
        _stand_disputed(turn.conn, one)
    numbers.touch(turn, worker)
    if to is not None:
        moved = chips if len(chips) == 1 else []
        for one in (card, *moved):
            _lead_nowhere(turn.conn, one)
        _give(house, turn, to, card, moved, numbers.source_of(proposal))
    _tell(turn, house, worker, to, card, uuid_text(proposal.id))


# -- taking back


def _note(turn: Turn, house: "House", worker: Worker, card: Known, proposal: Proposal) -> None:
    """Add to the card's life here that it was taken back."""
    n, own = len(card.events), tables.card
    on = beijing_date(turn.now_ms).isoformat()
    event = CardEvent(n, on, cards.TAKEN_BACK, numbers.source_of(proposal), "", turn.now_ms)
    if n == 0:
        house.db.bulk(turn.conn, own, [(worker.worker_id, card.identifier_id, 1)])
    else:
        here = (own.c.worker_id == worker.worker_id, own.c.identifier_id == card.identifier_id)
        turn.conn.execute(own.update().where(*here).values(events=n + 1))
    row = cardbook.seal_event(worker.key, worker.worker_id, card.identifier_id, event)
    house.db.bulk(turn.conn, tables.card_event, [row])


def _chips_of(card: Known, own: Sequence[Known]) -> list[Known]:
    """Return the chips that may be this card's: all but those that came together with another card.

    Nothing says which chip is in which card; one that is taken back in error comes again with the next word
    of the registry, one that stayed would open the wrong archive.
    """
    others = {(one.asserted_ms, one.source) for one in own if one.kind == CARD and one is not card}
    others.discard((card.asserted_ms, card.source))
    chips = (one for one in own if one.kind == CHIP and one.standing != DISPUTED)
    return [one for one in chips if (one.asserted_ms, one.source) not in others]


def _stand_disputed(conn: Connection, one: Known) -> None:
    for table in (tables.identifier, tables.blind_index):
        mine = (table.c.worker_id == one.worker_id, table.c.identifier_id == one.identifier_id)
        conn.execute(table.update().where(*mine).values(standing=DISPUTED))


def _lead_nowhere(conn: Connection, one: Known) -> None:
    index = tables.blind_index
    mine = (index.c.worker_id == one.worker_id, index.c.identifier_id == one.identifier_id)
    with erasing(conn):
        conn.execute(index.delete().where(*mine))


# -- giving


def _give(house: "House", turn: Turn, to: bytes, card: Known, chips: Sequence[Known], source: str) -> None:
    """Attach the card to the other worker, verified, with the events that nobody withdrew."""
    number, name = _named(house, turn, to)
    events = tuple(
        (one.what, one.on, one.detail)
        for one in cards.standing_events(card.events)
        if one.what != cards.TAKEN_BACK
    )
    chip = chips[0].value if chips else None
    fact = CardFact(
        number.kind, number.value, name.value, card.value, source, chip, card.area or None, None, events
    )
    outcome = enrolling.take(turn, house, [fact])
    if outcome != [Outcome.ATTACHED]:
        raise NumberUnfit


def _named(house: "House", turn: Turn, worker_id: bytes) -> tuple[Known, Known]:
    """Return the newest verified number and name of an open worker. Raises `NotFound`, `NumberUnfit`."""
    if numbers.worker_of(house, turn, worker_id).state != merges.OPEN:
        raise NumberUnfit
    own = _own(house, turn, worker_id)
    verified = [one for one in own if one.kind not in _NO_NUMBERS and one.standing == numbers.VERIFIED]
    names = [one for one in own if one.kind == NAME]
    if not verified or not names:
        raise NumberUnfit
    return verified[-1], names[-1]


# -- telling


def _tell(turn: Turn, house: "House", worker: Worker, to: bytes | None, card: Known, key: str) -> None:
    notices.tell_worker(turn, house, worker.worker_id, "card-taken-back", {}, f"card/{key}")
    if to is not None:
        notices.tell_worker(turn, house, to, "card-assigned", {}, f"card/{key}")
    count = 0
    for entry in _naming(house, turn, worker.worker_id, card.value):
        count += 1
        said: Any = entry.record
        params = {"count": 1, "record_id": str(said["id"])}
        notices.tell_institution(
            turn, str(said["issuer"]), "card-of-another", params, f"card/{key}/{entry.stored.idx}"
        )
    notices.tell_desk(turn, "desk:identity", "card-taken-back", {"count": count}, f"card/{key}")


def _naming(house: "House", turn: Turn, worker_id: bytes, card: str) -> Iterator[OpenEntry]:
    """Yield the institutions' records in an archive that name a card."""
    archive = Reader(house, sealed=True).archive(worker_id, house.db.cursor(turn.conn))
    for entry in archive.entries if archive is not None else ():
        record: Any = entry.record
        if entry.kind is not Kind.ISSUE or record is None or record["issuer"] == house.settings.region:
            continue
        if record["worker"].get("card", {}).get("number") == card:
            yield entry


# -- small parts


def _own(house: "House", turn: Turn, worker_id: bytes) -> list[Known]:
    """Return the assertions of this archive itself, oldest first."""
    found = numbers.known(house, house.db.cursor(turn.conn), worker_id)
    return [one for one in found if one.worker_id == worker_id]


def _card(house: "House", turn: Turn, worker_id: bytes, card_id: bytes) -> Known:
    numbers.worker_of(house, turn, worker_id)
    for one in _own(house, turn, worker_id):
        if one.identifier_id == card_id and one.kind == CARD:
            return one
    raise NotFound


def _leads_here(conn: Connection, card: Known) -> bool:
    index = tables.blind_index
    mine = (index.c.worker_id == card.worker_id, index.c.identifier_id == card.identifier_id)
    return conn.execute(index.select().where(*mine)).first() is not None


def _id(payload: dict[str, Any], member: str) -> bytes | None:
    value = payload[member]
    return None if value is None else bytes.fromhex(value.replace("-", ""))
