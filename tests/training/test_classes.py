"""Classes: opened by a clerk, taught by whoever is assigned today, drafted by teachers, signed by another."""

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc import service
from recordsvc.access import codes, looked, staff
from recordsvc.access.grants import Position
from recordsvc.archive import erasing
from recordsvc.archive.look_relations import Looked
from recordsvc.ground.ports import FixedClock, beijing_ms
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people import tables as people_tables
from recordsvc.settings import Settings
from recordsvc.submit.roster import open_roster
from recordsvc.submit.sheets import read_sheets
from recordsvc.training import classes
from recordsvc.training.tables import class_day, class_learner, class_presence, training_class
from tests.access.conftest import CENTRE_USCC, ROOMS, Person, Told
from tests.archive.support import Centre

DAY_MS = 86_400_000
OTHER = synthetic.uscc(77)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The demo on loopback: its cookies need no TLS."""
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def app(house: House) -> flask.Flask:
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.training.routes"))
    made.testing = False
    return made


def learner(n: int, name: str = "") -> dict[str, str]:
    return {"name": name or f"马{chr(0x4E00 + n)}", "document": "resident-id", "number": number(n)}


def number(n: int) -> str:
    return synthetic.resident_id("640104", dt.date(1990, 1, 1) + dt.timedelta(days=n), "male", 0)


@dataclasses.dataclass
class School:
    """An institution with its people signed in, and a class of two learners with a teacher for ten days."""

    app: flask.Flask
    house: House
    people: dict[str, Person]
    ids: dict[str, str]
    class_id: str = ""

    def sign_in(self) -> None:
        """Sign everybody in, anew once sessions have ended."""
        house = self.house
        for name, staff_id in self.ids.items():
            own = staff.code_name(staff_id)
            code = house.db.write(lambda turn, own=own: codes.create(turn, house.keys, house.random, own))
            browser = self.app.test_client()
            answer = browser.post("/login/staff", json={"staff_id": staff_id, "code": code})
            assert answer.status_code == 200, answer.text
            self.people[name] = Person(browser, answer.json["csrf_token"])

    def post(self, who: str, path: str, body: dict[str, Any], status: int = 204) -> Any:
        answer = self.people[who].post(path, body)
        assert answer.status_code == status, (who, path, answer.text)
        return answer.json

    def on(self, who: str, verb: str, body: dict[str, Any], status: int = 204) -> Any:
        return self.post(who, f"/v1/centre/classes/{self.class_id}/{verb}", body, status)

    def sheet(self, who: str) -> Any:
        answer = self.people[who].get(f"/v1/centre/classes/{self.class_id}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def seats(self) -> list[str]:
        return [one["learner_id"] for one in self.sheet("clerk")["seats"]]

    def day(self, on: str, present: list[str], status: int = 204, theory: int = 4, practice: int = 2) -> Any:
        body = {"on": on, "theory_periods": theory, "practice_periods": practice, "present": present}
        return self.on("teacher", "days", body, status)

    def whole(self) -> None:
        """Enter what makes a sheet whole."""
        first, second = self.seats()
        self.day("2026-01-05", [first, second])
        self.day("2026-01-06", [first])
        marks = [
            {"learner_id": first, "result": "passed", "score": "92.5"},
            {"learner_id": second, "result": "absent"},
        ]
        self.on("teacher", "marks", {"marks": marks})


PLAN = {
    "code": "2026-HG-01",
    "name": "焊工初级一班",
    "training_type": "employment-skill",
    "occupation": "焊工",
    "occupation_code": "6-18-02-04",
    "level": "5",
    "started_on": "2026-01-05",
    "ended_on": "2026-01-16",
    "theory_periods": 8,
    "practice_periods": 4,
}


@pytest.fixture
def clock() -> FixedClock:
    """Noon of the fourth day of the class."""
    return FixedClock(beijing_ms(dt.date(2026, 1, 8)) + DAY_MS // 2)


@pytest.fixture
def school(app: flask.Flask, house: House, told: Told) -> School:
    found = School(app, house, {}, {})
    wanted = {
        "clerk": (CENTRE_USCC, [Position.CLERK]),
        "teacher": (CENTRE_USCC, [Position.TEACHER]),
        "colleague": (CENTRE_USCC, [Position.TEACHER]),
        "signer": (CENTRE_USCC, [Position.SIGNER]),
        "both": (CENTRE_USCC, [Position.TEACHER, Position.SIGNER]),
        "hr": (CENTRE_USCC, [Position.HR]),
        "stranger": (OTHER, [Position.CLERK, Position.TEACHER, Position.SIGNER]),
    }

    def act(turn: Any) -> None:
        for name, (institution, positions) in wanted.items():
            found.ids[name] = staff.add_new(turn, institution, f"{name}某", "staff:s-1", house.random)
            for one in positions:
                staff.give(turn, found.ids[name], one, by="staff:s-1")

    house.db.write(act)
    found.sign_in()
    body = PLAN | {"learners": [learner(1), learner(2)]}
    found.class_id = found.post("clerk", "/v1/centre/classes", body, 201)["class_id"]
    days = {"from_on": "2026-01-05", "until_on": "2026-01-14"}
    found.on("clerk", "teachers", {"staff_id": found.ids["teacher"], **days})
    return found


# -- who


def test_a_teacher_sees_the_classes_of_today_and_no_others(school: School, clock: FixedClock) -> None:
    def listed(who: str) -> list[str]:
        return [one["code"] for one in school.people[who].get("/v1/centre/classes").json["items"]]

    assert listed("teacher") == listed("clerk") == listed("signer") == ["2026-HG-01"]
    assert listed("colleague") == listed("stranger") == []

    clock.advance(7 * DAY_MS)  # the day after the last of the assignment
    school.sign_in()
    assert (listed("teacher"), listed("clerk")) == ([], ["2026-HG-01"])


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_a_foreign_class_answers_like_none(school: School, who: str) -> None:
    there = school.people[who].get(f"/v1/centre/classes/{school.class_id}")
    none = school.people[who].get("/v1/centre/classes/0190163d-8694-739b-aea5-000000000001")

    assert (there.status_code, there.json["code"]) == (404, "class-unknown")
    assert there.data == none.data
    body = {"on": "2026-01-05", "theory_periods": 1, "practice_periods": 0, "present": []}
    path = f"/v1/centre/classes/{school.class_id}/days"
    assert school.people[who].post(path, body).status_code == 404


def test_an_assignment_that_is_taken_back_is_gone_at_the_next_request(school: School) -> None:
    school.on("clerk", "teachers/end", {"staff_id": school.ids["teacher"]})

    assert school.people["teacher"].get(f"/v1/centre/classes/{school.class_id}").status_code == 404
    school.on("clerk", "teachers/end", {"staff_id": school.ids["teacher"]}, 404)


def test_only_a_teacher_of_the_institution_is_assigned(school: School) -> None:
    days = {"from_on": "2026-01-05", "until_on": "2026-01-14"}

    refused = school.on("clerk", "teachers", {"staff_id": school.ids["hr"], **days}, 422)
    assert refused["errors"][0]["pointer"] == "/staff_id"
    school.on("clerk", "teachers", {"staff_id": school.ids["stranger"], **days}, 404)
    backwards = {"staff_id": school.ids["colleague"], "from_on": "2026-01-14", "until_on": "2026-01-05"}
    assert school.on("clerk", "teachers", backwards, 422)["errors"][0]["pointer"] == "/until_on"


@pytest.mark.parametrize(
    ("who", "from_on", "until_on", "pointer"),
    [
        ("teacher", "2026-01-14", "2026-01-16", "/from_on"),  # has it on the 14th already
        ("colleague", "2025-12-05", "2026-01-16", "/from_on"),
        ("colleague", "2026-01-05", "2026-02-16", "/until_on"),
    ],
)
def test_a_teacher_has_a_class_once_and_around_its_days(
    school: School, who: str, from_on: str, until_on: str, pointer: str
) -> None:
    asked = {"staff_id": school.ids[who], "from_on": from_on, "until_on": until_on}

    assert school.on("clerk", "teachers", asked, 422)["errors"][0]["pointer"] == pointer
    within = {"staff_id": school.ids[who], "from_on": "2026-01-15", "until_on": "2026-02-15"}
    school.on("clerk", "teachers", within)


def test_whoever_is_more_than_a_teacher_drafts_by_assignment_alone(school: School) -> None:
    first, _ = school.seats()
    day = {"on": "2026-01-05", "theory_periods": 4, "practice_periods": 2, "present": [first]}
    marks = {"marks": [{"learner_id": first, "result": "passed"}]}
    assert school.sheet("both")["taught"]["code"] == "2026-HG-01"
    for verb, body in (("days", day), ("marks", marks), ("submit", {})):
        assert school.on("both", verb, body, 404)["code"] == "class-unknown"

    days = {"from_on": "2026-01-05", "until_on": "2026-01-14"}
    school.on("clerk", "teachers", {"staff_id": school.ids["both"], **days})
    school.on("both", "days", day)


@pytest.mark.parametrize(
    ("who", "verb", "body"),
    [
        ("clerk", "days", {"on": "2026-01-05", "theory_periods": 1, "practice_periods": 0, "present": []}),
        ("teacher", "signed", {}),
        ("teacher", "void", {"note": "x"}),
        ("signer", "submit", {}),
        ("hr", "submit", {}),
    ],
)
def test_each_verb_is_of_its_position(school: School, who: str, verb: str, body: dict[str, Any]) -> None:
    school.on(who, verb, body, 403)


# -- opening


def test_a_roster_is_judged_whole_and_by_form_alone(school: School) -> None:
    learners = [learner(3), learner(3), {**learner(4), "number": number(4)[:-1] + "A"}, learner(5, "马?")]

    refused = school.post("clerk", "/v1/centre/classes", PLAN | {"code": "B", "learners": learners}, 422)

    assert [one["pointer"] for one in refused["errors"]] == [
        "/learners/1/number",
        "/learners/2/number",
        "/learners/3/name",
    ]
    assert number(3) not in str(refused)
    with school.house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(training_class)) == 1


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"training_type": "astronaut"}, "/training_type"),
        ({"level": "9"}, "/level"),
        ({"started_on": "2026-02-30"}, "/started_on"),
        ({"ended_on": "2026-01-04"}, "/ended_on"),
        ({"code": "2026-HG-01"}, "/code"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(school: School, changed: dict[str, str], pointer: str) -> None:
    body = PLAN | {"code": "B", "learners": [learner(3)]} | changed

    assert school.post("clerk", "/v1/centre/classes", body, 422)["errors"][0]["pointer"] == pointer


def test_a_latecomer_is_seated_once(school: School) -> None:
    school.on("clerk", "learners", {"learners": [learner(3)]})
    again = school.on("clerk", "learners", {"learners": [learner(3)]}, 422)

    assert again["errors"][0]["code"] == "repeated"
    assert len(school.seats()) == 3


def test_the_same_class_under_the_same_key_is_opened_once(school: School) -> None:
    body, key = PLAN | {"code": "B", "learners": [learner(3)]}, {"Idempotency-Key": "k-000000000001"}
    clerk = school.people["clerk"]

    first, second = (clerk.post("/v1/centre/classes", body, **key) for _ in range(2))

    assert (first.status_code, second.status_code, first.json) == (201, 201, second.json)


def test_no_name_or_number_stands_in_the_clear(school: School) -> None:
    with school.house.db.read() as conn:
        rows = [*conn.execute(sa.select(class_learner)), *conn.execute(sa.select(people_tables.kept_number))]

    assert len(rows) == 4
    told = repr(rows).encode() + b"".join(bytes(row.sealed) for row in rows)
    for one in (learner(1), learner(2)):
        assert one["number"].encode() not in told
        assert one["name"].encode() not in told


@pytest.mark.parametrize("member", ["code", "name", "occupation"])
def test_the_texts_of_a_class_hold_no_number(school: School, member: str) -> None:
    body = PLAN | {"code": "B", "learners": [learner(3)]} | {member: f"焊工 {number(3)}"}

    refused = school.post("clerk", "/v1/centre/classes", body, 422)
    assert refused["errors"][0]["pointer"] == f"/{member}"
    assert number(3) not in str(refused)


def test_a_learner_leaves_the_roster_until_it_is_signed(school: School) -> None:
    school.whole()
    school.on("clerk", "learners", {"learners": [learner(3)]})
    third = school.seats()[2]
    school.on("teacher", "learners/remove", {"learner_id": third}, 403)
    strange = school.on("clerk", "learners/remove", {"learner_id": school.class_id}, 422)
    assert strange["errors"][0]["pointer"] == "/learner_id"

    school.on("clerk", "learners/remove", {"learner_id": third})
    school.on("teacher", "submit", {})
    first, second = school.seats()
    school.on("clerk", "learners/remove", {"learner_id": first})
    assert school.seats() == [second]
    with school.house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(people_tables.kept_number)) == 1
        assert list(conn.scalars(sa.select(class_presence.c.learner_id).distinct())) == [
            bytes.fromhex(second.replace("-", ""))
        ]
    school.on("signer", "signed", {})
    school.on("clerk", "learners/remove", {"learner_id": second}, 409)


def test_nobody_leaves_a_roster_that_the_signer_took_until_it_is_sent_back(school: School) -> None:
    school.whole()
    school.on("teacher", "submit", {})
    path = f"/v1/centre/classes/{school.class_id}/roster"
    taken = school.people["signer"].get(path)
    first, second = school.seats()
    told = school.on("clerk", "learners/remove", {"learner_id": first}, 409)
    assert told["code"] == "class-roster-taken"
    assert (len(taken.json["学员"]), school.seats()) == (2, [first, second])
    school.on("signer", "return", {"note": "一名学员已退学"})
    school.on("clerk", "learners/remove", {"learner_id": first})
    school.on("teacher", "submit", {})
    assert len(school.people["signer"].get(path).json["学员"]) == 1


def test_a_class_that_everybody_left_is_not_handed_over(school: School) -> None:
    school.whole()
    for one in school.seats():
        school.on("clerk", "learners/remove", {"learner_id": one})

    assert school.on("teacher", "submit", {}, 422)["errors"][0]["pointer"] == "/learners"


# -- drafting


def test_a_day_entered_again_takes_the_place_of_what_stood(school: School) -> None:
    first, second = school.seats()
    school.day("2026-01-05", [first, second])
    school.day("2026-01-05", [second], theory=2, practice=0)

    sheet = school.sheet("teacher")
    assert sheet["taught_days"] == [
        {"on": "2026-01-05", "theory_periods": 2, "practice_periods": 0, "present": [second]}
    ]
    assert [(one["theory_periods"], one["practice_periods"]) for one in sheet["seats"]] == [(0, 0), (2, 0)]


@pytest.mark.parametrize("on", ["2026-01-04", "2026-01-09", "2026-01-17", "2026-13-01"])
def test_a_day_lies_in_the_class_and_not_in_the_future(school: School, on: str) -> None:
    assert school.day(on, [], 422)["errors"][0]["pointer"] == "/on"


def test_a_day_has_between_one_and_sixteen_class_hours(school: School) -> None:
    assert (
        school.day("2026-01-05", [], 422, theory=0, practice=0)["errors"][0]["pointer"] == "/theory_periods"
    )
    assert (
        school.day("2026-01-05", [], 422, theory=9, practice=8)["errors"][0]["pointer"] == "/theory_periods"
    )


def test_nobody_of_another_class_is_entered(school: School) -> None:
    other = PLAN | {"code": "B", "learners": [learner(3)]}
    class_id = school.post("clerk", "/v1/centre/classes", other, 201)["class_id"]
    sheet = school.people["clerk"].get(f"/v1/centre/classes/{class_id}").json
    foreign = sheet["seats"][0]["learner_id"]

    assert school.day("2026-01-05", [foreign], 422)["errors"][0]["pointer"] == "/present/0"
    marks = {"marks": [{"learner_id": foreign, "result": "passed", "score": "80"}]}
    assert school.on("teacher", "marks", marks, 422)["errors"][0]["pointer"] == "/marks/0"


@pytest.mark.parametrize(("result", "score"), [("passed", "100.5"), ("absent", "60"), ("failed", "-1")])
def test_a_score_is_of_a_test_that_was_taken(school: School, result: str, score: str) -> None:
    marks = {"marks": [{"learner_id": school.seats()[0], "result": result, "score": score}]}

    assert school.on("teacher", "marks", marks, 422)["errors"][0]["pointer"] == "/marks/0/score"


def test_a_learner_is_marked_once_at_a_time(school: School) -> None:
    first, _ = school.seats()
    twice = {"marks": [{"learner_id": first, "result": one} for one in ("passed", "failed")]}

    refused = school.on("teacher", "marks", twice, 422)["errors"]
    assert [(one["pointer"], one["code"]) for one in refused] == [("/marks/1/learner_id", "repeated")]
    assert school.sheet("clerk")["seats"][0]["result"] == ""


def test_the_sheet_says_who_attended_more_than_was_planned(school: School) -> None:
    first, second = school.seats()
    school.day("2026-01-05", [first, second], theory=8, practice=4)
    school.day("2026-01-06", [first], theory=1, practice=0)

    assert [one["over_planned"] for one in school.sheet("signer")["seats"]] == [True, False]


def test_a_sheet_is_handed_over_whole(school: School) -> None:
    assert school.on("teacher", "submit", {}, 422)["errors"][0]["pointer"] == "/days"
    school.day("2026-01-05", school.seats())
    missing = school.on("teacher", "submit", {}, 422)["errors"]
    assert [one["pointer"] for one in missing] == ["/learners/0/result", "/learners/1/result"]
    assert school.sheet("clerk")["taught"]["state"] == "open"


# -- signing


def test_a_submitted_sheet_is_the_signers(school: School, told: Told) -> None:
    school.whole()
    school.on("teacher", "submit", {})

    assert told[-1] == (CENTRE_USCC, "class-submitted", {})
    school.day("2026-01-07", [], 409)
    named = school.on("signer", "return", {"note": f"请核对 {number(1)}"}, 422)
    assert named["errors"][0]["pointer"] == "/note"
    school.on("signer", "return", {"note": "第二天的课时请核对"})
    assert school.sheet("teacher")["taught"]["note"] == "第二天的课时请核对"
    school.day("2026-01-07", [])
    school.on("teacher", "submit", {})
    school.on("signer", "signed", {})
    assert school.sheet("signer")["taught"]["state"] == "signed"
    school.on("signer", "signed", {}, 409)
    assert school.people["teacher"].get(f"/v1/centre/classes/{school.class_id}").status_code == 404


def test_who_hands_a_sheet_over_never_signs_it(school: School) -> None:
    school.whole()
    school.on(
        "clerk",
        "teachers",
        {"staff_id": school.ids["both"], "from_on": "2026-01-05", "until_on": "2026-01-14"},
    )
    school.on("both", "submit", {})

    assert school.on("both", "signed", {}, 409)["code"] == "class-own-sheet"
    wanted = training_class.update().values(
        state="signed", closed_by=training_class.c.submitted_by, closed_ms=1
    )
    with pytest.raises(sa.exc.IntegrityError):
        school.house.db.write(lambda turn: turn.conn.execute(wanted).rowcount)
    school.on("signer", "signed", {})


def test_the_roster_is_what_the_centres_program_signs(school: School, tmp_path: Path) -> None:
    """With whole numbers, days and hours attended; `submit` asks what no sheet says, and no more."""
    path = f"/v1/centre/classes/{school.class_id}/roster"
    school.whole()
    assert school.people["signer"].get(path).json["code"] == "class-closed"
    school.on("teacher", "submit", {})
    assert school.people["teacher"].get(path).status_code == 403

    taken = school.people["signer"].get(path)
    assert taken.headers["Content-Disposition"].startswith("attachment")
    roster = tmp_path / "roster.json"
    roster.write_bytes(taken.data)
    answers = {
        "institution": {"name": "示范学校", "uscc": CENTRE_USCC},
        "edition": "2015", "minutes_per_period": 45, "card_area": "",
    }  # fmt: skip
    found = open_roster(roster, read_sheets(roster), dt.date(2026, 1, 20), answers)
    assert found.questions == []
    assert [one.finding and one.finding.code for one in found.understood.readings] == [None, "absent"]
    first, second = found.drafts().values()
    assert first.worker == {"document": "resident-id", "name": learner(1)["name"], "number": number(1)}
    assert first.body["attended_on"] == ["2026-01-05", "2026-01-06"]
    assert first.body["attended"] == {"online_minutes": 0, "practice_minutes": 180, "theory_minutes": 360}
    assert first.body["planned"] == {"online_minutes": 0, "practice_minutes": 180, "theory_minutes": 360}
    assert (first.body["result"], first.body["score"], first.body["class"]["code"]) == (
        "passed",
        "92.5",
        "2026-HG-01",
    )
    assert (second.record_type, second.body["outcome"]) == ("enrolment-outcome", "absent")
    assert second.body["attended_on"] == ["2026-01-05"]


# -- looks, restriction, erasure, terms


def archived(school: School, *ns: int) -> bytes:
    """Give learners an archive, as a record of theirs would; the id of the first."""
    centre = Centre(school.house, 1)
    for n in ns:
        centre.enter(centre.completion(learner(n)))
    return centre.worker_id(learner(ns[0]))


def test_who_opens_a_sheet_leaves_a_row_for_each_learner_with_an_archive(school: School) -> None:
    worker_id = archived(school, 1)
    school.sheet("teacher")

    with school.house.db.read() as conn:
        (seen,) = looked.of_worker(conn, worker_id)
        row = Looked(0, worker_id, seen.at_ms, seen.actor_kind, seen.actor_id, seen.purpose, seen.fields, "")
        related = [
            any(test(school.house, conn, one) for test in school.house.look_relations)
            for one in (row, dataclasses.replace(row, actor_id=school.ids["stranger"]))
        ]
    assert (seen.actor_id, seen.purpose, seen.case_ref) == (
        school.ids["teacher"],
        "teaching",
        "class:2026-HG-01",
    )
    assert looked.worded(seen)[0] == "班级考勤与成绩登记"
    assert related == [True, False]


def test_without_a_row_a_sheet_gives_nothing_away(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    archived(school, 1)

    def fails(*_arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("recordsvc.access.looked_log.LookTurn.before_commit", fails)
    answer = school.people["teacher"].get(f"/v1/centre/classes/{school.class_id}")
    assert (answer.status_code, answer.json["code"]) == (503, "look-not-written")


def restrict_all(school: School) -> None:
    restricting = people_tables.worker.update().values(state="restricted")
    school.house.db.write(lambda turn: turn.conn.execute(restricting).rowcount)


def test_no_sheet_tells_whether_an_archive_is_there_or_restricted(school: School) -> None:
    """Not even under another name: what the institution typed stands, and is handed over and signed."""
    school.on("clerk", "learners", {"learners": [learner(3, "谁"), learner(4, "谁")]})
    typed = [(learner(1)["name"], number(1)[-4:]), (learner(2)["name"], number(2)[-4:])]
    typed += [("谁", number(3)[-4:]), ("谁", number(4)[-4:])]
    archived(school, 1, 3)
    restrict_all(school)

    seats = school.sheet("clerk")["seats"]
    assert [(one["name"], one["number_tail"]) for one in seats] == typed
    learners = [one["learner_id"] for one in seats]
    school.day("2026-01-05", learners)
    school.on("teacher", "marks", {"marks": [{"learner_id": one, "result": "passed"} for one in learners]})
    school.on("teacher", "submit", {})
    roster = school.people["signer"].get(f"/v1/centre/classes/{school.class_id}/roster").json
    assert [one["姓名"] for one in roster["学员"]] == [name for name, _ in typed]
    school.on("signer", "signed", {})


@pytest.mark.parametrize("state", ["open", "restricted"])
def test_a_seat_under_another_name_explains_no_look(school: School, state: str) -> None:
    """A number alone is no enrolment: the row says so to the person, and the alarm is not silenced."""
    worker_id = archived(school, 3)
    school.on("clerk", "learners", {"learners": [learner(3, "谁")]})
    if state == "restricted":
        restrict_all(school)
    school.sheet("clerk")

    with school.house.db.read() as conn:
        (seen,) = looked.of_worker(conn, worker_id)
        row = Looked(0, worker_id, seen.at_ms, seen.actor_kind, seen.actor_id, seen.purpose, seen.fields, "")
        related = any(test(school.house, conn, row) for test in school.house.look_relations)
    assert looked.worded(seen)[0] == "该机构班级名册上的证件号码是您的，姓名不是您的"
    assert not related


def test_an_erasure_empties_the_seat(school: School) -> None:
    worker_id = archived(school, 1)
    school.whole()
    gone = school.seats()[0]

    school.house.db.write(lambda turn: erasing.destroy(turn, school.house, worker_id))

    assert gone not in school.seats()
    with school.house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(people_tables.kept_number)) == 1
        assert [row.on_day for row in conn.execute(sa.select(class_presence))] == ["2026-01-05"]


def test_seats_are_emptied_some_time_after_the_class_ended(school: School, clock: FixedClock) -> None:
    school.whole()
    school.on("teacher", "submit", {})
    school.on("signer", "signed", {})
    assert classes.expire(school.house) == 0

    clock.advance(31 * DAY_MS)
    assert classes.expire(school.house) == 1
    with school.house.db.read() as conn:
        for table in (class_learner, class_day, class_presence, people_tables.kept_number):
            assert conn.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_what_was_never_signed_becomes_void(school: School, clock: FixedClock) -> None:
    clock.advance(188 * DAY_MS)
    assert classes.expire(school.house) == 0
    clock.advance(DAY_MS)
    assert classes.expire(school.house) == 1
    with school.house.db.read() as conn:
        assert conn.scalar(sa.select(training_class.c.state)) == "void"


def test_a_class_that_comes_to_nothing_is_void(school: School) -> None:
    school.on("clerk", "void", {"note": "报名人数不足"})

    assert school.sheet("clerk")["taught"]["state"] == "void"
    school.day("2026-01-05", [], 404)
