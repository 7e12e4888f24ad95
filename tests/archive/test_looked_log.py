"""The who-looked log: stated in the archive's log, whole after erasures; questions and alarms about looks."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck, genesis
from recordsvc.access import looked, questions, recusals
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import Look
from recordsvc.access.looked_tables import looked_alarm, looked_checkpoint, looked_detail, looked_head
from recordsvc.archive import look_relations, looked_alarms, looked_statements
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.problems import Forbidden, NotFound
from recordsvc.house import House
from recordsvc.people import tables as people_tables
from recordsvc.translog import tables as log_tables

OFFICIAL = Actor(Kind.OFFICIAL, "ann", roles=frozenset({"handler"}))
DATA_OFFICER = "official:dora"


def worker(n: int) -> bytes:
    return uuid.UUID(int=(0x0189 << 112) | (7 << 76) | (2 << 62) | n).bytes


def look(
    house: House, n: int, actor: Actor = OFFICIAL, purpose: str = "inspection", case: str = "K-1"
) -> None:
    looked.record(house, [Look(worker(n), actor, purpose, "records", case, "request1")])


def column(house: House, query: sa.Select[Any]) -> list[Any]:
    with house.db.read() as conn:
        return list(conn.execute(query).scalars())


def kinds(house: House) -> list[str]:
    """Every alarm there is, once all looks so far are judged."""
    looked_alarms.follower(house).run()
    patience = look_relations.patience_ms(house.clock.now_ms()) + 1
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(patience)
    looked_alarms.relation_follower(house).run()
    house.clock.advance(-patience)
    return sorted(column(house, sa.select(looked_alarm.c.kind)))


# -- statements


def test_a_grown_log_is_stated_once_in_the_archives_log(house: House, clock: FixedClock) -> None:
    look(house, 1)
    assert looked_statements.keep(house)
    assert not looked_statements.keep(house, now=True)
    (idx,) = column(house, sa.select(looked_checkpoint.c.idx))
    (data,) = column(house, sa.select(log_tables.entry.c.data).where(log_tables.entry.c.idx == idx))
    assert (data[:2], len(data)) == (b"\x04\x02", 34)
    look(house, 2)
    assert not looked_statements.keep(house), "a minute has not passed"
    clock.advance(looked_statements.EVERY_MS)
    assert looked_statements.keep(house)
    assert column(house, sa.select(looked_checkpoint.c.size).order_by(looked_checkpoint.c.size)) == [1, 2]


def test_many_rows_do_not_wait_for_the_minute(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    look(house, 1)
    assert looked_statements.keep(house)
    monkeypatch.setattr(looked_statements, "ROWS", 2)
    look(house, 2)
    assert not looked_statements.keep(house)
    look(house, 3)
    assert looked_statements.keep(house)


def test_who_reads_a_list_of_their_own_has_a_threshold_of_its_purpose(
    house: House, clock: FixedClock
) -> None:
    """Sixty learners one after another are a class; an official's sixty are not."""
    teacher = Actor(Kind.STAFF, "s-0000000000000001", frozenset({"teacher"}), institution="CENTRE")
    for n in range(60):
        look(house, n, teacher, "teaching")
        clock.advance(1)
    looked_alarms.follower(house).run()
    assert column(house, sa.select(looked_alarm.c.kind)) == []
    for n in range(60):
        look(house, n)
        clock.advance(1)
    looked_alarms.follower(house).run()
    assert set(column(house, sa.select(looked_alarm.c.kind))) == {"many-workers", "in-sequence"}


def test_an_empty_log_is_not_stated(house: House) -> None:
    assert not looked_statements.keep(house, now=True)


def test_everything_agrees_after_an_erasure_and_the_case_is_gone(house: House) -> None:
    for n in (1, 2, 1):
        look(house, n, case=f"张三案-{n}")
    looked_statements.keep(house, now=True)

    def erase(turn: Any) -> None:
        values = {"worker_id": worker(1), "erasure_id": bytes(16), "seq": -1, "idx": 0}
        turn.conn.execute(
            people_tables.erasure.insert().values(**values, erased_ms=turn.now_ms, state="scrubbed")
        )
        looked.erase(turn, worker(1))

    house.db.write(erase)
    assert column(house, sa.select(looked_detail.c.case_ref)) == ["张三案-2"]
    with house.db.read() as conn:
        assert [one.case_ref for one in looked.of_worker(conn, worker(1))] == ["", ""]
    assert column(house, sa.select(looked_head.c.size)) == [3]
    report = fsck.fsck(house, offline=True)
    assert (report.finding, report.counts["looks"], report.counts["look checkpoints"]) == (None, 3, 1)


def test_a_database_without_looks_is_whole(house: House) -> None:
    genesis.check(house)
    assert fsck.fsck(house, offline=True).finding is None


# -- questions


def first_look(house: House, n: int) -> bytes:
    with house.db.read() as conn:
        return looked.of_worker(conn, worker(n))[0].id


def test_a_question_has_an_owner_a_day_and_one_answer(house: House) -> None:
    look(house, 1)
    asked = first_look(house, 1)
    for _ in range(2):
        house.db.write(lambda turn: questions.ask(turn, worker(1), asked))
    with house.db.read() as conn:
        (waiting,) = questions.waiting(conn)
    assert (waiting.owner, waiting.state, len(waiting.due_on)) == ("data-officer", "open", 10)
    house.db.write(lambda turn: questions.answer(turn, asked, "补贴审核抽查", DATA_OFFICER))
    with house.db.read() as conn:
        assert questions.of_worker(conn, worker(1))[asked].answer == "补贴审核抽查"
        assert questions.waiting(conn) == []
    with pytest.raises(NotFound):
        house.db.write(lambda turn: questions.answer(turn, asked, "again", DATA_OFFICER))


def test_nobody_asks_about_anothers_look(house: House) -> None:
    look(house, 1)
    asked = first_look(house, 1)
    with pytest.raises(NotFound):
        house.db.write(lambda turn: questions.ask(turn, worker(2), asked))


def test_who_looked_does_not_answer_for_it(house: House) -> None:
    look(house, 1)
    asked = first_look(house, 1)
    house.db.write(lambda turn: questions.ask(turn, worker(1), asked))
    with pytest.raises(Forbidden):
        house.db.write(lambda turn: questions.answer(turn, asked, "fine", "official:ann"))


# -- alarms


def test_a_look_without_a_relation_raises_one_alarm_a_day(house: House, clock: FixedClock) -> None:
    look(house, 1)
    look(house, 1)
    assert kinds(house) == ["no-relation"]
    assert kinds(house) == ["no-relation"], "a second run does nothing twice"
    clock.advance(86_400_000)
    look(house, 1)
    assert kinds(house) == ["no-relation"] * 2


def test_a_relation_that_a_room_registers_keeps_the_alarm_away(house: House) -> None:
    house.look_relations.append(lambda _house, _conn, one: one.worker_id == worker(1))
    look(house, 1)
    assert kinds(house) == []
    look(house, 2)
    assert kinds(house) == ["no-relation"]


def test_a_registered_exchange_needs_no_relation(house: House) -> None:
    look(house, 1, Actor(Kind.CLIENT, "bank-1"), "registered-exchange")
    assert kinds(house) == []


def test_many_workers_and_their_order_stand_out(house: House, clock: FixedClock) -> None:
    house.look_relations.append(lambda *_: True)
    for n in range(11):
        look(house, n)
        clock.advance(1_000)
    assert kinds(house) == []
    look(house, 11)
    assert kinds(house) == ["in-sequence"]
    for n in range(12, 50):
        clock.advance(1_000)
        look(house, n)
    assert kinds(house) == ["in-sequence", "many-workers"]


def test_the_order_from_the_newest_down_stands_out_as_well(house: House, clock: FixedClock) -> None:
    house.look_relations.append(lambda *_: True)
    for n in range(40, 28, -1):
        assert kinds(house) == []
        look(house, n)
        clock.advance(1_000)
    assert kinds(house) == ["in-sequence"]


def test_looks_far_apart_are_no_pattern(house: House, clock: FixedClock) -> None:
    house.look_relations.append(lambda *_: True)
    for n in range(60):
        look(house, n)
        clock.advance(10 * 60_000)
    assert kinds(house) == []


def test_many_who_look_at_one_stand_out(house: House) -> None:
    house.look_relations.append(lambda *_: True)
    for n in range(7):
        look(house, 1, Actor(Kind.OFFICIAL, f"official-{n}", roles=OFFICIAL.roles))
    assert kinds(house) == []
    look(house, 1, Actor(Kind.OFFICIAL, "official-7", roles=OFFICIAL.roles))
    assert kinds(house) == ["many-actors"]


def test_a_look_at_the_archive_that_an_official_stated_to_be_their_own_stands_out(house: House) -> None:
    house.look_relations.append(lambda *_: True)
    look(house, 1)
    party = f"worker:{uuid.UUID(bytes=worker(2))}"
    house.db.write(
        lambda turn: recusals.declare(
            turn, house.random, "ann", party, recusals.Ground.SELF, by="official:ann"
        )
    )
    assert kinds(house) == []
    look(house, 2)
    assert kinds(house) == ["own"]


def test_an_official_looking_at_themselves_stands_out(house: House) -> None:
    house.look_relations.append(lambda *_: True)
    house.own_archive = lambda _house, _conn, name: worker(1) if name == "ann" else None
    look(house, 2)
    assert kinds(house) == []
    look(house, 1)
    assert kinds(house) == ["own"]


def test_an_alarm_is_answered_by_another_than_it_is_about(house: House) -> None:
    look(house, 1)
    assert kinds(house) == ["no-relation"]
    with house.db.read() as conn:
        (alarm,) = looked_alarms.waiting(conn)
        assert looked_alarms.count(conn) == {"no-relation": 1.0}
    with pytest.raises(Forbidden):
        house.db.write(lambda turn: looked_alarms.answer(turn, alarm.key, "fine", "official:ann"))
    house.db.write(lambda turn: looked_alarms.answer(turn, alarm.key, "已核实", DATA_OFFICER))
    with house.db.read() as conn:
        assert looked_alarms.waiting(conn) == []
    with pytest.raises(NotFound):
        house.db.write(lambda turn: looked_alarms.answer(turn, alarm.key, "again", DATA_OFFICER))
