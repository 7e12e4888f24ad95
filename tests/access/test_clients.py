"""Registering, extending, suspending and lifting clients, through the desk."""

from typing import Any

import pytest

from recordsvc import service
from recordsvc.access import clients, demo, officials, registering
from recordsvc.access.clients import Client
from recordsvc.access.grants import Kind
from recordsvc.access.registering import NewKey
from recordsvc.access.services import Access
from recordsvc.access.tables import client_event
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.submit.keys import SigningKey
from tests.access.conftest import CENTRE_USCC, ROOMS, Machine, Person


def application(key: SigningKey, **changes: Any) -> dict[str, Any]:
    body = {
        "kind": "centre",
        "name": "某培训中心",
        "institution": CENTRE_USCC,
        "scopes": ["records:write"],
        "keys": [{"jwk": key.public_jwk()}],
    }
    return body | changes


def propose(person: Person, key: SigningKey, **headers: str) -> dict[str, Any]:
    answer = person.post("/v1/desk/clients", application(key), **headers)
    assert answer.status_code == 202, answer.text
    return answer.json


def decide(person: Person, proposal_id: str, approve: bool = True) -> Any:
    return person.post(f"/v1/desk/proposals/{proposal_id}/decide", {"approve": approve, "reason": "checked"})


def find(access: Access, client_id: str) -> Client:
    found = access.clients.find(client_id)
    assert found is not None
    return found


def test_two_registrars_make_a_client(enter, access: Access, ed_key: SigningKey, app, clock: FixedClock):
    first, second = enter("registrar"), enter("registrar-2")
    proposed = propose(first, ed_key)
    assert access.clients.find(proposed["subject"]) is None
    decided = decide(second, proposed["proposal_id"])
    assert (decided.status_code, decided.json["state"]) == (200, "done")
    made = find(access, proposed["subject"])
    assert (made.kind, made.institution, made.scopes, made.active) == (
        "centre", CENTRE_USCC, {"records:write"}, True
    )  # fmt: skip
    assert Machine(app, made.client_id, ed_key, clock).ask().status_code == 200


def test_one_registrar_alone_makes_none(enter, access: Access, ed_key: SigningKey):
    first = enter("registrar")
    proposed = propose(first, ed_key)
    answer = decide(first, proposed["proposal_id"])
    assert (answer.status_code, answer.json["code"]) == (403, "same-person")
    assert access.clients.all() == []


def test_an_official_without_the_role_decides_nothing(enter, access: Access, ed_key: SigningKey):
    proposed = propose(enter("registrar"), ed_key)
    assert decide(enter("handler"), proposed["proposal_id"]).status_code == 403
    assert decide(enter("auditor"), proposed["proposal_id"]).status_code == 403
    assert access.clients.all() == []


def test_a_refused_client_does_not_exist(enter, access: Access, ed_key: SigningKey):
    proposed = propose(enter("registrar"), ed_key)
    assert decide(enter("registrar-2"), proposed["proposal_id"], approve=False).json["state"] == "refused"
    assert access.clients.all() == []


def test_the_proposer_may_withdraw(enter, ed_key: SigningKey):
    first, second = enter("registrar"), enter("registrar-2")
    proposed = propose(first, ed_key)["proposal_id"]
    path = f"/v1/desk/proposals/{proposed}/withdraw"
    assert second.post(path, {"reason": "mine"}).json["code"] == "not-the-proposer"
    assert first.post(path, {"reason": "mistake"}).json["state"] == "withdrawn"
    assert decide(second, proposed).json["code"] == "proposal-closed"


def test_a_repeated_proposal_under_one_key_is_one(enter, ed_key: SigningKey):
    first = enter("registrar")
    headers = {"Idempotency-Key": "proposal-0001"}
    assert propose(first, ed_key, **headers) == propose(first, ed_key, **headers)
    assert len(first.get("/v1/desk/proposals").json["items"]) == 1


def test_the_list_says_who_could_decide(enter, ed_key: SigningKey):
    first = enter("registrar")
    propose(first, ed_key)
    rights = {
        kind: enter(kind).get("/v1/desk/proposals").json["items"][0]["may_decide"]
        for kind in ("registrar", "registrar-2", "reviewer", "handler", "auditor")
    }
    assert rights == {
        "registrar": False, "registrar-2": True, "reviewer": True, "handler": False, "auditor": False
    }  # fmt: skip


def test_closed_proposals_stay_readable(enter, ed_key: SigningKey):
    proposed = propose(enter("registrar"), ed_key)
    second = enter("registrar-2")
    decide(second, proposed["proposal_id"])
    assert second.get("/v1/desk/proposals").json["items"] == []
    closed = second.get("/v1/desk/proposals?state=closed").json["items"]
    assert [(item["state"], item["decided_by"], item["reason"]) for item in closed] == [
        ("done", "official:demo-registrar-2", "checked")
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"kind": "king"}, "/kind"),
        ({"institution": None}, "/institution"),
        ({"institution": "91640100MATE5T0174"}, "/institution"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["feed:read"]}, "/scopes"),
        ({"scopes": ["records:write", "records:write"]}, "/scopes"),
        ({"scopes": ["records:writer"]}, "/scopes"),
        ({"keys": []}, "/keys"),
    ],
)
def test_an_impossible_client_is_refused(enter, ed_key: SigningKey, changes: dict, pointer: str):
    answer = enter("registrar").post("/v1/desk/clients", application(ed_key, **changes))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_a_private_key_is_never_taken(enter, ed_key: SigningKey):
    jwk = ed_key.public_jwk() | {"d": "A" * 43}
    answer = enter("registrar").post("/v1/desk/clients", application(ed_key, keys=[{"jwk": jwk}]))
    assert answer.status_code == 422
    assert "A" * 43 not in answer.text


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "A" * 43},
        {"kty": "EC", "crv": "P-256", "kid": "a", "x": "A" * 43, "y": "A" * 43},
        {"kty": "EC", "crv": "P-256", "kid": "a", "x": "A" * 43},
        {"kty": "EC", "crv": "Ed25519", "kid": "a", "x": "A" * 43},
    ],
)
def test_what_is_no_key_is_refused(enter, ed_key: SigningKey, jwk: dict):
    answer = enter("registrar").post("/v1/desk/clients", application(ed_key, keys=[{"jwk": jwk}]))
    assert answer.status_code == 422


def test_one_official_suspends_at_once_and_two_lift(enter, access: Access, machine: Machine, house: House):
    first, second = enter("registrar"), enter("registrar-2")
    path = f"/v1/desk/clients/{machine.client_id}"
    assert first.post(f"{path}/suspend", {"reason": "stolen key"}).status_code == 204
    assert machine.ask().status_code == 401
    assert first.post(f"{path}/suspend", {"reason": "again"}).json["code"] == "client-state"
    lift = first.post(f"{path}/lift", {"reason": "new key"}).json["proposal_id"]
    assert decide(first, lift).json["code"] == "same-person"
    assert not find(access, machine.client_id).active
    assert decide(second, lift).json["state"] == "done"
    assert machine.ask().status_code == 200
    with house.db.read() as conn:
        told = conn.execute(client_event.select().order_by(client_event.c.n)).all()
    assert [(row.n, row.event, row.stated_by) for row in told] == [
        (1, "register", "official:bob"),
        (2, "suspend", "official:demo-registrar"),
        (3, "lift", "official:demo-registrar-2"),
    ]


def test_an_active_client_needs_no_lifting(enter, machine: Machine):
    answer = enter("registrar").post(f"/v1/desk/clients/{machine.client_id}/lift", {"reason": "why not"})
    assert answer.json["code"] == "client-state"


def test_a_key_is_added_by_two(enter, access: Access, machine: Machine, es_key: SigningKey, app, clock):
    first, second = enter("registrar"), enter("registrar-2")
    path = f"/v1/desk/clients/{machine.client_id}/keys"
    proposed = first.post(path, {"jwk": es_key.public_jwk()}).json["proposal_id"]
    newcomer = Machine(app, machine.client_id, es_key, clock)
    assert newcomer.ask().status_code == 401
    decide(second, proposed)
    assert newcomer.ask().status_code == 200
    assert first.post(path, {"jwk": es_key.public_jwk()}).json["code"] == "client-state"


def test_a_proposal_about_a_client_that_has_changed_is_stale(enter, machine: Machine, es_key: SigningKey):
    first, second = enter("registrar"), enter("registrar-2")
    path = f"/v1/desk/clients/{machine.client_id}"
    proposed = first.post(f"{path}/keys", {"jwk": es_key.public_jwk()}).json["proposal_id"]
    second.post(f"{path}/suspend", {"reason": "stolen key"})
    assert decide(second, proposed).json["code"] == "proposal-stale"


def test_a_key_holds_between_its_dates(house: House, app, clock: FixedClock, ed_key, es_key, register):
    client_id = register(ed_key)
    now = clock.now_ms()
    key = NewKey(es_key.public_jwk(), now + 10_000, now + 20_000)
    proposal = house.db.write(
        lambda turn: registering.propose_key(turn, client_id, key, by="official:ann", random=house.random)
    )
    house.db.write(lambda turn: two_person.decide(turn, proposal, "official:bob", True, "checked"))
    machine = Machine(app, client_id, es_key, clock)
    assert machine.ask().status_code == 401
    clock.advance(10_000)
    assert machine.ask().status_code == 200
    clock.advance(9_999)
    assert machine.ask().status_code == 200
    clock.advance(1)
    assert machine.ask().status_code == 401


def test_a_key_is_ended_at_once(enter, machine: Machine, access: Access):
    first = enter("registrar")
    path = f"/v1/desk/clients/{machine.client_id}/keys/revoke"
    body = {"kid": machine.key.kid, "reason": "lost"}
    assert first.post(path, body).status_code == 204
    assert machine.ask().status_code == 401
    assert first.post(path, body).json["code"] == "client-state"


@pytest.mark.parametrize("client_id", ["centre-0000", "X", "a%20b", "-" * 60])
def test_an_unknown_client_is_unknown(enter, client_id: str):
    answer = enter("registrar").post(f"/v1/desk/clients/{client_id}/suspend", {"reason": "who"})
    assert answer.json["code"] == "client-unknown"


def test_the_list_shows_no_key(enter, machine: Machine):
    listed = enter("auditor").get("/v1/desk/clients")
    assert [item["client_id"] for item in listed.json["items"]] == [machine.client_id]
    assert machine.key.public_jwk()["x"] not in listed.text


def test_versions_count_every_change(house: House, machine: Machine, access: Access):
    before = find(access, machine.client_id).version
    house.db.write(lambda turn: clients.suspend(turn, machine.client_id, by="official:ann", reason="x"))
    assert find(access, machine.client_id).version == before + 1


def test_a_proposal_of_an_unknown_kind_is_listed_and_not_decided(
    enter, house: House, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(two_person._kinds, "of.later", two_person._kinds["client.lift"])
        house.db.write(lambda turn: two_person.propose(turn, "of.later", "甲", {}, "official:demo-registrar"))
    second = enter("registrar-2")

    (listed,) = second.get("/v1/desk/proposals").json["items"]
    assert (listed["kind"], listed["subject"], listed["may_decide"]) == ("of.later", "甲", False)
    for approve in (True, False):
        answer = decide(second, listed["id"], approve)
        assert (answer.status_code, answer.json["code"]) == (409, "proposal-kind-unknown")
    first = enter("registrar")
    answer = first.post(f"/v1/desk/proposals/{listed['id']}/withdraw", {"reason": "升级后再提"})
    assert (answer.status_code, answer.json["state"]) == (200, "withdrawn")


TERMS = {"units_a_day": None, "at_once": None, "reason": "业务调整"}


def change_terms(enter, client_id: str, **terms: Any) -> dict[str, Any]:
    """Other terms, by two registrars."""
    path = f"/v1/desk/clients/{client_id}/terms"
    proposed = enter("registrar").post(path, TERMS | terms)
    assert proposed.status_code == 202, proposed.text
    decided = decide(enter("registrar-2"), proposed.json["proposal_id"])
    assert (decided.status_code, decided.json["state"]) == (200, "done"), decided.text
    return decided.json


def test_two_officials_change_scopes_and_the_very_next_request_follows(
    enter, access: Access, machine: Machine
):
    old = machine.token()
    path = f"/v1/desk/clients/{machine.client_id}/terms"
    first = enter("registrar")
    proposed = first.post(path, TERMS | {"scopes": ["records:read"], "units_a_day": 7, "at_once": 2})
    assert decide(first, proposed.json["proposal_id"]).json["code"] == "same-person"
    assert access.tokens.verify(old).scopes == {"records:read", "records:write"}

    decide(enter("registrar-2"), proposed.json["proposal_id"])

    assert access.tokens.verify(old).scopes == {"records:read"}
    assert machine.ask().json["scope"] == "records:read"
    assert machine.ask(scope="records:write").json["error"] == "invalid_scope"
    found = find(access, machine.client_id)
    assert (found.units_a_day, found.at_once) == (7, 2)
    told = first.get(f"/v1/desk/clients/{machine.client_id}").json
    assert (told["scopes"], told["units_a_day"], told["at_once"]) == (["records:read"], 7, 2)
    assert (told["events"][-1]["event"], told["events"][-1]["proposal"]) == (
        "change-terms", proposed.json["proposal_id"]
    )  # fmt: skip


def test_terms_begin_at_their_instant_and_not_before(enter, machine: Machine, clock: FixedClock):
    begins = clock.now_ms() + 60_000
    change_terms(enter, machine.client_id, scopes=["records:read"], from_ms=begins)
    told = enter("auditor").get(f"/v1/desk/clients/{machine.client_id}").json
    assert told["scopes"] == ["records:read", "records:write"]
    assert [one["from_ms"] for one in told["coming"]] == [begins]

    clock.advance(59_999)
    assert machine.ask().json["scope"] == "records:read records:write"
    clock.advance(1)
    assert machine.ask().json["scope"] == "records:read"
    assert enter("auditor").get(f"/v1/desk/clients/{machine.client_id}").json["coming"] == []


def test_a_later_decision_ends_what_an_earlier_one_would_begin(enter, machine: Machine, clock: FixedClock):
    begins = clock.now_ms() + 60_000
    change_terms(enter, machine.client_id, scopes=["records:read"], from_ms=begins)
    change_terms(enter, machine.client_id, scopes=["records:read", "records:write"])

    assert enter("auditor").get(f"/v1/desk/clients/{machine.client_id}").json["coming"] == []
    clock.advance(60_000)
    assert machine.ask().json["scope"] == "records:read records:write"


def test_terms_whose_instant_passed_while_they_waited_begin_with_the_second_word(
    enter, machine: Machine, clock: FixedClock, house: House
):
    path = f"/v1/desk/clients/{machine.client_id}/terms"
    body = TERMS | {"scopes": ["records:read"], "from_ms": clock.now_ms() + 1_000}
    proposed = enter("registrar").post(path, body).json["proposal_id"]
    clock.advance(5_000)
    decide(enter("registrar-2"), proposed)
    with house.db.read() as conn:
        (terms,) = clients.one(conn, machine.client_id).changes
    assert terms.from_ms == clock.now_ms()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["feed:read"]}, "/scopes"),
        ({"scopes": ["records:read", "records:read"]}, "/scopes"),
        ({"scopes": ["records:write", "records:read"]}, "/scopes"),
        ({"units_a_day": 0}, "/units_a_day"),
        ({"at_once": 1001}, "/at_once"),
        ({"from_ms": 1}, "/from_ms"),
        ({"kind": "platform"}, "/kind"),
    ],
)
def test_impossible_or_equal_terms_are_refused_and_change_nothing(
    enter, machine: Machine, changes: dict, pointer: str
):
    first, path = enter("registrar"), f"/v1/desk/clients/{machine.client_id}/terms"
    answer = first.post(path, TERMS | {"scopes": ["records:read"]} | changes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert first.get("/v1/desk/proposals").json["items"] == []


def test_terms_are_stale_once_somebody_else_changed_the_client(enter, machine: Machine):
    path = f"/v1/desk/clients/{machine.client_id}"
    first, second = enter("registrar"), enter("registrar-2")
    proposed = first.post(f"{path}/terms", TERMS | {"scopes": ["records:read"]}).json["proposal_id"]
    second.post(f"{path}/suspend", {"reason": "stolen key"})
    assert decide(second, proposed).json["code"] == "proposal-stale"


def test_who_is_no_registrar_proposes_no_terms(enter, machine: Machine):
    body = TERMS | {"scopes": ["records:read"]}
    for kind in ("handler", "reviewer", "auditor", "worker"):
        answer = enter(kind).post(f"/v1/desk/clients/{machine.client_id}/terms", body)
        assert answer.status_code == 403


def test_a_lower_ceiling_holds_for_the_next_request(enter, machine: Machine, house: House):
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.archive.routes")).test_client()
    headers = {"Authorization": f"Bearer {machine.token()}"}
    path = "/v1/records/01890000-0000-7000-8000-000000000009"
    assert made.get(path, headers=headers).status_code == 404

    change_terms(enter, machine.client_id, scopes=["records:read"], units_a_day=2)

    # What this process holds of the higher ceiling is worth nothing any more.
    refused = made.get(path, headers=headers)
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"].split(";")[1] == "q=2"


def test_terms_of_a_client_of_another_county_are_nobodys(enter, machine: Machine, house: House):
    def act(turn: Any) -> None:
        officials.add(turn, "far", "某县登记")
        officials.grant(turn, "far", "registrar", "640521", by="system:demo")
        demo._insert(turn, demo.Persona("far", "某县登记", "County", 99, Kind.OFFICIAL, "far"))

    house.db.write(act)
    far, body = enter("far"), TERMS | {"scopes": ["records:read"]}
    foreign = far.post(f"/v1/desk/clients/{machine.client_id}/terms", body)
    missing = far.post("/v1/desk/clients/centre-0000000000000000/terms", body)
    assert (foreign.status_code, foreign.json["code"]) == (missing.status_code, missing.json["code"])
    assert foreign.status_code == 404
