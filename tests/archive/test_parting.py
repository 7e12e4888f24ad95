"""What was set up while two archives were read as one ends with the merge: it may be the other person's."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import service
from recordsvc.access import consents, credentials, helper_relations
from recordsvc.access.consents import LINK, WHOLE_TEXT, Ended, Wanted
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.sessions import Entering, Method
from recordsvc.access.tables import service as services
from recordsvc.access.tables import session
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import contacts
from recordsvc.people import tables as people_tables
from recordsvc.web import helper_routes, share_routes
from tests.archive.support import Centre, id_of, person
from tests.archive.test_merging import merge, two, unmerge

__all__ = ["two"]

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


class Life:
    """What one archive's person sets up: a consent, a helper, a way in, a phone, a session."""

    def __init__(self, house: House, sessions: Any) -> None:
        self.house, self.sessions = house, sessions

    def consent(self, whose: bytes, record: bytes) -> bytes:
        def act(turn: Any) -> bytes:
            wanted = Wanted(LINK, (record,), "job-application", WHOLE_TEXT, turn.now_ms + DAY, None)
            place = self.house
            return consents.give(
                turn, place.log, place.random, lambda data: place.keys.hmac("login", data), whose, wanted, "s"
            ).consent_id

        return self.house.db.write(act)

    def helper(self, whose: bytes) -> bytes:
        def act(turn: Any) -> bytes:
            wanted = helper_relations.Wanted(
                "古丽", ("own.archive.read",), "no-phone", turn.now_ms + DAY, "session-1"
            )
            place = self.house
            return helper_relations.name(turn, place.keys, place.random, whose, wanted, wanted.verbs)[0]

        return self.house.db.write(act)

    def way_in(self, whose: bytes, device: str) -> bytes:
        way = self.house.random.bytes(16)

        def act(turn: Any) -> None:
            made = credentials.Credential(way, "passkey", b"s", device, turn.now_ms, external=way)
            credentials.add(turn, credentials.worker(whose), made)

        self.house.db.write(act)
        return way

    def phone(self, whose: bytes, number: str) -> None:
        self.house.db.write(lambda turn: contacts.set_phone(turn, self.house.people, whose, number, "worker"))

    def cookie(self, whose: bytes) -> str:
        who = Entering(Kind.WORKER, str(uuid.UUID(bytes=whose)), Method.CODE)
        return str(self.house.db.write(lambda turn: self.sessions.begin(turn, who)))

    def who(self, cookie: str) -> Actor | None:
        found: Actor | None = self.sessions.find(cookie)
        return found

    def standing(self, *workers: bytes) -> tuple[set[bytes], set[bytes], set[bytes], set[bytes]]:
        """Return what runs: consents, helpers, ways in; and whose phone is known."""
        with self.house.db.read() as conn:
            now = self.house.clock.now_ms()
            own = [credentials.worker(one) for one in workers]
            phones = conn.scalars(sa.select(people_tables.contact.c.worker_id))
            return (
                {one.consent_id for one in consents.of_workers(conn, workers) if one.runs(now)},
                {one.helper_id for one in helper_relations.of_workers(conn, workers) if one.stands(now)},
                {made.credential_id for one in own for made in credentials.of(conn, one)},
                set(map(bytes, phones)),
            )


@pytest.fixture
def life(house: House, two: tuple[bytes, bytes]) -> Life:
    assert two
    return Life(house, service.build(house.settings, house).extensions["access"].sessions)


def test_what_was_set_up_in_a_merge_ends_with_it_and_what_was_there_before_stays(
    life: Life, house: House, centre: Centre, two: tuple[bytes, bytes], clock: FixedClock
) -> None:
    record = centre.completion(person(2))
    centre.enter(record)
    record_id = uuid.UUID(id_of(record)).bytes
    before = (life.consent(two[1], record_id), life.helper(two[0]), life.way_in(two[1], "before"))
    life.phone(two[0], "13800000001")
    clock.advance(MINUTE)
    merge(house, *two)
    clock.advance(MINUTE)
    for whose in two:
        life.consent(whose, record_id)
        life.helper(whose)
        life.way_in(whose, "meanwhile")
    life.phone(two[1], "13800000002")
    clock.advance(MINUTE)

    unmerge(house, two[0])

    assert life.standing(*two) == ({before[0]}, {before[1]}, {before[2]}, {two[0]})
    with house.db.read() as conn:
        ended = {one.ended_by for one in consents.of_workers(conn, two)} - {None}
        assert ended == {str(Ended.PARTED)}


def test_nobody_stays_signed_in_to_the_archive_of_another_after_a_merge_was_undone(
    life: Life, house: House, two: tuple[bytes, bytes], clock: FixedClock
) -> None:
    merge(house, *two)
    clock.advance(MINUTE)
    cookie = life.cookie(two[0])
    signed_in = life.who(cookie)
    assert signed_in is not None
    assert signed_in.worker_id == two[1], "the archive that both are read as"

    unmerge(house, two[0])

    assert life.who(cookie) is None
    with house.db.read() as conn:
        assert conn.execute(sa.select(session)).all() == []
        assert conn.execute(sa.select(services).where(services.c.ends_ms > clock.now_ms())).all() == []
    again = life.who(life.cookie(two[0]))
    assert again is not None
    assert again.worker_id == two[0]


def test_each_reason_why_something_ended_has_words() -> None:
    assert set(share_routes.ENDS) == set(Ended)
    assert set(helper_relations.Ended) <= set(helper_routes.ENDS)
