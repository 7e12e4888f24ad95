"""Departments state who belongs to a group; it is an entry of the worker's, and nobody else's to see."""

import dataclasses
import datetime as dt
import uuid
from typing import Any
from urllib.parse import quote

import flask
import pytest
import sqlalchemy as sa

from recordsvc import dated, service
from recordsvc.access import areas, codes, demo, looked, staff
from recordsvc.access.grants import Actor, Kind, Position
from recordsvc.access.tables import official_act
from recordsvc.access.tables import staff as staff_table
from recordsvc.archive import erasing, feed, persons
from recordsvc.archive.announcing import announcer
from recordsvc.archive.look_relations import Looked
from recordsvc.archive.noticeboard import of_workers
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.states import Confirmation, Life, RecordState
from recordsvc.bodies import institutions
from recordsvc.bodies.institutions import FactKind
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock, beijing_ms
from recordsvc.ground.problems import Forbidden
from recordsvc.groups import reading, waiting
from recordsvc.groups.departments import GROUPS
from recordsvc.groups.tables import group_entry
from recordsvc.house import House
from recordsvc.money.rules import archive_facts
from recordsvc.people import synthetic
from recordsvc.people import tables as people_tables
from recordsvc.settings import Settings
from tests.access.conftest import ROOMS, Person
from tests.archive.restricted import lift, seal
from tests.archive.support import Centre, person, state
from tests.archive.test_erasing import decide_erasure, restrict
from tests.archive.test_moved import move
from tests.archive.test_parties import told_of

DAY_MS = 86_400_000
FEDERATION, VETERANS, CITY = synthetic.uscc(81), synthetic.uscc(82), synthetic.uscc(83)
OFFICES = {
    "officer": (FEDERATION, Position.OFFICER),
    "colleague": (FEDERATION, Position.CLERK),
    "veterans": (VETERANS, Position.OFFICER),
    "city": (CITY, Position.OFFICER),
    "officer-2": (FEDERATION, Position.OFFICER),
    "veterans-2": (VETERANS, Position.OFFICER),
    "city-2": (CITY, Position.OFFICER),
}
WHO = person(1)
CASE = "残培〔2026〕7号"
SAID = {
    "name": WHO["name"],
    "document": "resident-id",
    "number": WHO["number"],
    "group": "disabled",
    "valid_from": "2025-06-01",
    "source": "certificate",
    "source_reference": "残证〔2025〕0101号",
    "checked_on": "2026-01-05",
    "case_ref": CASE,
}


@dataclasses.dataclass
class Place:
    """A federation of the region, one of veterans, one of a city; a worker of Yinchuan with a training."""

    app: flask.Flask
    house: House
    centre: Centre
    worker_id: bytes
    ids: dict[str, str]
    people: dict[str, Person]

    def sign_in(self) -> None:
        house = self.house
        for name, staff_id in self.ids.items():
            own = staff.code_name(staff_id)
            code = house.db.write(lambda turn, own=own: codes.create(turn, house.keys, house.random, own))
            browser = self.app.test_client()
            answer = browser.post("/login/staff", json={"staff_id": staff_id, "code": code})
            assert answer.status_code == 200, answer.text
            self.people[name] = Person(browser, answer.json["csrf_token"])

    def post(self, who: str, path: str, body: dict[str, Any], status: int = 204) -> Any:
        # Whatever is done to a statement is done for a case.
        if "/withdraw" not in path or "/waiting/" not in path:
            body = {"case_ref": CASE} | body
        answer = self.people[who].post(f"/v1/centre/groups{path}", body)
        assert answer.status_code == status, (who, path, answer.text)
        return answer.json

    def propose(self, who: str = "officer", status: int = 202, **changes: Any) -> Any:
        body = {name: value for name, value in (SAID | changes).items() if value is not None}
        return self.post(who, "", body, status)

    def decide(
        self, who: str, proposal_id: str, status: int = 204, *, approve: bool = True, **more: Any
    ) -> Any:
        said = {"approve": approve, "reason": "对照证件复核"} | more
        return self.post(who, f"/waiting/{proposal_id}/decide", said, status)

    def state(self, who: str = "officer", **changes: Any) -> str:
        """One officer states it, another of the department decides; the record's id."""
        before = self.kept()
        self.decide(f"{who}-2", self.propose(who, **changes)["proposal_id"])
        (made,) = self.kept() - before
        return str(uuid.UUID(bytes=made))

    def kept(self) -> set[bytes]:
        with self.house.db.read() as conn:
            return set(conn.scalars(sa.select(group_entry.c.record_id)))

    def correct(self, record_id: str, body: dict[str, Any]) -> None:
        made = self.post("officer", f"/{record_id}/correct", body, 202)
        self.decide("officer-2", made["proposal_id"])

    def get(self, who: str, path: str = "", status: int = 200) -> Any:
        if not path.startswith("/"):
            # A list is of a case.
            path = f"?case_ref={quote(CASE)}&{path.removeprefix('?')}"
        answer = self.people[who].get(f"/v1/centre/groups{path}")
        assert answer.status_code == status, (who, path, answer.text)
        return answer.json

    def archive(self) -> Archive:
        archive = Reader(self.house).archive(self.worker_id)
        assert archive is not None
        return archive

    def statement(self) -> RecordState:
        (found,) = (one for one in self.archive().state.records if one.record["type"] == "group-membership")
        return found

    def looks(self) -> list[looked.Seen]:
        with self.house.db.read() as conn:
            return looked.of_worker(conn, self.worker_id)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The demo on loopback: its cookies need no TLS."""
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(beijing_ms(dt.date(2026, 1, 8)) + DAY_MS // 2)


@pytest.fixture
def app(house: House) -> flask.Flask:
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.groups.routes"))
    made.testing = False
    return made


@pytest.fixture
def place(app: flask.Flask, house: House) -> Place:
    centre = Centre(house, 1)
    centre.enter(centre.completion(WHO))
    worker_id, ids = centre.worker_id(WHO), {}

    def act(turn: Any) -> None:
        for uscc, kind, division in (
            (FEDERATION, "disabled-federation", "640000"),
            (VETERANS, "veterans-affairs", "640000"),
            (CITY, "disabled-federation", "640200"),
        ):
            entry = institutions.Entry(uscc, f"部门{uscc[-4:]}", kind, "2015-01-01", None, "test")
            institutions.enter(turn, entry, "official:1")
            areas.place_institution(turn, uscc, division, "test", "official:1")
        areas.place_worker(turn, worker_id, "640104", "test")
        for name, (institution, position) in OFFICES.items():
            ids[name] = staff.add_new(turn, institution, f"{name}某", "staff:s-1", house.random)
            staff.give(turn, ids[name], position, by="staff:s-1")

    house.db.write(act)
    made = Place(app, house, centre, worker_id, ids, {})
    made.sign_in()
    return made


def test_every_group_of_a_department_is_a_group_and_every_department_a_kind() -> None:
    rows = dated.on(GROUPS, "2026-01-08").rows
    for row in rows:
        assert dated.on("worker_groups", "2026-01-08").get(row["group"]) is not None
        assert dated.on("issuer_kinds", "2026-01-08").get(row["department"]) is not None


# -- stating


def test_a_statement_is_an_entry_on_the_word_of_the_officer(place: Place) -> None:
    record_id = place.state()

    found = place.statement()
    assert found.record["id"] == record_id
    assert found.record["issuer"] == place.house.settings.region
    assert found.record["actor"]["id"] == f"staff:{place.ids['officer']}"
    assert found.record["actor"]["role"] == "officer"
    assert found.body == {
        "group": "disabled",
        "valid_from": "2025-06-01",
        "source": "certificate",
        "source_reference": "残证〔2025〕0101号",
        "source_body": f"部门{FEDERATION[-4:]}",
        "checked_on": "2026-01-05",
    }
    assert {(one.purpose, one.case_ref, one.actor_id) for one in place.looks()} == {
        ("department", SAID["case_ref"], place.ids[who]) for who in ("officer", "officer-2")
    }


def test_the_worker_is_told_by_which_department_not_who_signed_for_it(place: Place) -> None:
    record_id = place.state()
    place.post("officer", f"/{record_id}/withdraw", {"reason": "证件经核查不属实"})
    announcer(place.house).run()

    with place.house.db.read() as conn:
        found = of_workers(place.house, conn, [place.worker_id])
    told = {one.kind: one.params["issuer"] for one in found}
    assert told["record-revoked"] == FEDERATION
    entered = [one.params for one in found if one.kind == "record-entered"]
    assert [one["issuer"] for one in entered if one.get("type") == "group-membership"] == [FEDERATION]
    assert place.house.settings.region not in {one["issuer"] for one in entered}


def test_what_is_stated_feeds_the_rules_with_who_says_it_and_since_when(place: Place) -> None:
    place.state()
    held = archive_facts.of_groups(place.archive(), "2026-01-08").told["disabled"]

    assert (held.value, held.on) == (True, "2026-01-05")
    assert f"部门{FEDERATION[-4:]}" in held.source
    assert "disabled" not in archive_facts.of_groups(place.archive(), "2025-05-31").told


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"group": "veteran"}, "/group"),
        ({"group": "custody"}, "/group"),
        ({"valid_from": "2026-01-09"}, "/valid_from"),
        ({"valid_to": "2025-05-31"}, "/valid_to"),
        ({"checked_on": "2026-01-09"}, "/checked_on"),
        ({"valid_from": "2026-02-30"}, "/valid_from"),
        ({"number": "123"}, "/number"),
        ({"name": "马?"}, "/name"),
        ({"source_reference": WHO["number"]}, "/source_reference"),
        ({"source_reference": "电话13900001234"}, "/source_reference"),
        ({"case_ref": f"残培 {WHO['number']}"}, "/case_ref"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_entered(
    place: Place, changed: dict[str, str], pointer: str
) -> None:
    before = len(place.archive().entries)
    refused = place.propose(status=422, **changed)

    assert pointer in [one["pointer"] for one in refused["errors"]]
    assert WHO["number"] not in str(refused)
    assert len(place.archive().entries) == before


def test_nobody_another_name_and_another_area_answer_alike(place: Place) -> None:
    nobody, other = person(9), {"name": "李某"}
    answers = [
        place.people[who].post("/v1/centre/groups", SAID | changed)
        for who, changed in (
            ("officer", {"number": nobody["number"], "name": nobody["name"]}),
            ("officer", other),
            ("city", {}),
        )
    ]

    assert {one.status_code for one in answers} == {404}
    assert {(one.json["code"], one.json["title"]) for one in answers} == {
        ("group-member-unknown", answers[0].json["title"])
    }
    with place.house.db.read() as conn:
        rows = conn.execute(sa.select(official_act).where(official_act.c.act == "group.find-nothing")).all()
    assert [row.subject for row in rows] == ["resident-id"] * 3
    assert WHO["number"] not in str(rows)
    assert place.looks() == []


def test_the_same_group_is_stated_once_while_it_holds(place: Place) -> None:
    record_id = place.state()
    place.propose(status=409, source_reference="另一份")
    place.post("officer", f"/{record_id}/withdraw", {"reason": "证件看错"})
    assert place.state() != record_id


def test_the_same_request_under_one_key_states_once(place: Place) -> None:
    key = {"Idempotency-Key": "k-000000000001"}
    first, second = (place.people["officer"].post("/v1/centre/groups", SAID, **key) for _ in range(2))

    assert (first.status_code, second.status_code, first.json) == (202, 202, second.json)
    waits = place.get("officer-2", f"/waiting?case_ref={quote(CASE)}")["items"]
    assert [one["proposal_id"] for one in waits] == [first.json["proposal_id"]]


@pytest.mark.parametrize("who", ["colleague"])
def test_only_an_officer_states(place: Place, who: str) -> None:
    place.propose(who, 403)
    place.get(who, status=403)


def test_a_department_that_is_closed_answers_for_nobody(place: Place) -> None:
    place.house.db.write(
        lambda turn: institutions.state(
            turn, FEDERATION, FactKind.CLOSED, "2026-01-01", "撤并", "test", "official:1"
        )
    )
    assert place.propose(status=422)["errors"][0]["pointer"] == "/group"
    assert place.get("officer")["groups"] == []


# -- changing


def test_a_statement_is_corrected_ended_and_withdrawn_by_entries(place: Place) -> None:
    record_id = place.state()
    place.correct(record_id, {"valid_from": "2025-07-01", "reason": "以发证日期为准"})
    assert place.statement().body["valid_from"] == "2025-07-01"
    place.post("officer", f"/{record_id}/end", {"valid_to": "2026-01-07", "reason": "证件到期"})
    assert place.get("officer")["items"][0]["holds"] is False
    place.post("officer", f"/{record_id}/withdraw", {"reason": "不是本人"})
    found = place.statement()
    assert (found.life, len(found.corrections)) == (Life.REVOKED, 2)
    assert place.post("officer", f"/{record_id}/end", {"valid_to": "2026-01-08", "reason": "x"}, 409)[
        "code"
    ] == ("group-statement-over")
    assert archive_facts.of_groups(place.archive(), "2026-01-08").told == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"valid_to": "2025-05-01", "reason": "x"}, "/valid_to"),
        ({"valid_from": "2025-06-01", "reason": "x"}, "/reason"),
        ({"valid_from": None, "reason": "x"}, "/valid_from"),
        ({"checked_on": "2026-01-06", "reason": f"见 {WHO['number']}"}, "/reason"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(place: Place, body: dict[str, Any], pointer: str) -> None:
    record_id = place.state()
    refused = place.post("officer", f"/{record_id}/correct", body, 422)
    assert pointer in [one["pointer"] for one in refused["errors"]]
    assert len(place.archive().entries) == 2


def test_ending_goes_backwards_only(place: Place) -> None:
    """One officer takes away; what gives something more takes two."""
    record_id = place.state(valid_to="2026-03-31")
    later = {"valid_to": "2026-04-30", "reason": "换证"}
    refused = place.post("officer", f"/{record_id}/end", later, 422)
    assert [one["pointer"] for one in refused["errors"]] == ["/valid_to"]
    place.correct(record_id, later)
    assert place.statement().body["valid_to"] == "2026-04-30"


@pytest.mark.parametrize("verb", ["correct", "end", "withdraw"])
def test_what_is_done_to_a_statement_is_done_for_a_case(place: Place, verb: str) -> None:
    record_id = place.state()
    asked = {"reason": "x"} if verb == "withdraw" else {"reason": "x", "valid_to": "2026-01-07"}
    assert place.post("officer", f"/{record_id}/{verb}", asked | {"case_ref": None}, 422)["code"] == "form"
    before = len(place.looks())
    unknown = place.post("officer", f"/{record_id}/{verb}", asked | {"case_ref": str(uuid.uuid4())}, 422)
    assert (unknown["code"], len(place.looks())) == ("case-unknown", before)
    place.post("officer", f"/{record_id}/{verb}", asked, 202 if verb == "correct" else 204)
    assert [one.case_ref for one in place.looks()][: len(place.looks()) - before] == [CASE]


# -- the second officer


def test_a_statement_waits_for_another_officer_of_the_department(place: Place) -> None:
    proposal = place.propose()["proposal_id"]
    assert len(place.archive().entries) == 1, "nothing is entered, so no rule pays for it"
    assert place.decide("officer", proposal, 403)["code"] == "same-person"
    for who in ("veterans", "city", "veterans-2"):
        assert place.decide(who, proposal, 404)["code"] == "group-waiting-unknown"
    assert (
        place.people["colleague"].post(f"/v1/centre/groups/waiting/{proposal}/decide", {}).status_code == 403
    )
    path = f"/waiting?case_ref={quote(CASE)}"
    (mine,), (theirs,) = (place.get(who, path)["items"] for who in ("officer", "officer-2"))
    assert (mine["own"], theirs["own"], theirs["body"]["group"]) == (True, False, "disabled")
    assert (theirs["name"], theirs["number_tail"]) == (WHO["name"], WHO["number"][-4:])
    assert place.get("veterans", path)["items"] == []
    place.decide("officer-2", proposal)
    assert place.statement().record["actor"]["id"] == f"staff:{place.ids['officer']}"
    assert place.get("officer-2", path)["items"] == []
    assert place.decide("officer-2", proposal, 409)["code"] == "proposal-closed"
    assert {one.actor_id for one in place.looks()} == {place.ids["officer"], place.ids["officer-2"]}


def test_two_officers_who_came_in_by_one_person_leave_an_act(place: Place) -> None:
    """No refusal, since a department has one head as a rule; but whoever may be both is seen."""

    def invited(officer: str, by: str) -> None:
        own = staff_table.c.staff_id == place.ids[officer]
        change = staff_table.update().where(own).values(invited_by=by)
        place.house.db.write(lambda turn: turn.conn.execute(change))

    def noted() -> list[tuple[str, str, str]]:
        own = official_act.c
        with place.house.db.read() as conn:
            found = conn.execute(official_act.select().where(own.act == "group.one-inviter").order_by(own.id))
            return [(one.actor, one.subject, one.reason) for one in found]

    invited("officer", "staff:s-1")
    invited("officer-2", "staff:s-2")
    record_id = place.state()
    assert noted() == []
    invited("officer-2", "staff:s-1")
    place.correct(record_id, {"valid_from": "2025-07-01", "reason": "以发证日期为准"})
    assert noted() == [(f"staff:{place.ids['officer-2']}", FEDERATION, "staff:s-1")]


def test_what_is_refused_or_taken_back_enters_nothing(place: Place) -> None:
    refused, back = place.propose()["proposal_id"], place.propose()["proposal_id"]
    place.decide("officer-2", refused, approve=False)
    take = f"/waiting/{back}/withdraw"
    assert place.post("officer-2", take, {"reason": "x"}, 403)["code"] == "not-the-proposer"
    place.post("officer", take, {"reason": "证件未核对"})
    assert place.decide("officer-2", back, 409)["code"] == "proposal-closed"
    assert len(place.archive().entries) == 1


def test_of_two_proposals_of_one_group_the_second_is_not_entered(place: Place) -> None:
    first, second = place.propose()["proposal_id"], place.propose()["proposal_id"]
    place.decide("officer-2", first)
    assert place.decide("officer-2", second, 409)["code"] == "group-already-stated"
    assert len(place.archive().entries) == 2


def test_who_is_no_officer_any_more_decides_nothing(place: Place) -> None:
    proposal = place.propose()["proposal_id"]
    look = waiting.for_case(place.house, second(place), uuid.UUID(proposal).bytes, CASE, "r")
    place.house.db.write(
        lambda turn: staff.end(turn, place.ids["officer-2"], Position.OFFICER, by="staff:s-1")
    )
    with pytest.raises(Forbidden):
        place.house.db.write(
            lambda turn: waiting.decide(
                turn, place.house, second(place), uuid.UUID(proposal).bytes, look, approve=True, reason="x"
            )
        )
    assert len(place.archive().entries) == 1


def second(place: Place) -> Actor:
    """The second officer as their request began."""
    return Actor(Kind.STAFF, place.ids["officer-2"], frozenset({Position.OFFICER}), FEDERATION)


def test_a_proposal_names_no_group_and_nobody(place: Place) -> None:
    place.propose()
    with place.house.db.read() as conn:
        (row,) = conn.execute(sa.select(two_person.proposal)).all()
    text = " ".join(map(str, row))
    for word in ("disabled", WHO["name"], WHO["number"], CASE, "残证"):
        assert word not in text


def test_the_desk_knows_nothing_of_what_a_department_proposes(place: Place) -> None:
    waits = place.propose()["proposal_id"]
    place.state()
    place.house.db.write(lambda turn: demo.create_desk(turn, "64"))
    desk = ("handler", "reviewer", "registrar", "inspector", "auditor", "data-officer")
    for kind in desk:
        browser = place.app.test_client()
        answer = browser.post("/login/demo", json={"kind": kind})
        who = Person(browser, answer.json["csrf_token"])
        for state_of in ("open", "closed"):
            listed = who.get(f"/v1/desk/proposals?state={state_of}")
            assert listed.json["items"] == [], (kind, state_of)
        for verb, body in (("decide", {"approve": False, "reason": "x"}), ("withdraw", {"reason": "x"})):
            answer = who.post(f"/v1/desk/proposals/{waits}/{verb}", body)
            assert answer.status_code in (403, 404), (kind, verb)
            assert "institution" not in answer.text
    place.decide("officer-2", waits, approve=False)


@pytest.mark.parametrize("who", ["veterans", "city"])
def test_a_foreign_statement_answers_like_none(place: Place, who: str) -> None:
    record_id, none = place.state(), "0190163d-8694-739b-aea5-000000000001"
    for verb, body in (
        ("correct", {"valid_to": None, "reason": "x"}),
        ("end", {"valid_to": "2026-01-08", "reason": "x"}),
        ("withdraw", {"reason": "x"}),
    ):
        assert place.post(who, f"/{record_id}/{verb}", body, 404)["code"] == "group-statement-unknown"
    answers = [
        place.people[who].get(f"/v1/centre/groups/{one}/trainings?case_ref=K-2026-1")
        for one in (record_id, none)
    ]
    assert answers[0].status_code == 404
    assert answers[0].data == answers[1].data
    assert place.get(who)["items"] == []


def test_a_worker_who_moved_away_is_not_the_departments_any_more(place: Place) -> None:
    place.house.db.write(lambda turn: areas.place_worker(turn, place.worker_id, "640200", "test"))
    record_id = place.state("city")
    assert len(place.get("city")["items"]) == 1
    place.house.db.write(lambda turn: areas.place_worker(turn, place.worker_id, "640104", "test"))
    assert place.get("city")["items"] == []
    place.get("city", f"/{record_id}/trainings?case_ref=K-2026-1", 404)


# -- reading


def test_the_list_tells_totals_and_leaves_a_row_for_everybody(place: Place) -> None:
    place.state()
    place.centre.enter(place.centre.completion(WHO, result="failed", **{"class": {"code": "C2"}}))
    told = place.get("officer", "?group=disabled")

    (one,) = told["items"]
    assert told["groups"] == ["disabled"]
    assert (one["name"], one["number_tail"]) == (WHO["name"], WHO["number"][-4:])
    assert (one["trainings"], one["certificates"], one["last_on"]) == (1, 0, "2025-12-29")
    assert (one["holds"], one["contested"]) == (True, False)
    assert WHO["number"] not in str(told)
    assert sorted(one.fields for one in place.looks()) == ["identity group"] * 2 + ["identity group totals"]
    assert place.get("officer", "?group=veteran")["items"] == []
    assert len(place.looks()) == 3, "who is not shown was not looked at"


def test_trainings_are_read_for_a_case_and_nothing_but_trainings(place: Place) -> None:
    record_id = place.state()
    place.get("officer", f"/{record_id}/trainings", 400)
    told = place.get("officer", f"/{record_id}/trainings?case_ref=K-2026-1")["items"]

    assert [one["type"] for one in told] == ["training-completion"]
    assert ("trainings", "K-2026-1") in {(one.fields, one.case_ref) for one in place.looks()}
    place.post("officer", f"/{record_id}/end", {"valid_to": "2026-01-07", "reason": "到期"})
    assert (
        place.get("officer", f"/{record_id}/trainings?case_ref=K-2026-1", 409)["code"]
        == "group-statement-over"
    )


def test_without_a_row_nothing_is_given_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    record_id = place.state()

    def fails(*_arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("recordsvc.access.looked_log.LookTurn.before_commit", fails)
    for path in ("", f"/{record_id}/trainings?case_ref=K-2026-1"):
        assert place.get("officer", path, 503)["code"] == "look-not-written"
    place.propose(group="disabled", status=409)


def test_a_look_at_ones_own_people_is_explained_and_at_others_is_not(place: Place) -> None:
    place.state()
    look = Looked(0, place.worker_id, 0, "staff", place.ids["officer"], "department", "trainings", "")
    with place.house.db.read() as conn:
        related = [
            any(test(place.house, conn, one) for test in place.house.look_relations)
            for one in (look, dataclasses.replace(look, actor_id=place.ids["veterans"]))
        ]
    assert related == [True, False]


def test_a_restricted_group_is_not_stated_anew_by_any_department(place: Place) -> None:
    record_id = uuid.UUID(place.state()).bytes
    seal(place.house, place.worker_id, record_id)
    assert place.propose(status=423)["code"] == "record-restricted"
    place.propose("veterans", group="veteran")
    lift(place.house, place.worker_id, record_id)
    assert place.propose(status=409)["code"] == "group-already-stated"


def test_a_department_is_told_what_becomes_of_its_statement(place: Place) -> None:
    """Sealed, shown again, moved, erased: it is told, by the statement's id alone."""
    house, name = place.house, place.state()
    record_id = uuid.UUID(name).bytes
    other = place.centre.completion(person(2))
    place.centre.enter(other)
    right = place.centre.worker_id(person(2))
    seal(house, place.worker_id, record_id)
    lift(house, place.worker_id, record_id)
    move(house, place.worker_id, record_id, right)
    announcer(house).run()
    said = {"count": 1, "record_id": name}
    kinds = ["statement-lifted", "statement-moved", "statement-restricted"]
    assert told_of(house, FEDERATION) == [(kind, said) for kind in kinds]
    assert told_of(house, VETERANS) == []

    again = place.state()
    restrict(house, place.worker_id)
    decide_erasure(house, place.worker_id)
    assert told_of(house, FEDERATION)[0] == ("statement-erased", {"count": 1})
    assert again not in str(told_of(house, FEDERATION))


def test_a_restricted_archive_is_told_of_to_nobody(place: Place) -> None:
    record_id = place.state()
    worker = people_tables.worker
    restricting = worker.update().where(worker.c.worker_id == place.worker_id).values(state="restricted")
    place.house.db.write(lambda turn: turn.conn.execute(restricting).rowcount)

    (one,) = place.get("officer")["items"]
    assert (one["name"], one["number_tail"], one["body"], one["trainings"]) == ("", "", None, 0)
    place.get("officer", f"/{record_id}/trainings?case_ref=K-2026-1", 423)
    place.propose(status=404)
    place.post("officer", f"/{record_id}/withdraw", {"reason": "x"}, 423)


def test_an_erasure_takes_the_row_with_the_archive(place: Place) -> None:
    place.state()
    place.house.db.write(lambda turn: erasing.destroy(turn, place.house, place.worker_id))

    with place.house.db.read() as conn:
        assert conn.execute(sa.select(group_entry)).all() == []
    assert place.get("officer")["items"] == []


def test_an_erased_statement_is_gone_and_may_be_stated_anew(place: Place) -> None:
    record_id, seq = place.state(), place.statement().seq
    place.house.db.write(lambda turn: erasing.destroy(turn, place.house, place.worker_id, seq))

    assert place.get("officer")["items"] == []
    place.get("officer", f"/{record_id}/trainings?case_ref=K-2026-1", 404)
    assert place.state() != record_id


def test_a_contested_statement_is_shown_as_such_and_counts_for_no_rule(place: Place) -> None:
    place.state()
    said = {
        "contests": place.statement().record["id"],
        "reason": "other",
        "text": "不是我",
        "channel": "page",
    }
    state(place.house, place.worker_id, "contest", said, place.statement().seq)
    assert place.statement().confirmation is Confirmation.CONTESTED
    assert place.get("officer")["items"][0]["contested"] is True
    assert archive_facts.of_groups(place.archive(), "2026-01-08").told == {}


def test_the_ordered_feed_withholds_it_and_what_the_department_did_about_it(place: Place) -> None:
    record_id = place.state()
    place.post("officer", f"/{record_id}/withdraw", {"reason": "认错了人"})
    items, _position = feed.entries(place.house, -1, 100)
    told = [(one["withheld"], one["erased"], one["record"] is None) for one in items]

    assert told == [(False, False, False), (True, False, True), (True, False, True)]


def test_a_page_of_the_list_is_of_the_own_area(place: Place) -> None:
    """What lies elsewhere is left out before a page is cut, so that no page is short of what there is."""
    place.house.db.write(lambda turn: areas.place_worker(turn, place.worker_id, "640200", "test"))
    place.state("city")
    for n in (2, 3):
        who = person(n)
        place.centre.enter(place.centre.completion(who))
        found = place.centre.worker_id(who)
        place.house.db.write(lambda turn, found=found: areas.place_worker(turn, found, "640200", "test"))
        place.state("city", name=who["name"], number=who["number"])
        place.house.db.write(lambda turn, found=found: areas.place_worker(turn, found, "640300", "test"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PAGE", 1)
        told = place.get("city")
        assert [one["name"] for one in told["items"]] == [WHO["name"]]
        assert place.get("city", f"?before={told['next']}")["items"] == []


def test_the_desk_reads_an_archive_without_it(place: Place) -> None:
    from recordsvc.archive import views

    place.state()
    person_of = persons.read(place.house, place.worker_id)
    assert person_of is not None
    assert b"group-membership" in views.person_json(person_of)
    assert b"group-membership" not in views.person_json(views.for_officials(person_of))
