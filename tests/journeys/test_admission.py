"""What a centre is told at the door, and what it cannot get past it by way of corrections."""

import json
from typing import Any

from recordsvc.archive.held import Releaser
from recordsvc.ground.strictjson import canonical
from recordsvc.people import synthetic
from recordsvc.submit import sign
from tests.journeys.desk import NDJSON, Centre, Journey, record_id

OLD = {"started_on": "2019-03-04", "ended_on": "2019-04-02"}


def send(journey: Journey, centre: Centre, record: bytes) -> Any:
    return journey.post(centre, "/v1/records", sign.single_body(centre.key, record))


def test_a_course_of_years_ago_does_not_come_in_as_a_correction(journey: Journey) -> None:
    """The correction waits as the course itself would; two officials let it in."""
    centre, worker = journey.centre(), journey.person(1)
    record = journey.completion(centre, worker)
    assert send(journey, centre, record).status_code == 201
    old = json.loads(journey.completion(centre, worker, **OLD))["body"]
    body = {"corrects": record_id(record), "whole": old, "reason": "录入错误"}
    correction = journey.record(centre, "correction", worker, body)
    assert send(journey, centre, correction).status_code == 202
    me = journey.sign_in(worker["number"])
    assert not journey.read(me, "/v1/me/archive")["records"][0]["corrected"]

    (waiting,) = journey.read("handler", "/v1/desk/held")["items"]
    assert waiting["reason"] == "late"
    proposed = {"held": [waiting["held_id"]], "reason": "已核对台账"}
    journey.decide("reviewer", journey.act("handler", "/v1/desk/held/release", proposed)["proposal_id"])
    assert Releaser(journey.house).run() == 1
    assert journey.read(me, "/v1/me/archive")["records"][0]["corrected"]


def test_nobody_is_asked_after_by_acts_on_nothing(journey: Journey) -> None:
    """Another centre's worker and a stranger, with and without their right names: one answer for all."""
    centre, known, stranger = journey.centre(), journey.person(1), journey.person(2)
    other = journey.centre(synthetic.uscc(12, registrar="52"), "另一所学校")
    assert send(journey, other, journey.completion(other, known)).status_code == 201
    nothing = sign.new_record_id(journey.clock, journey.random)
    named = [known, {**known, "name": "甲甲甲"}, stranger, {**stranger, "name": "甲甲甲"}]
    acts = [
        journey.record(centre, "revocation", one, {"revokes": nothing, "reason": "entered-in-error"})
        for one in named
    ]

    for whole in (False, True):
        body = journey.batch(centre, acts, all_or_nothing=whole)
        rows = journey.post(centre, "/v1/batches", body, NDJSON).json["rows"]
        assert {(row["status"], row["problems"][0]["code"]) for row in rows} == {
            ("rejected", "target-unknown")
        }
    assert {send(journey, centre, act).json["code"] for act in acts} == {"target-unknown"}
    assert journey.read("handler", "/v1/desk/held")["items"] == []


def test_a_doubtful_person_leaves_a_trace_also_in_all_or_nothing(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    send(journey, centre, journey.completion(centre, worker))
    rows = [
        journey.completion(centre, {**worker, "name": "甲甲甲"}),
        journey.completion(centre, journey.person(2)),
    ]
    answer = journey.post(centre, "/v1/batches", journey.batch(centre, rows, all_or_nothing=True), NDJSON)
    assert [row["status"] for row in answer.json["rows"]] == ["held", "held"]
    assert len(journey.read("handler", "/v1/desk/held")["items"]) == 2


def test_a_salt_of_zeros_is_refused(journey: Journey) -> None:
    centre = journey.centre()
    record = {**json.loads(journey.completion(centre, journey.person(1))), "salt": "A" * 22}
    answer = send(journey, centre, canonical(record))
    assert (answer.status_code, answer.json["code"]) == (422, "salt")


def test_a_suspended_key_does_not_take_receipts_back(journey: Journey) -> None:
    centre = journey.centre()
    record = journey.completion(centre, journey.person(1))
    first = send(journey, centre, record)
    path = f"/v1/desk/issuers/{centre.uscc}/keys/suspend"
    journey.act("registrar", path, {"kid": "sign-1", "reason": "核查中"}, 200)
    again = send(journey, centre, record)
    assert (again.status_code, again.json["receipt"]) == (200, first.json["receipt"])
    fresh = send(journey, centre, journey.completion(centre, journey.person(2)))
    assert fresh.json["code"] == "key-not-in-force"
