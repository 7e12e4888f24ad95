"""The last notice (最后通知): an erased person learns of the erasure, though by then nothing is kept of them.

It is made in the erasing turn, before phone, name and key go, and carries with it what its delivery needs:
the phone, or the name and the last four characters of the number for a letter on paper. These are sealed
under a key of the message's own, in its row of the outbox, and go as soon as it has left or was printed; at
the latest after `KEEP_MS`, told or not. The erasure itself waits for nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc.archive import holders
from recordsvc.archive.notices import recipient_of
from recordsvc.archive.reading import Archive
from recordsvc.ground import outbox
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.outbox import Message, Waiting
from recordsvc.people import contacts
from recordsvc.vault import fence
from recordsvc.vault.envelope import DataKeys, field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

TOPIC: Final = "farewell"
KIND: Final = "archive-erased"
KEEP_MS: Final = 30 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Farewell:
    """To whom the last notice goes: a phone or none, and whose letter it is on paper."""

    phone: str | None
    name: str
    number: str
    """Its last four characters."""


def made(turn: Turn, house: "House", archives: Sequence[Archive]) -> Message:
    """Return the last notice to a person (own archive first), before the erasing turn destroys anything."""
    phone, cursor = None, house.db.cursor(turn.conn)
    for archive in archives:
        worker = house.people.load(cursor, archive.worker_id)
        if worker is not None and phone is None:
            phone = contacts.phone_of(house.people, cursor, worker)
    own = archives[0].worker_id
    of = holders.holder(house, cursor, own)
    fence.hold(turn, house.db, house.keys.epoch)
    wrapped, key = DataKeys(house.keys, house.random.bytes).new(own)
    said = json.dumps({"phone": phone, "name": of.name, "number": of.number[-4:]}, ensure_ascii=False)
    params = {"key": b64u(wrapped), "sealed": b64u(key.seal(said.encode(), _aad(own)))}
    return Message(TOPIC, recipient_of(own), KIND, params, own.hex())


def post(turn: Turn, message: Message) -> None:
    """Let the last notice leave, in the turn of the erasure."""
    outbox.put_all(turn, [message])


def opened(house: "House", worker_id: bytes, message: Waiting) -> Farewell:
    """Return to whom a last notice goes. Raises `SealError`."""
    key = DataKeys(house.keys).get(worker_id, unb64u(message.params["key"]))
    said = json.loads(key.open(unb64u(message.params["sealed"]), _aad(worker_id)))
    return Farewell(said["phone"], said["name"], said["number"])


def waiting(conn: Connection, before_ms: int) -> int:
    """Count last notices of before a UTC instant that have not left: no pass brings their keys along."""
    return outbox.pending(conn, TOPIC, before_ms)


def expire(house: "House") -> int:
    """Forget last notices that nobody took in time; how many."""
    before_ms = house.clock.now_ms() - KEEP_MS
    return house.db.write(lambda turn: outbox.drop(turn, TOPIC, before_ms))


def _aad(worker_id: bytes) -> bytes:
    return field_aad("outbox", "params", worker_id, TOPIC.encode(), 1)
