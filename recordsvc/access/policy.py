"""Doors: every route is declared with who may enter, what it reads and what it answers.

    @door(bp, "POST", "/v1/records", policy="record.submit", body=Bytes("records/envelope.json"),
          answer={201: ReceiptForm, 202: HeldForm}, summary="交一条已签名的记录 / Submit one signed record")
    def submit(data: bytes) -> Response: ...

Before the view runs, in this order: host and headers, who asks, may they, cross-site check, size and media
type; then the query is read, an official is judged before the object that the path names (objects.py), and
the body is read. `seal` refuses to start an application with a rule that no door declared.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import flask
from flask.sansio.app import App
from marshmallow import Schema

from recordsvc.access import in_place, objects
from recordsvc.access.entrance import Entrance, actor, authenticate, check_site, csrf_token, own
from recordsvc.access.errors import StepUpRequired
from recordsvc.access.grants import ANYONE, POLICIES, SYSTEM, Actor, Kind, Role, Scope, admits, can
from recordsvc.access.permit import Permit
from recordsvc.ground import answers, http, observe, reading
from recordsvc.ground.http import Body
from recordsvc.ground.idempotency import Idempotency, Ticket
from recordsvc.ground.problems import Forbidden, Problem, Unauthenticated
from recordsvc.ground.reading import Json

__all__ = [
    "ANYONE",
    "SYSTEM",
    "Actor",
    "Kind",
    "Role",
    "Scope",
    "Sends",
    "Surface",
    "actor",
    "authenticate",
    "can",
    "charge",
    "csrf_token",
    "door",
    "own",
    "ticket",
]


SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ENDING: Final = frozenset(
    {"session.end", "own.consent.end", "own.helper.end", "own.helping.end", "own.agency.end"}
)
"""Policies of doors that end what is one's own; they are counted apart (limits.py)."""
AMONG_OTHERS: Final = frozenset(
    {"session.own", "own.contact.set", "own.claim.file", "own.fee.order", "window.serve"}
)
"""Policies under which some doors end what is one's own: by the last word of their rules, or they delete."""
_LAST_WORDS: Final = ("/end", "/remove", "/withdraw")


class Surface(StrEnum):
    """What sort of answer leaves a door; decides its security headers."""

    API = "api"
    OPEN = "open"
    PAGE = "page"
    SCRIPTED = "scripted"
    """A page with a script of our own; one that says a problem has none."""
    FILE = "file"


_HEADERS = {
    Surface.API: answers.API_HEADERS,
    Surface.OPEN: answers.OPEN_HEADERS,
    Surface.PAGE: answers.PAGE_HEADERS,
    Surface.SCRIPTED: answers.SCRIPT_HEADERS,
    Surface.FILE: answers.FILE_HEADERS,
}


@dataclasses.dataclass(frozen=True)
class Sends:
    """An answer that no form describes: its media type, and the published schema of its JSON if any."""

    media: str = "application/json"
    schema: str = ""
    """Name relative to `schemas/`."""


Answer = type[Schema] | Sends | None


@dataclasses.dataclass(frozen=True)
class Door:
    """What was declared for one rule."""

    methods: tuple[str, ...]
    rule: str
    policy: str
    summary: str
    description: str
    body: Body | None
    query: type[Schema] | None
    answers: Mapping[int, Answer]
    problems: tuple[type[Problem], ...]
    surface: Surface
    cache: str
    idempotent: bool
    step_up: bool
    judges: bool
    headers: tuple[tuple[str, str], ...]
    public: bool

    def wrap(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """Return the view with what it reads as keyword arguments; itself if it reads nothing."""
        body, query = self.body, self.query
        guarded = any(grant.kind is Kind.OFFICIAL for grant in POLICIES[self.policy])
        if body is None and query is None and not guarded:
            return view

        def enter(**arguments: Any) -> Any:
            request = http.current()
            if query is not None:
                arguments["query"] = reading.read_query(request, query)
            # What the path names is judged before the body is read, so that nothing in it tells them apart.
            if guarded and not self.judges:
                objects.guard(self.policy, self.problems, arguments)
            if body is not None:
                read = body.read(request)
                if guarded:
                    objects.guard_form(self.policy, self.problems, read.get("form"))
                arguments |= read
            return view(**arguments)

        enter.__name__, enter.__module__ = view.__name__, view.__module__
        enter.__doc__ = view.__doc__
        return enter


def door(  # noqa: PLR0913 - a declaration: every fact is named at the call
    bp: flask.Blueprint,
    methods: str | Sequence[str],
    rule: str,
    *,
    policy: str,
    summary: str,
    body: Body | type[Schema] | None = None,
    query: type[Schema] | None = None,
    answer: Answer | Mapping[int, Answer] = None,
    description: str = "",
    problems: Sequence[type[Problem]] = (),
    scope: str | None = None,
    surface: Surface = Surface.API,
    cache: str = answers.NO_STORE,
    idempotent: bool = False,
    step_up: bool = False,
    judges: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a view under a rule, with everything that is true of its door.

    Args:
        policy: an action of `grants.POLICIES`.
        body: a form class (strict JSON → `form`), or `Json`, `Fields`, `Upload`, `Bytes` (ground/reading.py).
        query: form of the query string → `query`; without one every parameter is refused.
        answer: form or `Sends` of the 200 answer, or a mapping by status.
        scope: repeats the policy's scope where a reader should see it; must agree with the table.
        cache: `Cache-Control` of good answers; personal ones keep the default `no-store`.
        idempotent: takes `Idempotency-Key` (ground/idempotency.py).
        step_up: asks a session for a proof of identity not older than `step_up_minutes` (consent, account
            change, payment); raises `StepUpRequired` otherwise. Machines prove themselves with every token.
        judges: the view asks first why somebody looks, and calls `objects.guard` itself before it looks.
    """
    grants = POLICIES.get(policy)
    if grants is None:
        raise ValueError(f"{rule}: no policy named {policy!r} in recordsvc/access/grants.py")
    if scope is not None and scope not in {grant.scope for grant in grants}:
        raise ValueError(f"{rule}: policy {policy!r} does not ask for scope {scope!r}")
    declared = Door(
        methods=(methods,) if isinstance(methods, str) else tuple(methods),
        rule=rule,
        policy=policy,
        summary=summary,
        description=description,
        body=Json(body) if isinstance(body, type) else body,
        query=query,
        answers=answer if isinstance(answer, Mapping) else {200: answer},
        problems=tuple(problems),
        surface=surface,
        cache=cache,
        idempotent=idempotent,
        step_up=step_up,
        judges=judges,
        headers=_HEADERS[surface],
        public=any(grant.kind is Kind.ANYONE for grant in grants),
    )

    def register(view: Callable[..., Any]) -> Callable[..., Any]:
        name = view.__name__
        bp.add_url_rule(rule, name, declared.wrap(view), methods=declared.methods)
        bp.record(lambda state: doors(state.app).update({f"{state.name}.{name}": declared}))
        return view

    return register


def ticket(keys: Idempotency) -> Ticket | None:
    """Name the request by its `Idempotency-Key`, once its body is read; None if it carries none."""
    request = http.current()
    key = reading.idempotency_key(request)
    if key is None:
        return None
    who = actor()
    content = request.content or repr(reading.form_pairs(request)).encode()
    return keys.ticket(f"{who.kind}:{who.id}", f"{request.method} {request.path}", key, content)


def charge(units: int) -> None:
    """Count the request as so many units of its caller's limit; one is counted already. Raises `TooMany`."""
    permit: Permit | None = http.current().permit
    if permit is not None and units > 1:
        permit.charge(units - 1)


def doors(app: App) -> dict[str, Door]:
    """Return the application's doors by endpoint."""
    found: dict[str, Door] = app.extensions.setdefault("doors", {})
    return found


def install(app: flask.Flask, entrance: Entrance) -> None:
    """Put the hook before every request of the application."""
    app.extensions["entrance"] = entrance
    app.url_map.converters["id"] = http.IdConverter
    known = doors(app)

    def admit() -> None:
        request = http.current()
        observe.begin(request)
        http.check_envelope(request.environ, entrance.hosts)
        if request.routing_exception is not None:
            return
        declared = request.door = known[request.endpoint or ""]
        if not declared.public:
            _judge(actor(), declared, entrance)
        http.check_body(request, declared.body)
        if declared.query is None and request.environ["QUERY_STRING"]:
            reading.read_query(request, None)
        if request.method not in SAFE:
            check_site(request, entrance)
            if not declared.idempotent:
                reading.refuse_key(request)
        _trace(request, declared, entrance)

    def leave(response: flask.Response) -> flask.Response:
        request = http.current()
        _tell_end(request, response)
        permit: Permit | None = request.permit
        if permit is not None:
            response.headers.update(permit.headers())
            if response.is_streamed:
                response.call_on_close(permit.release)
            else:
                permit.release()
        return response

    app.before_request(admit)
    app.after_request(leave)


def _tell_end(request: http.Request, response: flask.Response) -> None:
    if request.finish is not None:
        request.finish(response.status_code < 400, request.entered)


def _trace(request: http.Request, declared: Door, entrance: Entrance) -> None:
    """Have it written what a stand-in, or an official in an emergency, is about to see or do."""
    who: Actor | None = None if declared.public else request.actor
    if who is not None and entrance.trail is not None:
        entrance.trail(who, declared.policy, f"{request.method} {request.path}")
    if who is not None and who.through is not None and entrance.stand_in is not None:
        rule = f"{request.method} {declared.rule}"
        request.finish = entrance.stand_in(who, declared.policy, rule, request.method not in SAFE)


def _judge(who: Actor, declared: Door, entrance: Entrance) -> None:
    """Let a caller in, count them, and ask for a fresh proof where the door wants one."""
    if not admits(who, declared.policy):
        raise Unauthenticated if who.kind == Kind.ANYONE else Forbidden
    if who.through is not None:
        in_place.check(declared.policy, who.through)
    if entrance.meter is not None:
        http.current().permit = entrance.meter(who, ends=_ends(declared))
    if declared.step_up and who.session_id and not _proven(who, declared.policy, entrance):
        raise StepUpRequired


def prove() -> None:
    """Ask a session for a fresh proof where only the object tells that the act wants one (`step_up`).

    Raises `StepUpRequired`.
    """
    who, entrance = actor(), flask.current_app.extensions["entrance"]
    if who.session_id and not _proven(who, "", entrance):
        raise StepUpRequired


def _proven(who: Actor, policy: str, entrance: Entrance) -> bool:
    """Tell whether a proof is fresh; a code that was handed over is one for setting up a way in alone."""
    return entrance.fresh(who) and (policy == "session.own" or not who.handed)


def _ends(declared: Door) -> bool:
    """Tell whether a door ends something of one's own: a session, a consent, a mandate, a claim, a number."""
    says = "DELETE" in declared.methods or declared.rule.endswith(_LAST_WORDS)
    return declared.policy in ENDING or (declared.policy in AMONG_OTHERS and says)


def seal(app: flask.Flask) -> None:
    """Refuse to start with a rule that no door declared, static files and the framework's own included."""
    known = doors(app)
    taken: set[tuple[str, str]] = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in known:
            raise RuntimeError(
                f"{rule.rule} ({rule.endpoint}) has no declared policy: use recordsvc.access.policy.door"
            )
        declared = known[rule.endpoint]
        official = any(grant.kind is Kind.OFFICIAL for grant in POLICIES[declared.policy])
        if official and objects.unspoken(rule.arguments):
            raise RuntimeError(
                f"{rule.rule} names an object that no room has spoken for: use recordsvc.access.objects.named"
            )
        for method in declared.methods:
            if (rule.rule, method) in taken:
                raise RuntimeError(f"{method} {rule.rule} is declared twice")
            taken.add((rule.rule, method))
