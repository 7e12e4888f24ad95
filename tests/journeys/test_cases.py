"""The case that a look rests on: one of ours is there and about that worker; others stand on a list."""

import datetime as dt
import uuid
from typing import Any
from urllib.parse import quote

import pytest

from recordsvc.access import acts, case_names, cases, looked
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


def test_finding_whom_the_case_is_not_about_writes_as_often_as_finding_nobody(scene: Scene) -> None:
    """One row either way: a second commit would be told by the time it takes."""
    sought = {"kind": "resident-id", "purpose": "objection", "case_ref": scene.dispute}
    for known, number in (
        (True, scene.people[1]["number"]),
        (False, scene.journey.person(99)["number"]),
    ):
        acts_before, rows_before = len(scene.acts()), len(scene.rows(scene.other))
        answer = scene.answer("handler", "/v1/desk/workers/find", sought | {"number": number})
        assert answer.status_code == 404
        assert (len(scene.acts()) - acts_before, len(scene.rows(scene.other)) - rows_before) == (
            (0, 1) if known else (1, 0)
        )


def test_the_desk_reads_no_whole_number_in_an_archive(scene: Scene) -> None:
    told = scene.looks(scene.mine, scene.dispute).get_data(as_text=True)
    person = scene.people[0]
    for whole in (person["number"], person["card"]["number"]):
        assert whole not in told
        assert f"{'*' * (len(whole) - 4)}{whole[-4:]}" in told


INVENTED = str(uuid.UUID(int=7))


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
    "case",
    [
        *("x", "7", "案卷", "K$1", "A1", "..1", "2026-11-29", "0190163d-8694-739b-aea5-00000000000"),
        *("（2025）宁01", "宁01民初（2025）7", "宁劳人仲字〔2025〕", "〔2025〕12号"),
    ],
)
def test_an_outside_reference_has_a_form(scene: Scene, case: str) -> None:
    answer = scene.looks(scene.mine, case)
    assert (answer.status_code, [one["parameter"] for one in answer.json["errors"]]) == (400, ["case_ref"])


@pytest.mark.parametrize("case", ["K-1", "窗口2025-12", "（2026）宁01民初7号", "宁检调〔2026〕3号"])
def test_a_request_by_law_has_the_number_of_a_court_or_letter_of_no_year_to_come(
    scene: Scene, case: str
) -> None:
    answer = scene.looks(scene.mine, case, "court-or-law")
    assert (answer.status_code, answer.json["code"]) == (422, "case-shape")
    assert "法院案号（如" in answer.json["errors"][0]["detail"]
    for form in ("（2025）宁0104民初7号", "宁检调〔2025〕3号", "(2024)最高法民终12号之一"):
        assert scene.looks(scene.mine, form, "court-or-law").status_code == 200, form


def test_a_case_that_names_its_person_is_refused_and_not_kept(scene: Scene) -> None:
    """The look leaves its row, so that nobody tries names on numbers unseen."""
    journey, who = scene.journey, scene.people[0]
    day = who["number"][6:14]
    for case in (
        f"{who['name']}1",
        f"补办-{'·'.join(who['name'])}-2025",
        f"号{day}",
        who["card"]["number"] + "A",
    ):
        answer = scene.looks(scene.mine, case)
        assert (answer.status_code, answer.json["code"]) == (422, "case-names"), case
        assert case not in answer.text
        found = scene.answer("handler", "/v1/desk/workers/find", numbered(who) | {"case_ref": case})
        assert found.json["code"] == "case-names", case
    assert [one.case_ref for one in scene.rows(scene.mine)] == [case_names.HIDDEN] * 8
    # Of somebody else they say nothing that is known here.
    assert scene.looks(scene.other, f"{who['name']}1").status_code == 200

    path = f"/v1/desk/held/{scene.held}?purpose=record-held&case_ref={quote(who['name'] + '1')}"
    assert journey.read("handler", path, 422)["code"] == "case-names"
    listed = [one["case_ref"] for one in journey.read("auditor", "/v1/desk/outside-cases")["items"]]
    assert listed == [case_names.HIDDEN, f"{who['name']}1"] + [case_names.HIDDEN] * 8


def numbered(person: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "resident-id", "number": person["number"], "purpose": "objection"}


def test_a_pack_is_for_a_case_that_is_there_and_names_nobody_in_it(scene: Scene) -> None:
    said: dict[str, Any] = {
        "auditor": "demo-auditor",
        "reason": "年度审计",
        "selection": {"workers": [scene.mine]},
    }
    said["whole"] = False
    for case, code in ((INVENTED, "case-unknown"), (scene.people[0]["name"] + "1", "case-names")):
        answer = scene.answer(
            "data-officer", "/v1/desk/audit-packs", said | {"case_ref": case, "whole": False}
        )
        assert answer.json["code"] == code


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("马秀兰1", True),
        ("补办 马 秀 兰 2026", True),
        ("马小兰1", False),
        ("兰1", False),
        ("ALI YUSUF-2", True),
        ("案 ali·yusuf 2", True),
        ("ALIYUSUFU-2", False),
        ("K19810722", True),
        ("1981年7月22日-1", True),
        ("1981-07-22/1", True),
        ("1981年7月2日-1", False),
        ("（1981）宁07民初22号", False),
        ("a13900001234", True),
        ("K-2026-17", False),
    ],
)
def test_what_a_case_says_of_a_person(case: str, names: bool) -> None:
    person = case_names.Person(["马秀兰", "Ali Yusuf"], ["13900001234"], [dt.date(1981, 7, 22)])
    assert case_names.names(case, person) is names


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
