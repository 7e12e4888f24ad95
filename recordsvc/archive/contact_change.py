"""Changing where a worker is told (更换接收通知的手机): the old number and the new one both hear of it.

Whoever takes over the phone that warnings go to hides all that follows; so the change itself is told, and to
the number before it first of all.
"""

from typing import TYPE_CHECKING, Final

from recordsvc.archive import notices
from recordsvc.archive.notices import Telling
from recordsvc.ground.commit import Turn
from recordsvc.people import contacts

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "contact-changed"


def set_phone(turn: Turn, house: "House", worker_id: bytes, number: str, source: str) -> None:
    """Keep the number and tell both; the same one again does nothing. Raises `PhoneRefused`, `NotFound`."""
    wanted, before = contacts.normal(number), contacts.sealed_of(turn, worker_id)
    cursor = house.db.cursor(turn.conn)
    worker = house.people.load(cursor, worker_id)
    if worker is not None and before is not None and contacts.opened(worker, before) == wanted:
        return
    contacts.set_phone(turn, house.people, worker_id, number, source)
    telling = _telling(house, worker_id)
    notices.tell_workers(turn, house, [telling])
    if before is not None:
        notices.post_to(turn, telling, before)


def remove(turn: Turn, house: "House", worker_id: bytes) -> None:
    """Tell the number that it is told nothing more, and forget it. Repeatable."""
    if contacts.sealed_of(turn, worker_id) is not None:
        notices.tell_workers(turn, house, [_telling(house, worker_id)])
        contacts.remove(turn, worker_id)


def _telling(house: "House", worker_id: bytes) -> Telling:
    return Telling(worker_id, KIND, {}, house.random.bytes(16).hex())
