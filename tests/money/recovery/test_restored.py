"""A record that was revoked and stands again: what was asked back for it is due again, once."""

import pytest

from recordsvc.archive import noticeboard
from recordsvc.money.claims import paying, views
from recordsvc.money.claims.errors import ClaimStands
from recordsvc.money.claims.values import Claim
from recordsvc.money.recovery import deciding
from tests.archive.support import person
from tests.money.claims.world import APPROVER, HANDLER, PAYER, REVIEWER
from tests.money.recovery.world import Recoveries


def told(world: Recoveries, worker_id: bytes) -> list[str]:
    with world.house.db.read() as conn:
        return sorted(one.kind for one in noticeboard.of_workers(world.house, conn, [worker_id]))


def restore(world: Recoveries, one: Claim, n: int = 1) -> None:
    world.assessor.enter(world.assessor.restoration(person(n), world.record_of(one)))
    world.follow()


def asked_back(world: Recoveries, one: Claim, reference: str) -> None:
    """Revoke the record of a claim, and have all of it paid back."""
    world.revoke(one)
    world.repaid(world.owing(one, one.amount_fen), one.amount_fen, reference)
    assert world.read(one).state == "RECOVERED"


def pay(world: Recoveries, one: Claim) -> None:
    for event, who in (("accept", HANDLER), ("review", REVIEWER)):
        world.step(one, event, who)
    world.publish(one)
    world.days(14)
    for event, who in (("approve", APPROVER), ("finance", PAYER)):
        world.step(one, event, who)
    paying.run(world.house)
    world.settle(one)
    assert world.read(one).state == "PAID"


def test_what_was_asked_back_is_due_again_once_and_goes_the_ordinary_way(world: Recoveries) -> None:
    one = world.paid()
    asked_back(world, one, "BACK-1")
    before = told(world, one.worker_id)

    restore(world, one)
    world.follow()
    world.correct(one, assessed_on=world.desk.today().isoformat())

    assert world.read(one).state == "CLOSED"
    (again,) = world.topups(one)
    assert (again.state, again.amount_fen, again.before_fen) == ("CHECKED", 200_000, 0)
    assert sorted(told(world, one.worker_id)) == sorted([*before, "claim-restored"])
    # Nor does its worker claim for the same a second time, in whichever way.
    with pytest.raises(ClaimStands):
        world.file(one.worker_id, world.uuid_of(one))
    pay(world, again)
    assert world.posted("spent:test") == 200_000
    with world.house.db.read() as conn:
        shown = views.detailed(world.house, conn, world.read(again))
        first = views.detailed(world.house, conn, world.read(one))
    assert (shown["difference"]["was_fen"], shown["difference"]["recovered_fen"]) == (0, 200_000)
    assert [it["event_name"] for it in first["events"]][-2:] == ["追回完毕", "依据的记录恢复，重新发放"]


def test_the_whole_life_revoked_asked_back_restored_revoked_again(world: Recoveries) -> None:
    one = world.paid()
    spent = []
    for n in range(2):
        newest = [one, *world.topups(one)][-1]
        asked_back(world, newest, f"BACK-{n}")
        spent.append(world.posted("spent:test"))
        restore(world, one)
        pay(world, world.topups(one)[-1])
        spent.append(world.posted("spent:test"))

    assert spent == [0, 200_000, 0, 200_000]
    assert [it.state for it in world.topups(one)] == ["CLOSED", "PAID"]
    assert [len(world.cases(it)) for it in (one, *world.topups(one))] == [1, 1, 0]


def test_a_decided_case_ends_when_its_record_stands_again_and_what_came_back_is_due(
    world: Recoveries,
) -> None:
    one = world.paid()
    world.revoke(one)
    world.repaid(world.owing(one, 200_000, instalments=2), 80_000, "PART-1")
    assert world.case(one).state == "PARTIAL"

    restore(world, one)

    assert (world.case(one).state, world.read(one).state) == ("DROPPED", "CLOSED")
    (again,) = world.topups(one)
    assert (again.amount_fen, again.before_fen) == (80_000, 120_000)
    assert {"recovery-lifted", "claim-topup"} <= set(told(world, one.worker_id))

    world.revoke(one)

    # It is not paid yet, and ends; what its worker still has of the first is asked back.
    assert world.topups(one)[0].state == "WITHDRAWN"
    assert (world.case(one).state, world.case(one).proposed_fen) == ("OPENED", 120_000)


def test_a_decided_case_of_which_nothing_came_back_ends_and_nothing_is_proposed(world: Recoveries) -> None:
    one = world.paid()
    world.revoke(one)
    world.owing(one, 200_000)

    restore(world, one)

    assert (world.case(one).state, world.read(one).state, world.topups(one)) == ("DROPPED", "CLOSED", [])


def test_what_officials_found_themselves_no_record_ends(world: Recoveries) -> None:
    one = world.paid()
    world.write(deciding.open_by_hand, world.read(one), "obtained-falsely", 200_000, "冒名参加评价", HANDLER)
    world.repaid(world.owing(one, 200_000), 200_000, "BACK-1")

    world.revoke(one)
    restore(world, one)

    assert (world.read(one).state, world.topups(one)) == ("RECOVERED", [])


def test_a_claim_that_its_worker_made_meanwhile_stands_for_it(world: Recoveries) -> None:
    one = world.paid()
    asked_back(world, one, "BACK-1")
    world.assessor.enter(world.assessor.restoration(person(1), world.record_of(one)))
    mine = world.file(one.worker_id, world.uuid_of(one))

    world.follow()

    assert (world.read(one).state, world.topups(one)) == ("RECOVERED", [])
    assert world.read(mine).state == "CHECKED"


def test_a_record_that_stands_again_for_less_brings_less(world: Recoveries) -> None:
    one = world.paid(level="4")
    asked_back(world, one, "BACK-1")
    world.assessor.enter(world.assessor.restoration(person(1), world.record_of(one)))
    world.level(one, "5")

    (again,) = world.topups(one)
    assert (world.read(one).state, again.amount_fen) == ("CLOSED", 100_000)
    assert world.cases(one)[-1].state == "SETTLED"
