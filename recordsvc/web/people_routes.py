"""Pages of the register of officials (人员与授权): who holds what, who gave it, recusal, emergencies."""

import datetime as dt
import uuid
from typing import Any, Final

import flask

from recordsvc.access import emergencies, official_routes
from recordsvc.access.emergencies import Emergency
from recordsvc.access.entrance import actor
from recordsvc.access.errors import (
    EmergencyClosed,
    EmergencyUnknown,
    OfficialConflict,
    OfficialRefused,
    StandsTogether,
)
from recordsvc.access.grants import Role, can
from recordsvc.access.official_forms import (
    DeputyForm,
    EmergencyForm,
    FindingForm,
    NewOfficialForm,
    RecusalForm,
    RoleForm,
)
from recordsvc.access.officials import Official
from recordsvc.access.policy import Surface, door
from recordsvc.access.recusals import Ground
from recordsvc.access.services import reference
from recordsvc.archive import emergency_routes
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import BEIJING, beijing_date
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.ground.two_person import SamePerson
from recordsvc.web import words
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.public_routes import HTML, ROLES
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

GROUNDS: Final = {
    Ground.SELF: "本人档案（不能解除）",
    Ground.KIN: "近亲属",
    Ground.INSTITUTION: "有利害关系的单位",
    Ground.OTHER: "其他可能影响公正的关系",
}
"""What each ground of recusal is called; a test holds it complete."""
_ROLES: Final = tuple((role.value, word) for role, word in ROLES.items())
_ROLE: Final = Field("role", "角色", "choice", rows=_ROLES)
_AREA: Final = Field("area", "区划代码", hint="2、4 或 6 位，例如 64 全区、6401 银川市。", most=6)
_UNTIL: Final = Field("until", "截止日", "day", hint="当天仍然有效；授予角色可不填，即长期。")
_WHY: Final = Field("reason", "理由", "area", hint="写清依据，最多 400 字。")
_WHO: Final = Field("official_id", "账号", most=40)
FIELDS: Final = {
    "enter": (_WHO, Field("name", "姓名", most=80)),
    "role": (_WHO, _ROLE, _AREA, _UNTIL, _WHY),
    "deputy": (
        Field("principal", "被代理人账号", most=40),
        Field("deputy", "代理人账号", most=40),
        _ROLE,
        _UNTIL,
        _WHY,
    ),
    "recusal": (
        _WHO,
        Field(
            "party", "回避对象", hint="worker:档案编号 或 institution:统一社会信用代码；不写姓名。", most=60
        ),
        Field("ground", "原因", "choice", rows=tuple((one.value, word) for one, word in GROUNDS.items())),
    ),
    "emergency": (_ROLE, _AREA, Field("hours", "小时", hint="1 到 4。", most=1), _WHY),
}
TITLES: Final = {
    "enter": ("新建账号", "新建的账号没有角色；角色由两名登记员授予。", "official.enter"),
    "role": ("提出授予角色", "由另一名登记员复核后生效；不能为自己提出。", "official.enter"),
    "deputy": ("提出代理", "由登记员复核后生效；代理人与被代理人不能互为复核。", "deputy.propose"),
    "recusal": ("申报回避", "申报后立即生效；本人申报自己的，审计员可以登记他人的。", "recusal.declare"),
    "emergency": (
        "应急授权",
        "立即取得角色，最多 4 小时；同时立案，告知审计员和个人信息保护负责人。",
        "emergency.take",
    ),
}


class PeoplePageForm(Form):
    """Any of the page's forms, as typed; the API's own form judges it."""

    official_id = text(0, 100, load_default="")
    name = text(0, 200, load_default="")
    role = text(0, 20, load_default="")
    area = text(0, 20, load_default="")
    until = text(0, 10, load_default="")
    reason = text(0, 4_000, load_default="")
    principal = text(0, 100, load_default="")
    deputy = text(0, 100, load_default="")
    party = text(0, 200, load_default="")
    ground = text(0, 20, load_default="")
    hours = text(0, 4, load_default="")


class FindingPageForm(Form):
    """A finding as typed."""

    finding = text(0, 4_000, load_default="")


@door(
    bp,
    "GET",
    "/desk/people",
    policy="official.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="人员与授权（网页） / Officials and who granted them what",
)
def people_of_desk_page() -> flask.Response:
    """List officials with their grants, and the forms that who asks may send."""
    return _people()


@door(
    bp,
    "POST",
    "/desk/people/enter",
    policy="official.enter",
    surface=Surface.PAGE,
    body=Fields(PeoplePageForm),
    answer={303: None, 422: HTML},
    problems=(OfficialConflict, OfficialRefused),
    summary="新建账号（网页） / Make an account",
)
def enter_button(form: dict[str, Any]) -> flask.Response:
    """Make an account without any role."""

    def act() -> str:
        given = judged(NewOfficialForm, _only(form, "official_id", "name"))
        official_routes.entered(given["official_id"], given["name"])
        return "/desk/people"

    return _done("enter", form, act)


@door(
    bp,
    "POST",
    "/desk/people/role",
    policy="official.enter",
    surface=Surface.PAGE,
    body=Fields(PeoplePageForm),
    step_up=True,
    answer={303: None, 422: HTML},
    problems=(OfficialConflict, OfficialRefused),
    summary="提出授予角色（网页） / Propose a role",
)
def role_button(form: dict[str, Any]) -> flask.Response:
    """Propose a role for somebody else."""

    def act() -> str:
        said = _only(form, "role", "area", "reason") | _until(form, needed=False)
        asked = official_routes.ask_role(_account(form, "official_id"), judged(RoleForm, said))
        return _proposal(house().db.write(asked))

    return _done("role", form, act)


@door(
    bp,
    "POST",
    "/desk/people/deputy",
    policy="deputy.propose",
    surface=Surface.PAGE,
    body=Fields(PeoplePageForm),
    answer={303: None, 422: HTML},
    problems=(OfficialConflict, OfficialRefused),
    summary="提出代理（网页） / Propose a deputy",
)
def deputy_button(form: dict[str, Any]) -> flask.Response:
    """Propose who stands in."""

    def act() -> str:
        said = _only(form, "deputy", "role", "reason") | _until(form, needed=True)
        asked = official_routes.ask_deputy(_account(form, "principal"), judged(DeputyForm, said))
        return _proposal(house().db.write(asked))

    return _done("deputy", form, act)


@door(
    bp,
    "POST",
    "/desk/people/recusal",
    policy="recusal.declare",
    surface=Surface.PAGE,
    body=Fields(PeoplePageForm),
    answer={303: None, 422: HTML},
    problems=(OfficialRefused,),
    summary="申报回避（网页） / Declare a recusal",
)
def recusal_button(form: dict[str, Any]) -> flask.Response:
    """Declare that one keeps out."""

    def act() -> str:
        given = judged(RecusalForm, _only(form, "party", "ground"))
        official_routes.declare(_account(form, "official_id"), given["party"], given["ground"])
        return "/desk/people"

    return _done("recusal", form, act)


@door(
    bp,
    "POST",
    "/desk/people/emergency",
    policy="emergency.take",
    surface=Surface.PAGE,
    body=Fields(PeoplePageForm),
    answer={303: None, 422: HTML},
    problems=(OfficialConflict, OfficialRefused),
    step_up=True,
    summary="应急授权（网页） / Take a role for hours",
)
def emergency_button(form: dict[str, Any]) -> flask.Response:
    """Take a role alone; the case is opened with it."""

    def act() -> str:
        said: dict[str, Any] = _only(form, "role", "area", "reason")
        if form["hours"] not in ("1", "2", "3", "4"):
            raise _wrong("hours", "应为 1–4")
        emergency_routes.taken(judged(EmergencyForm, said | {"hours": int(form["hours"])}))
        return "/desk/people"

    return _done("emergency", form, act)


@door(
    bp,
    "GET",
    "/desk/emergencies",
    policy="emergency.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="应急授权一览（网页） / Cases of emergency",
)
def emergencies_page() -> flask.Response:
    """List cases, open ones first."""
    return page("desk_emergencies.html", tabs=tabs(), cases=[_case(one) for one in emergency_routes.seen()])


@door(
    bp,
    "GET",
    "/desk/emergencies/<id:case_id>",
    policy="emergency.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(EmergencyUnknown,),
    summary="一件应急授权（网页） / A case with what was done in its hours",
)
def emergency_page(case_id: bytes) -> flask.Response:
    """Show a case."""
    return _emergency(case_id)


@door(
    bp,
    "POST",
    "/desk/emergencies/<id:case_id>/close",
    policy="emergency.close",
    surface=Surface.PAGE,
    body=Fields(FindingPageForm),
    answer={303: None, 422: HTML},
    problems=(EmergencyUnknown, EmergencyClosed, SamePerson, StandsTogether),
    summary="办结应急授权（网页） / Close a case with a finding",
)
def close_case_button(case_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Close a case."""
    try:
        finding, by = judged(FindingForm, form)["finding"], reference()
        house().db.write(lambda turn: emergencies.close(turn, case_id, finding, by=by))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _emergency(case_id, form, problem)
    return go(f"/desk/emergencies/{words.uuid_text(case_id)}")


def _done(which: str, form: dict[str, Any], act: Any) -> flask.Response:
    try:
        return go(act())
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _people(which, form, problem)


def _people(
    which: str = "", typed: dict[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    who, now = actor(), house().clock.now_ms()
    wrong, trouble = ({}, None) if problem is None else faults(problem, FIELDS[which])
    forms = [
        {"key": key, "title": title, "text": told, "fields": FIELDS[key]}
        for key, (title, told, policy) in TITLES.items()
        if can(who, policy)
    ]
    return page(
        "desk_people.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        people=[_line(one, now) for one in official_routes.seen()],
        forms=forms,
        lists_own=can(who, "own-archive.read"),
        which=which,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _line(one: Official, now: int) -> dict[str, Any]:
    grants = [
        {
            "word": ROLES.get(Role(grant.role), grant.role),
            "area": grant.area,
            "now": one.closed_ms is None and grant.in_force(now),
            "since": words.instant(grant.from_ms),
            "until": words.instant(grant.until_ms) if grant.until_ms else "",
            "by": _by(grant.granted_by),
            "ended_by": _by(grant.revoked_by) if grant.revoked_by else "",
            "soon": grant.until_ms is not None and grant.until_ms <= now + official_routes.EXPIRING_MS,
        }
        for grant in one.grants
    ]
    standing_in = [
        {
            "role": ROLES[Role(lent.role)],
            "for": name_of(f"official:{lent.principal}"),
            "until": words.instant(lent.until_ms),
        }
        for lent in one.standing_in
        if lent.from_ms <= now < lent.until_ms
    ]
    return {
        "id": one.official_id,
        "name": one.name,
        "closed": one.closed_ms is not None,
        "grants": grants,
        "standing_in": standing_in,
        "recusals": len(one.recused),
    }


def _by(author: str) -> str:
    if author.startswith("emergency:"):
        return "应急授权"
    return name_of(author)


def _emergency(
    case_id: bytes, typed: dict[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    told = emergency_routes.detail(case_id)
    done = [
        {"at": words.instant(one.at_ms), "what": one.what, "subject": one.subject} for one in told.pop("done")
    ]
    field = Field("finding", "结论", "area", hint="查了什么、是否属实、有无不当，最多 400 字。")
    wrong, trouble = ({}, None) if problem is None else faults(problem, (field,))
    found = Emergency(**told)
    return page(
        "desk_emergency.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        case=_case(found),
        done=done,
        fields=(field,),
        closes=found.closed_ms is None
        and can(actor(), "emergency.close")
        and found.official_id != actor().id,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _case(one: Emergency) -> dict[str, Any]:
    return {
        "id": words.uuid_text(one.case_id),
        "who": name_of(f"official:{one.official_id}"),
        "role": ROLES.get(Role(one.role), one.role),
        "area": one.area,
        "reason": one.reason,
        "since": words.instant(one.from_ms),
        "until": words.instant(one.until_ms),
        "closed": words.instant(one.closed_ms) if one.closed_ms else "",
        "closed_by": name_of(one.closed_by) if one.closed_by else "",
        "finding": one.finding,
        "due": words.day(one.due_on) if one.due_on else "缺工作日安排",
        "late": one.closed_ms is None
        and bool(one.due_on)
        and one.due_on < beijing_date(house().clock.now_ms()).isoformat(),
    }


def _account(form: dict[str, Any], name: str) -> str:
    account = str(form[name]).strip()
    if not account:
        raise _wrong(name, "请填写账号")
    return account


def _until(form: dict[str, Any], *, needed: bool) -> dict[str, int]:
    day = str(form["until"])
    if not day and not needed:
        return {}
    try:
        last = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), BEIJING) + dt.timedelta(days=1)
    except (ValueError, OverflowError):
        raise _wrong("until", "应为日期（YYYY-MM-DD）") from None
    return {"until_ms": int(last.timestamp() * 1_000)}


def _only(form: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: form[name] for name in names}


def _proposal(proposal_hex: str) -> str:
    return f"/desk/proposals/{uuid.UUID(hex=proposal_hex)}"


def _wrong(name: str, detail: str) -> FormRefused:
    return FormRefused(errors=[{"pointer": f"/{name}", "code": "value", "detail": detail}])
