"""Bound tokens: a proof for each request, once; certificates; what an unbound token is not given."""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

import flask
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.test import TestResponse

from recordsvc import service
from recordsvc.access import clients
from recordsvc.access.tables import proof_seen
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.submit import sign
from recordsvc.submit.keys import SigningKey
from tests.access.conftest import ROOMS, Machine, compact

HOST = "http://localhost"
FEED = "/v1/entries"


@pytest.fixture
def app(house: House) -> flask.Flask:
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.archive.routes"))
    made.testing = False
    return made


@pytest.fixture
def bank(app: flask.Flask, register: Callable[..., str], ed_key: SigningKey, clock: FixedClock) -> Machine:
    """A receiver: what it may take leaves to bound tokens only."""
    return Machine(app, register(ed_key, kind="platform", scopes=("feed:read",)), ed_key, clock)


class Prover:
    """Makes proofs with one key."""

    def __init__(self, machine: Machine, key: SigningKey) -> None:
        self.machine = machine
        self.key = key
        self.serial = 0

    def proof(self, method: str, path: str, token: str = "", **changes: Any) -> str:
        self.serial += 1
        now = self.machine.clock.now_ms() // 1000
        made = {"now_s": now, "jti": f"proof-{self.serial}", "token": token} | changes
        return sign.dpop_proof(self.key, method, HOST + path, **made)

    def token(self) -> str:
        answer = self.ask(self.proof("POST", "/oauth/token"))
        assert (answer.status_code, answer.json["token_type"]) == (200, "DPoP"), answer.text
        return answer.json["access_token"]

    def ask(self, proof: str, **form: str) -> TestResponse:
        machine = self.machine
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": machine.sign(machine.claims()),
        }
        return machine.app.test_client().post("/oauth/token", data=fields | form, headers={"DPoP": proof})

    def read(self, token: str, proof: str | None, scheme: str = "DPoP", path: str = FEED) -> TestResponse:
        headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof is not None else {})
        return self.machine.app.test_client().get(path, headers=headers)


@pytest.fixture
def prover(bank: Machine, es_key: SigningKey) -> Prover:
    return Prover(bank, es_key)


def payload(token: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


# -- DPoP


def test_a_bound_token_opens_with_a_fresh_proof_of_its_key(prover: Prover) -> None:
    token = prover.token()

    assert payload(token)["cnf"].keys() == {"jkt"}
    for _ in range(2):
        assert prover.read(token, prover.proof("GET", FEED, token)).status_code == 200


def test_the_query_is_no_part_of_what_a_proof_names(prover: Prover) -> None:
    token = prover.token()

    assert prover.read(token, prover.proof("GET", FEED, token), path=f"{FEED}?limit=5").status_code == 200
    named = prover.proof("GET", f"{FEED}?limit=9", token)
    assert prover.read(token, named, path=f"{FEED}?limit=5").status_code == 200


def test_a_stolen_token_is_worth_nothing_without_the_key(prover: Prover, ed_key: SigningKey) -> None:
    token = prover.token()
    thief = Prover(prover.machine, ed_key)

    for scheme, proof in [
        ("Bearer", None),
        ("Bearer", prover.proof("GET", FEED, token)),
        ("DPoP", None),
        ("DPoP", thief.proof("GET", FEED, token)),
    ]:
        answer = prover.read(token, proof, scheme)
        assert (answer.status_code, answer.json["code"]) == (401, "token-refused"), (scheme, proof)


def test_a_proof_works_once_also_in_another_process(prover: Prover, house: House) -> None:
    token = prover.token()
    proof = prover.proof("GET", FEED, token)
    assert prover.read(token, proof).status_code == 200
    other = service.build(house.settings, house, (*ROOMS, "recordsvc.archive.routes")).test_client()

    assert prover.read(token, proof).status_code == 401
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert other.get(FEED, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", FEED), ("get", FEED), ("GET", "/v1/entrie"), ("GET", FEED + "/"), ("GET", "")],
)
def test_a_proof_of_another_request_is_refused(prover: Prover, method: str, path: str) -> None:
    token = prover.token()

    assert prover.read(token, prover.proof(method, path, token)).status_code == 401


def test_a_proof_without_this_tokens_hash_is_refused(prover: Prover) -> None:
    token, other = prover.token(), prover.token()

    assert prover.read(token, prover.proof("GET", FEED)).status_code == 401
    assert prover.read(token, prover.proof("GET", FEED, other)).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(-61, 401), (-60, 200), (10, 200), (11, 401)])
def test_a_proof_is_of_this_minute(prover: Prover, clock: FixedClock, seconds: int, status: int) -> None:
    token = prover.token()
    proof = prover.proof("GET", FEED, token, now_s=clock.now_ms() // 1000 + seconds)

    assert prover.read(token, proof).status_code == status


def test_a_proof_that_ends_while_it_waits_is_not_let_in_again(
    prover: Prover, house: House, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged alive, then behind a queue of writers until the turn whose sweep forgets its first use."""
    token = prover.token()
    proof = prover.proof("GET", FEED, token)
    assert prover.read(token, proof).status_code == 200
    clock.advance(59_990)
    write = house.db.write_grouped

    def queued(*turn: Any) -> Any:
        clock.advance(20)
        return write(*turn)

    monkeypatch.setattr(house.db, "write_grouped", queued)
    assert prover.read(token, proof).status_code == 401


def test_a_client_with_a_wrong_clock_goes_on_with_our_nonce(prover: Prover, clock: FixedClock) -> None:
    wrong = clock.now_ms() // 1000 - 7200
    asked = prover.ask(prover.proof("POST", "/oauth/token", now_s=wrong))
    assert (asked.status_code, asked.json["error"]) == (400, "use_dpop_nonce")
    nonce = asked.headers["DPoP-Nonce"]
    token = prover.ask(prover.proof("POST", "/oauth/token", now_s=wrong, nonce=nonce)).json["access_token"]

    refused = prover.read(token, prover.proof("GET", FEED, token, now_s=wrong))
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].endswith('error="use_dpop_nonce"')
    assert refused.headers["DPoP-Nonce"] == nonce
    good = prover.proof("GET", FEED, token, now_s=wrong, nonce=nonce)
    assert prover.read(token, good).status_code == 200
    assert prover.read(token, good).status_code == 401


def test_a_nonce_ends_and_cannot_be_made_up(prover: Prover, clock: FixedClock) -> None:
    wrong = clock.now_ms() // 1000 - 7200
    nonce = prover.ask(prover.proof("POST", "/oauth/token", now_s=wrong)).headers["DPoP-Nonce"]
    clock.advance(600_000)

    for sent in (nonce, "A" * 24, "", "x" * 300):
        answer = prover.ask(prover.proof("POST", "/oauth/token", nonce=sent or "0"))
        assert answer.json["error"] in ("use_dpop_nonce", "invalid_dpop_proof")


def hostile(prover: Prover, token: str) -> dict[str, str]:
    """Proofs that are wrong in one thing each."""
    key, now = prover.key, prover.machine.clock.now_ms() // 1000
    public = {name: key.public_jwk()[name] for name in ("kty", "crv", "x", "y")}
    header = {"alg": key.alg, "jwk": public, "typ": "dpop+jwt"}
    claims = {
        "htm": "GET",
        "htu": HOST + FEED,
        "iat": now,
        "jti": "hostile",
        "ath": b64u(hashlib.sha256(token.encode()).digest()),
    }
    changed = lambda **other: compact(key, header, claims | other)  # noqa: E731 - a table follows
    headed = lambda **other: compact(key, {**header, **other}, claims)  # noqa: E731
    return {
        "typ": headed(typ="JWT"),
        "no typ": compact(key, {"alg": key.alg, "jwk": public}, claims),
        "kid beside jwk": headed(kid="k"),
        "jku": headed(jku="https://evil.example"),
        "private key": headed(jwk={**public, "d": public["x"]}),
        "symmetric key": headed(jwk={"kty": "oct", "k": "AA"}, alg="HS256"),
        "no key": headed(jwk={}),
        "key as text": headed(jwk="x"),
        "alg none": headed(alg="none"),
        "alg of another curve": headed(alg="EdDSA"),
        "other curve": headed(jwk={**public, "crv": "P-384"}),
        "point off the curve": headed(jwk={**public, "x": public["y"]}),
        "no jti": compact(key, header, {name: value for name, value in claims.items() if name != "jti"}),
        "long jti": changed(jti="j" * 257),
        "jti a number": changed(jti=5),
        "iat text": changed(iat=str(now)),
        "iat fraction": changed(iat=now + 0.5),
        "htm list": changed(htm=["GET"]),
        "htu other host": changed(htu="http://evil.example" + FEED),
        "htu https": changed(htu="https://localhost" + FEED),
        "htu rubbish": changed(htu="http://[::1" + FEED),
        "ath short": changed(ath="x"),
        "duplicate claim": compact(key, header, json.dumps(claims)[:-1].encode() + b',"jti":"again"}'),
        "four segments": changed() + ".x",
        "no signature": ".".join([*changed().split(".")[:2], ""]),
        "rubbish": "x",
        "empty": "",
        "huge": changed(x="a" * 9000),
    }


def test_hostile_proofs_are_refused(prover: Prover, house: House) -> None:
    token = prover.token()
    with house.db.read() as conn:
        before = len(conn.execute(proof_seen.select()).all())

    for what, proof in hostile(prover, token).items():
        answer = prover.read(token, proof)
        assert (answer.status_code, answer.json["code"]) == (401, "token-refused"), what

    with house.db.read() as conn:
        assert len(conn.execute(proof_seen.select()).all()) == before
    good = compact(
        prover.key,
        {
            "alg": prover.key.alg,
            "jwk": {name: prover.key.public_jwk()[name] for name in ("kty", "crv", "x", "y")},
            "typ": "dpop+jwt",
        },
        {
            "htm": "GET",
            "htu": HOST + FEED,
            "iat": prover.machine.clock.now_ms() // 1000,
            "jti": "hostile",
            "ath": b64u(hashlib.sha256(token.encode()).digest()),
        },
    )
    assert prover.read(token, good).status_code == 200, "the table's base is itself good"


def test_two_proof_headers_are_none(prover: Prover) -> None:
    token = prover.token()
    headers = [
        ("Authorization", f"DPoP {token}"),
        ("DPoP", prover.proof("GET", FEED, token)),
        ("DPoP", prover.proof("GET", FEED, token)),
    ]

    assert prover.machine.app.test_client().get(FEED, headers=headers).status_code == 401


def test_an_unbound_token_does_not_pass_as_dpop(machine: Machine, es_key: SigningKey) -> None:
    prover = Prover(machine, es_key)
    token = machine.token()
    path = "/v1/records/01890000-0000-7000-8000-000000000001"

    assert prover.read(token, prover.proof("GET", path, token), path=path).status_code == 401
    assert prover.read(token, None, "Bearer", path=path).status_code == 404


# -- what leaves in bulk


def test_the_feed_is_for_bound_tokens_only(bank: Machine) -> None:
    assert bank.ask().json["error"] == "invalid_dpop_proof"
    assert bank.ask(scope="feed:read").json["error"] == "invalid_dpop_proof"


def test_a_token_that_was_bound_to_nothing_carries_no_bulk_scope(
    bank: Machine, app: flask.Flask, house: House, prover: Prover
) -> None:
    """Also one that this service signed: the rule is held where tokens are used."""
    tokens = app.extensions["access"].tokens
    client = app.extensions["access"].clients.find(bank.client_id)
    unbound = tokens.issue(client, frozenset({"feed:read"}))

    assert prover.read(unbound, None, "Bearer").status_code == 403


def test_a_suspended_receiver_reads_nothing_more(prover: Prover, house: House) -> None:
    token = prover.token()
    client_id = prover.machine.client_id
    house.db.write(lambda turn: clients.suspend(turn, client_id, by="official:ann", reason="leak"))

    assert prover.read(token, prover.proof("GET", FEED, token)).status_code == 401


# -- mutual TLS


def certificate() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank.example")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


def handed_on(cert: x509.Certificate) -> str:
    return f":{base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode()}:"


@pytest.fixture
def edge(house: House) -> Callable[..., Any]:
    """Requests as they come over the Unix socket from the edge, or past it."""
    app = service.build(house.settings, house, (*ROOMS, "recordsvc.archive.routes"))

    def send(method: str, path: str, cert: str | None, peer: str = "", **kwargs: Any) -> TestResponse:
        headers = dict(kwargs.pop("headers", {})) | ({"Client-Cert": cert} if cert is not None else {})
        base = {"REMOTE_ADDR": peer}
        return app.test_client().open(path, method=method, headers=headers, environ_base=base, **kwargs)

    return send


def request_token(machine: Machine) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": machine.sign(machine.claims()),
    }


def test_a_token_is_bound_to_the_certificate_it_was_asked_with(
    bank: Machine, edge: Callable[..., Any]
) -> None:
    ours, other = certificate(), certificate()
    asked = edge("POST", "/oauth/token", handed_on(ours), data=request_token(bank))
    token = asked.json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    assert payload(token)["cnf"].keys() == {"x5t#S256"}
    assert asked.json["token_type"] == "Bearer"
    assert edge("GET", FEED, handed_on(ours), headers=bearer).status_code == 200
    for cert in (handed_on(other), None, "", "::", ":AA:", "-----BEGIN", ":" + "A" * 8_000 + ":"):
        assert edge("GET", FEED, cert, headers=bearer).status_code == 401


def test_a_certificate_header_that_did_not_come_from_the_edge_is_nobodys(
    bank: Machine, edge: Callable[..., Any]
) -> None:
    cert = handed_on(certificate())
    token = edge("POST", "/oauth/token", cert, data=request_token(bank)).json["access_token"]

    past = edge("GET", FEED, cert, peer="127.0.0.1", headers={"Authorization": f"Bearer {token}"})
    assert (past.status_code, past.json["code"]) == (400, "header")
    asked = edge("POST", "/oauth/token", cert, peer="127.0.0.1", data=request_token(bank))
    assert (asked.status_code, asked.json["code"]) == (400, "header")
