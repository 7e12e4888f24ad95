"""Ordinary work at the desk raises no alarm about a missing relation; a look that nothing came of does."""

import uuid

import pytest
import sqlalchemy as sa

from recordsvc.access import looked
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import Look
from recordsvc.access.looked_tables import looked_alarm
from recordsvc.archive import looked_alarms
from recordsvc.archive.notices import recipient_of
from recordsvc.ground import outbox
from recordsvc.ground.commit import Turn
from recordsvc.people import synthetic
from tests.archive.paperfiles import png
from tests.journeys.desk import SCHOOL, Centre, Journey
from tests.journeys.test_closed_centre import contest, enter
from tests.journeys.test_papers import upload

MINUTE = 60_000
WHY = "purpose=complaint&case_ref=K-1"


@pytest.fixture
def centre(journey: Journey) -> Centre:
    return journey.centre()


def opened(journey: Journey, centre: Centre, n: int = 1) -> tuple[bytes, bytes]:
    """A worker with a record of the centre, and the record."""
    person = journey.person(n)
    record = journey.completion(centre, person)
    enter(journey, centre, record)
    worker_id = journey.house.people.find("resident-id", person["number"])
    assert worker_id is not None
    return worker_id, record


def read(journey: Journey, worker_id: bytes, who: str = "reviewer") -> None:
    journey.read(who, f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/archive?{WHY}")


def alarms(journey: Journey, minutes: int = 31) -> list[bytes]:
    """Whose archives were looked at without a relation, as found so many minutes later."""
    journey.clock.advance(minutes * MINUTE)
    looked_alarms.relation_follower(journey.house).run()
    own = looked_alarm.c
    with journey.house.db.read() as conn:
        query = sa.select(own.worker_id).where(own.kind == "no-relation").order_by(own.idx)
        return list(conn.execute(query).scalars())


def test_a_look_that_nothing_came_of_is_found_after_half_an_hour(journey: Journey, centre: Centre) -> None:
    worker_id, _record = opened(journey, centre)
    read(journey, worker_id)
    assert alarms(journey, 29) == [], "what it was for may still come"
    assert alarms(journey, 2) == [worker_id]


def test_a_young_look_is_not_passed_over(journey: Journey, centre: Centre) -> None:
    first, _ = opened(journey, centre, 1)
    second, _ = opened(journey, centre, 2)
    read(journey, first)
    journey.clock.advance(10 * MINUTE)
    read(journey, second)
    assert alarms(journey, 21) == [first]
    assert alarms(journey, 10) == [first, second]


def test_an_open_objection_is_a_relation_of_officials(journey: Journey, centre: Centre) -> None:
    worker_id, record = opened(journey, centre)
    me = journey.sign_in(journey.person(1)["number"])
    read(journey, worker_id)
    journey.clock.advance(1)
    contest(journey, me, record)
    assert alarms(journey) == [worker_id], "it was opened after the look"


def test_no_alarm_while_an_objection_is_open(journey: Journey, centre: Centre) -> None:
    _worker_id, record = opened(journey, centre)
    contest(journey, journey.sign_in(journey.person(1)["number"]), record)
    read(journey, _worker_id)
    assert alarms(journey) == []


def propose_close(journey: Journey, worker_id: bytes) -> str:
    path = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/close"
    paper = journey.file_paper(worker_id)
    death = {"ground": "death", "on": "2025-01-02", "text": "死亡证明", "papers": [paper]}
    return journey.act("handler", path, death)["proposal_id"]


def test_a_proposal_made_after_the_look_is_its_relation(journey: Journey, centre: Centre) -> None:
    worker_id, _ = opened(journey, centre, 1)
    other, _ = opened(journey, centre, 2)
    read(journey, worker_id)
    read(journey, other)
    propose_close(journey, worker_id)
    assert alarms(journey) == [other]


def test_what_the_looker_proposed_explains_nothing_until_another_decided(
    journey: Journey, centre: Centre
) -> None:
    left, decided = (opened(journey, centre, n)[0] for n in (1, 2))
    for one in (left, decided):
        read(journey, one, "handler")
        proposal = propose_close(journey, one)
    journey.decide("reviewer", proposal)
    assert alarms(journey) == [left]


def test_what_was_withdrawn_explains_nothing(journey: Journey, centre: Centre) -> None:
    worker_id, _ = opened(journey, centre)
    read(journey, worker_id)
    proposal = propose_close(journey, worker_id)
    journey.act("handler", f"/v1/desk/proposals/{proposal}/withdraw", {"reason": "误提"}, 200)
    assert alarms(journey) == [worker_id]


def test_a_paper_that_the_looker_filed_explains_nothing(journey: Journey, centre: Centre) -> None:
    worker_id, _ = opened(journey, centre)
    read(journey, worker_id, "handler")
    path = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/papers"
    assert upload(journey, "handler", path, png()).status_code == 201
    assert alarms(journey) == [worker_id]


def test_a_look_to_restrict_needs_no_second_person(journey: Journey, centre: Centre) -> None:
    worker_id, _ = opened(journey, centre)
    read(journey, worker_id, "data-officer")
    path = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/restrict"
    journey.act("data-officer", path, {"ground": "erasure-requested", "text": "本人申请"}, 201)
    assert alarms(journey) == []


def test_what_an_official_does_alone_tells_the_worker_and_explains_no_look(
    journey: Journey, centre: Centre
) -> None:
    worker_id, _ = opened(journey, centre)
    read(journey, worker_id, "handler")
    journey.file_paper(worker_id)
    place = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/division"
    journey.act("handler", place, {"division": "640104", "reason": "户籍"}, 204)
    assert alarms(journey) == [worker_id]


def test_a_confirmed_card_told_its_holder(journey: Journey, centre: Centre) -> None:
    card = {"area": "640104", "number": "X00000027"}
    worker = journey.person(9, card=card)
    enter(journey, centre, journey.completion(centre, worker))
    asked = {
        "number": card["number"],
        "document": worker["document"],
        "document_number": worker["number"],
        "name": worker["name"],
        "normal_since": None,
        "purpose": "service-window",
        "case_ref": "W-1",
    }
    journey.act("registrar", "/v1/desk/cards/confirm", asked, 200)
    assert alarms(journey) == []


def test_a_letter_is_a_reason_to_see_the_address_and_not_the_records(
    journey: Journey, centre: Centre
) -> None:
    worker_id, _ = opened(journey, centre)
    own, to = outbox.outbox.c, recipient_of(worker_id)
    printing = outbox.outbox.update().where(own.recipient == to).values(state="print")

    def waits(turn: Turn) -> None:
        outbox.put(turn, "notice", to, "card-confirmed", {}, "letter-1")
        turn.conn.execute(printing)

    journey.house.db.write(waits)
    journey.clock.advance(1)
    official = Actor(Kind.OFFICIAL, "ann", roles=frozenset({"handler"}))
    house = journey.house
    looked.record(house, [Look(worker_id, official, "service-window", "identity", "W-1")])
    assert alarms(journey) == []
    looked.record(house, [Look(worker_id, official, "service-window", "records", "W-1")])
    assert alarms(journey) == [worker_id]


def test_an_institution_has_to_do_with_those_it_has_records_of(journey: Journey, centre: Centre) -> None:
    stranger = journey.centre(synthetic.uscc(12, registrar="52"), "沙湖职业培训学校")
    worker_id, _ = opened(journey, centre)
    house = journey.house
    for one in (centre, stranger):
        machine = Actor(Kind.CLIENT, one.client_id, institution=one.uscc)
        looked.record(house, [Look(worker_id, machine, "objection", "records")])
        assert alarms(journey) == ([] if one.uscc == SCHOOL else [worker_id])
