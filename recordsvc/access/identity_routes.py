"""Doors to and from the identity provider, and what officials decide of accounts that do not fit.

    GET /login/oidc ──303──> provider ──> GET /login/oidc/callback ──303──> /me

Both ways are top-level navigations. What comes back is good once, in the browser that left, within ten
minutes: state (in the database) and a cookie of this browser belong together. Where to go then is fixed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, backoff, credentials, identity, identity_links, objects, proving
from recordsvc.access.entering import HOME, WAYS, carrying, go, network, newcomer
from recordsvc.access.entrance import actor
from recordsvc.access.errors import (
    IdentityDiffers,
    IdentityRefused,
    IdentityUnknown,
    LoginPaced,
    MismatchDecided,
    MismatchUnknown,
    ProviderUnavailable,
)
from recordsvc.access.forms import ProposedForm
from recordsvc.access.grants import Kind, Thing
from recordsvc.access.identity import Attempt, Identity, IdentityProvider, ProviderAway, ProviderRefused
from recordsvc.access.identity_forms import MismatchDecisionForm, MismatchesForm, ProviderAnswerQuery
from recordsvc.access.identity_links import DIFFERS, SECOND, Mismatch
from recordsvc.access.identity_tables import identity_mismatch, login_start
from recordsvc.access.policy import door
from recordsvc.access.services import access, bp, house, once, reference
from recordsvc.access.sessions import Cookie, Method
from recordsvc.ground import answers, observe
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.http import current
from recordsvc.ground.problems import Forbidden, NotFound, Problem

LIFE_MS: Final = 600_000
_WHY: Final[Mapping[str, type[Problem]]] = {
    "number": IdentityUnknown,
    "unknown": IdentityUnknown,
    DIFFERS: IdentityDiffers,
    SECOND: IdentityDiffers,
}


@dataclass(frozen=True, slots=True)
class _Start:
    """A sign-in that went to the provider; `session` is the one to strengthen."""

    begun_ms: int
    session: bytes | None


@door(
    bp,
    "GET",
    "/login/oidc",
    policy="session.begin",
    answer={303: None},
    problems=(NotFound, LoginPaced, ProviderUnavailable),
    summary="去统一身份认证登录 / Go to the identity provider to sign in",
)
def oidc_begin() -> flask.Response:
    """Send the browser to the provider. 404 where none is configured."""
    return _leave_for(_provider(), None)


@door(
    bp,
    "GET",
    "/login/oidc/again",
    policy="session.worker",
    answer={303: None},
    problems=(NotFound, Forbidden, LoginPaced, ProviderUnavailable),
    summary="去统一身份认证再次验证 / Go to the identity provider to prove once more who you are",
)
def oidc_again() -> flask.Response:
    """Send the browser to the provider, which is to ask the person anew."""
    who = actor()
    if credentials.sitting(who).kind is not Kind.WORKER:
        raise Forbidden
    return _leave_for(_provider(), bytes.fromhex(who.session_id))


@door(
    bp,
    "GET",
    "/login/oidc/callback",
    policy="session.begin",
    query=ProviderAnswerQuery,
    answer={303: None},
    problems=(NotFound, IdentityRefused, IdentityUnknown, IdentityDiffers, ProviderUnavailable),
    summary="统一身份认证返回 / Come back from the identity provider",
)
def oidc_callback(query: dict[str, str]) -> flask.Response:
    """Sign in whoever the provider says this is, or note the fresh proof that was asked for."""
    provider = _provider()
    start, attempt = _spent(provider, query["state"])
    try:
        who = provider.finish(query, attempt)
    except ProviderRefused as refused:
        observe.note(refused=f"provider: {refused.code}")
        raise IdentityRefused from None
    except ProviderAway as away:
        raise _unavailable(away) from None
    response = _signed_in(who) if start.session is None else _strengthened(who, start.session)
    kept = _cookie()
    response.delete_cookie(kept.name, secure=kept.secure, httponly=True, samesite="Lax", path="/")
    return response


def _provider() -> IdentityProvider:
    found = access().provider
    if found is None:
        raise NotFound
    return found


def _cookie() -> Cookie:
    """Return the cookie of a browser that is on its way; `__Host-` wherever the session's is."""
    own = access().sessions.cookie
    return replace(own, name=f"{own.name}-login")


def _browser() -> bytes | None:
    """Return the secret of the present browser; None if it has none."""
    try:
        found = unb64u(current().cookies.get(_cookie().name, ""))
    except ValueError:
        return None
    return found if len(found) == 32 else None


def _leave_for(provider: IdentityProvider, session: bytes | None) -> flask.Response:
    place = house()
    proving.admitted(place, network(backoff.PROVIDER))
    # Two tabs of one browser share the secret, so that either may come back.
    browser = _browser() or place.random.bytes(32)
    state, begun_ms = b64u(place.random.bytes(32)), place.clock.now_ms()
    attempt = identity.attempt(place.keys, state, browser, begun_ms, again=session is not None)
    try:
        address = provider.begin(attempt)
    except ProviderAway as away:
        raise _unavailable(away) from None
    row = {
        "digest": hashlib.sha256(state.encode()).digest(),
        "browser": hashlib.sha256(browser).digest(),
        "issuer": provider.issuer,
        "session": session,
        "begun_ms": begun_ms,
        "expires_ms": begun_ms + LIFE_MS,
    }

    def note(turn: Turn) -> None:
        turn.conn.execute(login_start.delete().where(login_start.c.expires_ms <= turn.now_ms))
        turn.conn.execute(login_start.insert().values(**row))

    place.db.write(note)
    response, kept = go(address), _cookie()
    response.set_cookie(
        kept.name,
        b64u(browser),
        max_age=LIFE_MS // 1000,
        secure=kept.secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def _spent(provider: IdentityProvider, state: str) -> tuple[_Start, Attempt]:
    """Use up the start that this state and this browser belong to. Raises `IdentityRefused`."""
    browser, own = _browser(), login_start.c
    if browser is None:
        observe.note(refused="provider: browser")
        raise IdentityRefused
    mine = (
        own.digest == hashlib.sha256(state.encode()).digest(),
        own.browser == hashlib.sha256(browser).digest(),
        own.issuer == provider.issuer,
    )

    def spend(turn: Turn) -> _Start | None:
        row = turn.conn.execute(
            sa.select(own.begun_ms, own.session, own.expires_ms).where(*mine)
        ).one_or_none()
        # Two answers at once: only one of them deletes the row.
        if row is None or turn.conn.execute(login_start.delete().where(*mine)).rowcount != 1:
            return None
        return None if row.expires_ms <= turn.now_ms else _Start(row.begun_ms, row.session)

    start = house().db.write(spend)
    if start is None:
        observe.note(refused="provider: state")
        raise IdentityRefused
    again = start.session is not None
    return start, identity.attempt(house().keys, state, browser, start.begun_ms, again=again)


def _signed_in(who: Identity) -> flask.Response:
    place, sessions, comes = house(), access().sessions, newcomer()
    paced = [one for one in (network(backoff.PROVIDER),) if one is not None]

    # A verdict is returned and not raised: the mismatch that it notes stays noted.
    def enter(turn: Turn) -> tuple[str, str]:
        verdict = identity_links.settle(turn, place, who)
        backoff.forgive(turn, paced)
        if verdict.holder is None:
            return "", verdict.why
        holder, since_ms = verdict.holder, who.authenticated_ms
        return comes.begin(turn, place, sessions, holder, Method.OIDC, since_ms), ""

    cookie, why = place.db.write(enter)
    if why:
        raise _refusal(why)
    return carrying(go(HOME[Kind.WORKER]), cookie)


def _strengthened(who: Identity, session: bytes) -> flask.Response:
    """Note a fresh proof of whoever sits at the session that asked for it; somebody else's is refused."""
    place, sessions, sits_at = house(), access().sessions, actor()
    if sits_at.session_id != session.hex():
        observe.note(refused="provider: session")
        raise IdentityRefused
    sits = credentials.sitting(sits_at)

    def note(turn: Turn) -> str:
        verdict = identity_links.settle(turn, place, who)
        if verdict.holder is None:
            return verdict.why
        if verdict.holder not in credentials.holders(turn.conn, sits):
            return "person"
        sessions.strengthen(turn, sits_at.session_id)
        return ""

    why = place.db.write(note)
    if why:
        raise _refusal(why)
    return go(WAYS[Kind.WORKER])


def _refusal(why: str) -> Problem:
    observe.note(refused=f"provider: {why}")
    return _WHY.get(why, IdentityRefused)()


def _unavailable(away: ProviderAway) -> Problem:
    observe.note(refused=f"provider: away {away.code}")
    return ProviderUnavailable()


# -- at the desk


@door(
    bp,
    "GET",
    "/v1/desk/identity",
    policy="identity-mismatch.read",
    answer=MismatchesForm,
    summary="身份核对一览 / Accounts whose number leads elsewhere",
)
def list_mismatches() -> flask.Response:
    """List what waits, and what was kept, where the official works."""
    return answers.answer({"items": mismatches()}, form=MismatchesForm)


@door(
    bp,
    "POST",
    "/v1/desk/identity/<id:mismatch_id>",
    policy="identity-mismatch.propose",
    body=MismatchDecisionForm,
    answer={202: ProposedForm},
    problems=(MismatchUnknown, MismatchDecided),
    idempotent=True,
    summary="提出身份核对决定 / Propose to keep or to move a link",
)
def propose_mismatch(mismatch_id: bytes, form: dict[str, str]) -> flask.Response:
    """Propose; it happens once a second official approves."""
    made = proposed(mismatch_id, form)
    subject = {"proposal_id": bytes.fromhex(made), "subject": mismatch_id.hex()}
    return answers.answer(subject, 202, form=ProposedForm)


def mismatches() -> list[Mismatch]:
    """Return what whoever asks may see."""
    seen = objects.of_workers(actor(), "identity-mismatch.read", identity_mismatch.c.worker_id)
    with house().db.read() as conn:
        return identity_links.listed(conn, *seen)


def proposed(mismatch_id: bytes, form: Mapping[str, Any]) -> str:
    """Propose a decision once; returns the proposal's id in hex."""
    random, by = house().random, reference()

    def act(turn: Turn) -> str:
        decision, reason = form["decision"], form["reason"]
        return identity_links.propose(turn, random, mismatch_id, decision, reason, by=by).hex()

    return once(act)


def _thing(conn: Connection, mismatch_id: bytes) -> Thing | None:
    """Return where a mismatch lies: with its worker; it concerns the other one, too."""
    try:
        found = identity_links.one(conn, mismatch_id)
    except MismatchUnknown:
        return None
    place = areas.person(conn, found.worker_id)
    other = frozenset() if found.found_id is None else areas.person(conn, found.found_id).parties
    return Thing(place.area, place.parties | other)


objects.named("mismatch_id", _thing, MismatchUnknown)
