"""Top-ups (补差): a correction that gives more proposes the difference, once; it goes the ordinary way."""

import dataclasses
import uuid

import pytest
import sqlalchemy as sa

from recordsvc.archive import noticeboard
from recordsvc.archive.reading import Reader
from recordsvc.money.claims import decided, filing, notices, paying, views
from recordsvc.money.claims.errors import ClaimSignedBefore, ClaimStands
from recordsvc.money.claims.facts import prior
from recordsvc.money.claims.values import Claim
from recordsvc.money.recovery import deciding
from tests.archive.support import id_of, person
from tests.money.claims.world import HANDLER, REVIEWER, official
from tests.money.recovery.world import Recoveries


def told(world: Recoveries, worker_id: bytes) -> list[str]:
    with world.house.db.read() as conn:
        return sorted(one.kind for one in noticeboard.of_workers(world.house, conn, [worker_id]))


def raised(world: Recoveries) -> tuple[Claim, Claim]:
    """A claim paid for level 5 (1,000 yuan) whose certificate is then says 4 (1,500), and its top-up."""
    one = world.paid(level="5")
    world.level(one, "4")
    (more,) = world.topups(one)
    return world.read(one), more


def test_a_correction_that_gives_more_proposes_the_difference_and_pays_it_as_any_claim(
    world: Recoveries,
) -> None:
    one, more = raised(world)
    assert (one.state, one.amount_fen) == ("PAID", 100_000)
    assert (more.state, more.amount_fen, more.before_fen, more.part) == ("CHECKED", 50_000, 100_000, 1)
    assert (more.payee, more.filed_by, more.signed) == (one.payee, "system:claims", None)
    assert told(world, one.worker_id) == ["claim-topup"]
    left = world.left()

    world.bring(more, "REVIEWED")
    assert world.left() == left - 50_000
    listed = world.publish(more)
    with world.house.db.read() as conn:
        (line,) = notices.find(conn, listed).lines
    assert (line["part"], line["amount_fen"], line["name"][:1]) == (1, 50_000, person(1)["name"][:1])
    world.days(14)
    world.step(more, "approve", official("r2", "reviewer"))
    world.step(more, "finance", official("p1", "payer"))
    paying.run(world.house)
    world.settle(more)

    assert (world.read(more).state, world.posted("spent:test")) == ("PAID", 150_000)
    with world.house.db.read() as conn:
        shown = views.detailed(world.house, conn, world.read(more))
        first = views.detailed(world.house, conn, one)
    difference = shown["difference"]
    assert [difference[name] for name in ("was_fen", "is_fen", "difference_fen")] == [
        100_000,
        150_000,
        50_000,
    ]
    assert [(it["name"], it["was"], it["now"]) for it in difference["changed"]] == [
        ("level", "五级/初级工", "四级/中级工")
    ]
    assert [it["event_name"] for it in (shown["events"][0], first["events"][0])] == [
        "系统提出补差",
        "提出申领",
    ]
    assert (shown["kind_name"], shown["decision"]["amount_fen"]) == ("技能提升补贴（补差）", 50_000)
    assert first["topups"] == [{"claim_id": more.claim_id, "amount_fen": 50_000}]


def test_a_difference_is_proposed_once_whatever_happens_again(world: Recoveries) -> None:
    one, more = raised(world)
    world.correct(one, assessed_on=world.desk.today().isoformat())
    world.follow()
    assert [it.claim_id for it in world.topups(one)] == [more.claim_id]
    # Nor beside the follower, whoever calls.
    with pytest.raises(ClaimStands):
        world.write(filing.top_up, one, 1, 100_000, "log:1")

    world.bring(more, "PAYING")
    world.settle(more)
    world.correct(one, assessed_on=world.desk.today().isoformat())

    assert len(world.topups(one)) == 1
    world.level(one, "3")
    first, second = world.topups(one)
    assert (second.part, second.before_fen, second.amount_fen) == (2, 150_000, 50_000)
    assert (first.claim_id, world.cases(one), world.cases(first)) == (more.claim_id, [], [])


def test_the_database_itself_refuses_the_same_part_twice(world: Recoveries) -> None:
    one, more = raised(world)
    again = b"\x07" * 16
    columns = "worker_id, kind, certificate, payee, region, told, filed_by, filed_ms"
    world.sql(
        f"INSERT INTO claim (claim_id, {columns}) SELECT :again, {columns} FROM claim WHERE claim_id = :one",
        again=again,
        one=more.claim_id,
    )
    state = "worker_id, kind, certificate, purpose, state, version, live, amount_fen, payee_version, round, "
    state += "needed, hold, payment, waits, owner, changed_ms"
    put = (
        f"INSERT INTO claim_state (claim_id, part, {state}) SELECT :again, :part, {state} FROM claim_state "
        "WHERE claim_id = :one"
    )
    # Without a row of its own a part is none, and as a claim of its own the certificate's limit holds.
    for part in (1, 2, None):
        with pytest.raises(sa.exc.IntegrityError):
            world.sql(put, again=again, part=part, one=more.claim_id)
    tops = "worker_id, kind, certificate, tops, before_fen, cause"
    world.sql(
        f"INSERT INTO claim_topup (claim_id, part, {tops}) SELECT :again, 1, {tops} FROM claim_topup",
        again=again,
    )
    with pytest.raises(sa.exc.IntegrityError):
        world.sql(put, again=again, part=1, one=more.claim_id)
    assert (one.part, more.part) == (None, 1)


def test_what_was_proposed_ends_by_itself_when_no_more_is_due(world: Recoveries) -> None:
    one, more = raised(world)
    world.bring(more, "REVIEWED")
    left = world.left()

    world.level(one, "5")

    over = world.read(more)
    assert (over.state, over.signed, over.hold) == ("WITHDRAWN", None, "")
    assert (world.left(), world.cases(one)) == (left + 50_000, [])
    assert told(world, one.worker_id) == ["claim-topup", "claim-topup-over"]
    world.level(one, "4")
    assert [(it.state, it.part) for it in world.topups(one)] == [("WITHDRAWN", 1), ("CHECKED", 1)]


def test_what_officials_refused_is_not_proposed_again_unless_more_is_due(world: Recoveries) -> None:
    one, more = raised(world)
    world.refuse(more, "本人放弃")
    world.correct(one, assessed_on=world.desk.today().isoformat())
    assert [it.state for it in world.topups(one)] == ["REFUSED"]

    world.level(one, "3")

    assert [(it.state, it.amount_fen) for it in world.topups(one)] == [
        ("REFUSED", 50_000),
        ("CHECKED", 100_000),
    ]


def test_a_revocation_asks_back_the_claim_and_what_topped_it_up(world: Recoveries) -> None:
    one, more = raised(world)
    world.bring(more, "PAYING")
    world.settle(more)

    world.revoke(one)

    assert [world.case(it).proposed_fen for it in (one, more)] == [100_000, 50_000]
    assert {world.case(it).ground for it in (one, more)} == {"record-revoked"}


def test_a_correction_between_the_two_asks_back_from_the_top_up_alone(world: Recoveries) -> None:
    one = world.paid(level="5")
    world.level(one, "3")
    (more,) = world.topups(one)
    world.bring(more, "PAYING")
    world.settle(more)

    world.level(one, "4")

    assert (world.cases(one), world.case(more).proposed_fen) == ([], 50_000)
    assert world.case(more).ground == "record-corrected"


def test_what_came_back_is_due_again_when_the_record_is_good_again(world: Recoveries) -> None:
    one = world.paid(level="4")
    world.level(one, "5")
    world.repaid(world.owing(one, 50_000), 50_000, "C1")
    assert (world.read(one).state, world.topups(one)) == ("CLOSED", [])

    world.level(one, "4")

    (more,) = world.topups(one)
    assert (more.before_fen, more.amount_fen) == (100_000, 50_000)
    # And a revocation asks for what is left of each, never for what came back already.
    world.bring(more, "PAYING")
    world.settle(more)
    world.revoke(one)
    assert [world.case(it).proposed_fen for it in (one, more)] == [100_000, 50_000]


def test_while_a_case_is_open_nothing_is_topped_up(world: Recoveries) -> None:
    one = world.paid(level="4")
    world.level(one, "5")
    world.decide(world.heard(one), deciding.DECIDE, asked_fen=50_000, instalments=1)

    world.correct(one, assessed_on=world.desk.today().isoformat())
    assert (world.case(one).state, world.topups(one)) == ("DECIDED", [])

    world.level(one, "3")

    # What was asked back is due, and more: the case ends, and the difference alone is proposed.
    assert (world.case(one).state, [it.amount_fen for it in world.topups(one)]) == ("DROPPED", [50_000])


def test_nobody_signs_a_top_up_who_filed_the_claim(world: Recoveries) -> None:
    who = person(1)
    record = world.assessor.certificate(who, level="5")
    world.assessor.enter(record)
    worker_id = world.assessor.worker_id(who)
    record_id = uuid.UUID(id_of(record)).bytes
    world.records[record_id] = record
    at_window = dataclasses.replace(world.as_worker(worker_id), actor=HANDLER.actor)
    one = world.write(filing.file, worker_id, filing.Ask("SKILL_UP", record_id), at_window)
    world.account(one)
    other = official("h2", "handler")
    world.bring(one, "PAYING", handler=other)
    world.settle(one)
    world.level(one, "4")
    (more,) = world.topups(one)

    with pytest.raises(ClaimSignedBefore):
        world.step(more, "accept", HANDLER)
    world.step(more, "accept", other)
    assert world.step(more, "review", REVIEWER).outcome == "done"


def test_a_top_up_is_no_subsidy_of_its_own_to_limits_and_trials(world: Recoveries) -> None:
    one, more = raised(world)
    archive = Reader(world.house).archive(one.worker_id)
    assert archive is not None
    with world.house.db.read() as conn:
        (earlier,) = prior(conn, one.worker_id, archive)
        cases = list(decided.cases(conn, "SKILL_UP", "2025-01-01", "2025-12-31", ""))
        stored = list(decided.stored(conn))
    # One subsidy, of the level that the record says now.
    assert (earlier["level"], earlier["claim"]) == ("4", str(uuid.UUID(bytes=one.claim_id)))
    assert [case.amount_fen for case in cases] == [100_000]
    assert sorted(row.decision_id for row in stored) == sorted([one.claim_id, more.claim_id])
    with world.house.db.read() as conn:
        assert prior(conn, one.worker_id, archive, one.claim_id) == []
