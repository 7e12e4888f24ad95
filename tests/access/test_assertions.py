"""The token endpoint: how a client proves itself, once, and what everybody else is told."""

import json
import threading
from typing import Any

import flask
import jwt
import pytest

from recordsvc.access import clients, jose
from recordsvc.access.services import open_access
from recordsvc.access.tables import assertion_seen
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.submit.keys import SigningKey, key_from_secret
from tests.access.conftest import ISSUER, Machine, compact


def test_a_client_gets_a_token(machine: Machine):
    answer = machine.ask()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: answer.json[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "records:read records:write",
    }


def test_both_algorithms_work(app: flask.Flask, register, ed_key: SigningKey, es_key: SigningKey, clock):
    client_id = register(ed_key, es_key)
    for key in (ed_key, es_key):
        assert Machine(app, client_id, key, clock).ask().status_code == 200


def test_a_client_may_ask_for_less(machine: Machine):
    assert machine.ask(scope="records:read").json["scope"] == "records:read"


@pytest.mark.parametrize(
    "scope", ["records:writer", "feed:read", "records:read feed:read", "", " ", "RECORDS:READ"]
)
def test_a_client_may_not_ask_for_more(machine: Machine, scope: str):
    answer = machine.ask(scope=scope)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")


def test_an_assertion_works_once(machine: Machine):
    assertion = machine.sign(machine.claims())
    assert machine.post(assertion).status_code == 200
    answer = machine.post(assertion)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_the_same_jti_in_another_assertion_is_a_replay(machine: Machine, clock: FixedClock):
    machine.post(machine.sign(machine.claims(jti="same")))
    clock.advance(1000)
    assert machine.post(machine.sign(machine.claims(jti="same"))).status_code == 401


def test_an_assertion_that_ends_while_it_waits_is_not_let_in_again(
    machine: Machine, house: House, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    """Judged alive, then behind a queue of writers until the turn whose sweep forgets its first use."""
    assertion = machine.sign(machine.claims(exp=clock.now_ms() // 1000 + 30))
    assert machine.post(assertion).status_code == 200
    clock.advance(29_990)
    write = house.db.write

    def queued(act: Any) -> Any:
        clock.advance(20)
        return write(act)

    monkeypatch.setattr(house.db, "write", queued)
    assert machine.post(assertion).status_code == 401


def test_two_clients_may_use_one_jti(machine: Machine, register, es_key: SigningKey):
    other = Machine(machine.app, register(es_key), es_key, machine.clock)
    assert machine.post(machine.sign(machine.claims(jti="same"))).status_code == 200
    assert other.post(other.sign(other.claims(jti="same"))).status_code == 200


def test_many_race_with_one_assertion_and_one_wins(machine: Machine, house: House):
    assertion, start, statuses = machine.sign(machine.claims()), threading.Barrier(6), []

    def run() -> None:
        start.wait()
        statuses.append(machine.post(assertion).status_code)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 401, 401, 401, 401, 401]


def test_used_assertions_are_forgotten_once_they_have_expired(
    machine: Machine, house: House, clock: FixedClock
):
    machine.ask()
    clock.advance(61_000)
    machine.ask()
    with house.db.read() as conn:
        assert len(conn.execute(assertion_seen.select()).all()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "https://rogue.example"]},
        {"aud": "https://rogue.example"},
        {"aud": None},
        {"iss": "somebody"},
        {"iss": None},
        {"sub": "somebody"},
        {"sub": None},
        {"jti": None},
        {"jti": ""},
        {"jti": 5},
        {"jti": "j" * 257},
        {"exp": None},
        {"exp": True},
        {"exp": 1e308},
        {"exp": "soon"},
        {"iat": 1.5},
        {"nbf": 4_000_000_000},
    ],
)
def test_a_wrong_claim_is_refused(machine: Machine, changes: dict):
    answer = machine.post(machine.sign(machine.claims(**changes)))
    assert (answer.status_code, answer.json) == (401, REFUSED)


REFUSED = {"error": "invalid_client", "error_description": "client authentication failed"}


@pytest.mark.parametrize(
    ("issued", "expires", "status"),
    [
        (0, 60, 200),
        (0, 61, 401),
        (10, 70, 200),
        (11, 60, 401),
        (-59, 1, 200),
        (-60, 0, 401),
        (None, 60, 200),
        (None, 70, 200),
        (None, 71, 401),
        (None, 0, 401),
        (None, 3600, 401),
    ],
)
def test_an_assertion_lives_a_minute(machine: Machine, issued: int | None, expires: int, status: int):
    now = machine.clock.now_ms() // 1000
    claims = machine.claims(iat=None if issued is None else now + issued, exp=now + expires)
    assert machine.post(machine.sign(claims)).status_code == status


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"alg": "RS256"},
        {"kid": "unknown"},
        {"kid": ""},
        {"typ": "at+jwt"},
        {"typ": "dpop+jwt"},
        {"jku": "https://rogue.example/keys"},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}},
        {"x5c": []},
        {"crit": ["exp"]},
    ],
)
def test_a_wrong_header_is_refused(machine: Machine, header: dict):
    answer = machine.post(machine.sign(machine.claims(), **header))
    assert (answer.status_code, answer.json) == (401, REFUSED)


@pytest.mark.parametrize("typ", ["JWT", "client-authentication+jwt"])
def test_the_usual_types_are_taken(machine: Machine, typ: str):
    assert machine.post(machine.sign(machine.claims(), typ=typ)).status_code == 200


def test_a_claim_twice_is_refused(machine: Machine):
    claims = json.dumps(machine.claims())[:-1].encode() + b',"jti":"other"}'
    header = {"alg": machine.key.alg, "kid": machine.key.kid}
    assert machine.post(compact(machine.key, header, claims)).json == REFUSED


def test_another_clients_key_does_not_help(machine: Machine, register, es_key: SigningKey):
    register(es_key)
    thief = Machine(machine.app, machine.client_id, es_key, machine.clock)
    assert thief.ask().json == REFUSED


def test_the_decoys_open_nothing(machine: Machine):
    """Their secrets are in the source: whoever signs with one as an unknown client must still be refused."""
    decoy = key_from_secret("EdDSA", b"\x01" * 32, "any")
    assert Machine(machine.app, "centre-0000", decoy, machine.clock).ask().json == REFUSED
    assert Machine(machine.app, machine.client_id, decoy, machine.clock).ask().json == REFUSED


def test_unknown_clients_unknown_keys_and_wrong_signatures_look_alike(machine: Machine, ed_key: SigningKey):
    wrong = key_from_secret("EdDSA", b"\x09" * 32, ed_key.kid)
    unknown_key = key_from_secret("EdDSA", b"\x09" * 32, "other")
    answers = [
        Machine(machine.app, "centre-0000", ed_key, machine.clock).ask(),
        Machine(machine.app, machine.client_id, wrong, machine.clock).ask(),
        Machine(machine.app, machine.client_id, unknown_key, machine.clock).ask(),
    ]
    assert {(answer.status_code, answer.data) for answer in answers} == {(401, answers[0].data)}


def test_unknown_clients_and_wrong_signatures_cost_the_same_work(
    house: House, machine: Machine, ed_key, monkeypatch: pytest.MonkeyPatch
):
    checked: list[str] = []
    decode = jwt.decode

    def counting(token: str, *args: object, **kwargs: object) -> object:
        checked.append(token)
        return decode(token, *args, **kwargs)

    monkeypatch.setattr(jose.jwt, "decode", counting)
    endpoint = open_access(house).endpoint
    wrong = key_from_secret("EdDSA", b"\x09" * 32, ed_key.kid)
    for client_id in ("centre-0000", machine.client_id):
        caller = Machine(machine.app, client_id, wrong, machine.clock)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": caller.sign(caller.claims()),
        }
        with pytest.raises(Exception, match="invalid_client"):
            endpoint.grant(form)
    assert len(checked) == 2


def test_a_suspended_client_gets_no_token(machine: Machine, house: House):
    house.db.write(lambda turn: clients.suspend(turn, machine.client_id, by="official:ann", reason="stolen"))
    assert machine.ask().json == REFUSED


def test_a_revoked_key_gets_no_token_and_the_other_goes_on(
    app, register, ed_key, es_key, house: House, clock
):
    client_id = register(ed_key, es_key)
    house.db.write(
        lambda turn: clients.revoke_key(turn, client_id, ed_key.kid, by="official:ann", reason="lost")
    )
    assert Machine(app, client_id, ed_key, clock).ask().json == REFUSED
    assert Machine(app, client_id, es_key, clock).ask().status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
        ({"client_assertion_type": "other"}, "invalid_request"),
        ({"client_id": "somebody"}, "invalid_client"),
        ({"client_assertion": "a.b.c"}, "invalid_client"),
        ({"client_assertion": ""}, "invalid_client"),
        ({"client_assertion": "x" * 9000}, "invalid_client"),
    ],
)
def test_a_wrong_request_gets_the_rfcs_answer(machine: Machine, form: dict, error: str):
    answer = machine.post(**{"assertion": machine.sign(machine.claims()), **form})
    assert answer.json["error"] == error
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_naming_oneself_beside_the_assertion_is_allowed(machine: Machine):
    assert machine.ask(client_id=machine.client_id).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"grant_type=client_credentials&grant_type=client_credentials",
        b"grant_type=%ff",
        b"\xff=1",
        b"&".join(b"a%d=1" % n for n in range(30)),
        b"",
    ],
)
def test_parameters_stand_once_and_in_ascii(app: flask.Flask, data: bytes):
    answer = app.test_client().post(
        "/oauth/token", data=data, content_type="application/x-www-form-urlencoded"
    )
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_json_is_not_a_token_request(app: flask.Flask):
    assert app.test_client().post("/oauth/token", json={}).status_code == 415


def test_a_refusals_reason_stands_in_the_log_only(machine: Machine, capsys: pytest.CaptureFixture[str]):
    assertion = machine.sign(machine.claims(aud="https://rogue.example"))
    capsys.readouterr()
    answer = machine.post(assertion)
    line = json.loads(capsys.readouterr().err)
    assert line["refused"] == "pyjwt-InvalidAudienceError"
    assert "Audience" not in answer.text
    assert machine.client_id not in json.dumps(line)


def test_the_metadata_says_where_and_how(app: flask.Flask):
    found = app.test_client().get("/.well-known/oauth-authorization-server").json
    assert found["issuer"] == ISSUER
    assert found["token_endpoint"] == "http://localhost:8930/oauth/token"
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert app.test_client().get("/oauth/jwks.json").json["keys"][0].keys() == {
        "alg", "crv", "kid", "kty", "use", "x", "y"
    }  # fmt: skip
