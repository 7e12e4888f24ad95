"""The table of hostile tokens (security.md §1.5) knocks at three doors: submit, feed, an own record.

Each gets the one 401 with the one line in the log, and nobody learns what was wrong.
"""

import json
from collections.abc import Callable
from typing import Any

import flask
import pytest

from recordsvc import service
from recordsvc.access.services import Access
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.submit.keys import SigningKey
from tests.access.conftest import ISSUER, ROOMS, Machine, compact

DOORS = {
    "submit": ("POST", "/v1/records"),
    "feed": ("GET", "/v1/entries"),
    "own record": ("GET", "/v1/records/01890000-0000-7000-8000-000000000001"),
}


@pytest.fixture
def app(house: House) -> flask.Flask:
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.archive.routes"))
    made.testing = False
    return made


@pytest.fixture
def service_key(house: House, access: Access) -> SigningKey:
    """The service's own token key, in the hands of a test that forges with it."""
    public = house.keys.public("token")
    return SigningKey(access.tokens.kid, "ES256", lambda data: house.keys.sign("token", data), public)


@pytest.fixture
def hostile(
    house: House,
    access: Access,
    machine: Machine,
    service_key: SigningKey,
    es_key: SigningKey,
    clock: FixedClock,
) -> dict[str, str]:
    """One token for each line of the table, each good but for that line."""
    now = clock.now_ms() // 1000
    header = {"alg": "ES256", "typ": "at+jwt", "kid": access.tokens.kid}
    claims = {
        "iss": ISSUER,
        "aud": house.settings.audience,
        "sub": machine.client_id,
        "client_id": machine.client_id,
        "iat": now,
        "exp": now + 300,
        "jti": "one",
        "scope": "feed:read records:read records:write",
    }

    def headed(**other: Any) -> str:
        return compact(service_key, {**header, **other}, claims)

    def changed(**other: Any) -> str:
        return compact(service_key, header, claims | other)

    def without(name: str) -> str:
        return compact(service_key, header, {key: value for key, value in claims.items() if key != name})

    unsigned = ".".join([*headed(alg="none").split(".")[:2], ""])
    shared = SigningKey("x", "HS256", lambda _: b"", house.keys.public("token"))
    return {
        "typ JWT": headed(typ="JWT"),
        "typ absent": compact(service_key, {"alg": "ES256", "kid": access.tokens.kid}, claims),
        "typ dpop+jwt": headed(typ="dpop+jwt"),
        "exp absent": without("exp"),
        "sub absent": without("sub"),
        "client_id absent": without("client_id"),
        "exp 1e308": changed(exp=1e308),
        "exp NaN": changed(exp=float("nan")),
        "exp ten years on": changed(exp=now + 315_360_000),
        "expired": changed(iat=now - 400, exp=now - 100),
        "cnf sent as bearer": changed(cnf={"jkt": "A" * 43}),
        "cnf unknown": changed(cnf={"kid": "A" * 43}),
        "cnf of two": changed(cnf={"jkt": "A" * 43, "x5t#S256": "A" * 43}),
        "cnf null": changed(cnf=None),
        "claim twice": compact(service_key, header, json.dumps(claims)[:-1].encode() + b',"sub":"x"}'),
        "too large": changed(x="a" * 8192),
        "a megabyte": changed(x="a" * 1_000_000),
        "RS256 over an EC key": headed(alg="RS256"),
        "scope absent": without("scope"),
        "client unknown": changed(client_id="nobody", sub="nobody"),
        "alg none": unsigned,
        "HS256 with the public key": compact(shared, {**header, "alg": "HS256"}, claims),
        "jku": headed(jku="https://evil.example/jwks"),
        "x5u": headed(x5u="https://evil.example/x"),
        "jwk": headed(jwk={"kty": "EC"}),
        "x5c": headed(x5c=["MIIB"]),
        "kid absent": compact(service_key, {"alg": "ES256", "typ": "at+jwt"}, claims),
        "kid of nobody": headed(kid="nobody"),
        "kid that is a path": headed(kid="../../keys/token"),
        "kid that is a query": headed(kid="x' UNION SELECT 'y"),
        "crit": headed(crit=["b64"], b64=False),
        "wrong aud": changed(aud="other"),
        "aud list": changed(aud=[house.settings.audience]),
        "wrong iss": changed(iss="https://other.example"),
        "nbf ahead": changed(nbf=now + 60),
        "iat ahead": changed(iat=now + 60, exp=now + 360),
        "deep JSON": compact(service_key, header, b'{"a":' * 500 + b"1" + b"}" * 500),
        "another key": compact(es_key, header, claims),
        "assertion as token": machine.sign(machine.claims()),
        "rubbish": "a.b.c",
    }


@pytest.mark.parametrize("door", DOORS)
def test_every_hostile_token_gets_the_one_refusal_and_one_line(
    app: flask.Flask, hostile: dict[str, str], capfd: pytest.CaptureFixture[str], door: str
) -> None:
    method, path = DOORS[door]
    client = app.test_client()
    seen = set()
    for name, token in hostile.items():
        capfd.readouterr()
        answer = client.open(path, method=method, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 431:
            assert name == "a megabyte"
            continue
        body = answer.json
        seen.add((answer.status_code, json.dumps(body, sort_keys=True), answer.headers["WWW-Authenticate"]))
        lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
        assert [line["status"] for line in lines] == [401], name
        assert len(lines[0]["refused"].rpartition(" ")[2]) == 8, name
        assert token not in json.dumps(lines), name

    ((status, text, challenge),) = seen
    assert (status, json.loads(text)["code"]) == (401, "token-refused")
    assert challenge == 'Bearer realm="recordsvc", error="invalid_token"'


@pytest.mark.parametrize("door", DOORS)
def test_scopes_that_only_hold_the_wanted_one_open_nothing(
    app: flask.Flask,
    house: House,
    access: Access,
    machine: Machine,
    service_key: SigningKey,
    clock: FixedClock,
    door: str,
) -> None:
    """Well signed and ours, so it is known and not allowed: no scope of it is one of ours."""
    now = clock.now_ms() // 1000
    claims = {
        "iss": ISSUER,
        "aud": house.settings.audience,
        "sub": machine.client_id,
        "client_id": machine.client_id,
        "iat": now,
        "exp": now + 300,
        "jti": "one",
        "scope": "feed:reader xrecords:read records:writes records feed:",
    }
    token = compact(service_key, {"alg": "ES256", "typ": "at+jwt", "kid": access.tokens.kid}, claims)
    method, path = DOORS[door]
    answer = app.test_client().open(path, method=method, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_the_tables_base_is_itself_good(
    app: flask.Flask, machine: Machine, register: Callable[..., str]
) -> None:
    method, path = DOORS["own record"]
    answer = app.test_client().open(
        path, method=method, headers={"Authorization": f"Bearer {machine.token()}"}
    )

    assert answer.status_code == 404
