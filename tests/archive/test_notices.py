"""Notices: who is told what, once, in dated words; sealed, gone with the person, and of nobody else."""

import json
import re
import string
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import (
    announcing,
    confirm,
    formats,
    held,
    keys,
    letters,
    noticeboard,
    notices,
    tables,
    wording,
)
from recordsvc.archive import erasing as record_erasing
from recordsvc.archive.announcing import announcer
from recordsvc.archive.moving import Moving, propose_move
from recordsvc.archive.noticeboard import Notice, of_office, of_workers
from recordsvc.archive.notices import tell_desk, tell_institution, tell_worker
from recordsvc.archive.reading import OpenEntry, Reader
from recordsvc.archive.statements import Stater
from recordsvc.archive.store import StoredEntry
from recordsvc.ground import follower, outbox
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Letter
from recordsvc.ground.privileges import erasing
from recordsvc.house import House
from recordsvc.people import contacts
from recordsvc.people import tables as people_tables
from recordsvc.people.contacts import PhoneRefused, set_phone
from recordsvc.people.workers import Worker
from tests.archive.restricted import seal
from tests.archive.support import Centre, id_of, person, shown
from tests.archive.test_merging import decided, merge, unmerge
from tests.faults.region import release

PHONE = "13912345678"


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def worker(centre: Centre) -> bytes:
    centre.enter(centre.completion(person(1)))
    return centre.worker_id(person(1))


def told(house: House, *workers: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Kinds and particulars of what workers were told, the oldest first."""
    with house.db.read() as conn:
        return [(one.kind, dict(one.params)) for one in of_workers(house, conn, workers)][::-1]


def kinds(house: House, *workers: bytes) -> list[str]:
    return [kind for kind, _params in told(house, *workers)]


def office(house: House, addressee: str) -> list[tuple[str, dict[str, Any]]]:
    with house.db.read() as conn:
        return [(one.kind, dict(one.params)) for one in of_office(conn, [addressee])][::-1]


def outgoing(house: House) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in outbox.listed(conn, "waiting")]


# -- what is entered


def test_a_batch_of_one_person_is_one_notice(house: House, centre: Centre) -> None:
    centre.enter(*(centre.completion(person(1)) for _n in range(3)), centre.completion(person(2)))
    announcer(house).run()
    announcer(house).run()

    wanted = {"issuer": centre.uscc, "type": "training-completion"}
    assert told(house, centre.worker_id(person(1))) == [("record-entered", wanted | {"count": 3})]
    assert told(house, centre.worker_id(person(2))) == [("record-entered", wanted | {"count": 1})]


def test_a_batch_is_one_notice_also_across_portions(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "PORTION", 2)
    centre.enter(*(centre.completion(person(1)) for _n in range(5)))
    announcer(house).run()

    ((kind, params),) = told(house, centre.worker_id(person(1)))
    assert (kind, params["count"]) == ("record-entered", 5)


def test_what_becomes_of_a_record_is_told(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    for act in (centre.correction(person(1), record), centre.revocation(person(1), record)):
        house.clock.advance(1000)
        centre.enter(act)
        announcer(house).run()

    found = told(house, centre.worker_id(person(1)))
    assert [kind for kind, _params in found] == ["record-entered", "record-corrected", "record-revoked"]
    assert found[-1][1]["reason"]


def test_an_erased_record_is_one_however_often_it_was_corrected(house: House, centre: Centre) -> None:
    """What repeats it is erased with it and is no record of its own."""
    record = centre.completion(person(1))
    centre.enter(record)
    for act in (centre.correction(person(1), record), centre.revocation(person(1), record)):
        centre.enter(act)
    house.clock.advance(1000)
    worker_id, record_id = centre.worker_id(person(1)), uuid.UUID(id_of(record)).bytes
    why = record_erasing.Why("unlawful", "个人信息保护法第四十七条")
    seal(house, worker_id, record_id)
    decided(
        house,
        lambda turn: record_erasing.propose_record_erasure(
            turn, house, worker_id, record_id, why, "official:first"
        ),
    )
    announcer(house).run()

    kind, params = told(house, worker_id)[-1]
    assert (kind, params["count"]) == ("record-erased", 1)


def test_a_merge_is_told_once_and_both_notices_lists_are_one(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    first, second = centre.worker_id(person(1)), centre.worker_id(person(2))
    merge(house, first, second)
    announcer(house).run()
    assert kinds(house, second) == ["record-entered", "archive-merged"]
    assert kinds(house, first) == ["record-entered"]

    house.clock.advance(1000)
    unmerge(house, first)
    announcer(house).run()
    assert kinds(house, first)[-1] == kinds(house, second)[-1] == "archive-unmerged"


def test_a_move_is_told_to_both_persons_and_the_issuer(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record, centre.completion(person(2)))
    wrong, right = centre.worker_id(person(1)), centre.worker_id(person(2))
    announcer(house).run()
    house.clock.advance(1000)
    moved = Moving(wrong, uuid.UUID(id_of(record)).bytes, right, "记错了人")
    decided(house, lambda turn: propose_move(turn, house, moved, "official:first"))
    announcer(house).run()

    assert kinds(house, wrong)[-1] == "record-moved"
    assert kinds(house, right)[-1] == "record-moved-here"
    assert office(house, f"institution:{centre.uscc}") == [
        ("record-moved", {"count": 1, "record_id": id_of(record)})
    ]


def test_an_erased_person_is_told_nothing_and_stops_nobody(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    first, second = centre.worker_id(person(1)), centre.worker_id(person(2))

    def erase(turn) -> None:
        with erasing(turn.conn):
            turn.conn.execute(
                people_tables.worker_key.delete().where(people_tables.worker_key.c.worker_id == first)
            )

    house.db.write(erase)
    announcer(house).run()

    assert kinds(house, first) == []
    assert kinds(house, second) == ["record-entered"]


def test_a_person_erased_while_a_portion_is_prepared_is_told_nothing(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    first, second = centre.worker_id(person(1)), centre.worker_id(person(2))
    tell = announcing._Announcing._tell

    def erased_before(self: Any, turn: Turn, told: Any) -> None:
        with erasing(turn.conn):
            turn.conn.execute(
                people_tables.worker_key.delete().where(people_tables.worker_key.c.worker_id == first)
            )
        assert len(told) == 2, "both were prepared"
        tell(self, turn, told)

    monkeypatch.setattr(announcing._Announcing, "_tell", erased_before)
    announcer(house).run()

    assert kinds(house, second) == ["record-entered"]
    with house.db.read() as conn:
        assert set(conn.scalars(sa.select(tables.notice.c.worker_id))) == {second}


def test_what_nobody_is_told_of_is_not_opened(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    first = centre.worker_id(person(1))
    seen = shown(house, first, uuid.UUID(id_of(record)).bytes)
    confirm.confirm(house, first, seen, "page", Stater("x", "worker", "session-1"))
    opened = []
    whole = Reader.open

    def counted(self: Reader, worker: Worker, stored: StoredEntry) -> OpenEntry:
        opened.append(formats.Kind(stored.leaf[1]))
        return whole(self, worker, stored)

    monkeypatch.setattr(Reader, "open", counted)
    announcer(house).run()

    assert opened == [formats.Kind.ISSUE]
    assert kinds(house, first) == ["record-entered"]


# -- what officials do


def test_a_held_record_is_told_to_the_issuer_and_the_desk(
    house: House, centre: Centre, worker: bytes
) -> None:
    unlike = [centre.completion({**person(1), "name": "丁不同"}) for _n in range(2)]
    centre.send(unlike)

    # The issuer is not told why, and the desk not whom.
    assert office(house, f"institution:{centre.uscc}") == [("record-held", {"count": 2})]
    assert office(house, "desk:identity") == [("record-held", {"count": 2, "issuer": centre.uscc})]


def test_a_released_and_a_returned_record_are_told_to_the_issuer(
    house: House, centre: Centre, worker: bytes
) -> None:
    centre.send([centre.completion({**person(1), "name": f"丁{n}不同"}) for n in "一二"])
    with house.db.read() as conn:
        first, second = held.waiting(conn)
    house.clock.advance(1000)
    release(house, first.held_id, worker)
    house.clock.advance(1000)
    house.db.write(lambda turn: held.give_back(turn, second.held_id, "姓名不符"))

    found = office(house, f"institution:{centre.uscc}")
    assert [kind for kind, _params in found] == ["record-held", "record-released", "record-returned"]


def test_a_released_record_is_told_to_whose_it_turned_out_to_be(
    house: House, centre: Centre, worker: bytes
) -> None:
    announcer(house).run()
    before = kinds(house, worker)
    centre.send([centre.completion({**person(1), "name": "丁不同"})])
    announcer(house).run()
    # While it waits nobody knows whose it is.
    assert kinds(house, worker) == before
    with house.db.read() as conn:
        (one,) = held.waiting(conn)
    house.clock.advance(1000)
    assert release(house, one.held_id, worker) == 1
    announcer(house).run()
    assert kinds(house, worker) == [*before, "record-entered"]


def test_what_two_released_and_cannot_enter_is_told_to_the_desk_each_time(
    house: House, centre: Centre, worker: bytes
) -> None:
    centre.send([centre.completion({**person(1), "name": f"丁{n}不同"}) for n in "一二"])
    keys.suspend(house, centre.uscc, centre.key.kid, Actor(Kind.OFFICIAL, "7"), "疑似泄露")
    with house.db.read() as conn:
        first, _second = held.waiting(conn)
    for _time in range(2):
        house.clock.advance(1000)
        assert release(house, first.held_id, worker) == 0
    again = ("record-held-again", {"count": 1, "issuer": centre.uscc})
    assert office(house, "desk:identity")[1:] == [again, again]
    assert [kind for kind, _params in office(house, f"institution:{centre.uscc}")] == [
        "record-held",
        "key-suspended",
    ]


def test_a_stopped_key_is_told_to_its_institution_and_the_registrars(house: House, centre: Centre) -> None:
    keys.suspend(house, centre.uscc, centre.key.kid, Actor(Kind.OFFICIAL, "7"), "疑似泄露")

    for addressee in (f"institution:{centre.uscc}", "desk:registrar"):
        assert [kind for kind, _params in office(house, addressee)] == ["key-suspended"]


# -- telling


def test_told_twice_is_told_once(house: House, worker: bytes) -> None:
    for _time in range(2):
        assert house.db.write(lambda turn: tell_worker(turn, house, worker, "card-confirmed", {}, "k"))
        house.db.write(lambda turn: tell_institution(turn, "9" * 18, "record-held", {"count": 1}, "k"))
        house.db.write(lambda turn: tell_desk(turn, "desk:late", "record-held", {"count": 1}, "k"))

    assert told(house, worker) == [("card-confirmed", {})]
    assert len(office(house, "institution:" + "9" * 18)) == len(office(house, "desk:late")) == 1


def test_nobody_is_there_to_be_told(house: House) -> None:
    assert not house.db.write(lambda turn: tell_worker(turn, house, b"\x01" * 16, "card-confirmed", {}, "k"))


@pytest.mark.parametrize(
    "params",
    [
        {"name": "马某"},
        {"issuer": "640104199001011234567"},
        {"issuer": "马某"},
        {"reason": "13912345678"},
        {"type": "640104199001011234"},
        {"due_on": "soon"},
        {"count": "many"},
        {"count": True},
        {"record_id": "640104199001011234"},
        {"case_id": 7},
    ],
)
def test_a_notice_carries_nothing_but_what_it_may(
    house: House, worker: bytes, params: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        house.db.write(lambda turn: tell_worker(turn, house, worker, "card-confirmed", params, "k"))


def test_a_kind_without_words_and_a_desk_that_is_not_there_are_refused(house: House, worker: bytes) -> None:
    with pytest.raises(ValueError, match="no text"):
        house.db.write(lambda turn: tell_worker(turn, house, worker, "unheard-of", {}, "k"))
    with pytest.raises(ValueError, match="no desk"):
        house.db.write(lambda turn: tell_desk(turn, "desk:nowhere", "record-held", {}, "k"))


def test_an_undone_turn_told_nothing(house: House, worker: bytes) -> None:
    def act(turn) -> None:
        tell_worker(turn, house, worker, "archive-restricted", {}, "k")
        raise KeyError

    with pytest.raises(KeyError):
        house.db.write(act)

    assert (told(house, worker), outgoing(house)) == ([], [])


def test_reading_marks_and_lists_go_on(house: House, worker: bytes) -> None:
    for n in range(5):
        house.clock.advance(n % 2)
        house.db.write(lambda turn, n=n: tell_worker(turn, house, worker, "card-confirmed", {}, f"k{n}"))
    with house.db.read() as conn:
        every = of_workers(house, conn, [worker])
        pieces = of_workers(house, conn, [worker], limit=2)
        while len(pieces) < 5:
            last = pieces[-1]
            pieces += of_workers(house, conn, [worker], before=(last.at_ms, last.notice_id), limit=2)
        assert noticeboard.unread(conn, [worker]) == 5
    assert pieces == every

    house.db.write(lambda turn: noticeboard.mark_read(turn, [worker], [every[0].notice_id]))
    house.db.write(lambda turn: noticeboard.mark_read(turn, [b"\x09" * 16]))
    with house.db.read() as conn:
        assert noticeboard.unread(conn, [worker]) == 4
    assert house.db.write(lambda turn: noticeboard.mark_read(turn, [worker])) == 4


def test_what_stands_in_the_database_is_sealed_and_goes_with_the_person(house: House, worker: bytes) -> None:
    house.db.write(lambda turn: set_phone(turn, house.people, worker, PHONE, "self"))
    house.db.write(lambda turn: tell_worker(turn, house, worker, "archive-restricted", {}, "k"))
    house.db.write(lambda turn: contacts.keep_former(turn, worker, contacts.sealed_of(turn, worker), 2**52))
    where = (tables.notice, people_tables.contact, people_tables.former_contact, outbox.outbox)
    with house.db.read() as conn:
        rows = [
            [bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row]
            for table in where
            for row in conn.execute(sa.select(table))
        ]
    assert len(rows) == 4
    assert not any(PHONE.encode() in value for row in rows for value in row)
    assert not any(b"restricted" in value for value in rows[0])

    house.db.write(lambda turn: notices.erase(turn, worker))
    with house.db.read() as conn:
        for table in where:
            assert conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


# -- leaving


def delivered(house: House) -> list[Letter]:
    """Deliver everything; the letters."""
    kept: list[Letter] = []

    class Keeping:
        def send(self, letter: Letter) -> None:
            kept.append(letter)

    outbox.Deliverer(house.db, letters.composer(house), Keeping()).run()
    return kept


def test_a_notice_goes_to_the_phone(house: House, centre: Centre, worker: bytes) -> None:
    house.db.write(lambda turn: set_phone(turn, house.people, worker, f"+86 {PHONE[:3]}-{PHONE[3:]}", "self"))
    announcer(house).run()

    (letter,) = delivered(house)
    assert letter.address == PHONE
    assert letter.text == (
        "【职业技能培训档案】新增记录：第1培训学校为您登记了 1 条培训结业记录。"
        "请核对；与事实不符的，可以提出异议。"
    )
    assert delivered(house) == []


def test_a_message_of_a_record_restricted_or_erased_meanwhile_names_neither_issuer_nor_type(
    house: House, centre: Centre
) -> None:
    """Told after the record was entered, delivered after it was sealed; the second was erased besides."""
    records = []
    for n in (1, 2):
        centre.enter(record := centre.completion(person(n)))
        worker_id = centre.worker_id(person(n))
        records.append((worker_id, uuid.UUID(id_of(record)).bytes))
        phone = f"{PHONE[:-1]}{n}"
        house.db.write(
            lambda turn, worker=worker_id, to=phone: set_phone(turn, house.people, worker, to, "self")
        )
    announcer(house).run()
    for place in records:
        seal(house, *place)
    gone, record_id = records[1]
    why = record_erasing.Why("unlawful", "个人信息保护法第四十七条")
    decided(
        house,
        lambda turn: record_erasing.propose_record_erasure(
            turn, house, gone, record_id, why, "official:first"
        ),
    )

    texts = {one.address[-1]: one.text for one in delivered(house) if "条通知" in one.text}
    assert sorted(texts) == ["1", "2"]
    assert texts["1"].startswith(
        "【职业技能培训档案】关于已封存的记录：这条通知涉及一条已限制处理（封存）的记录"
    )
    assert texts["2"].startswith("【职业技能培训档案】关于已删除的记录：这条通知涉及一条已依法删除的记录")
    assert not any("第1培训学校" in text or "培训结业" in text for text in texts.values())


def test_without_a_phone_only_what_matters_goes_on_paper(house: House, centre: Centre, worker: bytes) -> None:
    announcer(house).run()
    house.db.write(lambda turn: tell_worker(turn, house, worker, "archive-restricted", {}, "k"))

    assert outgoing(house) == ["archive-restricted"]
    assert delivered(house) == []
    with house.db.read() as conn:
        assert [one.kind for one in outbox.listed(conn, "print")] == ["archive-restricted"]


def test_who_has_read_it_needs_no_paper(house: House, worker: bytes) -> None:
    house.db.write(lambda turn: tell_worker(turn, house, worker, "archive-restricted", {}, "k"))
    house.db.write(lambda turn: noticeboard.mark_read(turn, [worker]))
    delivered(house)

    with house.db.read() as conn:
        assert outbox.listed(conn, "print") == []


def test_a_merged_archives_notice_reaches_the_person(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    first, second = centre.worker_id(person(1)), centre.worker_id(person(2))
    merge(house, first, second)
    house.db.write(lambda turn: set_phone(turn, house.people, second, PHONE, "self"))
    house.db.write(lambda turn: tell_worker(turn, house, first, "card-confirmed", {}, "k"))

    assert [one.address for one in delivered(house)] == [PHONE]


@pytest.mark.parametrize(
    "number", ["", "12345678901", "1391234567", "139123456789", "１３９12345678", "0951-6042222"]
)
def test_what_is_no_mobile_number_is_refused(house: House, worker: bytes, number: str) -> None:
    with pytest.raises(PhoneRefused) as refused:
        house.db.write(lambda turn: set_phone(turn, house.people, worker, number, "self"))
    assert not number or number not in json.dumps(refused.value.to_dict())


def test_a_number_is_changed_and_forgotten(house: House, worker: bytes) -> None:
    def phone() -> str | None:
        with house.db.read_raw() as cursor:
            return contacts.phone_of(house.people, cursor, house.people.load(cursor, worker))

    for number in (PHONE, "13800001111"):
        house.db.write(lambda turn, number=number: set_phone(turn, house.people, worker, number, "self"))
        assert phone() == number
    house.db.write(lambda turn: contacts.remove(turn, worker))
    assert phone() is None


# -- words

ROWS = dated.table("notice_texts").rows


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"])
def test_a_text_names_only_what_is_allowed_and_no_figures(house: House, row: dict[str, Any]) -> None:
    names = {
        name for key in ("zh", "en") for _text, name, *_more in string.Formatter().parse(row[key]) if name
    }

    allowed = {"count", "issuer", "type", "reason", "due_on", "staff_id", "case_id", "articles"}
    assert names <= allowed | (notices.FOR_DESKS if row["code"].startswith("desk.") else set())
    assert not any(re.search(r"[0-9]", row[key]) for key in ("title_zh", "title_en", "zh", "en"))
    audience, _, kind = row["code"].partition(".")
    for params in (
        {},
        {"count": 2, "issuer": house.settings.region, "type": "award", "due_on": "2026-03-02"},
        {"staff_id": "s-0123456789abcdef"},
    ):
        words = wording.worded(house, audience, Notice(b"", kind, params, 1_760_000_000_000))
        assert words.text_zh
        assert "{" not in words.text_zh + words.text_en


def test_every_kind_of_the_contract_has_words() -> None:
    codes = {row["code"] for row in ROWS}

    assert codes >= {
        f"worker.{kind}"
        for kind in (
            *("record-entered", "record-corrected", "record-revoked", "record-restored", "record-moved"),
            *("objection-opened", "objection-answered", "objection-decided", "card-confirmed"),
            *("archive-merged", "archive-unmerged", "archive-restricted", "archive-erased", "consent-used"),
        )
    }
