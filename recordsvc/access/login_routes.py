"""Doors for people: sign in, who am I, sign out. Pages send HTML forms and are sent on; programs JSON."""

from typing import Any, Final

import flask

from recordsvc.access import codes, demo, devices
from recordsvc.access.entrance import actor, csrf_token
from recordsvc.access.errors import LoginRefused
from recordsvc.access.forms import (
    CodeLoginForm,
    DemoLoginForm,
    EmptyForm,
    JsonOrFields,
    LookedForm,
    LookedQuery,
    PersonasForm,
    SessionForm,
    from_page,
)
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import of_worker
from recordsvc.access.policy import door
from recordsvc.access.services import access, bp, house
from recordsvc.access.sessions import Entering, Method
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.http import current

demo_bp = flask.Blueprint("demo", __name__)
"""Registered where demo logins may exist and nowhere else."""
HOME: Final = {Kind.WORKER: "/me", Kind.STAFF: "/centre", Kind.OFFICIAL: "/desk"}
"""Where a page goes on after signing in: fixed, so that no link can send a person elsewhere."""
LOOKED_PAGE: Final = 50


@door(
    bp,
    "POST",
    "/login/code",
    policy="session.begin",
    body=JsonOrFields(CodeLoginForm),
    answer={200: SessionForm, 303: None},
    problems=(LoginRefused,),
    summary="用一次性登录码登录 / Sign in with a one-time code",
)
def login_code(form: dict[str, str]) -> flask.Response:
    """Sign an official in. Unknown account and wrong code are answered alike."""
    services, keys, former = access(), house().keys, former_cookie()

    def enter(turn: Turn) -> str | None:
        # Returned and not raised: a wrong attempt must stay counted.
        if not codes.spend(turn, keys, form["official_id"], form["code"]):
            return None
        return services.sessions.begin(
            turn, entering(Kind.OFFICIAL, form["official_id"], Method.CODE), former
        )

    cookie = house().db.write(enter)
    if cookie is None:
        raise LoginRefused
    return entered(cookie)


@door(
    demo_bp,
    "GET",
    "/login/demo",
    policy="public",
    answer=PersonasForm,
    summary="演示身份一览 / Demo logins",
)
def demo_logins() -> flask.Response:
    """List the personas."""
    _on_this_machine()
    with house().db.read() as conn:
        return answers.answer({"items": demo.personas(conn)}, form=PersonasForm)


@door(
    demo_bp,
    "POST",
    "/login/demo",
    policy="session.begin",
    body=JsonOrFields(DemoLoginForm),
    answer={200: SessionForm, 303: None},
    problems=(LoginRefused,),
    summary="以演示身份登录 / Sign in as a demo persona",
)
def demo_enter(form: dict[str, str]) -> flask.Response:
    """Become a persona."""
    _on_this_machine()
    services, former = access(), former_cookie()
    worker_id = demo.by_document(house(), form) if form["number"] else None

    def enter(turn: Turn) -> str:
        if worker_id is not None:
            return services.sessions.begin(turn, entering(Kind.WORKER, worker_id, Method.DEMO), former)
        persona = demo.find(turn.conn, form["kind"])
        who = entering(Kind(persona.actor_kind), persona.actor_id, Method.DEMO)
        return services.sessions.begin(turn, who, former)

    return entered(house().db.write(enter))


@door(
    bp,
    "GET",
    "/v1/session",
    policy="session.read",
    answer=SessionForm,
    summary="当前登录身份 / Who is signed in",
)
def session() -> flask.Response:
    """Say who asks, and give the token that writes must carry."""
    return answers.answer(_session(actor()), form=SessionForm)


@door(
    bp,
    "POST",
    "/logout",
    policy="session.end",
    body=JsonOrFields(EmptyForm),
    answer={204: None, 303: None},
    summary="退出登录 / Sign out",
)
def logout(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form holds nothing but its CSRF field
    """End the session and have the browser forget what it kept of it."""
    services, cookie = access(), former_cookie()
    if cookie is not None:
        house().db.write(lambda turn: services.sessions.end(turn, cookie))
    response = _go("/") if from_page(current()) else flask.Response(status=204)
    kept = services.sessions.cookie
    response.delete_cookie(kept.name, secure=kept.secure, httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@door(
    bp,
    "GET",
    "/v1/me/looked",
    policy="own.looked.read",
    query=LookedQuery,
    answer=LookedForm,
    summary="谁查过我的档案 / Who looked at my archive",
)
def looked(query: dict[str, Any]) -> flask.Response:
    """List who looked at the worker's archive, newest first."""
    worker_id = actor().worker_id or b""
    with house().db.read() as conn:
        rows = of_worker(conn, worker_id, before=query["before"] or b"\xff" * 16, limit=LOOKED_PAGE)
    following = rows[-1].id if len(rows) == LOOKED_PAGE else None
    return answers.answer({"items": rows, "next": following}, form=LookedForm)


def read_cookie(request: flask.Request) -> Actor | None:
    """Who the session cookie of a request stands for; what the entrance asks."""
    cookie = request.cookies.get(access().sessions.cookie.name)
    return None if cookie is None else access().sessions.find(cookie)


def entering(kind: Kind, actor_id: str, method: Method) -> Entering:
    """Return who begins a session, with a coarse word for the browser."""
    return Entering(kind, actor_id, method, devices.coarse(current().headers.get("User-Agent", "")))


def former_cookie() -> str | None:
    """Return the session cookie that came along; it ends where a new session begins."""
    return current().cookies.get(access().sessions.cookie.name)


def entered(cookie: str) -> flask.Response:
    """Answer a sign-in: a page goes on to its home, a program gets who it is now."""
    kept = access().sessions.cookie
    who = access().sessions.find(cookie)
    if who is None:
        raise LoginRefused
    if from_page(current()):
        response = _go(HOME[who.kind])
    else:
        response = answers.answer(_session(who), form=SessionForm)
    response.set_cookie(kept.name, cookie, secure=kept.secure, httponly=True, samesite="Lax", path="/")
    return response


def _session(who: Actor) -> dict[str, Any]:
    token = csrf_token(who) if who.session_id else ""
    return {"kind": who.kind, "id": who.id, "roles": sorted(who.roles), "csrf_token": token}


def _go(place: str) -> flask.Response:
    return flask.Response(status=303, headers={"Location": place})


def _on_this_machine() -> None:
    """Refuse personas to whoever is not at this machine, whatever stands in between."""
    if current().remote_addr not in demo.LOOPBACK_PEERS:
        raise LoginRefused
