"""From what a record says of a person to the worker whose archive it belongs to. Never a guess.

A number with a valid check digit, together with a name, selects or creates a worker. A card number has no
known check digit: alone it selects only once the card registry or an official confirmed it and if it was
normal on the days the record tells of; it never creates. Whatever disagrees with what is known is held for
officials (`Held`), with one public answer for all reasons.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid7
from recordsvc.ground.readers import Cursor, Question
from recordsvc.people import cardbook, cards, names, places, tables
from recordsvc.people.cardbook import CardFact, EventRow
from recordsvc.people.cards import CardEvent, Days
from recordsvc.people.places import Told
from recordsvc.people.workers import NAME_TAG, NOBODY, Rows, Worker, Workers, names_of
from recordsvc.vault.envelope import DataKeys, field_aad

K = TypeVar("K")
DISPUTED = "disputed"
CERTAIN = frozenset({"verified", "superseded"})
"""Standings of a number that is, or once was, its holder's."""
CARD = "card"
CHIP = "chip"
NAME = "name"
NAME_CHARACTERS = "name-characters"
"""Code of the refusal of what no name can be."""
CARD_AREA = "card-area"
CREDIT_ACCOUNT = "credit-account"
"""A learner's account at the credit bank (`credit_accounts.py`): of no document, named by no record."""
UNINDEXED = frozenset({NAME, CARD_AREA})
"""Assertions that are kept and shown, but by which nobody is found."""
CHECKED_KINDS = frozenset({"resident-id", "hmt-residence", "foreign-pr"})
"""Document kinds (证件类型) whose 18-character numbers carry a check digit and may create a worker."""


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """What a record says of its person: document kind and number, name, and the card they showed."""

    document: str | None
    number: str | None
    name: str
    card: str | None = None
    chip: str | None = None
    area: str | None = None
    days: Days | None = None
    """First and last day of what the record tells of: on these the card is judged."""


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """The record waits for an official: `reason` is for officials, the issuer gets one answer for all."""

    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """Whose a number is, and how well that is known."""

    worker: Worker
    standing: str
    events: tuple[CardEvent, ...] = ()
    """Of a card: what is known of its life."""
    stands_in: Worker | None = None
    """The archive its rows stand in, where merges lead on to `worker`; its names are the person's, too."""


Hits = dict[tuple[str | None, str | None], Hit]
"""Kind and value of an identifier that was mentioned -> whose it is."""
Said = tuple[str | None, str | None]


@dataclasses.dataclass(slots=True)
class Found:
    """What one snapshot knows of the numbers that persons are mentioned with."""

    hits: Hits
    events: dict[Said, list[EventRow]] = dataclasses.field(default_factory=dict)
    facts: dict[Said, tuple[bytes, bytes]] = dataclasses.field(default_factory=dict)
    """Card -> (tag, sealed) of what the registry says of it, where its holder is not here yet."""


class People(Workers):
    """The finder of workers."""

    def tags(self, kind: str, value: str) -> list[bytes]:
        """Return the blind-index tags of a normalised value, one per live pepper, the newest last."""
        return [tag for _version, tag in self.versioned_tags(kind, value)]

    def versioned_tags(self, kind: str, value: str) -> list[tuple[int, bytes]]:
        """Return the same with the version of the pepper before each."""
        return self._keys.blind(f"{kind}\0{value}".encode())

    def name_tag(self, worker_id: bytes, name: str) -> bytes:
        """Return the 16-byte keyed tag under which a worker's name is compared."""
        data = b"name/1" + worker_id + names.for_matching(name).encode()
        return self._keys.hmac("dedupe", data)[:NAME_TAG]

    # -- finding

    def resolve(
        self,
        cursor: Cursor,
        people: Sequence[Person],
        source: str | Sequence[str],
        found: Found | None = None,
    ) -> list[Worker | Held]:
        """Return for each person the worker (known, or new with its rows) or why the record is held.

        `cursor` is a driver cursor on one snapshot; nothing is written here. `source` is noted on new
        identifiers: one for all, or one for each person. Records that are written together must be resolved
        together: only then do they share one draft of a new worker, and attach a new card once. `found`: what
        `asking` found for them (or more) in the same snapshot; its hits come back with merges followed.
        """
        sources = [source] * len(people) if isinstance(source, str) else source
        if found is None:
            found = Found(*self.db.ask(cursor, *self.asking(people)))
        for said, rows in found.events.items():
            hit = found.hits[said]
            found.hits[said] = Hit(hit.worker, hit.standing, cardbook.open_events(hit.worker.key, rows))
        found.hits = self._follow(cursor, found.hits)
        return [self._judge(person, found, said) for person, said in zip(people, sources, strict=True)]

    def asking(
        self, people: Sequence[Person]
    ) -> tuple[
        Question[Hits], Question[dict[Said, list[EventRow]]], Question[dict[Said, tuple[bytes, bytes]]]
    ]:
        """Ask whose the numbers are that these persons are mentioned with, and of the cards among them more.

        The answers in this order make a `Found`. Without a card only the first asks anything.
        """
        wanted = {said: self.tags(*said) for person in people for said in _mentioned(person)}
        shown = {said: tags for said, tags in wanted.items() if said[0] == CARD}
        card_tags = [tag for tags in shown.values() for tag in tags]

        # Of several live peppers the oldest that knows the number tells.
        def read(rows: list[Any]) -> Hits:
            found = self._hits(rows)
            return {
                said: found[tag] for said, tags in wanted.items() for tag in reversed(tags) if tag in found
            }

        events, facts = cardbook.asking_events(self.db, card_tags), cardbook.asking_facts(self.db, card_tags)

        def read_events(rows: list[Any]) -> dict[Said, list[EventRow]]:
            found = events.read(rows)
            if not found:
                return {}
            return {
                said: found[tag] for said, tags in shown.items() for tag in reversed(tags) if tag in found
            }

        def read_facts(rows: list[Any]) -> dict[Said, tuple[bytes, bytes]]:
            found = facts.read(rows)
            if not found:
                return {}
            return {said: (tag, found[tag]) for said, tags in shown.items() for tag in tags if tag in found}

        statement, parameters = self._looking_up([tag for tags in wanted.values() for tag in tags])
        return (
            Question(statement, parameters, read),
            Question(events.statement, events.parameters, read_events),
            Question(facts.statement, facts.parameters, read_facts),
        )

    def find(self, kind: str, value: str) -> bytes | None:
        """Return the worker_id a number belongs to, for reading; any card the worker ever held will do.

        A number that two people had leads to neither.
        """
        with self.db.read_raw() as cursor:
            for hit in self._look_up(cursor, self.tags(kind, value)).values():
                return None if hit.standing == DISPUTED else hit.worker.worker_id
        return None

    def whose(self, cursor: Cursor, person: Person) -> bytes | None:
        """Return the worker that a person's number leads to, merges followed; None: it is nobody's."""
        if person.document is None or person.number is None:
            return None
        for hit in self._look_up(cursor, self.tags(person.document, person.number)).values():
            return hit.worker.worker_id
        return None

    def named(self, cursor: Cursor, person: Person) -> bytes | None:
        """Return whose number and name a person says, as `resolve` judges; nobody is drafted.

        For a number that is nobody's as much is done as for one that is somebody's: a key and the name's tag.
        """
        for hit in self._look_up(cursor, self.tags(str(person.document), str(person.number))).values():
            return None if self._doubt(person, hit) else hit.worker.worker_id
        DataKeys(self._keys, self._random.bytes).new(NOBODY)
        self.name_tag(NOBODY, person.name)
        return None

    def holders(self, cursor: Cursor, numbers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """Return whose archive each number (kind, value) stands in, merges not followed; nobody's: none."""
        tags = {tag: one for one in numbers for tag in self.tags(*one)}
        hits = self.db.ask(cursor, Question(*self._looking_up(list(tags)), self._hits))[0]
        return {tags[tag]: hit.worker.worker_id for tag, hit in hits.items()}

    def holders_named(
        self, cursor: Cursor, people: Iterable[tuple[str, str, str]]
    ) -> dict[tuple[str, str], tuple[bytes, bool]]:
        """Return whose archive each number stands in, and whether the name is a name of that archive.

        `people`: name, kind and value of each. Merges are followed for the names alone; a disputed number
        agrees with no name.
        """
        names_of_numbers = {(kind, value): name for name, kind, value in people}
        tags = {tag: number for number in names_of_numbers for tag in self.tags(*number)}
        hits = self.db.ask(cursor, Question(*self._looking_up(list(tags)), self._hits))[0]
        found = {}
        for tag, person in self._follow(cursor, hits).items():
            number, own = tags[tag], hits[tag].worker
            known = (own, person.worker)
            named = any(self._named(one, names_of_numbers[number]) for one in known)
            found[number] = (own.worker_id, named and person.standing != DISPUTED)
        return found

    def owner(self, cursor: Cursor, kind: str, value: str) -> bytes | None:
        """Return whose a number is or was for certain, merges not followed; None: nobody's, or doubtful."""
        for hit in self._look_up(cursor, self.tags(kind, value)).values():
            owner = hit.stands_in or hit.worker
            return owner.worker_id if hit.standing in CERTAIN else None
        return None

    def _look_up(self, cursor: Cursor, tags: list[bytes]) -> dict[bytes, Hit]:
        found: dict[bytes, Hit] = self.db.ask(cursor, Question(*self._looking_up(tags), self._hits))[0]
        return self._follow(cursor, found)

    def _looking_up(self, tags: list[bytes]) -> tuple[str, Sequence[Any]]:
        if not tags:
            return "", ()
        query = (
            "SELECT b.tag, b.standing, w.worker_id, w.version, w.state, w.names, k.wrapped, w.merged_into "
            "FROM {wanted} JOIN blind_index b ON b.tag = wanted.k "
            "JOIN worker w ON w.worker_id = b.worker_id "
            "JOIN worker_key k ON k.worker_id = b.worker_id"
        )
        return self.db.by_keys(query, tags)

    def _hits(self, rows: list[Any]) -> dict[bytes, Hit]:
        data_keys = DataKeys(self._keys, self._random.bytes)
        found: dict[bytes, Worker] = {}
        hits = {}
        for tag, standing, worker_id, version, state, known, wrapped, into in rows:
            worker = found.get(worker_id)
            if worker is None:
                key = data_keys.get(bytes(worker_id), bytes(wrapped))
                worker = found[worker_id] = Worker(bytes(worker_id), version, key, names_of(known), state)
                worker.merged_into = None if into is None else bytes(into)
            hits[bytes(tag)] = Hit(worker, standing)
        return hits

    def _follow(self, cursor: Cursor, hits: dict[K, Hit]) -> dict[K, Hit]:
        """Lead numbers of merged archives to the one they are read as; each worker stays one object."""
        if all(hit.worker.merged_into is None for hit in hits.values()):
            return hits
        found = {hit.worker.worker_id: hit.worker for hit in hits.values()}
        followed = {}
        for said, hit in hits.items():
            person = self.person(cursor, hit.worker)
            if person is hit.worker:
                followed[said] = hit
            else:
                person = found.setdefault(person.worker_id, person)
                followed[said] = Hit(person, hit.standing, hit.events, hit.worker)
        return followed

    def _judge(self, person: Person, found: Found, source: str) -> Worker | Held:
        hits = found.hits
        by_number = hits.get((person.document, person.number))
        by_card, by_chip = hits.get((CARD, person.card)), hits.get((CHIP, person.chip))
        if person.number is None:
            if by_card is None or by_card.standing != "verified":
                return Held("card-not-confirmed")
            if person.days is None or not cards.is_normal(by_card.events, person.days):
                return Held("card-not-normal")
            by_number = by_card
        if by_number is None:
            if by_card is not None or by_chip is not None:
                return Held("number-unknown-for-card")
            return self._new(person, found, source) if _checked(person) else Held("no-check-digit")
        doubt = self._doubt(person, by_number, by_card, by_chip)
        if doubt is not None:
            return Held(doubt)
        self._attach_card(by_number.worker, person, found, source)
        return by_number.worker

    def _doubt(self, person: Person, by_number: Hit, *shown: Hit | None) -> str | None:
        """Return what keeps a known number from selecting its worker; None: nothing."""
        worker = by_number.worker
        if worker.state != "open":
            return f"worker-{worker.state}"
        if by_number.standing == DISPUTED:
            return "number-disputed"
        if not any(self._named(known, person.name) for known in (worker, by_number.stands_in)):
            return "name-differs"
        of_another = any(hit is not None and hit.worker is not worker for hit in shown)
        return "card-of-another" if of_another else None

    def _named(self, worker: Worker | None, name: str) -> bool:
        return worker is not None and self.name_tag(worker.worker_id, name) in worker.names

    # -- new rows

    def _new(self, person: Person, found: Found, source: str) -> Worker:
        """Draft a worker whom no one knew; further records of the same request find the draft in the hits."""
        # Before the first use of a key: what follows is of this epoch or a later one.
        epoch = self._keys.epoch
        worker_id = uuid7(self._clock, self._random)
        wrapped, key = DataKeys(self._keys, self._random.bytes).new(worker_id)
        tag = self.name_tag(worker_id, person.name)
        now = self._clock.now_ms()
        rows = Rows((worker_id, 1, "open", tag, now, None), (worker_id, wrapped), epoch=epoch)
        worker = Worker(worker_id, 0, key, {tag}, rows=rows)
        self._identify(worker, str(person.document), str(person.number), "verified", source, found.hits)
        self._note(worker, NAME, person.name, "verified", source)
        self._attach_card(worker, person, found, source)
        return worker

    def _attach_card(self, worker: Worker, person: Person, found: Found, source: str) -> None:
        """Attach what was shown and nobody has: claimed, unless the registry said before whose it is."""
        if person.card is None:
            return
        waiting = found.facts.get((CARD, person.card))
        fact = None if waiting is None else cardbook.open_fact(self._keys, *waiting)
        standing = "claimed"
        if fact is not None:
            own = (fact.document, fact.number) == (person.document, person.number)
            standing = "verified" if own and names.same_name(fact.name, person.name) else DISPUTED
        for kind, value in ((CARD, person.card), (CHIP, person.chip)):
            if value is not None and (kind, value) not in found.hits:
                card_id = self._identify(worker, kind, value, standing, source, found.hits)
                if kind == CARD and person.area is not None:
                    self._note(worker, CARD_AREA, f"{value}/{person.area}", standing, source)
                    if standing != DISPUTED:
                        _rows(worker).area = Told(worker.worker_id, person.area, source)
                if kind == CARD and fact is not None and waiting is not None and standing == "verified":
                    self._take_over(worker, card_id, fact, waiting[0], found.hits)

    def _take_over(self, worker: Worker, card_id: bytes, fact: CardFact, tag: bytes, hits: Hits) -> None:
        """Let a draft bring the events that waited for it."""
        rows, now = _rows(worker), self._clock.now_ms()
        if fact.area is not None:
            rows.area = Told(worker.worker_id, fact.area, fact.source)
        events = tuple(
            CardEvent(n, on, what, fact.source, detail, now)
            for n, (what, on, detail) in enumerate(fact.events)
        )
        rows.cards.append((worker.worker_id, card_id, len(events)))
        rows.events += [cardbook.seal_event(worker.key, worker.worker_id, card_id, one) for one in events]
        # Under every live pepper: a re-index may move what waits before these rows are written.
        rows.facts += {tag, *self.tags(CARD, fact.card)}
        hits[CARD, fact.card] = Hit(worker, "verified", events)

    def _identify(
        self, worker: Worker, kind: str, value: str, standing: str, source: str, hits: Hits
    ) -> bytes:
        rows = worker.rows = worker.rows or Rows(epoch=self._keys.epoch)
        identifier_id = uuid7(self._clock, self._random)
        rows.identifiers.append(self.identifier_row(worker, identifier_id, kind, value, standing, source))
        rows.index += self.index_rows(worker.worker_id, identifier_id, kind, value, standing)
        hits[kind, value] = Hit(worker, standing)
        return identifier_id

    def _note(self, worker: Worker, kind: str, value: str, standing: str, source: str) -> None:
        """Keep an assertion by which nobody is found."""
        rows = _rows(worker)
        identifier_id = uuid7(self._clock, self._random)
        rows.identifiers.append(self.identifier_row(worker, identifier_id, kind, value, standing, source))

    def identifier_row(
        self, worker: Worker, identifier_id: bytes, kind: str, value: str, standing: str, source: str
    ) -> tuple[Any, ...]:
        """Return the row of an assertion, sealed for its worker."""
        now = self._clock.now_ms()
        sealed = worker.key.seal(
            value.encode(), identifier_aad(worker.worker_id, identifier_id, kind, now, source)
        )
        return (worker.worker_id, identifier_id, kind, standing, now, source, sealed)

    def index_rows(
        self, worker_id: bytes, identifier_id: bytes, kind: str, value: str, standing: str
    ) -> list[tuple[Any, ...]]:
        """Return the blind-index rows of a number, one for each live pepper."""
        return [
            (tag, version, kind, standing, worker_id, identifier_id)
            for version, tag in self.versioned_tags(kind, value)
        ]

    def rows(self, drafts: Iterable[Rows]) -> list[tuple[sa.Table, list[tuple[Any, ...]]]]:
        """Return what to insert for drafts whose tags were found free under the lock."""
        drafts = list(drafts)
        return [
            (tables.worker, [rows.worker for rows in drafts if rows.worker]),
            (tables.worker_key, [rows.key for rows in drafts if rows.key]),
            (tables.identifier, [row for rows in drafts for row in rows.identifiers]),
            (tables.blind_index, [row for rows in drafts for row in rows.index]),
            (tables.card, [row for rows in drafts for row in rows.cards]),
            (tables.card_event, [row for rows in drafts for row in rows.events]),
        ]

    @staticmethod
    def settle(turn: Turn, drafts: Iterable[Rows]) -> None:
        """Let the workers of these drafts lie where their cards say; remove the facts that waited."""
        drafts = list(drafts)
        places.place_missing(turn, [rows.area for rows in drafts if rows.area is not None])
        tags = [tag for rows in drafts for tag in rows.facts]
        if tags:
            turn.conn.execute(tables.card_fact.delete().where(tables.card_fact.c.tag.in_(tags)))

    def asking_taken(self, tags: list[bytes]) -> Question[set[bytes]]:
        """Ask which of these tags someone has."""
        query = "SELECT b.tag FROM {wanted} JOIN blind_index b ON b.tag = wanted.k"
        statement, parameters = self.db.by_keys(query, tags) if tags else ("", ())
        return Question(statement, parameters, lambda rows: {bytes(row[0]) for row in rows})


def identifier_aad(worker_id: bytes, identifier_id: bytes, kind: str, asserted_ms: int, source: str) -> bytes:
    """Return what an identifier's ciphertext is bound to: change kind, time or source, and it stays shut."""
    said = b"\0".join((identifier_id, kind.encode(), str(asserted_ms).encode(), source.encode()))
    return field_aad("identifier", "sealed", worker_id, said, 1)


def _rows(worker: Worker) -> Rows:
    """Return the rows that a worker's draft brings along."""
    worker.rows = worker.rows or Rows()
    return worker.rows


def _checked(person: Person) -> bool:
    """Tell whether the person's number carries a check digit and may create a worker."""
    return person.document in CHECKED_KINDS and len(person.number or "") == 18


def _mentioned(person: Person) -> list[tuple[str, str]]:
    said = ((person.document, person.number), (CARD, person.card), (CHIP, person.chip))
    return [(kind, value) for kind, value in said if kind is not None and value is not None]
