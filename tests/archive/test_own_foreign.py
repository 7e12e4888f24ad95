"""Own, foreign and missing objects at every door, for every kind of client and every position of staff.

The list of doors comes from the application, so that a new one with an id in its path is tried the day it is
declared. Whoever is let into a door finds there what is their institution's; what is another's answers as
what is missing: same status, code, headers and shape. Who is not let in: tests/access/test_policy.py.
"""

import re
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from recordsvc import create_app
from recordsvc.access import policy, staff
from recordsvc.access.clients import SCOPES, ClientKind
from recordsvc.access.grants import ANYONE, Actor, Kind, Position, admits
from recordsvc.access.policy import Door, doors
from recordsvc.archive import confirm, dispute_follower, disputes
from recordsvc.archive.announcing import announcer
from recordsvc.ground.database import Database
from recordsvc.ground.http import FORM
from recordsvc.house import House
from tests.archive.paperfiles import png
from tests.archive.support import STATER, Centre, id_of, person, shown
from tests.archive.test_sharing import give, raw_id

SIDES = ("own", "foreign")
FILLER = {"text": "情况说明", "outcome": "rejected", "position": "clerk", "reason": "other", "code": ""}
"""What forms ask for, so that an answer is about the object and not about a field that is missing."""
OF_A_PERSON = (
    "listed_id",
    "credential_id",
    "bundle_id",
    "agency_id",
    "class_id",
    "offering_id",
    "plan_id",
    "fee_payment_id",
    "refund_id",
    "learner_id",
    "act",
)
"""Ids of one's own sessions and ways in, which no institution has: tests/access/test_login.py.
Contracts and sheets of claims: tests/money/claims; classes: tests/training; fees:
tests/money/fees; apprentices: tests/money/recovery/test_apprentice_doors.py."""
ALIKE = ("Content-Type", "Cache-Control", "Content-Disposition", "ETag", "Location", "WWW-Authenticate")


def actors(side: str, institution: str) -> dict[str, Actor]:
    """One client of each kind with all its scopes, and one person in each position."""
    machines = {
        str(kind): Actor(
            Kind.CLIENT, f"{side}-{kind}", institution=institution, scopes=frozenset(SCOPES[kind])
        )
        for kind in ClientKind
    }
    people = {
        f"staff-{one}": Actor(Kind.STAFF, f"{side}-{one}", roles=frozenset({one}), institution=institution)
        for one in Position
    }
    return machines | people


CALLERS = sorted(actors("", ""))


class Scene:
    """Two institutions, one of which has one of everything; ids by the name of the path's argument."""

    def __init__(self, house: House) -> None:
        centre, other = Centre(house, 1), Centre(house, 2)
        self.who = {
            f"{side} {name}": one
            for side, place in zip(SIDES, (centre, other), strict=True)
            for name, one in actors(side, place.uscc).items()
        }
        records = [centre.completion(person(n)) for n in (1, 2, 3)]
        centre.enter(*records)
        first = records[0]
        held = centre.completion({**person(1), "name": "丁不同"})
        assert centre.send([held]).rows[0].held == "name-differs"
        worker = centre.worker_id(person(1))
        for n, record in enumerate(records, 1):
            whose = centre.worker_id(person(n))
            seen = shown(house, whose, raw_id(record))
            confirm.contest(house, whose, seen, "page", STATER, "never-attended")
        dispute_follower.follower(house).run()
        announcer(house).run()
        with house.db.read() as conn:
            cases = disputes.of_issuer(conn, centre.uscc)
        receivers = [f"institution:{centre.uscc}", *(f"client:own-{kind}" for kind in ClientKind)]
        shared = [give(house, worker, first, receiver=one)[1].consent_id for one in receivers]
        clerk = Actor(Kind.OFFICIAL, "ann")
        kept = house.papers.keep(centre.uscc, png(1), "other", "一份材料", clerk)
        members = [f"s-00000000000000a{n}" for n in range(6)]

        def add(turn: Any) -> None:
            for one in members:
                staff.add(turn, one, centre.uscc, "马某", "official:ann")
                staff.give(turn, one, Position.CLERK, by="official:ann")
            for n in range(4):
                name = f"田{'一二三四'[n]}"
                staff.invite(
                    turn, house.keys, house.random, centre.uscc, name, Position.CLERK, None, by="official:ann"
                )

        house.db.write(add)
        with house.db.read() as conn:
            invited = staff.invitations(conn, centre.uscc, house.clock.now_ms())
        self.ids = {
            "record_id": [id_of(first), id_of(held)],
            "dispute_id": [str(uuid.UUID(bytes=case.dispute_id)) for case in cases],
            "consent_id": [str(uuid.UUID(bytes=one)) for one in shared],
            "paper_id": [str(uuid.UUID(bytes=kept.paper_id))],
            "staff_id": members,
            "invitation_id": [str(uuid.UUID(bytes=one.invitation_id)) for one in invited],
        }
        self.app = create_app(house.settings, house)
        policy.authenticate(self.app, bearer=lambda token, _scheme: self.who[token], fresh=lambda _who: True)
        # These clients stand in no register, where their limits would be found.
        self.app.extensions["entrance"].meter = None

    def entered(self, name: str) -> list[tuple[str, str, Door]]:
        """Doors (rule, method) with an id that let this caller in and not everybody."""
        found = []
        for rule in self.app.url_map.iter_rules():
            declared = doors(self.app)[rule.endpoint]
            if not rule.arguments or admits(ANYONE, declared.policy):
                continue
            if admits(self.who[name], declared.policy):
                found += [(rule.rule, method, declared) for method in declared.methods]
        return sorted(found, key=lambda one: one[:2])

    def knock(self, name: str, door: tuple[str, str, Door], value: str) -> TestResponse:
        rule, method, declared = door
        headers = {"Authorization": f"Bearer {name}"}
        if declared.idempotent:
            headers["Idempotency-Key"] = f"try-{uuid.uuid4()}"
        sent: dict[str, Any] = {}
        if declared.body is not None:
            schema = getattr(declared.body, "schema", None)
            asked = schema().fields if schema is not None else ()
            fields = {key: text for key, text in FILLER.items() if key in asked}
            media = declared.body.media[0]
            sent = {"data": fields, "content_type": FORM} if media == FORM else {"json": fields}
        path = re.sub(r"<[^>]+>", value, rule)
        return self.app.test_client().open(path, method=method, headers=headers, **sent)


@pytest.fixture
def scene(house: House) -> Scene:
    return Scene(house)


ASKS_FIRST = ("/centre/groups/<id:record_id>",)
"""Pages that ask for a case before anything is looked for: the same page for whatever id."""


def argument(rule: str) -> str:
    return re.findall(r"<(?:[a-z]+:)?([a-z_]+)>", rule)[-1]


def missing_like(value: str) -> str:
    """An id of the same form that nobody has."""
    return value[:-2] + "ff" if value.startswith("s-") else "01900000-0000-7000-8000-0000000000ff"


def told(answer: TestResponse, value: str) -> tuple[Any, ...]:
    """An answer without the id that was asked for and the request's own reference."""
    text = answer.text.replace(value, "ID").replace(value.replace("-", ""), "ID")
    reference = answer.headers.get("X-Request-Id", "")
    text = text.replace(reference, "REF") if reference else text
    return answer.status_code, text, [answer.headers.get(name) for name in ALIKE]


@pytest.mark.parametrize("caller", CALLERS)
def test_what_is_foreign_answers_as_what_is_missing(scene: Scene, caller: str) -> None:
    name = f"foreign {caller}"
    for door in scene.entered(name):
        for value in scene.ids.get(argument(door[0]), ["01900000-0000-7000-8000-0000000000fe"]):
            absent = missing_like(value)
            answer, nothing = scene.knock(name, door, value), scene.knock(name, door, absent)
            assert answer.status_code >= 400 or door[0] in ASKS_FIRST, (door[:2], value)
            assert told(answer, value) == told(nothing, absent), (door[:2], value)
            code = answer.json["code"] if answer.is_json else "page"
            assert code not in ("form-refused", "invalid"), (door[:2], answer.text)


def test_what_is_foreign_costs_the_same_work_as_what_is_missing(
    scene: Scene, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No clock: statements are counted, Core's and the hot ones."""
    count = [0]
    ask = Database.ask

    def counted(db: Database, cursor: Any, *questions: Any) -> list[Any]:
        count[0] += len(questions)
        return ask(db, cursor, *questions)

    def executed(*_arguments: Any) -> None:
        count[0] += 1

    def work(name: str, door: tuple[str, str, Door], value: str) -> int:
        count[0] = 0
        scene.knock(name, door, value)
        return count[0]

    monkeypatch.setattr(Database, "ask", counted)
    sa.event.listen(house.db.engine, "before_cursor_execute", executed)
    total = 0
    for caller in CALLERS:
        name = f"foreign {caller}"
        for door in scene.entered(name):
            for value in scene.ids.get(argument(door[0]), [])[:1]:
                # The first knock of a process warms what it remembers.
                scene.knock(name, door, value)
                foreign, missing = work(name, door, value), work(name, door, missing_like(value))
                assert foreign == missing, (door[:2], value)
                total += foreign
    assert total > 0


def test_what_is_own_is_found_at_each_of_these_doors(scene: Scene) -> None:
    """Otherwise the test above would compare doors that are shut, or ids that lead nowhere."""
    tried: dict[tuple[str, str], bool] = {}
    for caller in CALLERS:
        for door in scene.entered(f"own {caller}"):
            if argument(door[0]) in OF_A_PERSON or tried.get(door[:2]):
                continue
            if "/groups/" in door[0]:  # a department's: tests/groups
                continue
            # What ends something ends one of them.
            tried[door[:2]] = any(
                scene.knock(f"own {caller}", door, value).status_code < 400
                for value in scene.ids[argument(door[0])]
            )
    assert [door for door, found in tried.items() if not found] == []
    assert len(tried) >= 15


def test_no_list_shows_what_is_another_institutions(scene: Scene) -> None:
    values = {value for some in scene.ids.values() for value in some}
    seen: dict[str, set[str]] = {side: set() for side in SIDES}
    for name, who in scene.who.items():
        for rule in scene.app.url_map.iter_rules():
            declared = doors(scene.app)[rule.endpoint]
            everybodys = admits(ANYONE, declared.policy) or rule.arguments or "GET" not in declared.methods
            # The feed is not one institution's; what it tells whom: tests/exports/test_feed.py.
            if everybodys or rule.rule == "/v1/entries" or not admits(who, declared.policy):
                continue
            answer = scene.app.test_client().get(rule.rule, headers={"Authorization": f"Bearer {name}"})
            seen[name.split()[0]] |= {value for value in values if value in answer.text}
    assert seen["foreign"] == set()
    assert len(seen["own"]) > 8
