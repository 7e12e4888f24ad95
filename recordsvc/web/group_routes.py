"""Pages of departments (部门认定的人员): the list, stating, one statement and what may be done, trainings."""

from collections.abc import Callable, Mapping
from typing import Any

import flask

from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted, Busy
from recordsvc.archive.headings import title
from recordsvc.archive.looking import Looker
from recordsvc.ground import http
from recordsvc.ground.forms import Form
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields, load
from recordsvc.groups import departments, reading, statements
from recordsvc.groups import routes as groups
from recordsvc.groups.errors import (
    AlreadyStated,
    MemberUnknown,
    StatementOver,
    StatementRefused,
    StatementUnknown,
)
from recordsvc.groups.forms import (
    CorrectStatementForm,
    EndStatementForm,
    NewStatementForm,
    TrainingsQuery,
    WithdrawStatementForm,
)
from recordsvc.web import desk_looks, words
from recordsvc.web.centre_routes import tabs
from recordsvc.web.desk_forms import faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.group_forms import (
    CORRECT,
    END,
    LIVES,
    SOURCES,
    STATE,
    TRAININGS,
    WITHDRAW,
    CasePageForm,
    CorrectPageForm,
    EndStatementPageForm,
    GroupsPageQuery,
    StatementPageQuery,
    StatePageForm,
    TrainingsPageForm,
    WithdrawPageForm,
)
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

WAITING = "/centre/groups/waiting"


@door(
    bp,
    "GET",
    "/centre/groups",
    policy="group.keep",
    surface=Surface.PAGE,
    query=GroupsPageQuery,
    answer=HTML,
    summary="本部门认定的人员（网页） / People of the department's groups",
)
def groups_page(query: dict[str, Any]) -> flask.Response:
    """List the department's statements; everybody shown sees that they were. Without a case, ask for one."""
    looker = looker_of(query["look"])
    if looker is None:
        return gate({}, None, late=bool(query["look"]))
    department, items, more = groups.listed(query["group"] or None, query["before"], looker.case_ref)
    return page(
        "centre_groups.html",
        tabs=tabs(),
        department=department.name,
        groups=_words(department.groups),
        chosen=query["group"],
        rows=[_line(one) for one in items],
        more=None if more is None else uuid_text(more),
        states=bool(department.groups),
        look=query["look"],
    )


@door(
    bp,
    "POST",
    "/centre/groups",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(CasePageForm),
    answer={303: None, 422: HTML},
    summary="说明查看名单的案卷（网页） / Say for which case the list or a statement is opened",
)
def groups_case_button(form: dict[str, Any]) -> flask.Response:
    """Take the case along to the list, or to the statement."""
    try:
        given = judged(TrainingsQuery, {"case_ref": form["case_ref"]})
        looked.judge(house().db, actor(), statements.PURPOSE, given["case_ref"])
    except FormRefused as problem:
        return gate(form, problem, late=False, waits=bool(form["waits"]))
    look, one = _seal(given["case_ref"]), form["statement"]
    if form["waits"]:
        return go(f"{WAITING}?look={look}")
    return go(f"/centre/groups{'' if one is None else '/' + uuid_text(one)}?look={look}")


@door(
    bp,
    "GET",
    "/centre/groups/new",
    policy="group.keep",
    surface=Surface.PAGE,
    answer=HTML,
    summary="认定人员类别（网页） / The form to state a membership",
)
def group_new_statement_page() -> flask.Response:
    """Ask whom it is about, and what is stated."""
    return _new({"document": "resident-id"}, None)


@door(
    bp,
    "POST",
    "/centre/groups/new",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(StatePageForm),
    step_up=True,
    answer={303: None, 404: HTML, 409: HTML, 422: HTML, 423: HTML},
    problems=(MemberUnknown, StatementRefused, AlreadyStated, ArchiveRestricted, Busy),
    summary="认定人员类别（网页） / State a membership",
)
def group_new_statement_button(form: dict[str, Any]) -> flask.Response:
    """Propose it, or say what is wrong."""
    try:
        asked = judged(NewStatementForm, form)
        groups.stated(asked)
    except Problem as problem:
        if problem.status not in (*FAILED, MemberUnknown.status):
            raise
        return _new(form, problem)
    return go(f"{WAITING}?look={_seal(asked['case_ref'])}")


@door(
    bp,
    "GET",
    "/centre/groups/<id:record_id>",
    policy="group.keep",
    surface=Surface.PAGE,
    query=StatementPageQuery,
    answer=HTML,
    problems=(StatementUnknown, ArchiveRestricted),
    summary="一条认定（网页） / One statement of the department",
)
def group_statement_page(record_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show a statement, once the look is noted. Without a case, ask for one and look nothing up."""
    return _statement(record_id, query["look"])


@door(
    bp,
    "POST",
    "/centre/groups/<id:record_id>/correct",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(CorrectPageForm),
    step_up=True,
    answer={303: None, 409: HTML, 422: HTML},
    problems=(StatementUnknown, StatementOver, StatementRefused, ArchiveRestricted, Busy),
    summary="更正认定（网页） / Correct a statement",
)
def group_correct_statement_button(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose to correct days or source; what was left as it stood is no change."""

    def act(case_ref: str) -> object:
        with house().db.read() as conn:
            before = statements.one(house(), conn, actor(), record_id).state.body or {}
        given = {name: value.strip() or None for name, value in form.items() if name != "look"}
        changed = {
            name: value for name, value in given.items() if name != "reason" and value != before.get(name)
        }
        said = changed | {"reason": given["reason"], "case_ref": case_ref}
        return groups.corrected(record_id, _loaded(CorrectStatementForm, said))

    return _acted(record_id, "correct", form, act, WAITING)


@door(
    bp,
    "POST",
    "/centre/groups/<id:record_id>/end",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(EndStatementPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(StatementUnknown, StatementOver, StatementRefused, ArchiveRestricted, Busy),
    summary="终止认定（网页） / End a statement",
)
def group_end_statement_button(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Give it a last day."""

    def act(case_ref: str) -> object:
        return groups.ended(record_id, judged(EndStatementForm, _typed(form) | {"case_ref": case_ref}))

    return _acted(record_id, "end", form, act)


@door(
    bp,
    "POST",
    "/centre/groups/<id:record_id>/withdraw",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(WithdrawPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(StatementUnknown, StatementOver, StatementRefused, ArchiveRestricted, Busy),
    summary="撤回认定（网页） / Withdraw a statement",
)
def group_withdraw_statement_button(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Withdraw what was stated in error."""

    def act(case_ref: str) -> object:
        return groups.withdrawn(
            record_id, judged(WithdrawStatementForm, _typed(form) | {"case_ref": case_ref})
        )

    return _acted(record_id, "withdraw", form, act)


@door(
    bp,
    "POST",
    "/centre/groups/<id:record_id>/trainings",
    policy="group.keep",
    surface=Surface.PAGE,
    body=Fields(TrainingsPageForm),
    answer={200: HTML, 409: HTML, 422: HTML},
    problems=(StatementUnknown, StatementOver, ArchiveRestricted),
    summary="查阅其培训情况（网页） / Trainings of somebody of the group, for a case",
)
def group_statement_trainings_button(record_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Show the trainings, once the looks are noted."""
    try:
        asked = judged(TrainingsQuery, _typed(form))
        found = reading.trainings(house(), actor(), record_id, asked["case_ref"], http.current().id)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _statement(record_id, form["look"], "trainings", form, problem)
    shown = [_training(one) for one in found]
    return _statement(record_id, _seal(asked["case_ref"]), "trainings", form, shown=shown)


# -- parts


def _words(codes: Any) -> list[tuple[str, str]]:
    return [(code, words.code("worker_groups", code)) for code in sorted(codes)]


def _line(one: reading.Member) -> dict[str, Any]:
    body = one.body
    return {
        "id": uuid_text(one.record_id),
        "sealed": body is None,
        "name": one.name,
        "tail": one.number_tail,
        "group": "" if body is None else words.code("worker_groups", str(body["group"])),
        "since": "" if body is None else str(body["valid_from"]),
        "until": "" if body is None else str(body.get("valid_to", "")),
        "state": _state(one.life, holds=one.holds, contested=one.contested),
        "trainings": one.trainings,
        "certificates": one.certificates,
        "last_on": one.last_on,
    }


def _state(life: str, *, holds: bool, contested: bool) -> tuple[str, str]:
    if contested and life == "active":
        return ("本人有异议", "warn")
    return LIVES.get(life, (life, "mute")) if holds or life != "active" else ("不在有效期内", "mute")


def _training(one: reading.Training) -> dict[str, Any]:
    body = one.body
    days = [words.day(str(body[name])) for name in ("started_on", "ended_on") if name in body]
    certificate = body.get("certificate") or {}
    return {
        "type": words.type_title(one.type),
        "title": title(one.type, body),
        "days": " 至 ".join(days) or words.day(str(certificate.get("issued_on", one.issued_on))),
        "result": {"passed": "合格", "failed": "不合格", "not-assessed": "未考核"}.get(
            str(body.get("result", "")), ""
        ),
        "unconfirmed": one.confirmation == "unconfirmed",
    }


def _loaded(schema: type[Form], given: Mapping[str, Any]) -> dict[str, Any]:
    """Load what may hold null: there it means that a member is taken away."""
    if given["reason"] is None:
        return judged(schema, {"reason": "", "case_ref": given["case_ref"]})
    loaded: dict[str, Any] = load(schema, dict(given))
    return loaded


def _acted(
    record_id: bytes, act: str, form: Mapping[str, Any], make: Callable[[str], object], to: str = ""
) -> flask.Response:
    """Act for the case of the look, and show the statement; or show what is wrong, as it was typed."""
    looker = looker_of(form["look"])
    if looker is None:
        return gate({}, None, late=True, statement=record_id, status=422)
    try:
        make(looker.case_ref)
    except Problem as problem:
        if problem.status not in FAILED or isinstance(problem, ArchiveRestricted):
            raise
        return _statement(record_id, form["look"], act, form, problem)
    return go(f"{to or f'/centre/groups/{uuid_text(record_id)}'}?look={form['look']}")


def _new(form: Mapping[str, Any], problem: Problem | None) -> flask.Response:
    place = house()
    with place.db.read() as conn:
        department = departments.of(place, conn, actor())
    wrong, trouble = ({}, None) if problem is None else faults(problem, STATE)
    return page(
        "centre_group_new.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        fields=STATE,
        groups=_words(department.groups),
        typed={**form, "number": form.get("number", "")},
        wrong=wrong,
        trouble=trouble,
    )


def looker_of(look: str) -> Looker | None:
    """Return who looks at the own department's people and for which case; None: it has to be said again."""
    return desk_looks.opened(_department(), look)


def _seal(case_ref: str) -> str:
    """Return what an address carries to look at the own department's people for a case."""
    return desk_looks.seal(_department(), statements.PURPOSE, case_ref)


def _department() -> bytes:
    return (actor().institution or "").encode()


def _typed(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name != "look"}


def gate(
    form: Mapping[str, Any],
    problem: Problem | None,
    *,
    late: bool,
    statement: bytes | None = None,
    waits: bool = False,
    status: int = 200,
) -> flask.Response:
    """Ask for which case the list is opened, what waits, or a statement."""
    wrong, trouble = ({}, None) if problem is None else faults(problem, TRAININGS)
    one = form.get("statement") or statement
    return page(
        "centre_groups_case.html",
        status if problem is None else problem.status,
        tabs=tabs(),
        fields=TRAININGS,
        typed=form,
        wrong=wrong,
        trouble=trouble,
        late=late,
        statement=None if one is None else uuid_text(one),
        waits=waits,
    )


def _statement(
    record_id: bytes,
    look: str,
    act: str = "",
    form: Mapping[str, Any] | None = None,
    problem: Problem | None = None,
    *,
    shown: list[dict[str, Any]] | None = None,
) -> flask.Response:
    looker = looker_of(look)
    if looker is None:
        return gate({}, problem, late=bool(look), statement=record_id)
    held = reading.statement(house(), actor(), record_id, looker.case_ref, http.current().id)
    body = dict(held.state.body or {})
    name, tail = reading.holder(held.archive)
    forms = {"correct": CORRECT, "end": END, "withdraw": WITHDRAW, "trainings": TRAININGS}
    wrong, trouble = ({}, None) if problem is None else faults(problem, forms[act])
    holds = held.holds(beijing_date(house().clock.now_ms()).isoformat())
    life = str(held.state.life)
    contested = str(held.state.confirmation) == "contested"
    return page(
        "centre_group.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        id=uuid_text(record_id),
        name=name,
        tail=tail,
        group=words.code("worker_groups", str(body.get("group", ""))),
        body=body,
        source=dict(SOURCES).get(str(body.get("source", "")), ""),
        state=_state(life, holds=holds, contested=contested),
        contested=contested and life == "active",
        open=life == "active",
        holds=holds,
        forms=forms,
        act=act,
        typed=form or {},
        case={"case_ref": looker.case_ref},
        look=look,
        wrong=wrong,
        trouble=trouble,
        shown=shown,
    )
