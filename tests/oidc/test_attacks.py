"""A provider that lies, answers that were swapped, and a provider that is slow, huge, silent or away."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import flask
import pytest
import sqlalchemy as sa

from recordsvc.access import jose
from recordsvc.access.oidc import directory
from recordsvc.access.oidc.provider import OpenIdProvider
from recordsvc.access.tables import identity_link, login_start, session
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.submit.keys import key_from_secret
from recordsvc.vault.jwk import public_from_jwk
from tests.oidc.conftest import Browser, number
from tests.oidc.rogue import CLAIM, CLIENT, Account, Reply, Rogue, Told, b64u, segment

WANG = Account("sub-wang", number(17))
KEYS, META, TOKEN, PAR = "/jwks", "/.well-known/openid-configuration", "/token", "/par"
DAY = 86_400


@pytest.fixture
def dialect() -> str:
    """What a provider says is judged before any SQL."""
    return "sqlite"


def refused(answer: Any, code: str = "identity-refused") -> bool:
    assert answer.content_type == "application/problem+json", answer.text
    assert "Location" not in answer.headers
    assert not [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("recordsvc-demo=")]
    return bool(answer.json["code"] == code)


# -- the way that works, so that every refusal below has its one cause


@pytest.mark.parametrize("pushes", [True, False])
def test_a_worker_comes_in_and_goes_where_workers_go(
    browser: Browser, rogue: Rogue, wang: bytes, *, pushes: bool
) -> None:
    rogue.pushes = pushes
    answer = browser.back(WANG)
    assert (answer.status_code, answer.location) == (303, "/me")
    assert browser.who() == str(uuid.UUID(bytes=wang))
    assert (PAR in rogue.paths()) is pushes


def test_what_the_browser_carries_holds_nothing_when_requests_are_pushed(
    browser: Browser, rogue: Rogue
) -> None:
    asked = dict(parse_qsl(urlsplit(browser.leave()).query))
    assert asked.keys() == {"client_id", "request_uri"}


def test_the_request_is_bound_in_every_way(browser: Browser, rogue: Rogue) -> None:
    asked = rogue.sent(browser.leave())
    assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid", CLIENT)
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert all(len(asked[name]) == 43 for name in ("state", "nonce", "code_challenge"))
    assert asked["redirect_uri"] == "http://localhost/login/oidc/callback"
    again = rogue.sent(browser.leave())
    assert not {asked[name] for name in ("state", "nonce", "code_challenge")} & set(again.values())


def test_the_service_proves_itself_to_this_provider_alone(
    browser: Browser, rogue: Rogue, app: flask.Flask, clock: FixedClock
) -> None:
    browser.leave()
    browser.leave()
    first, second = (told.fields for told in rogue.asked if told.path == PAR)
    token = first["client_assertion"]
    tokens = app.extensions["access"].tokens
    public = next(key for key in tokens.jwks()["keys"] if key["kid"] == tokens.kid)
    key, _kid = public_from_jwk(public)
    header = jose.read_header(token)
    claims = jose.read_unaddressed(token, key)
    assert (header.alg, header.typ) == ("ES256", "client-authentication+jwt")
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, rogue.issuer)
    assert claims["exp"] - claims["iat"] <= 60
    assert claims["iat"] == clock.now_ms() // 1000
    assert claims["jti"] != jose.read_unaddressed(second["client_assertion"], key)["jti"]
    assert "client_secret" not in first


# -- ID tokens


def test_a_token_that_says_the_same_for_one_audience_as_a_list_is_good(
    browser: Browser, rogue: Rogue, wang: bytes
) -> None:
    rogue.claims = {"aud": [CLIENT], "azp": CLIENT}
    assert browser.back(WANG).status_code == 303


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://op.example"},
    "the issuer with a slash": {"iss": "slash"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "somebody"},
    "two audiences": {"aud": [CLIENT, "somebody"]},
    "no audience": {"aud": None},
    "audience of nobody": {"aud": []},
    "made for another party": {"azp": "somebody"},
    "another nonce": {"nonce": "n" * 43},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 1},
    "expired": {"exp": -1, "iat": -30},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "tomorrow"},
    "an end beyond all time": {"exp": 1e308},
    "ten years": {"exp": 3650 * DAY},
    "made in the future": {"iat": 3600},
    "made far in the future": {"iat": 900 * DAY, "exp": 901 * DAY},
    "made long before": {"iat": -3600},
    "no making": {"iat": None},
    "not yet": {"nbf": 3600},
    "nobody": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no text": {"sub": 7},
    "an endless subject": {"sub": "s" * 256},
    "no number": {CLAIM: None},
    "a number that is none": {CLAIM: 17},
    "signed in days ago": {"auth_time": -9 * 3600},
    "signed in tomorrow": {"auth_time": DAY},
    "no time of signing in": {"auth_time": None},
}
TIMES = ("exp", "iat", "nbf", "auth_time")


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_token_with_one_wrong_claim_opens_nothing(
    browser: Browser, rogue: Rogue, wang: bytes, house: House, clock: FixedClock, lie: dict[str, Any]
) -> None:
    now = clock.now_ms() // 1000
    rogue.claims = {
        name: now + value if name in TIMES and isinstance(value, int) else value
        for name, value in lie.items()
    }
    if lie == {"iss": "slash"}:
        rogue.claims = {"iss": f"{rogue.issuer}/"}
    assert refused(browser.back(WANG))
    assert browser.who() is None
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(identity_link)) == 0


MINE = key_from_secret("ES256", b"\x22" * 32, "op-1")
EDWARDS = key_from_secret("EdDSA", b"\x23" * 32, "op-1")
Claims = dict[str, Any]


def with_shared_secret(rogue: Rogue, claims: Claims) -> str:
    """HS256 with the public key for a secret."""
    body = f"{segment({'alg': 'HS256', 'kid': rogue.key.kid, 'typ': 'JWT'})}.{segment(claims)}"
    public = json.dumps(rogue.key.public_jwk()).encode()
    return f"{body}.{b64u(hmac.digest(public, body.encode(), 'sha256'))}"


def changed(rogue: Rogue, claims: Claims) -> str:
    head, _body, tail = rogue.signed({}, claims).split(".")
    return f"{head}.{segment(claims | {'sub': 'somebody'})}.{tail}"


def twice_a_claim(rogue: Rogue, claims: Claims) -> str:
    body = segment((json.dumps(claims)[:-1] + ', "sub": "sub-wang"}').encode())
    head = segment({"alg": "ES256", "kid": rogue.key.kid})
    return f"{head}.{body}.{b64u(rogue.key.sign(f'{head}.{body}'.encode()))}"


FORGERIES: dict[str, Callable[[Rogue, Claims], str]] = {
    "none": lambda rogue, claims: f"{segment({'alg': 'none', 'kid': rogue.key.kid})}.{segment(claims)}.",
    "hs256": with_shared_secret,
    "another key": lambda rogue, claims: rogue.signed({}, claims, MINE),
    "another algorithm": lambda rogue, claims: rogue.signed({"alg": "EdDSA"}, claims, EDWARDS),
    "its own key": lambda rogue, claims: rogue.signed({"jwk": MINE.public_jwk()}, claims, MINE),
    "no key id": lambda rogue, claims: rogue.signed({"kid": None}, claims),
    "cut": lambda rogue, claims: rogue.signed({}, claims)[:-4],
    "changed": changed,
    "twice a claim": twice_a_claim,
    "four segments": lambda rogue, claims: rogue.signed({}, claims) + ".x",
    "large": lambda rogue, claims: rogue.signed({}, claims | {"more": "x" * 8_192}),
    "empty": lambda _rogue, _claims: "",
    "dots": lambda _rogue, _claims: "a.b.c",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_token_that_is_not_signed_as_it_must_be_opens_nothing(
    browser: Browser, rogue: Rogue, wang: bytes, forge: Callable[[Rogue, Claims], str]
) -> None:
    rogue.token = lambda _header, claims: forge(rogue, claims)
    assert refused(browser.back(WANG))
    assert browser.who() is None


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt", "client-authentication+jwt"])
def test_a_token_of_another_type_is_no_id_token(
    browser: Browser, rogue: Rogue, wang: bytes, typ: str
) -> None:
    rogue.header = {"typ": typ}
    assert refused(browser.back(WANG))


@pytest.mark.parametrize("member", ["jku", "x5u", "x5c", "crit", "b64"])
def test_no_address_of_a_header_is_asked(
    browser: Browser, rogue: Rogue, wang: bytes, listener: tuple[str, list[Told]], member: str
) -> None:
    address, asked = listener
    rogue.header = {member: f"{address}/jwks"}
    assert refused(browser.back(WANG))
    assert asked == []


def test_an_access_token_of_ours_is_no_id_token_and_an_id_token_no_access_token(
    browser: Browser, rogue: Rogue, wang: bytes, app: flask.Flask, house: House
) -> None:
    made: list[str] = []
    rogue.token = lambda header, claims: made.append(rogue.signed(header, claims)) or made[-1]
    assert browser.back(WANG).status_code == 303
    answer = app.test_client().get("/v1/me/looked", headers={"Authorization": f"Bearer {made[0]}"})
    assert (answer.status_code, answer.json["code"]) == (401, "token-refused")

    tokens = app.extensions["access"].tokens
    now = house.clock.now_ms() // 1000
    own = {"iss": house.settings.issuer_url, "aud": house.settings.audience, "sub": "c", "iat": now}
    ours = tokens.sign("at+jwt", own | {"exp": now + 300, "client_id": "c", "jti": "1", "scope": "x"})
    rogue.token = lambda _header, _claims: ours
    rogue.listed = [*rogue.listed, *tokens.jwks()["keys"]]
    assert refused(browser.back(WANG))


def test_our_assertion_at_a_provider_is_no_access_token_here(
    browser: Browser, rogue: Rogue, app: flask.Flask
) -> None:
    browser.leave()
    assertion = next(told.fields["client_assertion"] for told in rogue.asked if told.path == PAR)
    answer = app.test_client().get("/v1/me/looked", headers={"Authorization": f"Bearer {assertion}"})
    assert (answer.status_code, answer.json["code"]) == (401, "token-refused")


def test_no_token_stays_anywhere(browser: Browser, rogue: Rogue, wang: bytes, house: House) -> None:
    made: list[str] = []
    rogue.token = lambda header, claims: made.append(rogue.signed(header, claims)) or made[-1]
    answer = browser.back(WANG)
    assert made[0] not in str(answer.headers) + answer.text
    signature = made[0].rpartition(".")[2].encode()
    for path in house.settings.data_dir.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert signature not in held, path
            assert WANG.subject.encode() not in held, path
            assert WANG.number.encode() not in held, path


# -- answers: swapped, foreign, old, twice


def test_an_answer_is_good_once(browser: Browser, rogue: Rogue, wang: bytes) -> None:
    address = rogue.answer(browser.leave(), WANG)
    assert browser.client.get(address).status_code == 303
    assert refused(browser.client.get(address))


def test_a_code_is_exchanged_once_and_with_the_verifier_of_its_own_request(
    browser: Browser, rogue: Rogue, wang: bytes
) -> None:
    first, second = browser.leave(), browser.leave()
    code = dict(parse_qsl(urlsplit(rogue.answer(first, WANG)).query))["code"]
    assert refused(browser.back(WANG, second, code=code))


def test_swapped_codes_of_two_browsers_open_nothing(
    browser: Browser, another: Callable[[], Browser], rogue: Rogue, wang: bytes, li: bytes
) -> None:
    mine, theirs = browser.leave(), another().leave()
    li_code = dict(parse_qsl(urlsplit(rogue.answer(theirs, Account("sub-li", number(18)))).query))["code"]
    assert refused(browser.back(WANG, mine, code=li_code))
    assert browser.who() is None


def test_an_answer_from_another_browser_signs_nobody_in(
    browser: Browser, another: Callable[[], Browser], rogue: Rogue, wang: bytes
) -> None:
    """Login CSRF: an attacker's own answer, opened by somebody else, who may have begun as well."""
    attackers = rogue.answer(browser.leave(), WANG)
    victim = another()
    assert refused(victim.client.get(attackers))
    victim.leave()
    assert refused(victim.client.get(attackers))
    assert victim.who() is None
    # Nothing was shown to the provider, and nothing of the attacker's attempt was used up.
    assert TOKEN not in rogue.paths()
    assert browser.client.get(attackers).status_code == 303


@pytest.mark.parametrize("state", [None, "", "x", "A" * 43])
def test_an_answer_without_its_state_is_not_asked_about(
    browser: Browser, rogue: Rogue, wang: bytes, state: str | None
) -> None:
    assert refused(browser.back(WANG, state=state))
    assert TOKEN not in rogue.paths()


def test_an_answer_that_comes_after_ten_minutes_is_too_late(
    browser: Browser, rogue: Rogue, wang: bytes, clock: FixedClock
) -> None:
    location = browser.leave()
    clock.advance(600_000)
    assert refused(browser.back(WANG, location))
    assert TOKEN not in rogue.paths()


def test_two_tabs_of_one_browser_may_both_come_back(browser: Browser, rogue: Rogue, wang: bytes) -> None:
    first, _second = browser.leave(), browser.leave()
    assert browser.back(WANG, first).status_code == 303


@pytest.mark.parametrize("named", [None, "https://op.example", ""])
def test_an_answer_that_names_another_provider_or_none_is_refused(
    browser: Browser, rogue: Rogue, wang: bytes, named: str | None
) -> None:
    """Mix-up: the code is another provider's, and must not be shown to this one (RFC 9207)."""
    assert refused(browser.back(WANG, iss=named))
    assert TOKEN not in rogue.paths()


def test_a_provider_that_never_names_itself_may_go_on_so_but_not_name_another(
    browser: Browser, rogue: Rogue, wang: bytes
) -> None:
    rogue.metadata = {"authorization_response_iss_parameter_supported": False}
    assert refused(browser.back(WANG, iss="https://op.example"))
    assert browser.back(WANG, iss=None).status_code == 303


@pytest.mark.parametrize(
    "changes",
    [
        {"code": None, "error": "access_denied"},
        {"error": "access_denied"},
        {"code": None, "error": "<script>"},
        {"code": ""},
        {"code": None},
        {"code": "somebody's"},
    ],
)
def test_an_answer_without_a_good_code_is_a_plain_refusal(
    browser: Browser, rogue: Rogue, wang: bytes, changes: dict[str, str | None]
) -> None:
    answer = browser.back(WANG, **changes)
    assert refused(answer)
    assert "script" not in answer.text


@pytest.mark.parametrize("extra", ["&next=https://evil.example", "&return_to=//evil.example", "&code=twice"])
def test_nothing_of_an_answer_says_where_to_go(
    browser: Browser, rogue: Rogue, wang: bytes, extra: str
) -> None:
    answer = browser.client.get(rogue.answer(browser.leave(), WANG) + extra)
    assert answer.status_code == 400
    assert browser.client.get("/login/oidc?next=https://evil.example").status_code == 400


def test_where_to_come_back_never_follows_the_request(browser: Browser, rogue: Rogue) -> None:
    answer = browser.client.get("/login/oidc", headers={"Host": "127.0.0.1"})
    assert rogue.sent(answer.location)["redirect_uri"] == "http://localhost/login/oidc/callback"


def test_the_session_is_new_and_the_former_one_ends(
    browser: Browser, rogue: Rogue, wang: bytes, house: House
) -> None:
    browser.back(WANG)
    before = browser.cookie
    browser.back(WANG)
    assert browser.cookie not in ("", before)
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(session)) == 1


def test_the_browser_keeps_nothing_of_the_way_there(browser: Browser, wang: bytes, house: House) -> None:
    browser.back(WANG)
    assert browser.client.get_cookie("recordsvc-demo-login") is None
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(login_start)) == 0


def test_what_stands_in_the_database_finishes_no_sign_in(
    browser: Browser, rogue: Rogue, wang: bytes, house: House
) -> None:
    asked = rogue.sent(browser.leave())
    with house.db.read() as conn:
        row = conn.execute(sa.select(login_start)).one()
    held = {bytes(value) for value in row if isinstance(value, bytes)}
    cookie = browser.client.get_cookie("recordsvc-demo-login")
    assert cookie is not None
    assert hashlib.sha256(asked["state"].encode()).digest() in held
    assert not held & {asked["state"].encode(), asked["nonce"].encode(), cookie.value.encode()}


# -- a provider that is slow, huge, elsewhere or away


UNUSABLE: dict[str, tuple[str, Reply]] = {
    "metadata that is no JSON": (META, Reply(b"<html>")),
    "metadata as a page": (META, Reply(headers={"Content-Type": "text/html"})),
    "metadata that is missing": (META, Reply(status=404)),
    "metadata that redirects": (META, Reply(status=302, headers={"Location": "LISTENER/x"})),
    "metadata with a key twice": (META, Reply(b'{"issuer":"a","issuer":"b"}')),
    "a failing provider": (META, Reply(status=500)),
    "pushing that fails": (PAR, Reply(b'{"error":"invalid_request"}', 400)),
    "pushing without an address": (PAR, Reply(b'{"request_uri":7}', 201)),
}


@pytest.mark.parametrize(("path", "reply"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_provider_that_cannot_be_used_is_told_as_away(
    browser: Browser, rogue: Rogue, listener: tuple[str, list[Told]], path: str, reply: Reply
) -> None:
    address, asked = listener
    reply.headers = {name: value.replace("LISTENER", address) for name, value in reply.headers.items()}
    rogue.replies[path] = reply
    answer = browser.client.get("/login/oidc")
    assert (answer.status_code, answer.json["code"]) == (503, "provider-unavailable")
    assert asked == []


@pytest.mark.parametrize(
    "name",
    [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
    ],
)
def test_metadata_cannot_send_the_service_elsewhere(
    browser: Browser, rogue: Rogue, listener: tuple[str, list[Told]], name: str
) -> None:
    address, asked = listener
    for elsewhere in (
        f"{address}/x",
        "file:///etc/passwd",
        "//evil.example",
        f"{rogue.issuer}@{address[7:]}/x",
    ):
        rogue.metadata = {name: elsewhere}
        browser.rogue.clock.advance(directory.COOL_MS)
        assert browser.client.get("/login/oidc").json["code"] == "provider-unavailable", elsewhere
    assert asked == []


@pytest.mark.parametrize(
    "weaker",
    [
        {"issuer": "https://op.example"},
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": None},
        {"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
        {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]},
        {"response_types_supported": ["id_token"]},
    ],
)
def test_a_provider_that_offers_less_is_not_used(
    browser: Browser, rogue: Rogue, weaker: dict[str, Any]
) -> None:
    rogue.metadata = weaker
    assert browser.client.get("/login/oidc").json["code"] == "provider-unavailable"


def test_pkce_is_never_left_out(browser: Browser, rogue: Rogue) -> None:
    rogue.metadata = {"code_challenge_methods_supported": ["plain", "S256"]}
    assert rogue.sent(browser.leave())["code_challenge_method"] == "S256"


KEY_LIES: dict[str, Reply] = {
    "keys that redirect": Reply(status=302, headers={"Location": "LISTENER/jwks"}),
    "keys that are no list": Reply(b'{"keys":{}}'),
    "no keys": Reply(b'{"keys":[]}'),
    "a failure": Reply(status=503),
}


@pytest.mark.parametrize("reply", KEY_LIES.values(), ids=KEY_LIES.keys())
def test_keys_that_cannot_be_used_open_nothing(
    browser: Browser, rogue: Rogue, wang: bytes, listener: tuple[str, list[Told]], reply: Reply
) -> None:
    address, asked = listener
    reply.headers = {name: value.replace("LISTENER", address) for name, value in reply.headers.items()}
    rogue.replies[KEYS] = reply
    assert refused(browser.back(WANG), "provider-unavailable")
    assert asked == []


def test_two_keys_of_one_name_are_none(browser: Browser, rogue: Rogue, wang: bytes) -> None:
    twin = key_from_secret("ES256", b"\x24" * 32, rogue.key.kid)
    good = key_from_secret("ES256", b"\x25" * 32, "op-2")
    rogue.listed = [rogue.key.public_jwk(), twin.public_jwk(), good.public_jwk()]
    assert refused(browser.back(WANG))


def test_a_flood_of_unknown_key_ids_asks_once(browser: Browser, rogue: Rogue, wang: bytes) -> None:
    for n in range(20):
        rogue.header = {"kid": f"made-up-{n}"}
        assert refused(browser.back(WANG))
    assert rogue.paths().count(KEYS) == 1


def test_a_new_key_of_the_provider_is_found_after_a_moment(
    browser: Browser, rogue: Rogue, wang: bytes, clock: FixedClock
) -> None:
    assert browser.back(WANG).status_code == 303
    clock.advance(directory.COOL_MS)
    rogue.key = key_from_secret("ES256", b"\x26" * 32, "op-2")
    rogue.listed = [*rogue.listed, rogue.key.public_jwk()]
    assert browser.back(WANG).status_code == 303


def test_a_key_that_was_taken_away_is_good_for_minutes_at_most(
    browser: Browser, rogue: Rogue, wang: bytes, clock: FixedClock
) -> None:
    assert browser.back(WANG).status_code == 303
    rogue.listed = [key_from_secret("ES256", b"\x26" * 32, "op-2").public_jwk()]
    clock.advance(directory.KEYS_MS)
    assert refused(browser.back(WANG))


def test_keys_go_on_while_the_provider_cannot_show_them_but_not_for_ever(
    browser: Browser, rogue: Rogue, wang: bytes, clock: FixedClock, house: House
) -> None:
    assert browser.back(WANG).status_code == 303
    rogue.replies[KEYS] = Reply(status=500)
    clock.advance(directory.KEYS_MS)
    assert browser.back(WANG).status_code == 303
    clock.advance(house.settings.oidc_keys_hours * 3_600_000)
    assert refused(browser.back(WANG), "provider-unavailable")


@pytest.mark.parametrize("path", [META, PAR, TOKEN, KEYS])
def test_an_answer_of_ten_megabytes_is_not_read(
    browser: Browser, rogue: Rogue, wang: bytes, path: str
) -> None:
    """What it says is good: whoever read it to the end would go on."""
    rogue.padding[path] = 10_000_000
    answer = browser.client.get("/login/oidc")
    if path in (TOKEN, KEYS):
        answer = browser.client.get(rogue.answer(answer.location, WANG))
    assert refused(answer, "provider-unavailable")


@pytest.mark.long
@pytest.mark.parametrize("path", [META, PAR, TOKEN, KEYS])
@pytest.mark.parametrize("slow", ["silent", "drip"])
def test_a_slow_provider_is_cut_off(
    browser: Browser,
    rogue: Rogue,
    wang: bytes,
    app: flask.Flask,
    path: str,
    slow: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer is good once it is there, after 30 s: whoever waited for it would be signed in."""
    provider = app.extensions["access"].provider
    assert isinstance(provider, OpenIdProvider)
    monkeypatch.setattr(provider._fetcher, "_seconds", 0.5)
    rogue.slow[path] = slow
    answer = browser.client.get("/login/oidc")
    if path in (TOKEN, KEYS):
        answer = browser.client.get(rogue.answer(answer.location, WANG))
    assert refused(answer, "provider-unavailable")


def test_who_is_signed_in_stays_so_while_the_provider_is_away(
    browser: Browser, rogue: Rogue, wang: bytes, clock: FixedClock, another: Callable[[], Browser]
) -> None:
    browser.back(WANG)
    rogue.replies |= {path: Reply(status=503) for path in (META, KEYS, TOKEN, PAR)}
    assert browser.who() == str(uuid.UUID(bytes=wang))
    newcomer = another()
    assert newcomer.client.get("/login/oidc").json["code"] == "provider-unavailable"
    assert newcomer.client.get("/login").status_code == 200
    assert browser.client.get("/me", headers={"Accept": "text/html"}).status_code == 200
