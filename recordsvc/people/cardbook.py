"""Cards at rest (卡的台账): their sealed events, and what the registry said of cards without a holder here.

An event is sealed under its holder's data key and bound to card, place and time; `card.events` counts them,
so that one which is missing shows. A fact without an archive waits sealed under a key of its own, found by
the tag of the card's number, until its holder's first record comes.
"""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from recordsvc.ground.database import Database
from recordsvc.ground.ports import Random
from recordsvc.ground.readers import Question
from recordsvc.people.cards import CardEvent
from recordsvc.vault.envelope import DataKey, DataKeys, field_aad
from recordsvc.vault.keystore import KeyStore

_FACT_LABEL: Final = b"card-fact/v1"
EventRow = tuple[bytes, bytes, int, int, bytes]
"""worker_id, identifier_id, n, at_ms, sealed: a row of `card_event`."""
EventRows = dict[bytes, list[EventRow]]


@dataclasses.dataclass(frozen=True, slots=True)
class CardFact:
    """What the registry says of one card: whose it is, and what happened to it.

    `events`: (what, on, detail). `replaces`: number of the card that this one came for.
    """

    document: str
    number: str
    name: str
    card: str
    source: str
    chip: str | None = None
    area: str | None = None
    replaces: str | None = None
    events: tuple[tuple[str, str, str], ...] = ()
    line: int = dataclasses.field(default=0, compare=False)
    """Where it stood in a file, for whoever reads what became of it."""


_TOLD: Final = tuple(one.name for one in dataclasses.fields(CardFact) if one.compare)
"""What of a fact is kept while it waits."""


def event_aad(worker_id: bytes, card_id: bytes, n: int, at_ms: int) -> bytes:
    """Return what an event's ciphertext is bound to."""
    return field_aad("card_event", "sealed", worker_id, card_id + n.to_bytes(4) + at_ms.to_bytes(8), 1)


def seal_event(key: DataKey, worker_id: bytes, card_id: bytes, event: CardEvent) -> EventRow:
    """Return the row of an event."""
    said = [event.on, event.what, event.source, event.detail]
    aad = event_aad(worker_id, card_id, event.n, event.at_ms)
    return (
        worker_id,
        card_id,
        event.n,
        event.at_ms,
        key.seal(json.dumps(said, ensure_ascii=False).encode(), aad),
    )


def open_event(key: DataKey, row: EventRow) -> CardEvent:
    """Return an event from its row. Raises `SealError`."""
    worker_id, card_id, n, at_ms, sealed = row
    on, what, source, detail = json.loads(key.open(sealed, event_aad(worker_id, card_id, n, at_ms)))
    return CardEvent(n, on, what, source, detail, at_ms)


def open_events(key: DataKey, rows: Iterable[EventRow]) -> tuple[CardEvent, ...]:
    """Return a card's events in the order of their entry. Raises `SealError`."""
    return tuple(open_event(key, row) for row in sorted(rows, key=lambda row: row[2]))


def seal_fact(keys: KeyStore, random: Random, tag: bytes, fact: CardFact) -> bytes:
    """Seal a fact that waits, under a key of its own."""
    wrapped, key = DataKeys(keys, random.bytes).new(tag, "holding")
    # By hand: `asdict` copies deeply, which was a third of what a waiting fact costs.
    told = {name: getattr(fact, name) for name in _TOLD}
    said = json.dumps(told, ensure_ascii=False).encode()
    return bytes([len(wrapped)]) + wrapped + key.seal(said, _FACT_LABEL + tag)


def open_fact(keys: KeyStore, tag: bytes, sealed: bytes) -> CardFact:
    """Return a fact that waits. Raises `SealError`."""
    size = 1 + sealed[0]
    key = DataKeys(keys).get(tag, sealed[1:size], "holding")
    said = json.loads(key.open(sealed[size:], _FACT_LABEL + tag))
    said["events"] = tuple(tuple(event) for event in said["events"])
    return CardFact(**said)


def asking_events(db: Database, tags: Sequence[bytes]) -> Question[EventRows]:
    """Ask for the events of the cards under these tags."""

    def read(rows: list[Any]) -> EventRows:
        found: EventRows = defaultdict(list)
        for tag, worker_id, card_id, n, at_ms, sealed in rows:
            found[bytes(tag)].append((bytes(worker_id), bytes(card_id), n, at_ms, bytes(sealed)))
        return found

    query = (
        "SELECT b.tag, e.worker_id, e.identifier_id, e.n, e.at_ms, e.sealed "
        "FROM {wanted} JOIN blind_index b ON b.tag = wanted.k "
        "JOIN card_event e ON e.worker_id = b.worker_id AND e.identifier_id = b.identifier_id"
    )
    statement, parameters = db.by_keys(query, tags) if tags else ("", ())
    return Question(statement, parameters, read)


def asking_facts(db: Database, tags: Sequence[bytes]) -> Question[dict[bytes, bytes]]:
    """Ask for what waits under these tags, still sealed."""
    query = "SELECT f.tag, f.sealed FROM {wanted} JOIN card_fact f ON f.tag = wanted.k"
    statement, parameters = db.by_keys(query, tags) if tags else ("", ())
    return Question(statement, parameters, lambda rows: {bytes(tag): bytes(sealed) for tag, sealed in rows})
