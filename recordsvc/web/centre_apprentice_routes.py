"""Pages of an enterprise's apprentices (新型学徒制): plans, places, advances, settlements, what goes back."""

from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.claims import apprentice_routes as plans
from recordsvc.money.claims import apprentice_views
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims.apprentice_forms import EndPlaceForm, JoinPlanForm, LeavePlanForm, NewPlanForm
from recordsvc.web import words
from recordsvc.web.centre_routes import tabs
from recordsvc.web.claim_routes import TONES
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

PLACE: Final = "/centre/apprentices"
_NEW: Final = (
    Field("course", "班级编号", hint="与本单位报送记录所用的编号一致。", most=40),
    Field("title", "班级名称", most=80),
    Field("occupation", "职业代码", hint="例如 6-31-01-03。", most=60),
    Field("level", "培养目标", "choice", rows=(("4", "中级工"), ("3", "高级工"))),
    Field("places", "名额（人）", most=3),
    Field("advance_pct", "申请预支比例（%）", hint="不超过规定的上限；不预支的填 0。", most=3),
    Field("starts_on", "开班日期", "day"),
    Field("ends_on", "计划结业日期", "day"),
)

_OF_WORKER: Final = {"number": "id_number", "name": "full_name"}
_PLACE: Final = Field("place", "名额号", most=3)
ON_ONE: Final[dict[str, tuple[str, tuple[Field, ...], str]]] = {
    "join": (
        "登记学徒",
        (
            Field("id_number", "身份证号码", most=40),
            Field("full_name", "姓名", most=80),
            Field("record_id", "入学登记的记录编号", most=40),
            Field("place", "补录到的名额号", hint="新的学徒不填；补录的填退出者的名额号。", most=3),
        ),
        "入学登记须已入档并由本人确认。补录的学徒沿用原名额的预支。",
    ),
    "leave": (
        "学徒退出",
        (_PLACE, Field("record_id", "学籍变动记录的编号", most=40)),
        "先报送学籍变动记录。退出后可以补录；逾期没有补录的，名额终止，追回预支。",
    ),
    "end": ("终止名额", (_PLACE,), "不再培养的名额。已预支的，将通知退还；终止后不能恢复。"),
}
_SCHEMAS: Final[dict[str, type[Form]]] = {"join": JoinPlanForm, "leave": LeavePlanForm, "end": EndPlaceForm}
_STATES: Final = {
    "there": ("在培", "info"),
    "left": ("已退出，待补录", "warn"),
    "settled": ("已申请结算", "good"),
    "ended": ("已终止", "mute"),
}


class PlanPageForm(Form):
    """A plan as typed."""

    course = text(0, 60, load_default="")
    title = text(0, 120, load_default="")
    occupation = text(0, 60, load_default="")
    level = text(0, 12, load_default="")
    places = text(0, 20, load_default="")
    advance_pct = text(0, 20, load_default="")
    starts_on = text(0, 20, load_default="")
    ends_on = text(0, 20, load_default="")


class PlanActPageForm(Form):
    """What is done with a place, as typed."""

    id_number = text(0, 60, load_default="")
    full_name = text(0, 120, load_default="")
    record_id = text(0, 60, load_default="")
    place = text(0, 20, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="institution.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="学徒培养计划（网页） / The enterprise's plans of apprentices",
)
def centre_apprentices_page() -> flask.Response:
    """List plans, with the form for another."""
    return _list({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="institution.claim.file",
    surface=Surface.PAGE,
    body=Fields(PlanPageForm),
    answer={303: None, 422: HTML},
    problems=(problems.PlanRefused,),
    summary="备案培养计划（网页） / File a plan of apprentices, from the page",
)
def centre_apprentices_button(form: dict[str, Any]) -> flask.Response:
    """File it."""
    try:
        plan_id = plans.register(judged(NewPlanForm, _numbers(form, ("places", "advance_pct"))))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _list(form, problem)
    return go(f"{PLACE}/{uuid_text(plan_id)}")


@door(
    bp,
    "GET",
    f"{PLACE}/<id:plan_id>",
    policy="institution.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.PlanUnknown,),
    summary="一份培养计划（网页） / One plan: its places and its money",
)
def centre_apprentice_page(plan_id: bytes) -> flask.Response:
    """Show it."""
    return _one(plan_id, "", {}, None)


@door(
    bp,
    "POST",
    f"{PLACE}/<id:plan_id>/<act>",
    policy="institution.claim.file",
    surface=Surface.PAGE,
    body=Fields(PlanActPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.PlanUnknown, problems.PlanRefused, problems.PlaceTaken),
    summary="登记学徒、退出、终止名额（网页） / Join, leave, end a place, from the page",
)
def centre_apprentice_button(plan_id: bytes, act: str, form: dict[str, Any]) -> flask.Response:
    """Do it."""
    if act not in ON_ONE:
        raise problems.PlanUnknown
    try:
        _do(plan_id, act, form)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        # Numbers of people are typed once and stand in no page again.
        return _one(plan_id, act, form | {"id_number": ""}, problem)
    return go(f"{PLACE}/{uuid_text(plan_id)}")


def _do(plan_id: bytes, act: str, form: dict[str, Any]) -> None:
    given = {one.name: form[one.name] for one in ON_ONE[act][1]}
    if act == "join":
        given["worker"] = {name: given.pop(typed) for name, typed in _OF_WORKER.items()}
        if not given["place"]:
            del given["place"]
    said = judged(_SCHEMAS[act], _numbers(given, ("place",)))
    if act == "join":
        plans.join(plan_id, said)
    elif act == "leave":
        plans.leave(plan_id, said)
    else:
        plans.end(plan_id, said["place"])


def _numbers(given: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what was typed with whole numbers as numbers, so that the API's form judges them."""
    typed = {name: str(given.get(name, "")).strip() for name in names}
    return given | {name: int(one) for name, one in typed.items() if one.isascii() and one.isdigit()}


def _list(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(problem, _NEW)
    return page(
        "centre_apprentices.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        files=can(actor(), "institution.claim.file", actor()),
        items=[_plan(apprentice_views.brief(one)) for one in plans.own_plans()],
        fields=_NEW,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _one(plan_id: bytes, which: str, typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    told = plans.whole(plan_id)
    for it in problem.errors if problem is not None else ():
        name = str(it.get("pointer", "")).removeprefix("/worker/")
        it["pointer"] = f"/{_OF_WORKER[name]}" if name in _OF_WORKER else it.get("pointer", "")
    wrong, trouble = ({}, None) if problem is None else faults(problem, ON_ONE[which][1])
    forms = [
        {"key": key, "title": title, "fields": fields, "text": said}
        for key, (title, fields, said) in ON_ONE.items()
    ]
    return page(
        "centre_apprentice.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=_plan(told),
        seats=[_seat(it) for it in told["items"]],
        forms=forms if can(actor(), "institution.claim.file", actor()) else [],
        which=which,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _plan(told: dict[str, Any]) -> dict[str, Any]:
    days = f"{words.day(told['starts_on'])} – {words.day(told['ends_on'])}"
    return told | {"id": uuid_text(told["plan_id"]), "days": days}


def _seat(told: dict[str, Any]) -> dict[str, Any]:
    state, tone = _STATES[told["state"]]
    claims = [
        {"name": name, "tone": TONES[one["status"]], **one}
        for name, one in (("预支", told["advance"]), ("结算", told["settlement"]))
        if one is not None
    ]
    return told | {"state_name": told["ended_name"] or state, "tone": tone, "claims": claims}
