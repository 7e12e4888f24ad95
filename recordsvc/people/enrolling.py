"""Cards come to their holders (卡与人对应): by the word of the registry, or of an official who saw both.

The registry's word counts as far as it agrees with what is verified here: it confirms or attaches a card to
the archive whose verified number and name it gives. Without such an archive it waits for it. A card that
somebody claimed and the registry gives to another becomes its holder's; the claim stays where it was made, as
disputed. A card that is verified for another is left alone, and the officials are told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, Random, uuid7
from recordsvc.ground.privileges import erasing
from recordsvc.ground.problems import Conflict, NotFound
from recordsvc.ground.readers import Cursor, Question
from recordsvc.people import cardbook, cards, merges, names, places, tables
from recordsvc.people.cardbook import CardFact
from recordsvc.people.cards import CardEvent
from recordsvc.people.places import Told
from recordsvc.people.resolve import CARD, CARD_AREA, CHIP, DISPUTED, Found, Hit, People, Person
from recordsvc.people.workers import Worker
from recordsvc.vault import fence
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

VERIFIED: Final = "verified"
CLAIMED: Final = "claimed"
PORTION: Final = 500
"""Facts that share a turn: a few hundred milliseconds in which nobody else writes."""


class Outcome(StrEnum):
    """What became of one fact of the registry."""

    CONFIRMED = "confirmed"
    ATTACHED = "attached"
    UPDATED = "updated"
    KEPT = "kept"
    UNCHANGED = "unchanged"
    CLAIM_DISPUTED = "claim-disputed"
    """Somebody else claimed the card: that claim is disputed now."""
    NUMBER_NOT_VERIFIED = "number-not-verified"
    NAME_DIFFERS = "name-differs"
    CARD_OF_ANOTHER = "card-of-another"
    CARD_TAKEN_BACK = "card-taken-back"
    """Two officials found that it is not this person's."""

    @property
    def conflict(self) -> bool:
        """Whether officials should look at it."""
        return self in _CONFLICTS


_CONFLICTS: Final = frozenset(
    {
        Outcome.CLAIM_DISPUTED,
        Outcome.NUMBER_NOT_VERIFIED,
        Outcome.NAME_DIFFERS,
        Outcome.CARD_OF_ANOTHER,
        Outcome.CARD_TAKEN_BACK,
    }
)


class CardDisagrees(Conflict):
    """Card, document number and name that were seen together are not one person's here."""

    code = "card-disagrees"
    title_zh = "卡、证件号码、姓名三者在档案中不是同一个人"
    title_en = "Card, document number and name are not one person's here"
    remedy_zh = "请对照证件和卡面逐位核对；确属同一人的，先由两人办理号码或姓名变更。"
    remedy_en = (
        "Compare document and card digit by digit; a changed number or name takes two officials first."
    )


@dataclass(slots=True)
class _Card:
    """A card somebody has."""

    worker: Worker
    card_id: bytes
    standing: str
    events: list[CardEvent]
    counted: bool
    """Whether its row in `card` is there."""


@dataclass(slots=True)
class _Writing:
    """What a portion inserts; changes of rows are made as they come, they are few."""

    identifiers: list[tuple[Any, ...]] = field(default_factory=list)
    index: list[tuple[Any, ...]] = field(default_factory=list)
    cards: dict[bytes, tuple[bytes, bytes, int]] = field(default_factory=dict)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    facts: dict[bytes, tuple[Any, ...]] = field(default_factory=dict)
    changed: dict[bytes, Worker] = field(default_factory=dict)
    areas: dict[bytes, Told] = field(default_factory=dict)


def take(turn: Turn, house: "House", facts: Sequence[CardFact]) -> list[Outcome]:
    """Apply facts of the registry in the turn; whose claim of a card ended by them is told. One outcome each.

    What the registry says of somebody's own card is that person's own doing, and told by who issues cards.
    """
    enrolment = Enrolment(turn, house.people, house.keys, house.random)
    outcomes = enrolment.take(facts)
    for worker_id, card_id in enrolment.disputed:
        house.tell_worker(turn, worker_id, "card-taken-back", f"card/{card_id.hex()}/claim")
    return outcomes


class Enrolment:
    """One turn in which cards come to their holders."""

    def __init__(self, turn: Turn, people: People, keys: KeyStore, random: Random) -> None:
        """Write in `turn`."""
        fence.hold(turn, people.db, keys.epoch)
        self._turn = turn
        self._people = people
        self._keys = keys
        self._random = random
        self._clock = FixedClock(turn.now_ms)
        self._found = Found({})
        self._cards: dict[str, _Card] = {}
        self._waiting: dict[str, tuple[bytes, CardFact]] = {}
        self._writing = _Writing()
        self.disputed: list[tuple[bytes, bytes]] = []
        """Worker and card of each claim that ended in this turn."""

    # -- the registry's word

    def take(self, facts: Sequence[CardFact]) -> list[Outcome]:
        """Apply facts of the registry; one outcome each."""
        persons = [Person(one.document, one.number, one.name, one.card, one.chip) for one in facts]
        persons += [Person(None, None, "", one.replaces) for one in facts if one.replaces is not None]
        self._read(persons)
        outcomes = [self._take(fact) for fact in facts]
        self._write()
        return outcomes

    def _take(self, fact: CardFact) -> Outcome:
        holder = self._found.hits.get((fact.document, fact.number))
        card = self._cards.get(fact.card)
        if holder is None:
            return self._keep(fact, card)
        worker = holder.worker
        if holder.standing != VERIFIED:
            return Outcome.NUMBER_NOT_VERIFIED
        if self._people.name_tag(worker.worker_id, fact.name) not in worker.names:
            return Outcome.NAME_DIFFERS
        outcome = Outcome.UNCHANGED
        if card is not None and not self._same(card.worker, worker):
            if card.standing == VERIFIED:
                return Outcome.CARD_OF_ANOTHER
            self._dispute(card, fact.card, move=True)
            card, outcome = None, Outcome.CLAIM_DISPUTED
        if card is None:
            card = self._attach(worker, fact)
            outcome = Outcome.ATTACHED if outcome is Outcome.UNCHANGED else outcome
        elif card.standing != VERIFIED:
            if any(one.what == cards.TAKEN_BACK for one in cards.standing_events(card.events)):
                return Outcome.CARD_TAKEN_BACK
            self._verify(card, fact.card)
            outcome = Outcome.CONFIRMED
        self._chip(worker, fact)
        if fact.area is not None:
            self._writing.areas[worker.worker_id] = Told(worker.worker_id, fact.area, fact.source)
        added = self._add(card, fact.source, fact.events)
        self._replaced(worker, fact)
        return Outcome.UPDATED if added and outcome is Outcome.UNCHANGED else outcome

    def _keep(self, fact: CardFact, card: _Card | None) -> Outcome:
        """Let a fact wait for its holder's first record."""
        if card is not None and card.standing == VERIFIED:
            return Outcome.CARD_OF_ANOTHER
        outcome = Outcome.KEPT
        if card is not None and card.standing == CLAIMED:
            self._dispute(card, fact.card, move=False)
            outcome = Outcome.CLAIM_DISPUTED
        known = self._waiting.get(fact.card)
        if known is None:
            self._wait(fact)
        else:
            merged = _merged(known[1], fact)
            if merged == known[1]:
                return Outcome.UNCHANGED
            self._wait(merged)
        older = self._waiting.get(fact.replaces or "")
        if older is not None and older[1].number == fact.number:
            self._wait(_merged(older[1], replace(older[1], events=_replacing(fact))))
        return outcome

    def _wait(self, fact: CardFact) -> None:
        pepper, tag = self._people.versioned_tags(CARD, fact.card)[-1]
        old = self._waiting.get(fact.card)
        if old is not None and old[0] not in self._writing.facts:
            own = tables.card_fact
            self._turn.conn.execute(own.delete().where(own.c.tag == old[0]))
        sealed = cardbook.seal_fact(self._keys, self._random, tag, fact)
        self._writing.facts[tag] = (tag, pepper, sealed)
        self._waiting[fact.card] = (tag, fact)

    # -- an official's word

    def confirm(self, person: Person, source: str, normal_since: str | None = None) -> bytes:
        """Confirm a card that was seen beside its holder's document; the worker. Repeatable.

        `normal_since`: from which day its social function was found normal. Raises `NotFound` for a card that
        nobody claimed, `CardDisagrees` when number, name and card are not one person's.
        """
        self._read([person])
        card = self._cards.get(str(person.card))
        holder = self._found.hits.get((person.document, person.number))
        if card is None:
            raise NotFound
        worker = card.worker
        agrees = (
            holder is not None
            and holder.standing == VERIFIED
            and card.standing != DISPUTED
            and self._same(holder.worker, worker)
            and self._people.name_tag(holder.worker.worker_id, person.name) in holder.worker.names
        )
        if not agrees:
            raise CardDisagrees
        if card.standing != VERIFIED:
            self._verify(card, str(person.card))
        if normal_since is not None:
            self._add(card, source, [("social-activated", normal_since, "")])
        self._write()
        return worker.worker_id

    # -- what is there

    def _read(self, persons: Sequence[Person]) -> None:
        db, cursor = self._people.db, self._people.db.cursor(self._turn.conn)
        self._found = found = Found(*db.ask(cursor, *self._people.asking(persons)))
        numbers = {str(value): value for kind, value in found.hits if kind == CARD}
        tags = {tag: number for number in numbers for tag in self._people.tags(CARD, number)}
        places = _places(db, cursor, list(tags))
        for tag, (card_id, events) in places.items():
            number = tags[tag]
            hit = found.hits[CARD, number]
            rows = found.events.get((CARD, number), [])
            opened = list(cardbook.open_events(hit.worker.key, rows))
            self._cards[number] = _Card(hit.worker, card_id, hit.standing, opened, events is not None)
        for said, (tag, sealed) in found.facts.items():
            self._waiting[str(said[1])] = (tag, cardbook.open_fact(self._keys, tag, sealed))

    def _same(self, one: Worker, other: Worker) -> bool:
        """Tell whether two workers are one person, merges followed."""
        if one.worker_id == other.worker_id:
            return True
        if one.merged_into is None and other.merged_into is None:
            return False
        conn = self._turn.conn
        return merges.person_id(conn, one.worker_id) == merges.person_id(conn, other.worker_id)

    # -- changes

    def _attach(self, worker: Worker, fact: CardFact) -> _Card:
        card_id = self._identify(worker, CARD, fact.card, fact.source)
        if fact.area is not None:
            self._insert(worker, CARD_AREA, f"{fact.card}/{fact.area}", fact.source)
        made = self._cards[fact.card] = _Card(worker, card_id, VERIFIED, [], counted=False)
        known = self._waiting.pop(fact.card, None)
        if known is not None:
            own = tables.card_fact
            self._writing.facts.pop(known[0], None)
            self._turn.conn.execute(own.delete().where(own.c.tag == known[0]))
            if (known[1].document, known[1].number) == (fact.document, fact.number):
                self._add(made, known[1].source, known[1].events)
        return made

    def _chip(self, worker: Worker, fact: CardFact) -> None:
        if fact.chip is not None and (CHIP, fact.chip) not in self._found.hits:
            self._identify(worker, CHIP, fact.chip, fact.source)

    def _replaced(self, worker: Worker, fact: CardFact) -> None:
        """Let the card that this one came for be void."""
        old = self._cards.get(fact.replaces or "")
        if old is not None and self._same(old.worker, worker):
            self._add(old, fact.source, _replacing(fact))

    def _add(self, card: _Card, source: str, events: Iterable[tuple[str, str, str]]) -> bool:
        """Note what is new of a card; whether anything was."""
        added = False
        for what, on, detail in events:
            if not cards.adds(card.events, what, on, detail):
                continue
            event = CardEvent(len(card.events), on, what, source, detail, self._turn.now_ms)
            card.events.append(event)
            row = cardbook.seal_event(card.worker.key, card.worker.worker_id, card.card_id, event)
            self._writing.events.append(row)
            added = True
        if added:
            self._touch(card.worker)
            if card.counted:
                self._count(card)
            else:
                place = (card.worker.worker_id, card.card_id, len(card.events))
                self._writing.cards[card.card_id] = place
        return added

    def _count(self, card: _Card) -> None:
        own = tables.card
        mine = (own.c.worker_id == card.worker.worker_id, own.c.identifier_id == card.card_id)
        self._turn.conn.execute(own.update().where(*mine).values(events=len(card.events)))

    def _verify(self, card: _Card, number: str) -> None:
        self._stand(card, number, VERIFIED)
        card.standing = VERIFIED
        self._touch(card.worker)

    def _dispute(self, card: _Card, number: str, *, move: bool) -> None:
        """Let a claim be disputed; with `move` the number leads to its holder from now on."""
        self._stand(card, number, DISPUTED)
        card.standing = DISPUTED
        self.disputed.append((card.worker.worker_id, card.card_id))
        self._touch(card.worker)
        if move:
            index = tables.blind_index
            with erasing(self._turn.conn):
                self._turn.conn.execute(
                    index.delete().where(index.c.tag.in_(self._people.tags(CARD, number)))
                )

    def _stand(self, card: _Card, number: str, standing: str) -> None:
        conn, index, own = self._turn.conn, tables.blind_index, tables.identifier
        mine = (own.c.worker_id == card.worker.worker_id, own.c.identifier_id == card.card_id)
        conn.execute(own.update().where(*mine).values(standing=standing))
        tagged = index.c.tag.in_(self._people.tags(CARD, number))
        conn.execute(index.update().where(tagged).values(standing=standing))

    def _identify(self, worker: Worker, kind: str, value: str, source: str) -> bytes:
        identifier_id = self._insert(worker, kind, value, source)
        self._writing.index += self._people.index_rows(worker.worker_id, identifier_id, kind, value, VERIFIED)
        self._found.hits[kind, value] = Hit(worker, VERIFIED)
        return identifier_id

    def _insert(self, worker: Worker, kind: str, value: str, source: str) -> bytes:
        identifier_id = uuid7(self._clock, self._random)
        self._writing.identifiers.append(
            self._people.identifier_row(worker, identifier_id, kind, value, VERIFIED, source)
        )
        self._touch(worker)
        return identifier_id

    def _touch(self, worker: Worker) -> None:
        self._writing.changed[worker.worker_id] = worker

    def _write(self) -> None:
        """Insert, and move the versions of all workers concerned: what is being judged is judged anew."""
        conn, own, writing = self._turn.conn, tables.worker, self._writing
        self._people.db.bulk_all(
            conn,
            [
                (tables.identifier, writing.identifiers),
                (tables.blind_index, writing.index),
                (tables.card, list(writing.cards.values())),
                (tables.card_event, writing.events),
                (tables.card_fact, list(writing.facts.values())),
            ],
        )
        for told in writing.areas.values():
            places.place(self._turn, told._replace(worker_id=merges.person_id(conn, told.worker_id)))
        concerned = set(writing.changed)
        for worker_id, worker in writing.changed.items():
            if worker.merged_into is not None:
                concerned.add(merges.person_id(conn, worker_id))
        if concerned:
            moved = own.update().where(own.c.worker_id.in_(sorted(concerned)))
            conn.execute(moved.values(version=own.c.version + 1))
        self._writing = _Writing()


def _places(db: Database, cursor: Cursor, tags: Sequence[bytes]) -> dict[bytes, tuple[bytes, int | None]]:
    """Return the identifier under each tag, and how many events its card has (None: no row yet)."""
    if not tags:
        return {}
    query = (
        "SELECT b.tag, b.identifier_id, c.events FROM {wanted} JOIN blind_index b ON b.tag = wanted.k "
        "LEFT JOIN card c ON c.worker_id = b.worker_id AND c.identifier_id = b.identifier_id"
    )
    question = Question(
        *db.by_keys(query, tags), lambda rows: {bytes(tag): (bytes(own), n) for tag, own, n in rows}
    )
    found: dict[bytes, tuple[bytes, int | None]] = db.ask(cursor, question)[0]
    return found


def _replacing(fact: CardFact) -> tuple[tuple[str, str, str], ...]:
    """Return what befell the card that this one came for: the day of issue tells when."""
    issued = [on for what, on, _detail in fact.events if what == cards.ISSUED]
    return tuple((cards.REPLACED, on, fact.card) for on in issued[:1])


def _merged(known: CardFact, fact: CardFact) -> CardFact:
    """Return what is known of a waiting card after another word of the registry; the later holder counts."""
    if (known.document, known.number) != (fact.document, fact.number) or not names.same_name(
        known.name, fact.name
    ):
        return fact
    events = [CardEvent(n, on, what, "", detail) for n, (what, on, detail) in enumerate(known.events)]
    fresh = []
    for what, on, detail in fact.events:
        if cards.adds(events, what, on, detail):
            events.append(CardEvent(len(events), on, what, "", detail))
            fresh.append((what, on, detail))
    chip, area = known.chip or fact.chip, known.area or fact.area
    return replace(known, chip=chip, area=area, events=(*known.events, *fresh))
