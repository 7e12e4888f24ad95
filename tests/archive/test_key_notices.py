"""Who holds what a key signed is told once when it is revoked or suspected, wherever the telling ends."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.archive import emptied, key_notices, noticeboard, notices, tables
from recordsvc.archive.keyevents import KeyAction
from recordsvc.ground import follower
from recordsvc.house import House
from recordsvc.people import standing
from tests.archive.restricted import lift, seal
from tests.archive.support import Centre, id_of, person
from tests.archive.test_retold import erase

MINUTE = 60_000
PEOPLE = [person(n) for n in (1, 2, 3)]
ABOUT = (noticeboard.WITHHELD, notices.EMPTIED, *notices.OF_KEYS)


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def told(house: House, worker_id: bytes) -> list[tuple[str, Any]]:
    """What a worker was told of keys, the newest first: as what, and of how many records."""
    with house.db.read() as conn:
        found = noticeboard.of_workers(house, conn, [worker_id])
    return [(one.kind, one.params.get("count")) for one in found if one.kind in ABOUT]


def rows(house: House) -> list[str]:
    with house.db.read() as conn:
        return [one.name for one in follower.places(conn)]


def test_everybody_whose_records_a_revoked_key_signed_is_told_once(house: House, centre: Centre) -> None:
    """Of all portions together; another issuer's people, and who died, are not told."""
    one, two, three = PEOPLE
    first = centre.completion(one)
    centre.enter(first, centre.completion(two))
    centre.enter(centre.completion(one, **{"class": {"code": "C2"}}), centre.correction(one, first))
    other = Centre(house, 2)
    other.enter(other.completion(three))
    dead = centre.worker_id(two)
    house.db.write(lambda turn: standing.change(turn, dead, standing.OPEN, standing.CLOSED))
    house.clock.advance(MINUTE)
    centre.act(KeyAction.REVOKE)
    other.enter(other.completion(one))

    assert key_notices.run(house) > 0
    for _again in range(2):
        key_notices.run(house)
        assert told(house, centre.worker_id(one)) == [("issuer-key-revoked", 3)]
    assert (told(house, dead), told(house, centre.worker_id(three))) == ([], [])
    assert rows(house) == [key_notices.NAME], "no walk is left"


def test_of_a_suspected_key_those_are_told_whose_records_fall_into_the_suspicion(
    house: House, centre: Centre
) -> None:
    one, two, _three = PEOPLE
    centre.enter(centre.completion(one))
    house.clock.advance(MINUTE)
    since = house.clock.now_ms()
    centre.enter(centre.completion(two))
    house.clock.advance(MINUTE)
    centre.act(KeyAction.SUSPECT, since)
    key_notices.run(house)
    assert told(house, centre.worker_id(one)) == []
    assert told(house, centre.worker_id(two)) == [("issuer-key-suspect", 1)]
    house.clock.advance(MINUTE)
    centre.act(KeyAction.REVOKE)
    key_notices.run(house)
    assert [kind for kind, _count in told(house, centre.worker_id(two))] == [
        "issuer-key-revoked",
        "issuer-key-suspect",
    ]


def test_killed_between_portions_the_telling_goes_on(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "PORTION", 1)
    one = PEOPLE[0]
    centre.enter(*(centre.completion(one, **{"class": {"code": f"C{n}"}}) for n in range(4)))
    index = centre.act(KeyAction.REVOKE)
    with monkeypatch.context() as patched:
        patched.setattr(follower, "PORTIONS", 2)
        key_notices.run(house)
        assert rows(house) == [key_notices.NAME, f"{key_notices.NAME}/{index}"]
        assert 0 < told(house, centre.worker_id(one))[0][1] < 4
    key_notices.run(house)
    assert told(house, centre.worker_id(one)) == [("issuer-key-revoked", 4)]
    assert rows(house) == [key_notices.NAME]
    assert fsck.fsck(house).finding is None


def test_what_is_restricted_or_erased_is_not_told_by_way_of_a_key(house: House, centre: Centre) -> None:
    one = PEOPLE[0]
    record = centre.completion(one)
    centre.enter(record)
    worker_id, record_id = centre.worker_id(one), uuid.UUID(id_of(record)).bytes
    seal(house, worker_id, record_id)
    centre.act(KeyAction.SUSPECT, house.clock.now_ms())
    key_notices.run(house)
    assert told(house, worker_id) == [], "sealed: nobody says whose it is"
    lift(house, worker_id, record_id)
    house.clock.advance(MINUTE)
    centre.act(KeyAction.REVOKE)
    key_notices.run(house)
    assert told(house, worker_id) == [("issuer-key-revoked", 1)]
    seal(house, worker_id, record_id)
    assert told(house, worker_id) == [(noticeboard.WITHHELD, None)]
    erase(house, worker_id, record)
    assert told(house, worker_id) == [(notices.EMPTIED, None)]


def test_what_was_told_of_records_that_an_earlier_version_erased_is_emptied(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That version left the notices; meeting the erasures again, in log order, takes them."""
    from recordsvc.archive.announcing import announcer

    one, two, _three = PEOPLE
    gone, kept = centre.completion(one), centre.completion(two)
    centre.enter(gone)
    house.clock.advance(MINUTE)
    centre.enter(kept)
    announcer(house).run()
    worker_id = centre.worker_id(one)
    seal(house, worker_id, uuid.UUID(id_of(gone)).bytes)
    with monkeypatch.context() as patched:
        patched.setattr(notices, "empty", lambda *_args: None)
        erase(house, worker_id, gone)

    def kinds(of: bytes) -> list[str]:
        with house.db.read() as conn:
            return [it.kind for it in noticeboard.of_workers(house, conn, [of])]

    assert "record-entered" in kinds(worker_id)
    for _again in range(2):
        emptied.emptier(house).run()
        assert "record-entered" not in kinds(worker_id)
        assert notices.EMPTIED in kinds(worker_id)
    assert "record-entered" in kinds(centre.worker_id(two))
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(tables.notice)) > 0
