"""Where warnings go is the worker's alone: proof, both numbers are told, and what waits keeps its address."""

import pytest

from recordsvc.access import ways
from recordsvc.access.grants import Actor
from recordsvc.archive import contact_change, letters
from recordsvc.archive.notices import tell_worker
from recordsvc.ground import outbox
from recordsvc.ground.ports import FixedClock, Letter
from recordsvc.house import House
from tests.web.conftest import Visitor
from tests.web.test_notices import PHONE, phone_of
from tests.web.test_own_proof import PIN, codes, own
from tests.web.test_window import clerk, counter, dialect, window, worker_id

__all__ = ["clerk", "codes", "counter", "dialect", "own", "window", "worker_id"]
OTHER = "13800001111"
SET, REMOVE = "/me/notices/phone", "/me/notices/phone/remove"


def delivered(house: House) -> list[tuple[str, bool]]:
    """Where letters went, and whether they told of the change."""
    kept: list[Letter] = []

    class Keeping:
        def send(self, letter: Letter) -> None:
            kept.append(letter)

    outbox.Deliverer(house.db, letters.composer(house), Keeping()).run()
    return sorted((one.address, "手机" in one.text) for one in kept)


def set_phone(house: House, worker_id: bytes, number: str) -> None:
    house.db.write(lambda turn: contact_change.set_phone(turn, house, worker_id, number, "self"))


def test_a_clerk_alone_neither_moves_nor_removes_the_phone(
    window: Visitor, house: House, worker_id: bytes
) -> None:
    set_phone(house, worker_id, PHONE)
    for path in (SET, REMOVE):
        answer = window.post(path, phone=OTHER)
        assert (answer.status_code, "需要本人验证" in answer.text) == (422, True)
        assert window.post(path, phone=OTHER, own_pin="111222", own_code="0000-0000").status_code == 422
    assert phone_of(house, worker_id) == PHONE


def test_with_the_workers_own_proof_the_window_changes_it(
    window: Visitor, house: House, worker_id: bytes, codes: list[str]
) -> None:
    assert window.post(SET, phone=OTHER, own_pin=PIN, own_code=codes[0]).status_code == 303
    assert phone_of(house, worker_id) == OTHER
    assert window.post(REMOVE, own_pin=PIN, own_code=codes[1]).status_code == 303
    assert phone_of(house, worker_id) is None


@pytest.mark.parametrize("path", [SET, REMOVE])
def test_the_worker_proves_afresh_who_they_are(me: Visitor, clock: FixedClock, path: str) -> None:
    clock.advance(6 * 60_000)
    assert me.post(path, phone=PHONE).status_code == 401


def test_old_and_new_number_hear_of_a_change(me: Visitor, house: House) -> None:
    me.post(SET, phone=PHONE)
    assert (PHONE, True) in delivered(house)
    me.post(SET, phone=OTHER)
    assert delivered(house) == [(OTHER, True), (PHONE, True)]
    me.post(SET, phone=OTHER)
    assert delivered(house) == []
    me.post(REMOVE)
    assert delivered(house) == [(OTHER, True)]


@pytest.mark.parametrize("path", [SET, REMOVE])
def test_what_waits_to_leave_keeps_its_address(me: Visitor, house: House, path: str) -> None:
    me.post(SET, phone=PHONE)
    delivered(house)
    worker = me.actor.worker_id
    house.db.write(lambda turn: tell_worker(turn, house, worker, "device-new", {}, "k"))
    me.post(path, phone=OTHER)
    assert (PHONE, False) in delivered(house)


def test_the_address_of_what_waits_stands_nowhere_in_clear(me: Visitor, house: House) -> None:
    me.post(SET, phone=PHONE)
    with house.db.read() as conn:
        said = [str(one.params) for one in outbox.listed(conn, "waiting")]
    assert said
    assert all(PHONE not in one and PHONE.encode().hex() not in one for one in said)


def test_a_proof_is_judged_as_it_stands_at_the_act_and_not_when_the_service_began(
    window: Visitor, own: Actor, house: House, worker_id: bytes
) -> None:
    assert window.post(SET, phone=PHONE, own_pin=PIN, own_code="0000-0000").status_code == 422
    first = ways.set_pin(house, own, PIN, "test").codes
    assert window.post(SET, phone=PHONE, own_pin=PIN, own_code=first[0]).status_code == 303
    ways.set_pin(house, own, "471920", "test")
    assert window.post(SET, phone=OTHER, own_pin=PIN, own_code=first[1]).status_code == 422
    assert phone_of(house, worker_id) == PHONE
