"""Cards that were taken back (已收回的卡), for the check of a chain whose records name them."""

from recordsvc.ground.finding import Snapshot, scan
from recordsvc.people import cardbook, cards, tables
from recordsvc.people.resolve import CARD, People, identifier_aad
from recordsvc.vault.envelope import DataKey


def taken_back_tags(snapshot: Snapshot, people: People, worker_id: bytes, key: DataKey) -> set[bytes]:
    """Return the tags of cards that a worker had until two officials took them back. Raises `SealError`.

    What says so is sealed under the worker's key: nobody without it makes a stranger's record look at home.
    """
    event, own = tables.card_event.c, tables.identifier.c
    rows = scan(snapshot, list(tables.card_event.c), event.worker_id == worker_id)
    opened = ((row[1], cardbook.open_event(key, tuple(row))) for row in rows)
    ended = {card_id for card_id, one in opened if one.what == cards.TAKEN_BACK}
    columns = [own.identifier_id, own.kind, own.asserted_ms, own.source, own.sealed]
    found: set[bytes] = set()
    for card_id, kind, asserted_ms, source, sealed in scan(snapshot, columns, own.worker_id == worker_id):
        if card_id in ended and kind == CARD:
            value = key.open(sealed, identifier_aad(worker_id, card_id, kind, asserted_ms, source))
            found.update(people.tags(CARD, value.decode()))
    return found
