"""Access tokens: the table of hostile tokens, suspension at the next request, what is remembered."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import jwt
import pytest

from recordsvc.access import clients
from recordsvc.access.errors import TokenRefused
from recordsvc.access.services import Access
from recordsvc.access.tokens import Tokens
from recordsvc.ground.ports import FixedClock, SeededRandom
from recordsvc.house import House
from recordsvc.submit.keys import SigningKey
from recordsvc.vault.keyfolder import create_keys, open_keys
from tests.access.conftest import ISSUER, Machine, compact


@pytest.fixture
def service_key(house: House, access: Access) -> SigningKey:
    """The service's own token key, in the hands of a test that forges with it."""
    public = house.keys.public("token")
    return SigningKey(access.tokens.kid, "ES256", lambda data: house.keys.sign("token", data), public)


@pytest.fixture
def good(machine: Machine, access: Access, clock: FixedClock) -> dict[str, Any]:
    now = clock.now_ms() // 1000
    return {
        "iss": ISSUER,
        "aud": "records.example.org",
        "sub": machine.client_id,
        "client_id": machine.client_id,
        "iat": now,
        "exp": now + 300,
        "jti": "one",
        "scope": "records:read records:write",
    }


HEADER = {"alg": "ES256", "typ": "at+jwt"}


def refused(tokens: Tokens, token: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        tokens.verify(token)
    assert caught.value.headers["WWW-Authenticate"] == 'Bearer realm="recordsvc", error="invalid_token"'
    return caught.value.why.partition(" ")[0]


def test_a_token_of_ours_is_good(machine: Machine, access: Access):
    actor = access.tokens.verify(machine.token())
    assert (actor.kind, actor.id, actor.institution) == ("client", machine.client_id, "91640100MATE5T0173")
    assert actor.scopes == {"records:read", "records:write"}


def test_a_token_is_what_rfc_9068_wants(machine: Machine, access: Access, clock: FixedClock):
    token = machine.token()
    key = jwt.PyJWK.from_dict(access.tokens.jwks()["keys"][0])
    options = {"verify_exp": False, "verify_iat": False}
    read = jwt.decode_complete(
        token, key, algorithms=["ES256"], audience="records.example.org", issuer=ISSUER, options=options
    )
    assert read["header"] == {"alg": "ES256", "kid": access.tokens.kid, "typ": "at+jwt"}
    assert read["payload"]["exp"] - read["payload"]["iat"] == 300
    assert read["payload"]["sub"] == read["payload"]["client_id"] == machine.client_id


def test_a_token_ends(machine: Machine, access: Access, clock: FixedClock):
    token = machine.token()
    access.tokens.verify(token)
    clock.advance(299_000)
    access.tokens.verify(token)
    clock.advance(1_000)
    assert refused(access.tokens, token) == "expired"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"typ": "JWT"}, "typ"),
        ({"typ": None}, "typ"),
        ({"typ": "dpop+jwt"}, "typ"),
        ({"typ": "AT+JWT"}, "typ"),
        ({"kid": "other"}, "kid"),
        ({"kid": None}, "header-members"),
        ({"kid": 7}, "header-types"),
        ({"alg": "none"}, "alg"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "RS256"}, "alg"),
        ({"alg": "EdDSA"}, "alg"),
        ({"alg": None}, "header-members"),
        ({"jku": "https://evil.example"}, "header-members"),
        ({"x5u": "https://evil.example"}, "header-members"),
        ({"jwk": {"kty": "EC"}}, "header-members"),
        ({"crit": ["b64"], "b64": False}, "header-members"),
    ],
)
def test_a_hostile_header_is_refused(access: Access, service_key: SigningKey, good, changes, why: str):
    header = {**HEADER, "kid": access.tokens.kid, **changes}
    header = {name: value for name, value in header.items() if value is not None}
    assert refused(access.tokens, compact(service_key, header, good)) == why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://other.example"}, "pyjwt-InvalidIssuerError"),
        ({"iss": None}, "pyjwt-MissingRequiredClaimError"),
        ({"aud": "other"}, "pyjwt-InvalidAudienceError"),
        ({"aud": ["records.example.org"]}, "aud-form"),
        ({"aud": ["records.example.org", "other"]}, "aud-form"),
        ({"aud": None}, "pyjwt-MissingRequiredClaimError"),
        ({"exp": None}, "exp-form"),
        ({"exp": 1e308}, "strict-json"),
        ({"exp": float("nan")}, "strict-json"),
        ({"exp": True}, "exp-form"),
        ({"exp": "1900000000"}, "exp-form"),
        ({"exp": 10**12}, "exp-form"),
        ({"iat": None}, "iat-form"),
        ({"sub": None}, "sub-form"),
        ({"sub": "somebody"}, "sub"),
        ({"client_id": None}, "client_id-form"),
        ({"client_id": 5}, "client_id-form"),
        ({"client_id": "nobody", "sub": "nobody"}, "client-state"),
        ({"jti": None}, "jti-form"),
        ({"scope": None}, "scope-form"),
        ({"scope": ["records:write"]}, "scope-form"),
        ({"cnf": {"jkt": "x"}}, "cnf"),
        ({"cnf": None, "cnf2": {"unknown": "x"}}, ""),
        ({"name": "e\u0301"}, "strict-json"),
    ],
)
def test_hostile_claims_are_refused(access: Access, service_key: SigningKey, good, changes, why: str):
    claims = {name: value for name, value in (good | changes).items() if value is not None}
    token = compact(service_key, HEADER | {"kid": access.tokens.kid}, claims)
    if why:
        assert refused(access.tokens, token) == why
    else:
        access.tokens.verify(token)


@pytest.mark.parametrize(
    ("issued", "expires", "why"),
    [
        (0, 601, "life"),
        (0, 86_400 * 3650, "life"),
        (0, 0, "life"),
        (11, 300, "iat-future"),
        (-500, 0, "expired"),
    ],
)
def test_impossible_times_are_refused(
    access: Access, service_key: SigningKey, good, issued: int, expires: int, why: str
):
    claims = good | {"iat": good["iat"] + issued, "exp": good["iat"] + expires}
    assert refused(access.tokens, compact(service_key, HEADER | {"kid": access.tokens.kid}, claims)) == why


def test_a_peer_may_be_ten_seconds_ahead(access: Access, service_key: SigningKey, good):
    claims = good | {"iat": good["iat"] + 10, "nbf": good["iat"] + 10}
    access.tokens.verify(compact(service_key, HEADER | {"kid": access.tokens.kid}, claims))
    claims = good | {"nbf": good["iat"] + 11}
    assert (
        refused(access.tokens, compact(service_key, HEADER | {"kid": access.tokens.kid}, claims))
        == "nbf-future"
    )


def test_a_claim_that_stands_twice_is_refused(access: Access, service_key: SigningKey, good):
    text = json.dumps(good)[:-1].encode() + b',"sub":"somebody-else"}'
    token = compact(service_key, HEADER | {"kid": access.tokens.kid}, text)
    assert refused(access.tokens, token) == "strict-json"


def test_scopes_are_compared_word_by_word(access: Access, service_key: SigningKey, good):
    claims = good | {"scope": "records:writer records:read"}
    actor = access.tokens.verify(compact(service_key, HEADER | {"kid": access.tokens.kid}, claims))
    assert actor.scopes == {"records:read"}


def test_an_oversized_token_is_not_read(access: Access, service_key: SigningKey, good):
    token = compact(service_key, HEADER | {"kid": access.tokens.kid}, good | {"x": "a" * 8192})
    assert refused(access.tokens, token) == "size"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "a.b.c.d", "..", "é.b.c", "e30.e30.", "\ud800.a.b"]
)
def test_rubbish_is_refused(access: Access, token: str):
    refused(access.tokens, token)


def test_deep_json_is_refused(access: Access, service_key: SigningKey):
    token = compact(service_key, HEADER | {"kid": access.tokens.kid}, b'{"a":' * 500 + b"1" + b"}" * 500)
    refused(access.tokens, token)


def test_the_public_key_does_not_serve_as_a_shared_secret(house: House, access: Access, good):
    forger = SigningKey("x", "HS256", lambda data: b"", house.keys.public("token"))
    header = {"alg": "HS256", "typ": "at+jwt", "kid": access.tokens.kid}
    assert refused(access.tokens, compact(forger, header, good)) == "alg"


def test_another_key_of_ours_does_not_sign_tokens(house: House, access: Access, good, es_key: SigningKey):
    token = compact(es_key, HEADER | {"kid": access.tokens.kid}, good)
    assert refused(access.tokens, token) == "pyjwt-InvalidSignatureError"


def test_every_changed_character_is_noticed(machine: Machine, access: Access):
    token = machine.token()
    for position in range(0, len(token), 7):
        other = "A" if token[position] != "A" else "B"
        refused(access.tokens, token[:position] + other + token[position + 1 :])


def test_a_suspension_holds_from_the_next_request(machine: Machine, access: Access, house: House):
    token = machine.token()
    access.tokens.verify(token)
    house.db.write(lambda turn: clients.suspend(turn, machine.client_id, by="official:ann", reason="stolen"))
    assert refused(access.tokens, token) == "client-state"


def test_a_suspension_in_another_process_holds_too(machine: Machine, app: flask.Flask, house: House):
    from recordsvc.access.services import open_access

    other = open_access(house)
    token = machine.token()
    other.tokens.verify(token)
    house.db.write(lambda turn: clients.suspend(turn, machine.client_id, by="official:ann", reason="stolen"))
    assert refused(other.tokens, token) == "client-state"


def test_under_load_no_request_that_begins_after_a_suspension_passes(
    machine: Machine, app: flask.Flask, house: House
):
    """Threads of two processes ask all the time; what was begun before may still pass."""
    from recordsvc.access.services import open_access

    token, suspended, stop = machine.token(), threading.Event(), threading.Event()
    asked: list[tuple[bool, bool]] = []

    def ask(tokens: Tokens) -> None:
        while not stop.is_set():
            late = suspended.is_set()
            try:
                tokens.verify(token)
            except TokenRefused:
                asked.append((late, False))
            else:
                asked.append((late, True))

    places = [open_access(house).tokens for _ in range(2)]
    threads = [threading.Thread(target=ask, args=(places[n % 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    wait_for(lambda: (False, True) in asked)
    house.db.write(lambda turn: clients.suspend(turn, machine.client_id, by="official:ann", reason="stolen"))
    suspended.set()
    wait_for(lambda: sum(late for late, _passed in asked) >= 200)
    stop.set()
    for thread in threads:
        thread.join()

    assert [passed for late, passed in asked if late and passed] == []


def wait_for(there: Callable[[], bool]) -> None:
    """Let threads go on until something is there; far longer than it takes is an error."""
    for _ in range(12_000):
        if there():
            return
        time.sleep(0.01)
    raise TimeoutError


def test_a_good_token_is_checked_once_a_minute(
    machine: Machine, access: Access, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
):
    token, checks = machine.token(), []
    real = Tokens._check
    monkeypatch.setattr(Tokens, "_check", lambda *arguments: checks.append(1) or real(*arguments))
    for _ in range(3):
        access.tokens.verify(token)
    assert len(checks) == 1
    clock.advance(60_000)
    access.tokens.verify(token)
    assert len(checks) == 2


def test_remembered_tokens_are_bounded(access: Access, monkeypatch: pytest.MonkeyPatch, service_key, good):
    monkeypatch.setattr("recordsvc.access.tokens._CACHE_SIZE", 8)
    for n in range(40):
        access.tokens.verify(
            compact(service_key, HEADER | {"kid": access.tokens.kid}, good | {"jti": str(n)})
        )
    assert len(access.tokens._checked) <= 8


def test_at_a_door_every_failure_looks_alike(app: flask.Flask, machine: Machine, house: House):
    token = machine.token()
    house.db.write(lambda turn: clients.suspend(turn, machine.client_id, by="official:ann", reason="stolen"))
    answers = [
        app.test_client().get("/v1/desk/clients", headers={"Authorization": f"Bearer {sent}"})
        for sent in (token, "a.b.c", token[:-4] + "AAAA")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1
    assert all("invalid_token" in answer.headers["WWW-Authenticate"] for answer in answers)


def test_the_log_line_of_a_refused_token_holds_no_token(
    app: flask.Flask, machine: Machine, capsys: pytest.CaptureFixture[str]
):
    token = machine.token() + "x"
    capsys.readouterr()
    app.test_client().get("/v1/desk/clients", headers={"Authorization": f"Bearer {token}"})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "refused" in json.loads(lines[0])
    assert not any(segment in lines[0] for segment in token.split("."))


def test_a_client_may_not_enter_the_desk(app: flask.Flask, machine: Machine):
    answer = app.test_client().get("/v1/desk/clients", headers={"Authorization": f"Bearer {machine.token()}"})
    assert answer.status_code == 403


class Turning:
    """A key store whose ring is another one from some moment on."""

    def __init__(self, ring: Any) -> None:
        self.ring = ring

    def now(self) -> Any:
        return self.ring


def test_a_token_under_a_dropped_key_is_not_remembered_either(
    machine: Machine, house: House, access: Access, clock: FixedClock, tmp_path: Path
):
    keys = Turning(house.keys.now())
    places = {"issuer": ISSUER, "audience": "records.example.org", "seconds": 300}
    tokens = Tokens(keys, access.clients, clock, SeededRandom(1), **places)  # type: ignore[arg-type]
    token = machine.token()
    assert tokens.verify(token).id == machine.client_id
    create_keys(tmp_path / "other", SeededRandom(2).bytes)
    keys.ring = open_keys(tmp_path / "other")
    assert refused(tokens, token)
