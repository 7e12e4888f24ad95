"""What is restricted is read by nobody, archive or record: every door that reads, by the list of all.

Each is knocked at by somebody whom it lets in, with the ids of a restricted worker. It answers 423, or stands
in `OPEN` with the reason why it may answer otherwise; in either case nothing of the person leaves.
"""

import dataclasses
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from recordsvc.access import looked
from recordsvc.access.grants import POLICIES, Kind, Role, Scope
from recordsvc.access.policy import Door, doors
from recordsvc.archive import erasing, held, letters
from recordsvc.ground import outbox
from recordsvc.people import merges
from recordsvc.submit import sign
from tests.archive import restricted
from tests.archive.paperfiles import png
from tests.archive.test_erasing import OFFICER
from tests.journeys.desk import HOST, Centre, Journey, record_id
from tests.journeys.test_closed_centre import contest, enter
from tests.journeys.test_notices import tell
from tests.journeys.test_papers import upload

WHY = {"purpose": "service-window", "case_ref": "K-1"}
COURSE, PAPER, WORDS, OTHER = "金丝雀工种一", "金丝雀材料名", "应为 91 分", "金丝雀别名"
PERSONAS = {
    Role.REGISTRAR: "registrar",
    Role.HANDLER: "handler",
    Role.REVIEWER: "reviewer",
    Role.DATA_OFFICER: "data-officer",
    Role.INSPECTOR: "inspector",
    Role.AUDITOR: "auditor",
}

STATE = "that it is restricted, and what may be done about it"
BLOCKED = "what law keeps it and until when: judged before an erasure, noted as a look"
FORM = "a form that asks, and shows that this act is not for a restricted archive"
OPEN = {
    "GET /desk/workers/<id:worker_id>": STATE,
    "GET /desk/workers/<id:worker_id>/unrestrict": STATE,
    "GET /desk/workers/<id:worker_id>/hold": STATE,
    "GET /desk/workers/<id:worker_id>/erase": BLOCKED,
    "GET /desk/workers/<id:worker_id>/restrict": FORM,
    "GET /desk/workers/<id:worker_id>/reopen": FORM,
    "GET /desk/workers/<id:worker_id>/division": "an empty form: where somebody is registered is not told",
    "GET /v1/desk/workers/<id:worker_id>/copy": "needs a decided copy; test_legal_hold.py",
    "GET /v1/institution/papers/<id:paper_id>": "the institution's own papers: this id is none of them",
    "GET /v1/records/<id:record_id>": "the issuer's own record: how it stands, no content",
    "GET /v1/records/<id:record_id>/receipt": "the issuer's own record: a proof over hashes",
}
"""Doors that take an id of the worker's and answer other than 423, each with its reason."""


@dataclasses.dataclass
class Place:
    """A worker of whom something stands in every place that there is."""

    journey: Journey
    centre: Centre
    me: str
    canaries: tuple[str, ...]
    ids: dict[str, str]
    looks: dict[str, str]

    def get(self, kind: str, path: str) -> Any:
        if kind == "client":
            return self.journey.get(self.centre, path)
        return self.journey.browser(kind)[0].get(path, base_url=HOST)

    def restrict(self) -> None:
        worker_id = uuid.UUID(self.ids["worker_id"]).bytes
        erasing.restrict(self.journey.house, worker_id, "authority-order", "依决定", OFFICER)
        self.journey.sign_out(self.me)  # restricting ended the session

    def leaks(self, data: bytes) -> list[str]:
        return [one for one in self.canaries if one.encode() in data]


@pytest.fixture
def place(journey: Journey) -> Place:
    """Make it all; it is restricted later."""
    house, centre = journey.house, journey.centre()
    card = {"area": "640104", "number": "X00000027"}
    person = journey.person(9, card=card)
    record = journey.completion(centre, person, **{"class": {"code": COURSE}})
    enter(journey, centre, record)
    waiting = journey.completion(centre, person | {"name": OTHER})
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, waiting))
    assert answer.status_code == 202
    me = journey.sign_in(person["number"])
    worker_id = house.people.find("resident-id", person["number"])
    assert worker_id is not None
    dispute = contest(journey, me, record)["dispute_id"]
    worker = str(uuid.UUID(bytes=worker_id))
    paper = upload(journey, "handler", f"/v1/desk/workers/{worker}/papers", png(), title=PAPER)
    with house.db.read() as conn:
        (one,) = held.waiting(conn)
    looks = {}
    held_id = str(uuid.UUID(bytes=one.held_id))
    gates = {
        "worker_id": f"/desk/workers/{worker}",
        "dispute_id": f"/desk/disputes/{dispute}",
        "held_id": f"/desk/held/{held_id}",
    }
    for name, address in gates.items():
        for kind in PERSONAS.values():
            client, token = journey.browser(kind)
            why = WHY | {"purpose": "inspection"} if kind == "inspector" else WHY
            sent = client.post(
                address, data=why | {"csrf_token": token}, base_url=HOST, headers={"Origin": HOST}
            )
            if sent.status_code == 303:
                looks[f"{name}/{kind}"] = sent.location.partition("look=")[2]
    tell(house, worker_id, "archive-restricted")
    letters.deliverer(house).run()
    ids = {
        "worker_id": worker,
        "paper_id": paper.json["paper_id"],
        "dispute_id": dispute,
        "record_id": record_id(record),
        "held_id": held_id,
    }
    canaries = (person["name"], OTHER, person["number"], card["number"], COURSE, PAPER, WORDS)
    return Place(journey, centre, me, canaries, ids, looks)


def reading(journey: Journey) -> Iterator[Door]:
    """Every door that is read by GET, public ones apart."""
    for door in doors(journey.app).values():
        if "GET" in door.methods and not door.public:
            yield door


def askers(door: Door) -> Iterator[str]:
    """Every persona that the door's policy lets in, and that there is here."""
    for grant in POLICIES[door.policy]:
        if grant.kind is Kind.OFFICIAL:
            roles = grant.roles or frozenset(PERSONAS)
            yield from (PERSONAS[Role(role)] for role in sorted(roles) if Role(role) in PERSONAS)
        elif grant.kind is Kind.WORKER:
            yield "worker"
        elif grant.kind is Kind.CLIENT and grant.scope in (Scope.RECORDS_READ, Scope.RECORDS_WRITE):
            yield "client"


def asked(place: Place, door: Door, kind: str) -> str | None:
    """Return the address with the worker's ids and a reason; None where it takes other ids."""
    path = door.rule
    for name, value in place.ids.items():
        path = path.replace(f"<id:{name}>", value)
    if "<" in path:
        return None
    fields = door.query().fields if door.query is not None else {}
    query = {name: value for name, value in WHY.items() if name in fields}
    if "purpose" in query and kind in ("inspector", "auditor"):
        query["purpose"] = "inspection"
    if "purpose" in query and kind == "registrar":
        query["purpose"] = "service-window"
    subject = next((one for one in ("dispute_id", "held_id") if one in door.rule), "worker_id")
    if "look" in fields and f"{subject}/{kind}" in place.looks:
        query["look"] = place.looks[f"{subject}/{kind}"]
    if "proposal" in fields:
        query["proposal"] = place.ids["worker_id"]
    return path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")


@dataclasses.dataclass(frozen=True)
class Knock:
    """One door, entered by one persona."""

    name: str
    takes_one: bool
    kind: str
    status: int
    leaks: tuple[str, ...]


def knock(place: Place) -> Iterator[Knock]:
    """Enter every door that is read, as everybody who may."""
    for door in reading(place.journey):
        takes_one = any(f"<id:{name}>" in door.rule for name in place.ids)
        for kind in askers(door):
            if (path := asked(place, door, kind)) is None:
                continue
            answer = place.get(place.me if kind == "worker" else kind, path)
            yield Knock(
                f"GET {door.rule}", takes_one, kind, answer.status_code, tuple(place.leaks(answer.data))
            )


SHOWN = frozenset(
    {
        "GET /desk/held/<id:held_id>",
        "GET /desk/disputes/<id:dispute_id>",
        "GET /desk/notices/print",
        "GET /desk/workers/<id:worker_id>",
        "GET /desk/workers/<id:worker_id>/numbers",
        "GET /me/cards",
        "GET /v1/desk/disputes/<id:dispute_id>",
        "GET /v1/desk/held/<id:held_id>",
        "GET /v1/desk/notices/print",
        "GET /v1/desk/workers/<id:worker_id>/archive",
        "GET /v1/desk/workers/<id:worker_id>/numbers",
        "GET /v1/desk/workers/<id:worker_id>/papers",
        "GET /v1/institution/disputes/<id:dispute_id>",
        "GET /v1/me/bundle",
        "GET /v1/me/cards",
    }
)
"""Doors that show the person before, so that silence afterwards says something."""


SHOWS_RECORD = frozenset(
    {
        "GET /centre/disputes/<id:dispute_id>",
        "GET /desk/disputes/<id:dispute_id>",
        "GET /desk/workers/<id:worker_id>",
        "GET /me",
        "GET /me/disputes",
        "GET /me/records/<id:record_id>",
        "GET /me/records/<id:record_id>/file",
        "GET /v1/desk/disputes/<id:dispute_id>",
        "GET /v1/desk/workers/<id:worker_id>/archive",
        "GET /v1/institution/disputes/<id:dispute_id>",
        "GET /v1/me/archive",
        "GET /v1/me/bundle",
        "GET /v1/me/disputes",
        "GET /v1/me/records/<id:record_id>",
    }
)
"""Doors that show what one record says, or what was said of it."""


def record_shown(place: Place) -> set[str]:
    """Return the doors that show the record itself or the objection to it."""
    return {one.name for one in knock(place) if {COURSE, WORDS} & set(one.leaks)}


def test_no_door_reads_what_is_restricted(place: Place) -> None:
    before = {one.name for one in knock(place) if one.leaks}
    assert SHOWN - before == set()
    shown = record_shown(place)
    assert SHOWS_RECORD - shown == set()
    worker, record = (uuid.UUID(place.ids[name]).bytes for name in ("worker_id", "record_id"))
    restricted.seal(place.journey.house, worker, record)
    assert record_shown(place) == set()
    restricted.lift(place.journey.house, worker, record)
    assert record_shown(place) == shown
    place.restrict()
    knocks = list(knock(place))
    assert [one for one in knocks if one.leaks] == []
    answered = {one.name for one in knocks if one.takes_one and one.status != 423}
    assert answered - set(OPEN) == set(), "it must answer 423, or be placed with its reason"
    assert set(OPEN) - answered == set(), "stale: it answers 423"


def test_whoever_asks_for_a_restricted_archive_at_the_desk_leaves_a_row(place: Place) -> None:
    """Nothing is shown but that it is restricted, which says something of a person.

    Forms of acts are reached from a look that left its row.
    """
    place.restrict()
    house, worker = place.journey.house, uuid.UUID(place.ids["worker_id"]).bytes

    def rows() -> int:
        with house.db.read() as conn:
            return len(looked.of_worker(conn, worker, limit=1_000))

    tried = []
    for door in reading(place.journey):
        path = asked(place, door, "handler")
        fields = door.query().fields if door.query is not None else {}
        if "/v1/desk/workers/<id:worker_id>/" not in door.rule or "purpose" not in fields or path is None:
            continue
        before = rows()
        if place.get("handler", path).status_code == 423:
            tried.append((door.rule, rows() - before))
    assert len(tried) >= 4
    assert [rule for rule, left in tried if left != 1] == []


def test_what_is_read_as_a_restricted_archive_is_restricted_with_it(place: Place) -> None:
    journey, worker = place.journey, place.ids["worker_id"]
    other = journey.person(30)
    enter(journey, place.centre, journey.completion(place.centre, other))
    merged = journey.house.people.find("resident-id", other["number"])
    assert merged is not None
    journey.house.db.write(lambda turn: merges.link(turn, merged, uuid.UUID(worker).bytes))
    place.restrict()
    path = f"/v1/desk/workers/{uuid.UUID(bytes=merged)}"
    for rest in ("numbers", "archive", "papers"):
        refused = place.get("reviewer", f"{path}/{rest}?purpose=service-window&case_ref=K-1")
        assert (refused.status_code, refused.json["code"]) == (423, "archive-restricted"), rest


def test_acts_that_show_or_use_a_restricted_archive_are_refused(place: Place) -> None:
    journey, number, card = place.journey, place.canaries[2], place.canaries[3]
    seen = {"number": card, "document": "resident-id", "document_number": number, "name": place.canaries[0]}
    confirm, serve = "/v1/desk/cards/confirm", "/v1/desk/services"
    service = {"document": "resident-id", "number": number, "card": card} | WHY
    journey.act("registrar", confirm, seen | WHY | {"normal_since": None}, 200)
    journey.act("handler", serve, service, 201)
    place.restrict()
    refused = journey.act("registrar", confirm, seen | WHY | {"normal_since": None}, 423)
    assert refused["code"] == "archive-restricted"
    assert journey.act("reviewer", serve, service, 404)["code"] == "window-unmatched"
    # Finding it says which archive it is, and nothing else: how else would a restriction be lifted?
    found = journey.act(
        "reviewer", "/v1/desk/workers/find", {"kind": "resident-id", "number": number} | WHY, 200
    )
    assert found == {"worker_id": place.ids["worker_id"]}


def test_a_list_to_print_goes_on_without_a_restricted_person(place: Place) -> None:
    journey, house = place.journey, place.journey.house
    other = journey.person(30)
    enter(journey, place.centre, journey.completion(place.centre, other))
    found = house.people.find("resident-id", other["number"])
    assert found is not None
    tell(house, found, "archive-restricted")
    letters.deliverer(house).run()
    list_ = "/v1/desk/notices/print?purpose=service-window&case_ref=K-1"
    assert place.canaries[0].encode() in place.get("handler", list_).data
    place.restrict()
    printed = place.get("handler", list_)
    assert printed.status_code == 200
    assert other["name"].encode() in printed.data
    assert place.canaries[0].encode() not in printed.data
    # It waits: once the restriction is lifted, it can be printed.
    with house.db.read() as conn:
        assert outbox.counts(conn)["print"][0] >= 2
