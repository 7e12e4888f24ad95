"""No door tells by a case who has an archive: every one that takes a case is knocked at, or placed here.

The list comes from the application: a new door that takes a case reference fails until it is driven, or it is
said why it names nobody. Each is sent the same for somebody who is there and for nobody: with a case that was
invented, and with one about another worker.
"""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from recordsvc import service
from recordsvc.access import areas, codes, staff
from recordsvc.access.grants import POLICIES, Kind, Position
from recordsvc.access.policy import Surface, doors
from recordsvc.bodies import institutions
from recordsvc.ground.forms import Form
from recordsvc.people import synthetic
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_cases import INVENTED, Scene, carded

Said = dict[str, Any]
DEPARTMENT = synthetic.uscc(81)
WINDOW = "service-window"


def shown(one: Said) -> Said:
    """What lies on the counter: document and card."""
    return {"document": "resident-id", "number": one["number"], "card": one["card"]["number"]}


def card(one: Said) -> Said:
    named = {"document": "resident-id", "document_number": one["number"], "name": one["name"]}
    return named | {"number": one["card"]["number"], "normal_since": None, "purpose": WINDOW}


def account(one: Said) -> Said:
    kept = {"name": one["name"], "number": "6217000010000000003", "bank": "102871000006"}
    return kept | {"payee": f"worker:{one['id']}", "purpose": "objection"}


def typed_account(one: Said) -> Said:
    kept = {"of": "worker", "kind": "resident-id", "number": one["number"], "uscc": "", "name": one["name"]}
    return kept | {"account": "6217000010000000003", "bank": "102871000006", "purpose": "objection"}


def stated(one: Said) -> Said:
    named = {"name": one["name"], "document": "resident-id", "number": one["number"], "group": "disabled"}
    return named | {"valid_from": "2025-06-01", "source": "certificate", "checked_on": "2025-06-02"}


def pack(one: Said) -> Said:
    selection = {"workers": [one["id"]]}
    return {"auditor": "demo-auditor", "reason": "年度审计", "selection": selection, "whole": False}


def looking(purpose: str = "objection") -> Callable[[Said], Said]:
    return lambda _one: {"purpose": purpose}


def numbered(one: Said) -> Said:
    return {"kind": "resident-id", "number": one["number"], "purpose": "objection"}


HAND_OVER: Callable[[Said], Said] = lambda one: (  # noqa: E731 - one line of the table
    shown(one) | {"name": one["name"], "lost": False, "purpose": WINDOW}
)
DRIVEN: dict[str, tuple[str, Callable[[Said], Said]]] = {
    "POST /v1/desk/workers/find": ("handler", numbered),
    "POST /v1/desk/activations": ("handler", HAND_OVER),
    "POST /v1/desk/services": ("handler", lambda one: shown(one) | {"purpose": WINDOW}),
    "POST /v1/desk/cards/confirm": ("registrar", card),
    "POST /v1/desk/payee-accounts": ("handler", account),
    "POST /v1/desk/audit-packs": ("data-officer", pack),
    "GET /v1/desk/workers/<id:worker_id>/archive": ("handler", looking()),
    "GET /v1/desk/workers/<id:worker_id>/numbers": ("handler", looking()),
    "GET /v1/desk/workers/<id:worker_id>/papers": ("handler", looking()),
    "GET /v1/desk/workers/<id:worker_id>/papers/<id:paper_id>": ("handler", looking()),
    "POST /v1/centre/groups": ("officer", stated),
    "GET /desk/workers/<id:worker_id>/numbers": ("handler", looking()),
    # Pages: the form before what is read, and what is found by a number.
    "POST /desk/workers/<id:worker_id>": ("handler", looking()),
    "POST /desk/numbers": ("handler", lambda one: numbered(one) | {"to": "numbers"}),
    "POST /desk/activate": ("handler", HAND_OVER),
    "POST /desk/cards/confirm": (
        "registrar",
        lambda one: card(one) | {"normal_since": "", "social": "unchecked"},
    ),
    "POST /desk/payee-accounts/new": ("handler", typed_account),
    "POST /window": ("handler", lambda one: shown(one) | {"purpose": WINDOW}),
    "POST /centre/groups/new": ("officer", lambda one: stated(one) | {"source_reference": ""}),
}
"""Door → who knocks, and what they send about a person besides the case."""

OLD_PAPERS = "a file of old papers: nothing that the archive knows of its people is told before two decided"
INSTITUTION = "papers of an institution: no person is named"
LIST = "a list of all that waits, or of the department's own: no person is named"
DECIDED = "names the proposal about that worker which two officials decided"
OBJECT = "names a claim, a case or a statement by its own random id, and no person"
ELSEWHERE = {
    "GET /v1/desk/institutions/<uscc>/papers": INSTITUTION,
    "GET /v1/desk/institutions/<uscc>/papers/<id:paper_id>": INSTITUTION,
    "POST /desk/papers": INSTITUTION,
    "GET /desk/papers/<uscc>": INSTITUTION,
    "GET /desk/papers/<uscc>/<id:paper_id>": INSTITUTION,
    "GET /v1/desk/notices/print": LIST,
    "GET /desk/notices/print": LIST,
    "GET /v1/centre/groups": LIST,
    "POST /centre/groups": LIST,
    "GET /v1/centre/groups/waiting": LIST,
    "POST /v1/centre/groups/waiting/<id:proposal_id>/decide": OBJECT,
    **{f"POST /v1/centre/groups/<id:record_id>/{one}": OBJECT for one in ("correct", "end", "withdraw")},
    "POST /v1/desk/imports": OLD_PAPERS,
    **{f"POST /desk/imports/{one}": OLD_PAPERS for one in ("try", "answer", "propose")},
    "POST /desk/packs/new": "chooses by institution and days: no person is named",
    "GET /v1/desk/claims/<id:claim_id>": OBJECT,
    "GET /v1/desk/payables/<id:claim_id>": OBJECT,
    "GET /v1/desk/recoveries/<id:recovery_id>": OBJECT,
    "POST /desk/claims/<id:claim_id>": OBJECT,
    "POST /desk/claims/<id:claim_id>/steps": OBJECT,
    "POST /desk/payables/<id:claim_id>": OBJECT,
    "POST /desk/payables/<id:claim_id>/steps": OBJECT,
    "POST /desk/recoveries/<id:recovery_id>": OBJECT,
    "POST /desk/recoveries/<id:recovery_id>/<act>": OBJECT,
    "GET /v1/centre/groups/<id:record_id>/trainings": OBJECT,
    "POST /centre/groups/<id:record_id>/trainings": OBJECT,
    "GET /v1/desk/held/<id:held_id>": OBJECT,
    "GET /v1/desk/disputes/<id:dispute_id>": OBJECT,
    "GET /v1/desk/workers/<id:worker_id>/copy": DECIDED,
    "POST /v1/desk/workers/<id:worker_id>/hold-copy": DECIDED,
    "POST /desk/disputes/<id:dispute_id>": OBJECT,
    "POST /desk/disputes/<id:dispute_id>/decide": OBJECT,
    "POST /desk/disputes/<id:dispute_id>/messages": OBJECT,
    "POST /desk/held/<id:held_id>": OBJECT,
    "POST /desk/held/<id:held_id>/release": OBJECT,
    "POST /desk/held/<id:held_id>/return": OBJECT,
}
NAMED = (
    "POST /v1/desk/workers/find",
    "POST /v1/desk/activations",
    "POST /v1/desk/services",
    "POST /v1/desk/cards/confirm",
    "POST /v1/desk/payee-accounts",
    "POST /v1/centre/groups",
    "GET /v1/desk/workers/<id:worker_id>/archive",
    "GET /v1/desk/workers/<id:worker_id>/numbers",
    "GET /v1/desk/workers/<id:worker_id>/papers",
    "GET /desk/workers/<id:worker_id>/numbers",
    "POST /desk/numbers",
    "POST /desk/activate",
    "POST /desk/cards/confirm",
    "POST /desk/payee-accounts/new",
    "POST /window",
    "POST /centre/groups/new",
)
"""Those that find or show a person: where the case is about another, the row tells that person who asked."""


def with_a_case(app: Flask) -> set[str]:
    """Return the doors, as `METHOD rule`, of officials and people of institutions that take a case."""
    found = set()
    for one in doors(app).values():
        if {grant.kind for grant in POLICIES[one.policy]}.isdisjoint({Kind.OFFICIAL, Kind.STAFF}):
            continue
        for read in (one.body, one.query):
            form = getattr(read, "schema", read)
            if isinstance(form, type) and issubclass(form, Form) and "case_ref" in form().load_fields:
                found |= {f"{method} {one.rule}" for method in one.methods}
    return found


def behind(app: Flask) -> set[str]:
    """Return the forms of pages about a worker whose opaque id a look told before: that look left its row."""
    return {
        f"POST {one.rule}"
        for one in doors(app).values()
        if one.surface is Surface.PAGE and "/<id:worker_id>/" in one.rule and "POST" in one.methods
    }


def test_every_door_that_takes_a_case_is_placed() -> None:
    app = service.skeleton()
    found, forms = with_a_case(app), behind(app)
    assert found - forms == DRIVEN.keys() | ELSEWHERE.keys()
    assert not DRIVEN.keys() & ELSEWHERE.keys()


class Knocking(Scene):
    """The two workers, somebody who is nobody, and an officer of a department."""

    def __init__(self, journey: Journey) -> None:
        super().__init__(journey)
        self.there = self.people[1] | {"id": self.other}
        self.nobody = carded(journey, 9) | {"id": str(uuid.UUID(int=9))}
        self.browsers = {"officer": self._officer()}

    def _officer(self) -> Any:
        house, name = self.journey.house, ""

        def act(turn: Any) -> str:
            entry = institutions.Entry(
                DEPARTMENT, "某残联", "disabled-federation", "2015-01-01", None, "test"
            )
            institutions.enter(turn, entry, "official:1")
            areas.place_institution(turn, DEPARTMENT, "640000", "test", "official:1")
            officer = staff.add_new(turn, DEPARTMENT, "官某", "staff:s-1", house.random)
            staff.give(turn, officer, Position.OFFICER, by="staff:s-1")
            for worker in (self.mine, self.other):
                areas.place_worker(turn, uuid.UUID(worker).bytes, "640104", "test")
            return officer

        name = house.db.write(act)
        own = staff.code_name(name)
        code = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, own))
        browser = self.journey.app.test_client()
        said = {"staff_id": name, "code": code}
        answer = browser.post("/login/staff", json=said, base_url=HOST, headers={"Origin": HOST})
        assert answer.status_code == 200, answer.text
        return browser, answer.json["csrf_token"]

    def knock(self, door: str, one: Said, case: str) -> tuple[int, str]:
        """Return what somebody is answered about a person; what they sent themselves is taken out of it."""
        method, _, rule = door.partition(" ")
        who, body = DRIVEN[door]
        client, token = self.browsers.get(who) or self.journey.browser(who)
        path = rule.replace("<id:worker_id>", one["id"])
        path = re.sub("<id:[a-z_]+>", str(uuid.UUID(int=5)), path)
        said = body(one) | {"case_ref": case}
        if method == "GET":
            answer = client.get(path, query_string=said, base_url=HOST)
        elif path.startswith("/v1/"):
            answer = client.post(path, json=said, base_url=HOST, headers={"X-CSRF-Token": token})
        else:
            said = {name: str(value or "") for name, value in said.items()} | {"csrf_token": token}
            answer = client.post(path, data=said, base_url=HOST, headers={"Origin": HOST})
        text = re.sub("[0-9a-f-]{32,36}", "", answer.text)
        for value in sorted((str(value) for value in body(one).values() if value), key=len, reverse=True):
            text = text.replace(value, "")
        return answer.status_code, text

    def traces(self) -> tuple[list[Any], list[Any]]:
        """Return the looks at the other worker, and what officials did."""
        return self.rows(self.other), self.acts()


@pytest.fixture
def knocking(journey: Journey) -> Knocking:
    return Knocking(journey)


def test_an_invented_case_answers_before_anybody_is_looked_for(knocking: Knocking) -> None:
    """Whether the person is there or not, every door says the same, and writes nothing."""
    before = knocking.traces()
    for door in DRIVEN:
        there, nobody = (knocking.knock(door, one, INVENTED) for one in (knocking.there, knocking.nobody))
        assert there == nobody, door
        assert there[0] in (404, 422), (door, there)
        assert knocking.traces() == before, door


def test_a_case_about_another_tells_nowhere_who_is_there(knocking: Knocking) -> None:
    """Somebody who is there and whom the case is not about is answered like nobody, and sees who asked."""
    for door in NAMED:
        before = len(knocking.rows(knocking.other))
        there, nobody = (
            knocking.knock(door, one, knocking.dispute) for one in (knocking.there, knocking.nobody)
        )
        assert there == nobody, door
        assert there[0] in (404, 422), (door, there)
        rows = knocking.rows(knocking.other)
        assert [one.case_ref for one in rows[: len(rows) - before]] == [knocking.dispute], door
