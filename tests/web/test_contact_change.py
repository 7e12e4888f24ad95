"""Where warnings go is the worker's alone: proof, both numbers are told, and what waits keeps its address."""

import pytest
import sqlalchemy as sa

from recordsvc.access import ways
from recordsvc.access.grants import Actor
from recordsvc.archive import contact_change, letters
from recordsvc.archive.notices import tell_worker
from recordsvc.ground import outbox
from recordsvc.ground.ports import FixedClock, Letter
from recordsvc.house import House
from recordsvc.people import contacts
from recordsvc.people import tables as people_tables
from tests.web.conftest import Visitor
from tests.web.test_notices import PHONE, phone_of
from tests.web.test_own_proof import PIN, codes, own
from tests.web.test_window import CLERK, clerk, counter, dialect, window, worker_id

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
    with house.db.read() as conn:
        assert list(conn.scalars(sa.select(people_tables.contact.c.source))) == [f"window:{CLERK}"]
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
    assert delivered(house) == [(OTHER, True), (PHONE, True)], "the first of the term is warned, too"


THIRD = "13700002222"
DAY_MS = 86_400_000


def warn(house: House, worker_id: bytes, kind: str = "payee-account-entered") -> set[str]:
    """Which numbers hear of something."""
    key = house.random.bytes(8).hex()
    house.db.write(lambda turn: tell_worker(turn, house, worker_id, kind, {}, key))
    return {address for address, _ in delivered(house)}


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_warnings_go_to_the_number_before_for_a_term(
    me: Visitor, house: House, clock: FixedClock, how: str
) -> None:
    worker_id = me.actor.worker_id
    assert worker_id is not None
    set_phone(house, worker_id, PHONE)
    if how == "changed":
        set_phone(house, worker_id, OTHER)
    else:
        house.db.write(lambda turn: contact_change.remove(turn, house, worker_id))
    now = {OTHER} if how == "changed" else set()
    delivered(house)
    assert warn(house, worker_id) == now | {PHONE}
    assert warn(house, worker_id, "credential-added") == now | {PHONE}
    assert warn(house, worker_id, "card-assigned") == now, "no warning of who takes the archive over"
    clock.advance(30 * DAY_MS)
    assert warn(house, worker_id) == now
    assert house.db.write(contacts.sweep) == 1


def test_nobody_moves_the_number_before_out_by_changing_twice(me: Visitor, house: House) -> None:
    worker_id = me.actor.worker_id
    assert worker_id is not None
    for number in (PHONE, OTHER, THIRD):
        delivered(house)
        set_phone(house, worker_id, number)
    assert {address for address, _ in delivered(house)} == {PHONE, OTHER, THIRD}
    assert warn(house, worker_id) == {PHONE, THIRD}
    set_phone(house, worker_id, PHONE)
    delivered(house)
    assert warn(house, worker_id) == {PHONE}


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


def test_the_interface_changes_it_as_the_page_does(
    me: Visitor, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    def send(path: str, **body: str) -> int:
        headers = {"X-CSRF-Token": me.csrf, "Origin": "http://localhost"}
        answer = me.client.post(f"/v1{path}", json=body, headers=headers, base_url="http://localhost")
        assert PHONE not in answer.text
        return answer.status_code

    assert send(SET, phone="12345") == 422
    assert send(SET) == 422
    assert phone_of(house, worker_id) is None
    assert [send(SET, phone=PHONE) for _ in range(2)] == [204, 204]
    assert phone_of(house, worker_id) == PHONE
    clock.advance(6 * 60_000)
    assert (send(SET, phone=OTHER), send(REMOVE)) == (401, 401)
    assert phone_of(house, worker_id) == PHONE


def test_the_interface_at_the_window_takes_the_workers_own_proof(
    window: Visitor, house: House, worker_id: bytes, codes: list[str]
) -> None:
    headers = {"X-CSRF-Token": window.csrf, "Origin": "http://localhost"}
    for body, status in (({}, 422), ({"own_pin": PIN, "own_code": codes[0]}, 204)):
        answer = window.client.post(
            f"/v1{SET}", json={"phone": OTHER, **body}, headers=headers, base_url="http://localhost"
        )
        assert answer.status_code == status, answer.text
    assert phone_of(house, worker_id) == OTHER
    proof = {"own_pin": PIN, "own_code": codes[1]}
    gone = window.client.post(f"/v1{REMOVE}", json=proof, headers=headers, base_url="http://localhost")
    assert (gone.status_code, phone_of(house, worker_id)) == (204, None)
