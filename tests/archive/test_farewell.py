"""The last notice: an erased person is told by phone or on paper, and what that takes goes with it."""

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import erasing, farewell, letters, printing
from recordsvc.archive.announcing import announcer
from recordsvc.ground import outbox
from recordsvc.ground.ports import FixedClock, Letter, Undeliverable
from recordsvc.house import House
from recordsvc.people import contacts
from recordsvc.people import tables as people_tables
from recordsvc.people.contacts import set_phone
from tests.archive.restricted import seal
from tests.archive.support import Centre, id_of, person
from tests.archive.test_disputes import bytes_of
from tests.archive.test_erasing import UNLAWFUL, decide_erasure, restrict
from tests.archive.test_merging import decided, merge
from tests.archive.test_notices import PHONE, delivered, kinds

HANDLER = Actor(Kind.OFFICIAL, "wang", roles=frozenset({"handler"}), duties=frozenset({("handler", "64")}))


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def worker(centre: Centre) -> bytes:
    centre.enter(centre.completion(person(1)))
    return centre.worker_id(person(1))


def erase(house: House, worker_id: bytes) -> None:
    restrict(house, worker_id)
    decide_erasure(house, worker_id)


def rows(house: House) -> list[tuple[str, str]]:
    """State and particulars of every message."""
    with house.db.read() as conn:
        own = outbox.outbox.c
        return [tuple(row) for row in conn.execute(sa.select(own.state, own.params))]


def test_an_erased_person_is_told_by_phone_and_the_phone_is_gone_after_it(
    house: House, worker: bytes
) -> None:
    house.db.write(lambda turn: set_phone(turn, house.people, worker, PHONE, "self"))
    erase(house, worker)

    ((state, params),) = rows(house)
    assert (state, PHONE in params) == ("waiting", False)
    with house.db.read() as conn:
        for table in (people_tables.contact, people_tables.worker_key):
            assert conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0
    (letter,) = delivered(house)
    assert (letter.address, letter.text) == (
        PHONE,
        "【职业技能培训档案】档案已删除：您的档案已按规定删除。",
    )
    assert rows(house) == [("sent", "{}")]
    assert delivered(house) == []
    assert fsck.fsck(house).finding is None


def test_without_a_phone_it_goes_on_paper_under_the_name_and_then_the_name_goes(
    house: House, worker: bytes
) -> None:
    erase(house, worker)
    assert delivered(house) == []

    (slip,) = printing.slips(house, HANDLER, "service-window", "W-1")
    who = person(1)
    assert (slip.name, slip.number, slip.title) == (who["name"], who["number"][-4:], "档案已删除")
    assert who["name"] not in str(rows(house))
    assert printing.mark_printed(house, HANDLER, [slip.id]) == 1
    assert rows(house) == [("printed", "{}")]


def test_archives_read_as_one_are_one_notice_at_whichever_phone(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    first, second = centre.worker_id(person(1)), centre.worker_id(person(2))
    house.db.write(lambda turn: set_phone(turn, house.people, first, PHONE, "self"))
    merge(house, first, second)
    erase(house, second)

    assert [one.address for one in delivered(house)] == [PHONE]


def test_an_erasure_that_was_undone_told_nobody(
    house: House, worker: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError

    house.db.write(lambda turn: set_phone(turn, house.people, worker, PHONE, "self"))
    restrict(house, worker)
    before = rows(house)
    monkeypatch.setattr(erasing, "_note", fail)
    with pytest.raises(OSError):  # noqa: PT011 - raised bare, above
        decide_erasure(house, worker)

    assert rows(house) == before
    with house.db.read_raw() as cursor:
        found = house.people.load(cursor, worker)
        assert found is not None
        assert contacts.phone_of(house.people, cursor, found) == PHONE


def test_what_nobody_takes_is_forgotten_in_time(house: House, worker: bytes, clock: FixedClock) -> None:
    house.db.write(lambda turn: set_phone(turn, house.people, worker, PHONE, "self"))
    erase(house, worker)

    class Refusing:
        def send(self, letter: Letter) -> None:
            raise Undeliverable

    outbox.Deliverer(house.db, letters.composer(house), Refusing()).run()
    assert [state for state, _params in rows(house)] == ["dead"]
    clock.advance(farewell.KEEP_MS)
    assert farewell.expire(house) == 0
    clock.advance(1)
    assert farewell.expire(house) == 1
    assert rows(house) == []


def test_a_message_moved_to_another_person_does_not_open(house: House, worker: bytes) -> None:
    erase(house, worker)
    with house.db.read() as conn:
        (message,) = outbox.listed(conn, "waiting")
    with pytest.raises(Exception, match="does not open"):
        farewell.opened(house, b"\x07" * 16, message)


def test_one_erased_record_is_told_to_its_person(house: House, centre: Centre, worker: bytes) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    house.clock.advance(1_000)
    seal(house, worker, bytes_of(record))
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(
            turn, house, worker, bytes_of(record), UNLAWFUL, "official:first"
        ),
    )
    announcer(house).run()

    assert kinds(house, worker)[-1] == "record-erased"
    assert kinds(house, worker).count("record-erased") == 1
    delivered(house)
    assert ("print", True) in [(state, "notice" in params) for state, params in rows(house)]
    assert id_of(record) not in str(rows(house))
