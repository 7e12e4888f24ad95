"""Doors: nobody enters unasked. The matrix of every door and every kind of caller is a file under review."""

import os
from pathlib import Path
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from recordsvc import service
from recordsvc.access import policy
from recordsvc.access.grants import ANYONE, POLICIES, Actor, Kind, Owner, Role, Scope, admits, can
from recordsvc.access.policy import actor, csrf_token, door, doors, own
from recordsvc.ground import two_person
from recordsvc.ground.answers import answer
from recordsvc.ground.forms import Form, text
from recordsvc.ground.http import BATCH_LIMIT
from recordsvc.ground.reading import Bytes, Fields, Json
from recordsvc.money.claims import transitions
from tests.access.money_doors import FRESH, MONEY_DOORS
from tests.doors import ACTORS, CENTRE, OTHER_WORKER, WORKER, application, as_, bearer

MATRIX = Path(__file__).with_name("matrix.txt")

bp = flask.Blueprint("t", __name__)


class Thing:
    """An object of somebody."""

    def __init__(self, worker_id: bytes | None = None, institution: str | None = None) -> None:
        self.worker_id = worker_id
        self.institution = institution


THINGS = {"mine": Thing(WORKER.worker_id), "theirs": Thing(OTHER_WORKER.worker_id), "nobodys": Thing()}


class NameForm(Form):
    """One field."""

    name = text(1, 9, required=True)


@door(bp, "GET", "/own/<name>", policy="own.archive.read", summary="t")
def read_own(name: str) -> Any:
    return answer({"thing": own("own.archive.read", THINGS.get(name)) is not None})


@door(bp, "POST", "/own/<name>", policy="own.record.decide", body=Fields(NameForm), summary="t")
def write_own(name: str, form: dict[str, Any]) -> Any:
    return answer(form)


@door(bp, "GET", "/who", policy="public", summary="t")
def who() -> Any:
    return answer({"kind": actor().kind, "csrf": csrf_token(actor())})


@door(bp, "POST", "/login", policy="session.begin", body=Fields(NameForm), summary="t")
def login(form: dict[str, Any]) -> Any:
    return answer(form)


@door(bp, "GET", "/grave", policy="own.archive.read", step_up=True, summary="t")
def grave() -> Any:
    return answer({})


@door(
    bp,
    "POST",
    "/batch",
    policy="record.submit",
    body=Bytes(limit=BATCH_LIMIT),
    summary="t",
    scope="records:write",
)
def batch(data: bytes) -> Any:
    return answer({"size": len(data)})


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return application(bp).test_client(use_cookies=False)


# -- start-up


def test_a_rule_without_a_declared_policy_stops_the_start() -> None:
    app = service.bare(application().extensions["settings"], lambda key, data: b"")
    app.add_url_rule("/open", "open", lambda: "")

    with pytest.raises(RuntimeError, match="/open"):
        policy.seal(app)


def test_static_files_without_a_declared_policy_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="static"):
        application(flask.Blueprint("web", __name__, static_folder=str(tmp_path), static_url_path="/static"))


def test_a_door_needs_a_policy_of_the_table() -> None:
    with pytest.raises(ValueError, match="whatever"):
        door(flask.Blueprint("x", __name__), "GET", "/x", policy="whatever", summary="t")


def test_a_door_cannot_name_a_scope_that_its_policy_does_not_ask_for() -> None:
    with pytest.raises(ValueError, match="feed:read"):
        door(
            flask.Blueprint("x", __name__), "GET", "/x", policy="record.read", scope="feed:read", summary="t"
        )


def test_the_same_door_twice_stops_the_start() -> None:
    def second() -> str:
        return ""

    again = flask.Blueprint("again", __name__)
    door(again, "GET", "/who", policy="own.archive.read", summary="t")(second)

    with pytest.raises(RuntimeError, match="declared twice"):
        application(bp, again)


# -- who may


def test_nobody_in_particular_is_asked_who_they_are(client: FlaskClient) -> None:
    response = client.get("/own/mine")

    assert (response.status_code, response.json["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_known_but_not_allowed_is_forbidden(client: FlaskClient) -> None:
    response = client.get("/own/mine", **as_(client, "centre"))

    assert (response.status_code, response.json["code"]) == (403, "forbidden")


def test_foreign_and_missing_objects_answer_alike(client: FlaskClient) -> None:
    answers = {
        name: client.get(f"/own/{name}", **as_(client, "worker"))
        for name in ("mine", "theirs", "nobodys", "none")
    }

    assert answers.pop("mine").status_code == 200
    assert len({(each.status_code, each.data) for each in answers.values()}) == 1
    assert answers["none"].status_code == 404


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer nobody", "Basic d29ya2Vy", "worker", "Bearer " + "x" * 9000]
)
def test_a_wrong_token_is_refused_and_no_cookie_helps(client: FlaskClient, header: str) -> None:
    response = client.get("/own/mine", headers={"Authorization": header, "Cookie": "who=worker"})

    assert response.status_code == 401


def test_a_refused_caller_is_refused_before_the_body_is_read(client: FlaskClient) -> None:
    response = client.post("/batch", data=b"x" * (BATCH_LIMIT + 1), content_type="application/json")

    assert response.status_code == 401


def test_an_owned_action_without_its_object_is_a_no() -> None:
    assert admits(WORKER, "own.archive.read")
    assert not can(WORKER, "own.archive.read")
    assert not can(WORKER, "own.archive.read", Thing(None))
    assert can(WORKER, "own.archive.read", Thing(WORKER.worker_id))


def test_an_actor_without_an_identity_owns_nothing() -> None:
    """None equals None, but nobody's things are not everybody's."""
    nameless = Actor(Kind.WORKER, "w")

    assert not can(nameless, "own.archive.read", Thing(None))
    assert not can(Actor(Kind.CLIENT, "c", scopes=frozenset(Scope)), "record.read", Thing())


def test_an_institution_reads_its_own_records_only() -> None:
    assert can(CENTRE, "record.read", Thing(institution=CENTRE.institution))
    assert not can(CENTRE, "record.read", Thing(institution="CENTRE-2"))


def test_scopes_and_roles_are_compared_whole() -> None:
    almost = frozenset({"records:writes", "records", "xrecords:write", "RECORDS:WRITE"})

    assert not can(Actor(Kind.CLIENT, "c", scopes=almost), "record.submit")
    assert not can(Actor(Kind.OFFICIAL, "o", roles=frozenset({"registrars", "*", "admin"})), "client.propose")


def test_an_unknown_action_is_a_no() -> None:
    assert not can(CENTRE, "everything")


OF_AUDITORS = {"session.end", "recusal.declare", "recusal.end", "emergency.close"}
"""What auditors do beside reading: who keeps out of what, and closing emergencies. No data of anybody."""


def test_roles_that_exclude_each_other_stay_apart() -> None:
    """domain.md §12, security.md §1.3; holds for every action that is added."""
    auditor = Actor(Kind.OFFICIAL, "o", roles=frozenset({Role.AUDITOR}))
    administrator = Actor(Kind.OFFICIAL, "o", roles=frozenset({Role.ADMINISTRATOR}))
    for action, grants in POLICIES.items():
        roles = frozenset().union(*(grant.roles for grant in grants))
        # What both may read decides nothing: payers see what a budget has before they seal a batch.
        assert action.endswith(".read") or not {Role.PAYER, Role.REVIEWER} <= roles, action
        if not any(grant.kind is Kind.ANYONE for grant in grants):
            reads = action.endswith(".read") or action.startswith("session.") or action in OF_AUDITORS
            assert not admits(auditor, action) or reads, action
            assert not admits(administrator, action) or action.startswith("session."), action


# -- cross-site requests

OWN_ORIGIN = {"Origin": "http://localhost"}


def post(client: FlaskClient, path: str = "/own/mine", token: str = "", **headers: str) -> tuple[int, str]:
    data = {"name": "a", **({"csrf_token": token} if token else {})}
    sent = {"Cookie": "who=worker"} | {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.post(path, data=data, headers=sent)
    return response.status_code, (response.json or {}).get("code", "")


def session_token(client: FlaskClient) -> str:
    token: str = client.get("/who", headers={"Cookie": "who=worker"}).json["csrf"]
    return token


def test_a_session_writes_with_its_token_in_field_or_header(client: FlaskClient) -> None:
    token = session_token(client)

    assert post(client, token=token)[0] == 200
    assert post(client, X_CSRF_Token=token)[0] == 200
    assert post(client, token=token, **OWN_ORIGIN)[0] == 200


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_a_session_does_not_write_without_its_token(client: FlaskClient, token: str) -> None:
    assert post(client, token=token) == (403, "cross-site")


def test_another_sessions_token_does_not_help(client: FlaskClient) -> None:
    other = Actor(Kind.WORKER, "worker-3", worker_id=b"\x03" * 16, session_id="session-3")
    with client.application.test_request_context():
        token = csrf_token(other)

    assert post(client, token=token) == (403, "cross-site")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:81"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_sites_page_writes_nothing_even_with_the_token(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert post(client, token=session_token(client), **headers) == (403, "cross-site")
    assert post(client, "/login", **headers) == (403, "cross-site")


def test_login_needs_no_token_since_there_is_no_session_yet(client: FlaskClient) -> None:
    assert client.post("/login", data={"name": "a"}, headers=OWN_ORIGIN).status_code == 200


def test_a_bearer_token_needs_no_second_one(client: FlaskClient) -> None:
    headers = as_(client, "worker")["headers"] | {"Origin": "http://evil.example", "Cookie": "who=worker"}

    assert client.post("/own/mine", data={"name": "a"}, headers=headers).status_code == 200


def test_reading_needs_no_token(client: FlaskClient) -> None:
    assert client.get("/own/mine", headers={"Cookie": "who=worker"}).status_code == 200


# -- step-up


def test_a_grave_act_asks_a_session_for_a_fresh_proof(client: FlaskClient) -> None:
    assert client.get("/grave", headers={"Cookie": "who=worker"}).status_code == 200

    stale = client.get("/grave", headers={"Cookie": "who=other"})
    assert (stale.status_code, stale.json["code"]) == (401, "step-up")


def test_a_grave_act_tells_nobody_without_the_role_to_prove_themselves(client: FlaskClient) -> None:
    assert client.get("/grave", **as_(client, "centre")).status_code == 403
    assert client.get("/grave").json["code"] == "unauthenticated"


@pytest.mark.parametrize(
    "named",
    [
        *("POST /v1/centre/invitations", "POST /centre/invitations"),
        *("POST /v1/desk/people/<official_id>/roles", "POST /desk/people/role"),
        *("POST /v1/centre/groups", "POST /centre/groups/new"),
        *(f"POST {at}/centre/groups/<id:record_id>/correct" for at in ("", "/v1")),
        *(f"POST {at}/centre/groups/waiting/<id:proposal_id>/decide" for at in ("", "/v1")),
        "POST /v1/desk/workers/<id:worker_id>/restrict",
    ],
)
def test_who_lets_in_gives_a_role_or_seals_proves_themselves_afresh(named: str) -> None:
    method, _, rule = named.partition(" ")
    app = service.skeleton()
    (found,) = [one for one in doors(app).values() if one.rule == rule and method in one.methods]
    assert found.step_up
    assert two_person.asks_fresh("official.grant")


def test_every_door_that_writes_about_money_was_decided_on() -> None:
    """A new one is red until it stands in `money_doors.py`, with `step_up` or the reason why not."""
    app = service.skeleton()
    policies = {
        declared.policy
        for endpoint, declared in doors(app).items()
        if app.view_functions[endpoint].__module__.startswith("recordsvc.money.") and not declared.public
    }
    found = {
        f"{method} {declared.rule}": declared.step_up
        for endpoint, declared in doors(app).items()
        for method in declared.methods
        if method not in policy.SAFE
        and (
            declared.policy in policies
            or app.view_functions[endpoint].__module__.startswith("recordsvc.money.")
        )
    }

    assert found == {rule: said == FRESH for rule, said in MONEY_DOORS.items()}


def test_whoever_decides_about_money_as_the_second_proves_themselves_afresh() -> None:
    service.skeleton()
    kinds = {
        kind: one.fresh
        for kind, one in two_person._kinds.items()
        if one.run.__module__.startswith("recordsvc.money.")
    }

    assert len(kinds) >= 7
    assert [kind for kind, fresh in kinds.items() if not fresh] == []


def test_the_steps_that_sign_for_money_or_send_it_ask_for_a_fresh_proof() -> None:
    events = {one.event for one in transitions.TRANSITIONS}

    asking = {event for event in events if transitions.moves_money(event)}
    assert asking == {"accept", "review", "approve", "finance", "pay"}


# -- bodies


def test_a_door_without_members_takes_no_body_as_an_empty_one() -> None:
    """What ends something must not fail on a header; where a member is asked for, a body is."""
    app, seen = service.skeleton(), []
    policy.authenticate(app, bearer=bearer, fresh=lambda _who: True)
    for endpoint, declared in doors(app).items():
        if isinstance(declared.body, Json) and declared.methods == ("POST",):
            app.view_functions[endpoint] = reached(declared.body)
            rule = next(app.url_map.iter_rules(endpoint))
            status = knock(app.test_client(), rule, "POST", declared, caller_of(declared), media=False)
            bare = not any(field.required for field in declared.body.schema().fields.values())
            assert status == (299 if bare else 415), declared.rule
            seen += [declared.rule] if bare else []

    assert {
        "/v1/me/consents/<id:consent_id>/end",
        "/v1/me/helpers/<id:helper_id>/end",
        "/v1/me/service/end",
        "/v1/centre/people/<staff_id>/close",
    } <= set(seen)


def reached(body: Any) -> Any:
    """A view that reads its body and nothing else."""
    return lambda **_: flask.Response(str(body.read(flask.request)), 299)


def caller_of(declared: policy.Door) -> str:
    return next(name for name, who in CALLERS.items() if admits(who, declared.policy))


# -- the matrix of the whole service

CALLERS: dict[str, Actor] = {
    "anyone": ANYONE,
    **{name: who for name, who in ACTORS.items() if name != "other"},
}


def matrix(app: flask.Flask) -> str:
    """Write one line per door: method, rule, policy, and who is admitted."""
    lines = []
    for rule in app.url_map.iter_rules():
        declared = doors(app)[rule.endpoint]
        may = [name for name, who in CALLERS.items() if admits(who, declared.policy)]
        callers = "everybody" if len(may) == len(CALLERS) else " ".join(may)
        owner = {grant.owner for grant in POLICIES[declared.policy]} - {Owner.NOBODY}
        scopes = {grant.scope for grant in POLICIES[declared.policy]} - {None}
        limits = "".join(f" [{limit}]" for limit in sorted(str(each) for each in owner | scopes))
        lines.extend(
            f"{rule.rule} {method}: {declared.policy}: {callers}{limits}" for method in declared.methods
        )
    return "\n".join(sorted(lines)) + "\n"


def test_the_matrix_of_doors_and_callers_is_the_reviewed_one() -> None:
    """A change of who may enter where is a visible change of `matrix.txt`; UPDATE_MATRIX=1 writes it."""
    found = matrix(service.skeleton())
    if os.environ.get("UPDATE_MATRIX"):
        MATRIX.write_text(found, "utf-8")

    assert found == MATRIX.read_text("utf-8")


def test_every_door_admits_exactly_whom_its_policy_admits() -> None:
    """Knock at every door as everybody: 401 or 403 for those outside its policy, and only for them."""
    app = service.skeleton()
    policy.authenticate(app, bearer=bearer, fresh=lambda _who: True)
    # Nobody is at home: whoever gets in meets this instead of the view.
    for endpoint in app.view_functions:
        app.view_functions[endpoint] = lambda **_: flask.Response("in", 299)
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        declared = doors(app)[rule.endpoint]
        for method in declared.methods:
            for name, caller in CALLERS.items():
                status = knock(client, rule, method, declared, name)
                wanted = 299 if admits(caller, declared.policy) else 401 if name == "anyone" else 403
                assert status == wanted, (method, rule.rule, name)


OF_A_PERSON = frozenset({"number", "card", "card_number", "document", "name", "born", "phone", "tail"})


def test_no_door_that_lets_machines_in_takes_a_persons_number() -> None:
    """Neither path nor query nor form: whoever walks numbers has nowhere to say one."""
    app, tried = service.skeleton(), 0
    for rule in app.url_map.iter_rules():
        declared = doors(app)[rule.endpoint]
        if not admits(CENTRE, declared.policy) or admits(ANYONE, declared.policy):
            continue
        asked = set(rule.arguments)
        for schema in (declared.query, getattr(declared.body, "schema", None)):
            if isinstance(schema, type):
                asked |= {field.data_key or name for name, field in schema().fields.items()}
        assert not asked & OF_A_PERSON, rule.rule
        tried += 1
    assert tried > 15


def knock(
    client: FlaskClient, rule: Any, method: str, declared: policy.Door, name: str, *, media: bool = True
) -> int:
    path = rule.rule
    for argument, converter in rule._converters.items():
        kind = type(converter).__name__
        value = {"IdConverter": "0190163d-8694-739b-aea5-966c26f8ad91", "IntegerConverter": "1"}.get(
            kind, "x"
        )
        path = path.replace(f"<{argument}>", value)
        for prefix in ("id", "int", "path", "string"):
            path = path.replace(f"<{prefix}:{argument}>", value)
    headers = {} if name == "anyone" else {"Authorization": f"Bearer {name}"}
    content_type = declared.body.media[0] if declared.body is not None and media else None
    response = client.open(
        path, method=method, headers=headers, content_type=content_type, base_url="http://localhost"
    )
    return response.status_code
