"""Doors for people: sign in, who am I, sign out. Pages send HTML forms and are sent on; programs JSON."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import flask

from recordsvc.access import backoff, demo, proving, questions, staff
from recordsvc.access.credentials import Holder
from recordsvc.access.entering import cookie_sent, described, entered, go, network, newcomer
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced, LoginRefused
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
from recordsvc.access.looked import Seen, of_worker, worded
from recordsvc.access.policy import door
from recordsvc.access.services import access, bp, house
from recordsvc.access.sessions import Method
from recordsvc.access.staff import Member
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.http import current
from recordsvc.ground.ports import beijing_date

demo_bp = flask.Blueprint("demo", __name__)
"""Registered where demo logins may exist and nowhere else."""
LOOKED_PAGE: Final = 50
LEFT: Final = "/login/left"
"""Where whoever came through an identity provider is shown how to sign out there, too."""


@door(
    bp,
    "POST",
    "/login/code",
    policy="session.begin",
    body=JsonOrFields(CodeLoginForm),
    answer={200: SessionForm, 303: None},
    problems=(LoginRefused, LoginPaced),
    summary="用一次性登录码登录 / Sign in with a one-time code",
)
def login_code(form: dict[str, str]) -> flask.Response:
    """Sign an official in. Unknown account and wrong code are answered alike."""
    place, sessions, comes = house(), access().sessions, newcomer()
    who = backoff.account(place.keys, Kind.OFFICIAL, form["official_id"])
    paced = proving.admitted(place, who, network())
    claim = proving.by_code(place, Holder(Kind.OFFICIAL, form["official_id"]), form["code"])
    return entered(
        proving.finish(
            place, claim, lambda turn, own: comes.begin(turn, place, sessions, own, claim.method), paced
        )
    )


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
    on_this_machine()
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
    on_this_machine()
    place, sessions, comes = house(), access().sessions, newcomer()
    worker_id = demo.by_document(place, form) if form["number"] else None

    def enter(turn: Turn) -> str:
        if worker_id is not None:
            own = Holder(Kind.WORKER, worker_id)
        else:
            persona = demo.find(turn.conn, form["kind"])
            own = Holder(Kind(persona.actor_kind), persona.actor_id)
        return comes.begin(turn, place, sessions, own, Method.DEMO)

    return entered(place.db.write(enter))


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
    return answers.answer(described(actor()), form=SessionForm)


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
    services, cookie, place = access(), cookie_sent(), "/"
    if cookie is not None:
        if services.provider is not None and services.sessions.method_of(cookie) == Method.OIDC:
            place = LEFT
        house().db.write(lambda turn: services.sessions.end(turn, cookie))
    response = go(place) if from_page(current()) else flask.Response(status=204)
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
        before = query["before"] or b"\xff" * 16
        rows = of_worker(conn, worker_id, before=before, limit=LOOKED_PAGE, purpose=query["purpose"])
        asked = questions.of_worker(conn, worker_id)
        people = staff.load(conn) if any(row.actor_kind == Kind.STAFF for row in rows) else {}
    following = rows[-1].id if len(rows) == LOOKED_PAGE else None
    items = [_seen(row, asked.get(row.id)) | _whose(row, people) for row in rows]
    return answers.answer({"items": items, "next": following}, form=LookedForm)


def _seen(row: Seen, asked: questions.Question | None) -> dict[str, Any]:
    """Return a look in words; who a person is stays with the office, a machine is named."""
    purpose, basis = worded(row)
    return {
        **dataclasses.asdict(row),
        "actor_id": row.actor_id if row.actor_kind == Kind.CLIENT else "",
        "purpose_zh": purpose,
        "basis_zh": basis,
        "question": None if asked is None else asked.state,
        "answer": None if asked is None or asked.state == "open" else asked.answer,
    }


def _whose(row: Seen, people: Mapping[str, Member]) -> dict[str, str]:
    """Return the institution of whoever looked, if they were of one: its code, and its name on that day."""
    member = people.get(row.actor_id) if row.actor_kind == Kind.STAFF else None
    if member is None:
        return {"institution": "", "institution_zh": ""}
    found = house().institutions.all().get(member.institution)
    name = None if found is None else found.name_on(beijing_date(row.at_ms).isoformat())
    return {"institution": member.institution, "institution_zh": name or ""}


def read_cookie(request: flask.Request) -> Actor | None:
    """Who the session cookie of a request stands for; what the entrance asks."""
    cookie = request.cookies.get(access().sessions.cookie.name)
    return None if cookie is None else access().sessions.find(cookie)


def on_this_machine() -> None:
    """Refuse personas to whoever is not at this machine. Raises `LoginRefused`."""
    if current().remote_addr not in demo.LOOPBACK_PEERS:
        raise LoginRefused
