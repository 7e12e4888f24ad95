"""Doors to one's own sign-ins and ways in: see them, end them, set new ones up after a fresh proof."""

import uuid
from dataclasses import replace
from typing import Any, Final

import flask

from recordsvc.access import acts, helping, passkeys, ways
from recordsvc.access.credentials import PASSKEY, WAYS, of
from recordsvc.access.entering import newcomer, site
from recordsvc.access.entrance import Entrance, actor
from recordsvc.access.errors import CredentialRefused, StepUpRequired
from recordsvc.access.forms import EmptyForm
from recordsvc.access.grants import SERVING, Kind, Way
from recordsvc.access.policy import door
from recordsvc.access.services import access, bp, house
from recordsvc.access.sessions import Listed
from recordsvc.access.signin_forms import (
    CredentialsForm,
    EndedForm,
    NewPasskeyForm,
    NewPasswordForm,
    NewPinForm,
    PasskeyOptionsForm,
    SheetForm,
    SignedInsForm,
    TotpForm,
)
from recordsvc.ground import answers
from recordsvc.ground.problems import Forbidden, NotFound

SET_UP: Final = (CredentialRefused, StepUpRequired, Forbidden)


@door(
    bp,
    "GET",
    "/v1/session/list",
    policy="session.own",
    answer=SignedInsForm,
    summary="我的登录 / My sign-ins",
)
def own_sessions() -> flask.Response:
    """List where the account is signed in, and who acts there."""
    return answers.answer({"items": signed_in(), "console": console_acts()}, form=SignedInsForm)


def console_acts() -> list[acts.Done]:
    """Return what others did to the account of whoever asks: an official's, or of a person of an institution.

    Which official made a code is for the auditors: the institution reads that the desk did.
    """
    who, now = actor(), house().clock.now_ms()
    with house().db.read() as conn:
        if who.kind is Kind.OFFICIAL:
            return acts.at_console(conn, who.id, now)
        done = acts.on_staff(conn, who.id, now) if who.kind is Kind.STAFF else []
    return [one if one.actor.startswith(f"{Kind.STAFF}:") else replace(one, actor="desk") for one in done]


def signed_in() -> list[dict[str, Any]]:
    """Return the sign-ins of whoever asks, the newest first, with `here` on the present one."""
    who, sessions = actor(), access().sessions
    ways.own(who)
    with house().db.read() as conn:
        here = sessions.place_of(conn, who.session_id)
        found = sessions.listed(conn, who.kind, who.id)
    names = ("id", "method", "device", "begun_ms", "seen_ms", "through_way")
    return [
        {name: getattr(one, name) for name in names} | _stand_in(one) | {"here": one.id == here}
        for one in found
    ]


def _stand_in(one: Listed) -> dict[str, str | None]:
    """Name who acts in the worker's place as the worker may know them."""
    told: dict[str, str | None] = dict.fromkeys(("through_role", "through_institution", "through_name"))
    if one.through_way == Way.HELPER:
        names = helping.names_of(house(), uuid.UUID(one.through_id).bytes)
        return told | {"through_name": names[-1] if names else None}
    clerk = access().officials.find(one.through_id) if one.through_id is not None else None
    if clerk is None:
        return told
    serving = [role for role in SERVING if role in clerk.roles(house().clock.now_ms())]
    return told | {
        "through_role": serving[0] if serving else None,
        "through_institution": clerk.institution,
    }


@door(
    bp,
    "DELETE",
    "/v1/session/list/<id:listed_id>",
    policy="session.own",
    answer={204: None},
    problems=(NotFound, Forbidden),
    summary="结束一个登录 / End one sign-in",
)
def end_session(listed_id: bytes) -> flask.Response:
    """End one of the own sign-ins; it is gone at its next request."""
    end_listed(listed_id)
    return flask.Response(status=204)


def end_listed(listed_id: bytes) -> None:
    """End one sign-in of whoever asks. Raises `NotFound`."""
    who, sessions = actor(), access().sessions
    holder = ways.own(who)
    if not house().db.write(lambda turn: sessions.end_one(turn, holder.kind, holder.id, listed_id)):
        raise NotFound


@door(
    bp,
    "DELETE",
    "/v1/session/list",
    policy="session.own",
    answer=EndedForm,
    problems=(Forbidden,),
    summary="结束其他所有登录 / End all other sign-ins",
)
def end_sessions() -> flask.Response:
    """End every sign-in but this one."""
    return answers.answer({"ended": ways.end_others(house(), access().sessions, actor())}, form=EndedForm)


@door(
    bp,
    "GET",
    "/v1/session/credentials",
    policy="session.own",
    answer=CredentialsForm,
    problems=(Forbidden,),
    summary="我的登录方式 / My ways to sign in",
)
def own_credentials() -> flask.Response:
    """List the ways in; secrets are never shown again."""
    return answers.answer(ways_in(), form=CredentialsForm)


def ways_in() -> dict[str, Any]:
    """Return the ways in of whoever asks."""
    holder, place = ways.own(actor()), house()
    with place.db.read() as conn:
        account, items = ways.account_of(place, conn, holder), ways.shown(conn, holder)
    return {"account": account, "may": list(WAYS[holder.kind]), "items": items}


@door(
    bp,
    "DELETE",
    "/v1/session/credentials/<id:credential_id>",
    policy="session.own",
    step_up=True,
    answer={204: None},
    problems=(NotFound, Forbidden, StepUpRequired),
    summary="停用一种登录方式 / End one way to sign in",
)
def end_credential(credential_id: bytes) -> flask.Response:
    """End a way in (a lost phone, a lost sheet)."""
    ways.end(house(), actor(), credential_id)
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/session/credentials/passkey/options",
    policy="session.own",
    body=EmptyForm,
    step_up=True,
    answer=PasskeyOptionsForm,
    problems=SET_UP,
    summary="新建通行密钥的参数 / What a new passkey is made from",
)
def passkey_options(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Make a challenge that is good for this session alone."""
    who, place = actor(), house()
    holder, subject = ways.own(who), ways.passkey_subject(who)
    made = place.db.write(lambda turn: passkeys.challenge(turn, place.random, subject))
    with place.db.read() as conn:
        account, known = ways.account_of(place, conn, holder), of(conn, holder, PASSKEY)
    options = passkeys.register_options(site(), made, holder, account or "本人", known)
    return answers.answer({"public_key": options}, form=PasskeyOptionsForm)


@door(
    bp,
    "POST",
    "/v1/session/credentials/passkey",
    policy="session.own",
    body=NewPasskeyForm,
    step_up=True,
    answer={204: None},
    problems=SET_UP,
    summary="新建通行密钥 / Add a passkey",
)
def add_passkey(form: dict[str, str]) -> flask.Response:
    """Keep the passkey that a device has just made."""
    ways.add_passkey(house(), actor(), site(), form["credential"], newcomer().device)
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/session/credentials/pin",
    policy="session.own",
    body=NewPinForm,
    step_up=True,
    answer=SheetForm,
    problems=SET_UP,
    summary="设置 PIN / Set a PIN; a sheet of 20 codes comes with it",
)
def set_pin(form: dict[str, str]) -> flask.Response:
    """Keep a PIN in place of the earlier one; the codes are shown this once."""
    return answers.answer(ways.set_pin(house(), actor(), form["pin"], newcomer().device), form=SheetForm)


@door(
    bp,
    "POST",
    "/v1/session/credentials/pin/sheet",
    policy="session.own",
    body=EmptyForm,
    step_up=True,
    answer=SheetForm,
    problems=SET_UP,
    summary="换一张验证码 / A new sheet of codes",
)
def new_sheet(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Make a sheet in place of the earlier one."""
    return answers.answer(ways.new_sheet(house(), actor()), form=SheetForm)


@door(
    bp,
    "POST",
    "/v1/session/credentials/totp",
    policy="session.own",
    body=EmptyForm,
    step_up=True,
    answer=TotpForm,
    problems=SET_UP,
    summary="动态验证码密钥 / A secret for an app that shows codes",
)
def begin_totp(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Make a secret; it counts once a password is set with its first code."""
    return answers.answer(ways.begin_totp(house(), actor(), setup_key()), form=TotpForm)


@door(
    bp,
    "POST",
    "/v1/session/credentials/password",
    policy="session.own",
    body=NewPasswordForm,
    step_up=True,
    answer={204: None},
    problems=SET_UP,
    summary="设置密码 / Set a password with time-based codes",
)
def set_password(form: dict[str, str]) -> flask.Response:
    """Keep a password in place of the earlier one."""
    keep_password(form)
    return flask.Response(status=204)


def keep_password(form: dict[str, str]) -> None:
    """Set the password of a form. Raises `CredentialRefused`."""
    who, place = actor(), house()
    secret = ways.resumed(place, who, form["setup"], setup_key())
    ways.set_password(place, who, form["password"], form["code"], secret, newcomer().device)


def setup_key() -> bytes:
    """Return the key that seals a secret on its way to an app and back."""
    entrance: Entrance = flask.current_app.extensions["entrance"]
    return entrance.mac(b"totp-setup/v1")
