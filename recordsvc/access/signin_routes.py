"""Doors into the house: PIN, password, passkey, activation; and proving once more who sits there."""

from typing import Any, Final

import flask

from recordsvc.access import activating, backoff, codes, credentials, demo, passkeys, proving
from recordsvc.access.credentials import PASSWORD, PIN, Holder
from recordsvc.access.entering import HOME, WAYS, described, entered, go, network, newcomer, site
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced, LoginRefused
from recordsvc.access.forms import EmptyForm, JsonOrFields, SessionForm, from_page
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.login_routes import on_this_machine
from recordsvc.access.passkeys import SIGN_IN
from recordsvc.access.policy import door
from recordsvc.access.proving import Claim
from recordsvc.access.services import access, bp, house
from recordsvc.access.sessions import Method
from recordsvc.access.signin_forms import (
    ActivateForm,
    AgainForm,
    PasskeyLoginForm,
    PasskeyOptionsForm,
    PasswordLoginForm,
    PinLoginForm,
)
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.http import current

PROBLEMS: Final = (LoginRefused, LoginPaced)
ENTERED: Final = {200: SessionForm, 303: None}


@door(
    bp,
    "POST",
    "/login/pin",
    policy="session.begin",
    body=JsonOrFields(PinLoginForm),
    answer=ENTERED,
    problems=PROBLEMS,
    summary="用 PIN 和一次性验证码登录 / Sign in with a PIN and a printed code",
)
def login_pin(form: dict[str, str]) -> flask.Response:
    """Sign a worker in. Unknown account, wrong PIN and wrong code are answered alike."""
    paced = _paced(Kind.WORKER, form["account"])
    own = proving.named(house(), Kind.WORKER, form["account"])
    return _enter(proving.by_pin(house(), own, form["pin"], form["code"]), paced)


@door(
    bp,
    "POST",
    "/login/password",
    policy="session.begin",
    body=JsonOrFields(PasswordLoginForm),
    answer=ENTERED,
    problems=PROBLEMS,
    summary="用密码和动态验证码登录 / Sign in with a password and a time-based code",
)
def login_password(form: dict[str, str]) -> flask.Response:
    """Sign a worker or a person of an institution in; every wrong thing is answered alike."""
    kind = Kind(form["kind"])
    paced = _paced(kind, form["account"])
    own = proving.named(house(), kind, form["account"])
    return _enter(proving.by_password(house(), own, form["password"], form["code"]), paced)


@door(
    bp,
    "POST",
    "/login/passkey/options",
    policy="session.begin",
    body=JsonOrFields(EmptyForm),
    answer=PasskeyOptionsForm,
    summary="通行密钥登录参数 / What a passkey is to sign",
)
def login_passkey_options(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - nothing but its CSRF field
    """Make a challenge; it is good for five minutes and once."""
    made = _challenge(SIGN_IN)
    return answers.answer({"public_key": passkeys.sign_in_options(site(), made)}, form=PasskeyOptionsForm)


@door(
    bp,
    "POST",
    "/login/passkey",
    policy="session.begin",
    body=JsonOrFields(PasskeyLoginForm),
    answer=ENTERED,
    problems=(LoginRefused,),
    summary="用通行密钥登录 / Sign in with a passkey",
)
def login_passkey(form: dict[str, str]) -> flask.Response:
    """Sign in whoever's key it is. A passkey never waits: it cannot be guessed."""
    return _enter(proving.by_passkey(house(), site(), form["credential"]), ())


@door(
    bp,
    "POST",
    "/activate",
    policy="session.begin",
    body=JsonOrFields(ActivateForm),
    answer=ENTERED,
    problems=(LoginRefused,),
    summary="用激活码登录 / Come in with an activation code",
)
def activate(form: dict[str, str]) -> flask.Response:
    """Use the code up and go where a way in is set up. A code of 120 bits never waits."""
    place, sessions, comes = house(), access().sessions, newcomer()

    def act(turn: Turn) -> str | None:
        own = activating.spend(turn, place.keys, form["code"])
        return None if own is None else comes.begin(turn, place, sessions, own, Method.ACTIVATION)

    cookie = place.db.write(act)
    if cookie is None:
        raise LoginRefused
    return entered(cookie, WAYS)


@door(
    bp,
    "POST",
    "/login/again/options",
    policy="session.own",
    body=JsonOrFields(EmptyForm),
    answer=PasskeyOptionsForm,
    summary="再次验证的通行密钥参数 / What a passkey is to sign for a fresh proof",
)
def again_options(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - nothing but its CSRF field
    """Make a challenge that is good for this session alone."""
    made = _challenge(_again(actor()))
    return answers.answer({"public_key": passkeys.sign_in_options(site(), made)}, form=PasskeyOptionsForm)


@door(
    bp,
    "POST",
    "/login/again",
    policy="session.own",
    body=JsonOrFields(AgainForm),
    answer=ENTERED,
    problems=PROBLEMS,
    summary="再次验证身份 / Prove once more who you are",
)
def login_again(form: dict[str, str]) -> flask.Response:
    """Note a fresh proof of whoever sits at this session; somebody else's proof is refused."""
    who, place, sessions = actor(), house(), access().sessions
    sits = credentials.sitting(who)
    guessed = form["way"] in ("pin", "password", "code")
    paced = _paced(sits.kind, f"again/{sits.id}") if guessed else ()
    claim = _claimed(form, who, sits)

    def act(turn: Turn, own: Holder) -> bool:
        if own not in credentials.holders(turn.conn, sits):
            return False
        sessions.strengthen(turn, who.session_id)
        return True

    if not proving.finish(place, claim, act, paced):
        raise LoginRefused
    if from_page(current()):
        return go(WAYS[who.kind] if form["to"] == "ways" else HOME[who.kind])
    return answers.answer(described(who), form=SessionForm)


def _claimed(form: dict[str, str], who: Actor, sits: Holder) -> Claim:
    place = house()
    if form["way"] == "passkey":
        return proving.by_passkey(place, site(), form["credential"], _again(who))
    if form["way"] == "demo":
        if not demo.allowed(place.settings):
            raise LoginRefused
        on_this_machine()
        return Claim(sits, Method.DEMO, lambda _turn: True)
    if form["way"] == "code" and sits.kind in (Kind.OFFICIAL, Kind.STAFF):
        return proving.by_code(place, sits, form["code"])
    with place.db.read() as conn:
        kind = PIN if form["way"] == "pin" else PASSWORD
        own = next((one for one in credentials.holders(conn, sits) if credentials.of(conn, one, kind)), None)
    if form["way"] == "pin":
        return proving.by_pin(place, own, form["secret"], form["code"])
    return proving.by_password(place, own, form["secret"], form["code"])


def _enter(claim: Claim, paced: tuple[backoff.Subject, ...]) -> flask.Response:
    place, sessions, comes = house(), access().sessions, newcomer()
    return entered(
        proving.finish(
            place, claim, lambda turn, own: comes.begin(turn, place, sessions, own, claim.method), paced
        )
    )


def _paced(kind: Kind, account: str) -> tuple[backoff.Subject, ...]:
    # However the name is typed, its attempts are counted together.
    name = codes.normal(account) if kind is Kind.WORKER else account
    return proving.admitted(house(), backoff.account(house().keys, kind, name), network())


def _challenge(subject: str) -> bytes:
    place = house()
    return place.db.write(lambda turn: passkeys.challenge(turn, place.random, subject))


def _again(who: Actor) -> str:
    return f"again/{who.session_id}"
