"""The case that a look rests on: one of ours is there and about that worker; others stand on a list."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from recordsvc.access import acts, cases, looked
from recordsvc.people import synthetic
from recordsvc.submit import sign
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_closed_centre import contest, enter
from tests.journeys.test_held_looks import OLD

WHERE = "/v1/desk/workers/{}/archive?purpose={}&case_ref={}"


class Scene:
    """Two workers; the first has an open objection and a held record."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        centre, people = journey.centre(), [carded(journey, n) for n in (1, 2)]
        self.people = people
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

    def rows(self, worker: str) -> list[looked.Seen]:
        with self.journey.house.db.read() as conn:
            return looked.of_worker(conn, uuid.UUID(worker).bytes)

    def acts(self) -> list[acts.Done]:
        with self.journey.house.db.read() as conn:
            return acts.listed(conn)

    def answer(self, who: str, path: str, body: dict[str, Any]) -> Any:
        client, token = self.journey.browser(who)
        headers = {"X-CSRF-Token": token}
        return client.post(path, json=body, headers=headers, base_url=HOST)

    def doors(self) -> list[tuple[str, dict[str, Any], dict[str, Any], str]]:
        """Doors that take numbers of a person: what to send for one who is there, and for nobody."""
        why = {"purpose": "objection"}
        both = []
        for one in (self.people[1], carded(self.journey, 9)):
            shown = {"document": "resident-id", "number": one["number"], "card": one["card"]["number"]}
            both.append(
                (
                    {"kind": "resident-id", "number": one["number"]} | why,
                    shown | {"name": one["name"], "lost": False} | WINDOW,
                    shown | WINDOW,
                    {
                        "number": one["card"]["number"],
                        "document": "resident-id",
                        "document_number": one["number"],
                        "name": one["name"],
                        "normal_since": None,
                    }
                    | WINDOW,
                )
            )
        doors = (
            ("/v1/desk/workers/find", "handler"),
            ("/v1/desk/activations", "handler"),
            ("/v1/desk/services", "handler"),
            ("/v1/desk/cards/confirm", "registrar"),
        )
        return [(path, *bodies, who) for (path, who), *bodies in zip(doors, *both, strict=True)]


WINDOW = {"purpose": "service-window"}


def carded(journey: Journey, n: int) -> dict[str, Any]:
    return journey.person(n, card={"area": "640104", "number": synthetic.card_number(n)})


@pytest.fixture
def scene(journey: Journey) -> Scene:
    return Scene(journey)


def test_a_case_of_ours_is_there_and_about_that_worker(scene: Scene) -> None:
    assert scene.looks(scene.mine, scene.dispute).status_code == 200
    assert scene.looks(scene.mine, f"异议 {scene.dispute}").status_code == 200
    # Each purpose takes its own kinds.
    assert scene.looks(scene.mine, scene.dispute, "claim-review").json["code"] == "case-unknown"


def test_a_case_about_another_answers_like_nobody_and_leaves_a_row(scene: Scene) -> None:
    foreign = scene.looks(scene.other, scene.dispute)
    nobody = scene.looks(str(uuid.UUID(int=9)), scene.dispute)
    assert (foreign.status_code, foreign.json) == (404, nobody.json)
    assert [(one.fields, one.case_ref) for one in scene.rows(scene.other)] == [("records", scene.dispute)]


INVENTED = str(uuid.UUID(int=7))


def test_an_invented_case_answers_before_anybody_is_looked_for(scene: Scene) -> None:
    """Whether the person is there or not, every door says the same, and writes nothing."""
    for worker in (scene.other, str(uuid.UUID(int=9))):
        assert scene.looks(worker, INVENTED).json["code"] == "case-unknown"
    for path, there, nobody, who in scene.doors():
        refused = [scene.answer(who, path, one | {"case_ref": INVENTED}) for one in (there, nobody)]
        assert [(one.status_code, one.json["code"]) for one in refused] == [(422, "case-unknown")] * 2, path
        assert refused[0].json == refused[1].json, path
    assert scene.rows(scene.other) == []
    assert not {"worker.find-nothing", "login.activate-refused", "window.refused", "card.confirm-refused"} & {
        one.act for one in scene.acts()
    }


def test_at_no_door_a_case_about_another_tells_who_is_there(scene: Scene) -> None:
    for done, (path, there, nobody, who) in enumerate(scene.doors(), start=1):
        refused = [scene.answer(who, path, one | {"case_ref": scene.dispute}) for one in (there, nobody)]
        assert refused[0].status_code in (404, 422), path
        assert refused[0].json["code"] != "case-unknown", path
        assert (refused[0].status_code, refused[0].json) == (refused[1].status_code, refused[1].json), path
        assert [one.case_ref for one in scene.rows(scene.other)] == [scene.dispute] * done, path


@pytest.mark.parametrize("written", ["{}", "{:u}", "{:n}", "异议{:u}", "{:d}"])
def test_an_id_is_one_in_whatever_writing(written: str) -> None:
    text = "0190163d-8694-739b-aea5-00000000000a"
    forms = {"u": text.upper(), "n": text.replace("-", ""), "d": text.replace("-", ".")}
    for code, form in forms.items():
        written = written.replace(f"{{:{code}}}", form)
    assert cases.ours(written.replace("{}", text)) == uuid.UUID(text).bytes


def test_a_held_record_and_a_proposal_are_cases_of_those_they_name(scene: Scene) -> None:
    journey = scene.journey
    path = f"/v1/desk/held/{scene.held}?purpose=record-held&case_ref="
    assert journey.read("handler", path + INVENTED, 422)["code"] == "case-unknown"
    assert journey.read("handler", path + scene.dispute, 409)["code"] == "held-decided"
    journey.read("handler", path + scene.held)
    body = {"held": [scene.held], "reason": "已核对", "worker_id": scene.mine}
    proposal = journey.act("handler", "/v1/desk/held/release", body)["proposal_id"]
    assert scene.looks(scene.mine, proposal, "record-held", "reviewer").status_code == 200
    assert scene.looks(scene.other, proposal, "record-held", "reviewer").status_code == 404
    # Nobody makes the reason of their own look.
    assert scene.looks(scene.mine, proposal, "record-held").json["code"] == "case-unknown"
    journey.act("handler", f"/v1/desk/proposals/{proposal}/withdraw", {"reason": "有误"}, 200)
    assert scene.looks(scene.mine, proposal, "record-held", "reviewer").json["code"] == "case-unknown"


def test_the_break_glass_case_is_about_whom_was_looked_at_in_it(scene: Scene) -> None:
    journey = scene.journey
    said = {"role": "data-officer", "area": "64", "hours": 2, "reason": "值班人员不在"}
    taken = journey.act("inspector", "/v1/desk/emergencies", said, 201)
    journey.sign_out("inspector")
    assert scene.looks(scene.mine, "K-1", "inspection", "inspector").status_code == 200
    case = taken["case_id"]
    assert scene.looks(scene.mine, case, "audit", "data-officer").status_code == 200
    assert scene.looks(scene.other, case, "audit", "data-officer").status_code == 404


@pytest.mark.parametrize(
    "case", ["x", "7", "案卷", "K$1", "A1", "..1", "2026-11-29", "0190163d-8694-739b-aea5-00000000000"]
)
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
