"""The case that a look rests on: one of ours is there and about that worker; others stand on a list."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from recordsvc.access import looked
from recordsvc.submit import sign
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_closed_centre import contest, enter
from tests.journeys.test_held_looks import OLD

WHERE = "/v1/desk/workers/{}/archive?purpose={}&case_ref={}"


class Scene:
    """Two workers; the first has an open objection and a held record."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        centre, people = journey.centre(), [journey.person(n) for n in (1, 2)]
        records = [journey.completion(centre, one) for one in people]
        for record in records:
            enter(journey, centre, record)
        me = journey.sign_in(people[0]["number"])
        self.dispute = contest(journey, me, records[0])["dispute_id"]
        late = journey.completion(centre, people[0], **OLD)
        journey.post(centre, "/v1/records", sign.single_body(centre.key, late))
        (self.held,) = (one["held_id"] for one in journey.read("handler", "/v1/desk/held")["items"])
        found = [journey.house.people.find("resident-id", one["number"]) for one in people]
        self.mine, self.other = (str(uuid.UUID(bytes=one)) for one in found if one is not None)

    def looks(self, worker: str, case: str, purpose: str = "objection", who: str = "handler") -> Any:
        client, _token = self.journey.browser(who)
        return client.get(WHERE.format(worker, purpose, quote(case)), base_url=HOST)


@pytest.fixture
def scene(journey: Journey) -> Scene:
    return Scene(journey)


def test_a_case_of_ours_is_there_and_about_that_worker(scene: Scene) -> None:
    assert scene.looks(scene.mine, scene.dispute).status_code == 200
    assert scene.looks(scene.mine, f"异议 {scene.dispute}").status_code == 200
    foreign = scene.looks(scene.other, scene.dispute)
    missing = scene.looks(scene.other, str(uuid.UUID(int=7)))
    assert (foreign.status_code, foreign.json["code"]) == (422, "case-unknown")
    assert foreign.json == missing.json
    # Each purpose takes its own kinds.
    assert scene.looks(scene.mine, scene.dispute, "claim-review").json["code"] == "case-unknown"
    with scene.journey.house.db.read() as conn:
        assert looked.of_worker(conn, uuid.UUID(scene.other).bytes) == []


def test_a_held_record_and_a_proposal_are_cases_of_those_they_name(scene: Scene) -> None:
    journey = scene.journey
    path = f"/v1/desk/held/{scene.held}?purpose=record-held&case_ref="
    assert journey.read("handler", path + scene.dispute, 422)["code"] == "case-unknown"
    journey.read("handler", path + scene.held)
    body = {"held": [scene.held], "reason": "已核对", "worker_id": scene.mine}
    proposal = journey.act("handler", "/v1/desk/held/release", body)["proposal_id"]
    assert scene.looks(scene.mine, proposal, "record-held").status_code == 200
    assert scene.looks(scene.other, proposal, "record-held").json["code"] == "case-unknown"
    journey.act("handler", f"/v1/desk/proposals/{proposal}/withdraw", {"reason": "有误"}, 200)
    assert scene.looks(scene.mine, proposal, "record-held").json["code"] == "case-unknown"


def test_the_break_glass_case_is_about_whom_was_looked_at_in_it(scene: Scene) -> None:
    journey = scene.journey
    said = {"role": "data-officer", "area": "64", "hours": 2, "reason": "值班人员不在"}
    taken = journey.act("inspector", "/v1/desk/emergencies", said, 201)
    journey.sign_out("inspector")
    assert scene.looks(scene.mine, "K-1", "inspection", "inspector").status_code == 200
    case = taken["case_id"]
    assert scene.looks(scene.mine, case, "audit", "data-officer").status_code == 200
    assert scene.looks(scene.other, case, "audit", "data-officer").json["code"] == "case-unknown"


@pytest.mark.parametrize("case", ["x", "7", "案卷", "K$1"])
def test_an_outside_reference_has_a_form(scene: Scene, case: str) -> None:
    answer = scene.looks(scene.mine, case)
    assert (answer.status_code, [one["parameter"] for one in answer.json["errors"]]) == (400, ["case_ref"])


def test_looks_on_outside_references_stand_on_a_list_for_auditors(scene: Scene) -> None:
    for case in ("K-1", scene.dispute, "（2025）宁01民初7号"):
        assert scene.looks(scene.mine, case).status_code == 200
    journey = scene.journey
    items = journey.read("auditor", "/v1/desk/outside-cases")["items"]
    assert [one["case_ref"] for one in items] == ["（2025）宁01民初7号", "K-1"]
    assert {(one["actor_id"], one["worker_id"], one["purpose"]) for one in items} == {
        ("demo-handler", scene.mine, "objection")
    }
    first = journey.read("auditor", "/v1/desk/outside-cases?limit=1")
    rest = journey.read("auditor", f"/v1/desk/outside-cases?limit=1&before={first['next']}")
    assert [one["items"][0]["case_ref"] for one in (first, rest)] == ["（2025）宁01民初7号", "K-1"]
    page = journey.browser("auditor")[0].get("/desk/outside-cases", base_url=HOST).text
    assert "（2025）宁01民初7号" in page
    assert scene.dispute not in page
    journey.read("handler", "/v1/desk/outside-cases", 403)
