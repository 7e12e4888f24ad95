"""Areas and recusal: an official of another place, or one who keeps out, is before an object like nobody."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from recordsvc import dated, service
from recordsvc.access import areas, emergencies, identity_links, officials, recusals, registering, staff
from recordsvc.access.grants import POLICIES, Actor, Kind, Reach, Role, Thing, can, reach
from recordsvc.access.identity_links import DIFFERS, Mismatch
from recordsvc.access.policy import Door, door, doors
from recordsvc.access.recusals import Ground
from recordsvc.access.registering import NewClient, NewKey
from recordsvc.access.sessions import Entering, Method
from recordsvc.archive import held, keys, tables
from recordsvc.ground import two_person
from recordsvc.ground.http import JSON
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.oversight import committing
from recordsvc.oversight.committing import Asked
from recordsvc.submit.keys import key_from_secret
from tests.archive.support import Centre, person
from tests.doors import application

ROLES = (Role.REGISTRAR, Role.HANDLER, Role.REVIEWER, Role.DATA_OFFICER, Role.INSPECTOR, Role.AUDITOR)


class Region:
    """A centre of Yinchuan (6401) with a held record, an objection, a client, proposals; and officials."""

    def __init__(self, app: flask.Flask, house: House) -> None:
        self.app, self.house = app, house
        self.centre = centre = Centre(house, 1)
        centre.enter(centre.completion(person(1)))
        centre.send([centre.completion({**person(1), "name": "丁不同"})])
        self.worker_id = centre.worker_id(person(1))
        with house.db.read() as conn:
            (self.held,) = held.waiting(conn)
        self.dispute_id = uuid.UUID("0190163d-8694-739b-aea5-000000000001").bytes
        house.db.write(self._fill)
        self._browsers: dict[tuple[str, str], tuple[FlaskClient, str]] = {}

    def _fill(self, turn: Any) -> None:
        areas.place_worker(turn, self.worker_id, "640104", "test")
        dispute = {
            "worker_id": self.worker_id,
            "dispute_id": self.dispute_id,
            "seq": 0,
            "contest_seq": 0,
            "issuer": self.centre.uscc,
            "state": "open",
            "owner": "region",
            "opened_ms": turn.now_ms,
            "due_on": "",
            "messages": 0,
            "issuer_told": True,
            "version": 0,
        }
        turn.conn.execute(tables.dispute.insert().values(**dispute))
        key = NewKey(key_from_secret("EdDSA", b"\x07" * 32, "centre-1").public_jwk())
        new = NewClient("centre", "某培训中心", self.centre.uscc, ("records:read",), [key])
        proposal, self.client_id = registering.propose_client(
            turn, new, by="official:first", random=self.house.random
        )
        two_person.decide(turn, proposal, "official:second", True, "ok")
        said = {"issuer": self.centre.uscc, "kid": self.centre.key.kid, "reason": "到期"}
        self.proposal = two_person.propose(turn, keys.REVOKE, self.centre.uscc, said, "official:first")
        account = Mismatch(b"", self.worker_id, bytes(32), "https://op.example", DIFFERS, None, "open", 0, 0)
        identity_links._differ(turn, self.house.random, account)
        (self.mismatch,) = identity_links.listed(turn.conn)
        staff.add(turn, "s-0123456789abcdef", self.centre.uscc, "王某", "official:first")
        for role in ROLES:
            for area in ("6401", "6402", "64"):
                officials.add(turn, f"{role}.{area}", f"{role} {area}")
                officials.grant(turn, f"{role}.{area}", role, area, by="command:test")
        self.case = emergencies.take(
            turn, self.house.random, f"{Role.HANDLER}.6401", "registrar", "6401", 1, "test"
        )

        self.draw = self._draw(turn)

    def _draw(self, turn: Any) -> bytes:
        """A draw in Yinchuan, for which this fixture's two inspectors of the place may be named."""
        who = officials.present(turn.conn, "inspector.6401").actor(turn.now_ms, "")
        asked = Asked("institution", "6401", "ssq", "2025117", "2025-10-12")
        return committing.commit(self.house, turn, asked, who, "official:inspector.6401")

    @property
    def objects(self) -> dict[str, str]:
        """A value for every name of a path."""
        ids = {"worker_id": self.worker_id, "held_id": self.held.held_id, "proposal_id": self.proposal}
        ids |= {
            "case_id": self.case,
            "mismatch_id": self.mismatch.mismatch_id,
            "dispute_id": self.dispute_id,
            "record_id": bytes(16),
            "look_id": bytes(16),
            "key": bytes(16),
            "pack_id": bytes(16),
            "draw_id": self.draw,
            "paper_id": bytes(16),
            "matter_id": bytes(16),
        }
        codes = {"issuer": self.centre.uscc, "uscc": self.centre.uscc, "client_id": self.client_id}
        codes["staff_id"] = "s-0123456789abcdef"
        codes["object_id"] = self.centre.uscc
        return {name: str(uuid.UUID(bytes=value)) for name, value in ids.items()} | codes

    def of(self, role: str, area: str) -> tuple[FlaskClient, str]:
        """A browser of an official with this role there, and its CSRF token."""
        if (role, area) not in self._browsers:
            sessions, client = self.app.extensions["access"].sessions, self.app.test_client()
            entering = Entering(Kind.OFFICIAL, f"{role}.{area}", Method.CODE)
            cookie = self.house.db.write(lambda turn: sessions.begin(turn, entering))
            client.set_cookie(sessions.cookie.name, cookie, secure=sessions.cookie.secure, domain="localhost")
            base = "https://localhost" if sessions.cookie.secure else "http://localhost"
            answer = client.get("/v1/session", base_url=base)
            assert answer.status_code == 200, answer.text
            self._browsers[role, area] = (client, answer.json["csrf_token"])
        return self._browsers[role, area]

    def knock(self, role: str, area: str, method: str, path: str, declared: Door | None = None, **said: Any):
        """Knock at a door as such an official."""
        client, csrf = self.of(role, area)
        secure = self.app.extensions["access"].sessions.cookie.secure
        base = "https://localhost" if secure else "http://localhost"
        if declared is not None and declared.body is not None:
            said["content_type"] = declared.body.media[0]
            said["data"] = b"csrf_token=" + csrf.encode()
        query = _why(declared)
        return client.open(
            path, method=method, query_string=query, base_url=base, headers={"X-CSRF-Token": csrf}, **said
        )

    def fill(self, role: str, area: str, path: str, said: dict[str, str], *, form: bool) -> Any:
        """Send a form of a page, or of the interface, as such an official."""
        client, csrf = self.of(role, area)
        secure = self.app.extensions["access"].sessions.cookie.secure
        sent: dict[str, Any] = {"data": said | {"csrf_token": csrf}} if form else {"json": said}
        return client.post(
            path,
            base_url="https://localhost" if secure else "http://localhost",
            headers={"X-CSRF-Token": csrf},
            **sent,
        )


def _why(declared: Door | None) -> dict[str, str] | None:
    """The query that a door asks for before it shows anything."""
    wanted = {} if declared is None or declared.query is None else declared.query().fields
    values = {"purpose": "service-window", "case_ref": "t-1", "proposal": str(uuid.UUID(int=2))}
    return {name: value for name, value in values.items() if name in wanted} or None


@pytest.fixture
def app(house: House) -> flask.Flask:
    return service.build(house.settings, house)


@pytest.fixture
def region(app: flask.Flask, house: House) -> Region:
    return Region(app, house)


def desk_doors(app: flask.Flask) -> Iterator[tuple[Any, Door, str, str]]:
    """Every door that lets officials in and takes an object: rule, door, method, a role that it admits."""
    for rule in app.url_map.iter_rules():
        declared = doors(app)[rule.endpoint]
        roles = [
            role
            for grant in POLICIES[declared.policy]
            if grant.kind is Kind.OFFICIAL
            for role in ROLES
            if not grant.roles or role in grant.roles
        ]
        if rule.arguments and roles:
            for method in declared.methods:
                yield rule, declared, method, roles[0]


def address(rule: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        for converter in ("", "id:", "string:"):
            rule = rule.replace(f"<{converter}{name}>", value)
    return rule


# -- every door, every list

NONE_AT_HOME = {"record_id", "paper_id", "look_id", "key", "pack_id", "object_id", "matter_id"}
"""Names of objects of which there is none in the place itself either."""
ELSEWHERE = {
    "claim_id": "tests/money/claims/test_doors.py: an official of another city",
    **dict.fromkeys(
        ("offering_id", "order_id"), "tests/money/fees/test_doors.py: an official of another city"
    ),
    "payee_account_id": "tests/money/bank/test_doors.py: a reviewer of another city",
    "recovery_id": "tests/money/recovery/test_doors.py: an official of another city",
    "line_id": "tests/money/funds/test_funds.py: an official of a city sees and moves its own",
    **dict.fromkeys(
        ("ledger_day", "sha256", "payment_id", "break_id", "batch_id", "payers_proposal"),
        "of the whole region: whoever covers a part of it meets none",
    ),
}
"""Objects of which this region has none, each with the test that has, or why there is no foreign one."""


def test_an_official_of_a_foreign_area_meets_no_object_at_any_door(region: Region) -> None:
    """And is answered as for an object that is not there, byte for byte."""
    found = list(desk_doors(region.app))
    assert len(found) > 40
    assert {name for rule, *_ in found for name in rule.arguments} >= ELSEWHERE.keys()
    nowhere = {
        name: value if name in ("issuer", "uscc") else str(uuid.UUID(int=1)) if "-" in value else "x-1"
        for name, value in region.objects.items()
    } | {"client_id": "nobody", "staff_id": "s-0000000000000000"}
    for rule, declared, method, role in found:
        if rule.arguments & {"official_id", "recusal_id", "listed_id", "credential_id"}:
            # An account lies nowhere; what it is given is judged by the area of the grant (test_people.py).
            continue
        if rule.arguments & ELSEWHERE.keys():
            continue
        foreign = region.knock(role, "6402", method, address(rule.rule, region.objects), declared)
        missing = region.knock(role, "6402", method, address(rule.rule, nowhere), declared)
        assert foreign.status_code in (404, 409, 422) or declared.judges, (
            method,
            rule.rule,
            foreign.status_code,
        )
        assert _told(foreign) == _told(missing), (method, rule.rule)
        if declared.judges or rule.arguments & NONE_AT_HOME:
            # It asks why first, or there is none of these at home either.
            continue
        at_home = region.knock(role, "6401", method, address(rule.rule, region.objects), declared)
        assert _told(at_home) != _told(foreign), (method, rule.rule, at_home.text[:300])


def test_a_form_filled_in_meets_no_worker_of_a_foreign_area_either(region: Region) -> None:
    """Pages that ask why first are told it, and every button is pressed with what its form wants."""
    today = beijing_date(region.house.clock.now_ms()).isoformat()
    purposes = {row["code"]: row["roles"] for row in dated.on("lookup_purposes", today).rows}
    nowhere = region.objects | {"worker_id": str(uuid.UUID(int=1))}
    pressed = 0
    for rule, declared, method, role in desk_doors(region.app):
        if method != "POST" or "worker_id" not in rule.arguments or declared.body is None:
            continue
        purpose = next((code for code, roles in purposes.items() if role in roles), "service-window")
        filled = {"purpose": purpose, "case_ref": "宁人社〔2025〕7号", "renew": "1", "text": "核对底册"}
        filled |= {"kind": "resident-id", "ground": "other", "reason": "核对底册"}
        asked = declared.body.media[0] != JSON
        answers = []
        for place in (region.objects, nowhere):
            path = address(rule.rule, place).replace("<name>", "merge")
            answers.append(_told(region.fill(role, "6402", path, filled, form=asked)))
        assert answers[0] == answers[1], (rule.rule, role)
        assert answers[0][0] in (400, 404, 415, 422), (rule.rule, answers[0][0])
        pressed += 1
    assert pressed > 40


def _told(answer: Any) -> tuple[int, Any]:
    if answer.json is None:
        shown = answer.text.partition("<main")[2].partition("</main>")[0]
        return answer.status_code, re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", shown)
    return answer.status_code, {name: said for name, said in answer.json.items() if name != "instance"}


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("handler", "/v1/desk/held"),
        ("reviewer", "/v1/desk/proposals"),
        ("registrar", "/v1/desk/institutions"),
        ("registrar", "/v1/desk/clients"),
        ("handler", "/v1/desk/disputes"),
    ],
)
def test_lists_hold_what_lies_in_the_area_of_who_asks(region: Region, role: str, path: str) -> None:
    counts = {
        area: len(region.knock(role, area, "GET", path).json["items"]) for area in ("6401", "6402", "64")
    }

    assert counts["6401"] >= 1
    assert counts["6402"] == 0
    assert counts["64"] == counts["6401"]


def test_disputed_numbers_of_another_area_are_not_listed(region: Region, house: House) -> None:
    from recordsvc.people import tables as people_tables

    own = people_tables.identifier
    house.db.write(lambda turn: turn.conn.execute(own.update().values(standing="disputed")))

    counts = {
        area: len(region.knock("handler", area, "GET", "/v1/desk/disputed").json["items"])
        for area in ("6401", "6402")
    }
    assert counts["6401"] >= 1
    assert counts["6402"] == 0


def test_a_number_leads_an_official_of_another_area_nowhere(region: Region) -> None:
    said = {
        "kind": "resident-id",
        "number": person(1)["number"],
        "purpose": "service-window",
        "case_ref": "t-1",
    }

    statuses = {
        area: region.knock("handler", area, "POST", "/v1/desk/workers/find", json=said).status_code
        for area in ("6401", "6402", "64")
    }
    assert statuses == {"6401": 200, "6402": 404, "64": 200}


def test_what_a_form_names_is_judged_like_what_a_path_names(region: Region) -> None:
    """Held records to release or return stand in the body."""
    one = str(uuid.UUID(bytes=region.held.held_id))
    bodies = {
        "/v1/desk/held/release": {"held": [one], "reason": "核对无误"},
        "/v1/desk/held/return": {"held_id": one, "reason": "姓名不符"},
    }
    for path, said in bodies.items():
        assert region.knock("handler", "6402", "POST", path, json=said).json["code"] == "held-decided"
    assert (
        region.knock("handler", "6401", "POST", "/v1/desk/held/release", json=bodies["/v1/desk/held/release"])
    ).status_code == 202


def test_an_institution_of_another_area_is_not_entered(region: Region) -> None:
    said = {
        "uscc": Centre(region.house, 2, register=False).uscc,
        "name": "x",
        "kind": "training-institution",
        "valid_from": "2020-01-01",
        "source": "t",
    }

    assert region.knock("registrar", "6402", "POST", "/v1/desk/institutions", json=said).status_code == 404


def test_what_concerns_two_areas_is_for_who_covers_both(region: Region, house: House) -> None:
    two = areas.together([Thing("640104"), Thing("640105"), Thing("640221")])

    assert two.area == "64"
    assert areas.together([Thing("640104"), Thing("640105")]).area == "6401"
    assert areas.together([Thing("640104"), Thing()]).area == ""


def test_a_worker_of_unknown_place_is_for_the_whole_region_only(region: Region, house: House) -> None:
    house.db.write(lambda turn: areas.forget_worker(turn, region.worker_id))
    path = f"/v1/desk/workers/{region.objects['worker_id']}/archive?purpose=service-window&case_ref=t-1"

    statuses = {
        area: region.knock("handler", area, "GET", path).status_code for area in ("6401", "6402", "64")
    }
    assert statuses == {"6401": 404, "6402": 404, "64": 200}


def test_an_institution_lies_where_the_newest_statement_says(region: Region, house: House) -> None:
    house.db.write(
        lambda turn: areas.place_institution(turn, region.centre.uscc, "640202", "迁址", "official:first")
    )

    held_in = {
        area: len(region.knock("handler", area, "GET", "/v1/desk/held").json["items"])
        for area in ("6401", "6402")
    }
    assert held_in == {"6401": 0, "6402": 1}


def test_a_desk_reads_notices_of_its_area(region: Region) -> None:
    """Of the record that is held with a centre of 6401."""
    kinds = {
        area: {one["kind"] for one in region.knock("handler", area, "GET", "/v1/desk/notices").json["items"]}
        for area in ("6401", "6402", "64")
    }

    assert kinds == {"6401": {"record-held"}, "6402": set(), "64": {"record-held"}}


def test_who_works_for_another_institution_keeps_out_of_it(region: Region, house: House) -> None:
    def act(turn: Any) -> None:
        officials.add(turn, "handler.own", "x", region.centre.uscc)
        officials.grant(turn, "handler.own", "handler", "64", by="command:test")

    house.db.write(act)
    path = f"/v1/desk/held/{uuid.UUID(bytes=region.held.held_id)}?purpose=service-window&case_ref=t-1"

    assert region.knock("handler", "own", "GET", path).json["code"] == "recused"
    assert region.knock("handler", "own", "GET", "/v1/desk/held").json["items"] == []


# -- the functions themselves


def test_a_role_opens_where_it_is_held_and_not_where_another_is() -> None:
    who = Actor(
        Kind.OFFICIAL,
        "a",
        roles=frozenset({"handler", "registrar"}),
        duties=frozenset({("handler", "6401"), ("registrar", "6402")}),
    )

    assert can(who, "held.read", Thing("640104"))
    assert not can(who, "held.read", Thing("640202"))
    assert can(who, "institution.enter", Thing("640202"))
    assert not can(who, "institution.enter", Thing("640104"))
    assert reach(who, "institution.read") == Reach(frozenset({"6401", "6402"}))


def test_a_role_without_an_area_opens_no_object() -> None:
    assert not can(Actor(Kind.OFFICIAL, "a", roles=frozenset({"handler"})), "held.read", Thing("640104"))


@pytest.mark.parametrize(("area", "everywhere"), [("64", True), ("640000", True), ("640100", False)])
def test_a_code_that_ends_in_noughts_is_all_of_what_it_begins(area: str, *, everywhere: bool) -> None:
    who = Actor(Kind.OFFICIAL, "a", roles=frozenset({"handler"}), duties=frozenset({("handler", area)}))

    assert can(who, "held.read", Thing("640104"))
    assert can(who, "held.read", Thing()) is everywhere


def test_a_desk_door_whose_object_no_room_knows_stops_the_start() -> None:
    strange = flask.Blueprint("strange", __name__)
    door(strange, "GET", "/v1/desk/things/<thing>", policy="held.read", summary="t")(lambda thing: thing)

    with pytest.raises(RuntimeError, match="things"):
        application(strange)


# -- recusal


@pytest.fixture
def recuse(house: House) -> Callable[..., bytes]:
    def act(official_id: str, party: str, ground: Ground = Ground.KIN) -> bytes:
        def write(turn: Any) -> bytes:
            return recusals.declare(turn, house.random, official_id, party, ground, by="official:auditor.64")

        return house.db.write(write)

    return act


def test_an_official_does_not_handle_what_concerns_kin(region: Region, recuse: Callable[..., bytes]) -> None:
    recuse("handler.64", f"worker:{region.objects['worker_id']}")
    path = f"/v1/desk/workers/{region.objects['worker_id']}/archive?purpose=service-window&case_ref=t-1"

    answer = region.knock("handler", "64", "GET", path)
    assert (answer.status_code, answer.json["code"]) == (403, "recused")
    assert region.knock("reviewer", "64", "GET", path).status_code == 200


def test_lists_leave_out_what_an_official_keeps_out_of(region: Region, recuse: Callable[..., bytes]) -> None:
    for role in ("handler", "registrar"):
        recuse(f"{role}.64", f"institution:{region.centre.uscc}", Ground.INSTITUTION)

    assert region.knock("handler", "64", "GET", "/v1/desk/held").json["items"] == []
    assert region.knock("registrar", "64", "GET", "/v1/desk/proposals").json["items"] == []


def test_a_recused_official_does_not_decide(region: Region, recuse: Callable[..., bytes]) -> None:
    recuse("registrar.64", f"institution:{region.centre.uscc}", Ground.INSTITUTION)
    path = f"/v1/desk/proposals/{region.objects['proposal_id']}/decide"

    answer = region.knock("registrar", "64", "POST", path, json={"approve": False, "reason": "x"})
    assert (answer.status_code, answer.json["code"]) == (403, "recused")


def test_a_recusal_ends_but_that_of_the_own_archive_does_not(
    region: Region, house: House, recuse: Callable[..., bytes]
) -> None:
    kin = recuse("handler.64", f"worker:{region.objects['worker_id']}")
    own = recuse("handler.64", f"worker:{uuid.UUID(int=5)}", Ground.SELF)

    assert house.db.write(lambda turn: recusals.end(turn, kin, by="official:auditor.64"))
    assert not house.db.write(lambda turn: recusals.end(turn, own, by="official:auditor.64"))
    with house.db.read() as conn:
        assert recusals.in_force(conn)["handler.64"] == {f"worker:{uuid.UUID(int=5)}"}
