"""Changing where a worker is told (更换接收通知的手机): the old number and the new one both hear of it.

Whoever takes over the phone that warnings go to hides all that follows; so the change itself is told to the
number before it, too, and for a term (`contact_terms`) so is every warning of how one signs in, who acts in
one's place, and where money goes.
"""

from typing import TYPE_CHECKING, Final

from recordsvc import dated
from recordsvc.archive import notices
from recordsvc.archive.notices import Telling
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.people import contacts
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "contact-changed"
TERMS: Final = "contact_terms"
DAY_MS: Final = 86_400_000


def set_phone(turn: Turn, house: "House", worker_id: bytes, number: str, source: str) -> None:
    """Keep the number and tell both; the same one again does nothing. Raises `PhoneRefused`, `NotFound`."""
    wanted, before = contacts.normal(number), contacts.sealed_of(turn, worker_id)
    cursor = house.db.cursor(turn.conn)
    worker = house.people.load(cursor, worker_id)
    if worker is not None and before is not None and contacts.opened(worker, before) == wanted:
        return
    contacts.set_phone(turn, house.people, worker_id, number, source)
    if before is not None:
        _keep(turn, worker_id, before)
    _forget_returned(turn, worker, wanted)
    telling = _telling(house, worker_id)
    notices.tell_workers(turn, house, [telling])
    # Of several changes in a term the first number stays the one that is warned; the last hears of this one.
    if before is not None and before != contacts.former(turn.conn, [worker_id], turn.now_ms).get(worker_id):
        notices.post_to(turn, telling, before)


def remove(turn: Turn, house: "House", worker_id: bytes) -> None:
    """Tell the number that it is told nothing more, and forget it. Repeatable."""
    before = contacts.sealed_of(turn, worker_id)
    if before is not None:
        notices.tell_workers(turn, house, [_telling(house, worker_id)])
        contacts.remove(turn, worker_id)
        _keep(turn, worker_id, before)


def _keep(turn: Turn, worker_id: bytes, before: bytes) -> None:
    days = dated.rule(TERMS, "former-number", beijing_date(turn.now_ms).isoformat())["value"]
    contacts.keep_former(turn, worker_id, before, turn.now_ms + int(days) * DAY_MS)


def _forget_returned(turn: Turn, worker: Worker | None, wanted: str) -> None:
    """Forget the number before where it is the worker's again: it is told once."""
    kept = {} if worker is None else contacts.former(turn.conn, [worker.worker_id], turn.now_ms)
    for worker_id, sealed in kept.items():
        if worker is not None and contacts.opened(worker, sealed) == wanted:
            contacts.forget_former(turn, worker_id)


def _telling(house: "House", worker_id: bytes) -> Telling:
    return Telling(worker_id, KIND, {}, house.random.bytes(16).hex())
