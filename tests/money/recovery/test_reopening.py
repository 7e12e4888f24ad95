"""What happens in the archive reaches claims: unpaid ones go back, paid ones are asked back, once."""

import uuid

from recordsvc.archive import merging, noticeboard
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.money.claims.values import Claim
from recordsvc.money.recovery import deciding
from tests.archive.support import Centre, person
from tests.archive.test_disputes import confirm
from tests.archive.test_moved import move
from tests.money.claims.world import HANDLER, Assessor
from tests.money.recovery.world import Recoveries


def told(world: Recoveries, worker_id: bytes) -> list[str]:
    with world.house.db.read() as conn:
        return sorted(one.kind for one in noticeboard.of_workers(world.house, conn, [worker_id]))


def test_an_unpaid_claim_goes_back_when_its_record_is_revoked_and_its_worker_is_told(
    world: Recoveries,
) -> None:
    one = world.claimed()
    world.bring(one, "APPROVED")

    world.revoke(one)

    back = world.read(one)
    assert (back.state, back.signed, back.hold, back.decision) == ("CHECKED", None, "", None)
    assert world.left() == 1_000_000
    assert told(world, one.worker_id) == ["claim-sent-back"]


def test_a_correction_that_changes_nothing_of_a_decision_leaves_the_claim_alone(world: Recoveries) -> None:
    one = world.claimed()
    world.step(one, "accept", HANDLER)
    before = world.read(one)

    world.correct(one, assessed_on=today(world))

    assert world.read(one) == before


def today(world: Recoveries) -> str:
    return world.desk.today().isoformat()


def test_an_unpaid_claim_is_decided_anew_on_what_the_correction_says(world: Recoveries) -> None:
    one = world.claimed(level="4")
    world.bring(one, "REVIEWED")
    assert world.read(one).amount_fen == 150_000

    world.level(one, "5")

    assert (world.read(one).state, world.read(one).amount_fen) == ("CHECKED", 100_000)


def test_a_revoked_record_asks_what_was_paid_for_it_back_once(world: Recoveries) -> None:
    one = world.paid()

    world.revoke(one)
    world.follow()

    (case,) = world.cases(one)
    assert (case.state, case.ground, case.proposed_fen, case.paid_fen) == (
        "OPENED",
        "record-revoked",
        200_000,
        200_000,
    )
    assert case.hear_until == "2025-10-30"
    assert world.read(one).state == "RECOVERING"
    assert told(world, one.worker_id) == ["recovery-opened"]


def test_a_corrected_record_asks_the_difference_back(world: Recoveries) -> None:
    one = world.paid(level="4")

    world.level(one, "5")

    case = world.case(one)
    assert (case.ground, case.proposed_fen) == ("record-corrected", 50_000)


def test_what_registers_say_later_asks_nothing_back(world: Recoveries) -> None:
    one = world.paid()
    world.registers.said |= {"insured_months": 2, "deceased": True}

    world.correct(one, assessed_on=today(world))

    assert world.cases(one) == []
    assert world.read(one).state == "PAID"


def test_a_record_that_is_good_again_ends_a_case_that_nobody_has_decided(world: Recoveries) -> None:
    one = world.paid()
    world.revoke(one)

    world.assessor.enter(world.assessor.restoration(person(1), world.record_of(one)))
    world.follow()

    assert (world.case(one).state, world.read(one).state) == ("DROPPED", "CLOSED")
    assert told(world, one.worker_id) == ["recovery-dropped", "recovery-opened"]


def test_what_officials_dropped_is_not_opened_again_by_the_same_finding(world: Recoveries) -> None:
    one = world.paid(level="4")
    world.level(one, "5")
    world.decide(world.case(one), deciding.DROP)
    assert world.read(one).state == "CLOSED"

    world.correct(one, assessed_on=today(world))
    assert len(world.cases(one)) == 1
    world.revoke(one)

    assert [case.proposed_fen for case in world.cases(one)] == [50_000, 150_000]


def test_what_was_under_way_at_the_bank_is_looked_at_when_it_arrives(world: Recoveries) -> None:
    one = world.claimed()
    world.bring(one, "PAYING")
    world.revoke(one)
    assert (world.read(one).state, world.cases(one)) == ("PAYING", [])

    world.settle(one)

    assert world.read(one).state == "RECOVERING"
    assert world.case(one).ground == "record-revoked"


def test_money_that_comes_back_by_itself_ends_the_case(world: Recoveries) -> None:
    one = world.paid()
    world.revoke(one)

    world.desk.notify(world.desk.credit(bytes.fromhex(world.read(one).payment)))

    assert (world.case(one).state, world.read(one).state) == ("DROPPED", "RETURNED")


def test_one_person_in_two_archives_who_was_paid_twice_is_asked_for_the_later(world: Recoveries) -> None:
    first, second = world.paid(1), world.paid(2)
    why = merging.Why("number-corrected", "公安机关证明")

    def merge(turn: Turn) -> None:
        wanted = merging.propose_merge(
            turn, world.house, second.worker_id, first.worker_id, why, "official:first"
        )
        two_person.decide(turn, wanted, "official:second", True, "证明已核", tools=world.house)

    world.house.db.write(merge)
    world.follow()

    assert world.cases(first) == []
    (case,) = world.cases(second)
    assert (case.ground, case.proposed_fen, case.state) == ("claimed-twice", 200_000, "OPENED")
    assert "recovery-opened" in told(world, second.worker_id)


def test_a_group_that_is_withdrawn_asks_the_difference_of_its_standard_back(world: Recoveries) -> None:
    world.registers.said["public_payroll"] = False
    school, bureau = Centre(world.house, 7), Assessor(world.house, 60, kind="bureau")
    hours = {"theory_minutes": 1800, "practice_minutes": 1800, "online_minutes": 0}
    course = school.completion(person(1), planned=hours, attended=hours)
    school.enter(course)
    confirm(world.house, school.worker_id(person(1)), course)
    stated = {}
    for group in ("rural-migrant", "poverty-monitored"):
        body = {
            "group": group,
            "valid_from": "2025-01-01",
            "source": "certificate",
            "source_body": "示范农业农村局",
            "checked_on": "2025-02-03",
        }
        stated[group] = bureau.record("group-membership", person(1), body)
        bureau.enter(stated[group])

    # The sample pays a welder of level 5 who is monitored against poverty 1,320 yuan, others 1,100.
    one = world.paid(level="5", kind="TRAIN", issued_on=today(world))
    assert one.amount_fen == 132_000
    bureau.enter(bureau.revocation(person(1), stated["rural-migrant"]))
    world.follow()
    assert world.cases(one) == []

    bureau.enter(bureau.restoration(person(1), stated["rural-migrant"]))
    bureau.enter(bureau.revocation(person(1), stated["poverty-monitored"]))
    world.follow()

    case = world.case(one)
    assert (case.ground, case.proposed_fen) == ("record-corrected", 22_000)


def moved(world: Recoveries, one: Claim) -> None:
    """Two officials move the claimed record to whom it belongs, and what rests on it follows."""
    right = person(9)
    world.assessor.enter(world.assessor.certificate(right))
    move(world.house, one.worker_id, uuid.UUID(one.certificate).bytes, world.assessor.worker_id(right))
    world.follow()


def test_an_unpaid_claim_on_what_was_moved_to_whom_it_belongs_goes_back(world: Recoveries) -> None:
    one = world.claimed()
    world.bring(one, "APPROVED")

    moved(world, one)

    back = world.read(one)
    assert (back.state, back.signed, back.decision) == ("CHECKED", None, None)
    assert world.left() == 1_000_000
    assert "claim-sent-back" in told(world, one.worker_id)


def test_what_was_paid_for_a_record_that_is_somebody_elses_is_asked_back_once(world: Recoveries) -> None:
    one = world.paid()

    moved(world, one)
    world.follow()

    (case,) = world.cases(one)
    assert (case.state, case.proposed_fen, case.paid_fen) == ("OPENED", 200_000, 200_000)
    assert case.ground == "record-revoked"
    assert world.read(one).state == "RECOVERING"
