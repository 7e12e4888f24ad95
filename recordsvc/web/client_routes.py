"""Pages of machine clients (接入系统): which may enter, stopping one at once, proposing what takes two."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

import flask

from recordsvc.access import clients, desk_routes
from recordsvc.access.clients import Client, ClientKey, ClientKind, Done, Terms
from recordsvc.access.entrance import actor
from recordsvc.access.errors import ClientRefused, ClientStateConflict, ClientUnknown
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import proposal_words, words
from recordsvc.web.client_forms import (
    KEY,
    NEW,
    TERMS,
    WHY,
    ClientKeyPageForm,
    EndKeyPageForm,
    NewClientPageForm,
    TermsPageForm,
    WithFile,
    asked_client,
    asked_key,
    asked_terms,
    at_fields,
    ended_key,
    scope_rows,
)
from recordsvc.web.desk_forms import Field, ReasonPageForm, faults, reason_of
from recordsvc.web.desk_routes import FAILED, institution_name, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

EVENTS: Final = {
    "register": "登记",
    "add-key": "增加公钥",
    "suspend": "暂停接入",
    "change-terms": "变更权限与上限",
    "lift": "恢复接入",
    "revoke-key": "停用公钥",
}
"""What is done to a client -> what it is called."""
_STATES: Final = {"active": ("可以接入", "good"), "suspended": ("已暂停", "bad")}


@door(
    bp,
    "GET",
    "/desk/clients",
    policy="client.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="接入系统（网页） / Machine clients",
)
def clients_page() -> flask.Response:
    """List the clients of the official's area."""
    called, now = institution_name(), house().clock.now_ms()
    return page(
        "desk_clients.html",
        tabs=tabs(),
        clients=[_line(one, called, now) for one in desk_routes.seen_clients()],
        proposes=can(actor(), "client.propose"),
        suspends=can(actor(), "client.suspend"),
    )


@door(
    bp,
    "GET",
    "/desk/clients/new",
    policy="client.propose",
    surface=Surface.PAGE,
    answer=HTML,
    summary="提出接入登记（网页） / The form to propose a client",
)
def new_client_page() -> flask.Response:
    """Ask who would enter, with which keys and for what."""
    return _new({}, None)


@door(
    bp,
    "POST",
    "/desk/clients/new",
    policy="client.propose",
    surface=Surface.PAGE,
    body=WithFile(NewClientPageForm),
    answer={303: None, 422: HTML},
    problems=(ClientRefused,),
    summary="提出接入登记（网页） / Propose a client",
)
def new_client_button(form: dict[str, Any], file: bytes) -> flask.Response:
    """Propose a client; it exists once a second official approves."""
    try:
        return _proposal(once(desk_routes.asked_client(asked_client(form, file))))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _new(form, problem)


@door(
    bp,
    "GET",
    "/desk/clients/<client_id>",
    policy="client.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(ClientUnknown,),
    summary="一个接入系统（网页） / A client, and what may be done to it",
)
def client_page(client_id: str) -> flask.Response:
    """Show a client, its keys and its history, with the forms that who asks may send."""
    return _client(client_id)


@door(
    bp,
    "POST",
    "/desk/clients/<client_id>/suspend",
    policy="client.suspend",
    surface=Surface.PAGE,
    body=Fields(ReasonPageForm),
    answer={303: None, 422: HTML},
    problems=(ClientUnknown, ClientStateConflict),
    summary="立即暂停接入（网页） / Suspend a client at once",
)
def suspend_client_button(client_id: str, form: dict[str, Any]) -> flask.Response:
    """Stop a client; its tokens are refused from the next request on."""

    def act() -> str:
        by, why = reference(), reason_of(form)

        def stop(turn: Turn) -> str:
            clients.suspend(turn, client_id, by=by, reason=why)
            return client_id

        return f"/desk/clients/{once(stop)}"

    return _done(client_id, "suspend", form, act)


@door(
    bp,
    "POST",
    "/desk/clients/<client_id>/keys/revoke",
    policy="client.suspend",
    surface=Surface.PAGE,
    body=Fields(EndKeyPageForm),
    answer={303: None, 422: HTML},
    problems=(ClientUnknown, ClientStateConflict),
    summary="立即停用公钥（网页） / End a client's key at once",
)
def end_client_key_button(client_id: str, form: dict[str, Any]) -> flask.Response:
    """End one key; the client's other keys go on."""

    def act() -> str:
        by, said = reference(), ended_key(form)

        def end(turn: Turn) -> str:
            clients.revoke_key(turn, client_id, said["kid"], by=by, reason=said["reason"])
            return client_id

        return f"/desk/clients/{once(end)}"

    return _done(client_id, "keys/revoke", form, act)


@door(
    bp,
    "POST",
    "/desk/clients/<client_id>/keys",
    policy="client.propose",
    surface=Surface.PAGE,
    body=WithFile(ClientKeyPageForm),
    answer={303: None, 422: HTML},
    problems=(ClientUnknown, ClientRefused, ClientStateConflict),
    summary="提出增加公钥（网页） / Propose one more key of a client",
)
def client_key_button(client_id: str, form: dict[str, Any], file: bytes) -> flask.Response:
    """Propose a key; the client may use it once a second official approves."""

    def act() -> str:
        return _place(once(desk_routes.asked_key(client_id, asked_key(form, file))))

    return _done(client_id, "keys", form, act)


@door(
    bp,
    "POST",
    "/desk/clients/<client_id>/terms",
    policy="client.propose",
    surface=Surface.PAGE,
    body=Fields(TermsPageForm),
    answer={303: None, 422: HTML},
    problems=(ClientUnknown, ClientRefused),
    summary="提出变更权限与上限（网页） / Propose other scopes and ceilings of a client",
)
def client_terms_button(client_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose terms; they hold from their day on once a second official approves."""

    def act() -> str:
        return _place(once(desk_routes.asked_terms(client_id, asked_terms(form))))

    return _done(client_id, "terms", form, act)


@door(
    bp,
    "POST",
    "/desk/clients/<client_id>/lift",
    policy="client.propose",
    surface=Surface.PAGE,
    body=Fields(ReasonPageForm),
    answer={303: None, 422: HTML},
    problems=(ClientUnknown, ClientStateConflict),
    summary="提出恢复接入（网页） / Propose to lift a suspension",
)
def lift_client_button(client_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose that a suspended client may go on."""

    def act() -> str:
        return _place(once(desk_routes.asked_lift(client_id, reason_of(form))))

    return _done(client_id, "lift", form, act)


def _done(client_id: str, which: str, form: dict[str, Any], act: Callable[[], str]) -> flask.Response:
    try:
        return go(act())
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _client(client_id, which, form, problem)


def _new(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = _faults(problem, NEW)
    return page(
        "desk_client_new.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        fields={one.name: one for one in NEW},
        scopes=scope_rows(),
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _client(
    client_id: str, which: str = "", typed: dict[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    who, now = actor(), house().clock.now_ms()
    with house().db.read() as conn:
        known, done = clients.one(conn, client_id), clients.history(conn, client_id)
    found, coming = known.at(now), known.coming(now)
    live = tuple((key.kid, key.kid) for key in found.keys.values() if key.revoked_ms is None)
    forms = _forms(found, live)
    fields: Sequence[Field] = next((one["fields"] for one in forms if one["key"] == which), ())
    wrong, trouble = _faults(problem, fields)
    return page(
        "desk_client.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        client=_line(found, institution_name(), now),
        coming=[_terms(one) | {"from": words.instant(one.from_ms)} for one in coming],
        scopes=scope_rows(ClientKind(found.kind)),
        done=[_event(one) for one in done],
        forms=[one for one in forms if can(who, one["policy"])],
        which=which,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _forms(found: Client, live: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """Return what can be done to a client as it stands: path, policy, words, fields."""
    forms: list[dict[str, Any]] = []
    if found.active:
        told = "立即生效：从下一次请求起，这个系统的令牌和公钥全部被拒绝。恢复须经两人。"
        forms.append(_form("suspend", "client.suspend", "立即暂停接入", told, (WHY,)))
    else:
        told = "由另一名登记员或复核人批准后恢复。公钥泄露的，先停用那把公钥。"
        forms.append(_form("lift", "client.propose", "提出恢复接入", told, (WHY,)))
    if live:
        told = "立即生效：这把公钥不能再用，不能恢复；其他公钥不受影响。"
        which = Field("kid", "公钥编号", "choice", rows=live)
        forms.append(_form("keys/revoke", "client.suspend", "立即停用公钥", told, (which, WHY)))
    told = "由另一名登记员或复核人批准后生效，令牌从下一次请求起按新的权限和上限。没有勾选的权限即收回。"
    now = {
        "scopes": sorted(found.scopes),
        "units_a_day": found.units_a_day or "",
        "at_once": found.at_once or "",
    }
    forms.append(_form("terms", "client.propose", "提出变更权限与上限", told, (*TERMS, WHY)) | {"typed": now})
    told = "由另一名登记员或复核人批准后可以使用；原有的公钥不受影响。"
    forms.append(_form("keys", "client.propose", "提出增加公钥", told, KEY))
    return forms


def _form(key: str, policy: str, title: str, told: str, fields: Sequence[Field]) -> dict[str, Any]:
    return {
        "key": key,
        "id": key.replace("/", "-"),
        "policy": policy,
        "title": title,
        "text": told,
        "fields": fields,
        "typed": {},
    }


def _faults(problem: Problem | None, fields: Sequence[Field]) -> tuple[dict[str, str], Problem | None]:
    if problem is None:
        return {}, None
    if isinstance(problem, FormRefused):
        at_fields(problem)
    return faults(problem, fields)


def _line(found: Client, called: Callable[[str], str], now: int) -> dict[str, Any]:
    institution = found.institution
    named = called(institution) if institution else ""
    return {
        "id": found.client_id,
        "name": found.name,
        "kind": proposal_words.CLIENTS.get(found.kind, found.kind),
        "institution": named,
        "code": institution if named != institution else "",
        "state": _STATES[found.state],
        "since": words.instant(found.registered_ms),
        **_terms(found),
        "keys": [_key(one, now) for one in sorted(found.keys.values(), key=lambda key: key.not_before_ms)],
    }


def _terms(one: Client | Terms) -> dict[str, Any]:
    return {
        "scopes": [proposal_words.SCOPES.get(scope, scope) for scope in sorted(one.scopes)],
        "units_a_day": one.units_a_day,
        "at_once": one.at_once,
    }


def _key(key: ClientKey, now: int) -> dict[str, Any]:
    if key.revoked_ms is not None:
        state = ("已停用", "bad")
    elif key.in_force(now):
        state = ("有效", "good")
    else:
        state = ("未生效", "wait") if now < key.not_before_ms else ("已过期", "mute")
    return {
        "kid": key.kid,
        "alg": key.public.alg,
        "state": state,
        "since": words.instant(key.not_before_ms),
        "until": words.instant(key.not_after_ms) if key.not_after_ms else "",
        "ended": words.instant(key.revoked_ms) if key.revoked_ms else "",
    }


def _event(one: Done) -> dict[str, Any]:
    return {
        "what": EVENTS.get(one.event, one.event),
        "at": words.instant(one.at_ms),
        "by": name_of(one.stated_by),
        "reason": one.reason,
        "proposal": words.uuid_text(one.proposal) if one.proposal else "",
    }


def _place(proposal_hex: str) -> str:
    return f"/desk/proposals/{uuid.UUID(hex=proposal_hex)}"


def _proposal(proposal_hex: str) -> flask.Response:
    return go(_place(proposal_hex))
