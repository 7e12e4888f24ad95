"""The page on which an auditor's pack is proposed (提出审计材料包): case, auditor, range of the log."""

from typing import Any, Final

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.archive.pack_forms import PackForm
from recordsvc.archive.pack_routes import proposing
from recordsvc.ground.forms import Form, text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.web.desk_act_routes import plain_form
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go
from recordsvc.web.services import bp

_PARTS: Final = ("first", "last", "institution", "type", "since", "until")
_FIELDS: Final = (
    Field("auditor", "审计员账号", hint="材料包只交给这位审计员。", most=40),
    Field("case_ref", "审计案号", hint="每位劳动者都会看到。不要写姓名和号码。", most=80),
    Field("first", "日志起始序号", hint="从第几条日志条目起，0 为第一条。", most=20),
    Field("last", "日志结束序号", hint="到第几条为止，含这一条。", most=20),
    Field("institution", "只选这个签发单位", hint="18 位统一社会信用代码；不填为全部。", most=18),
    Field("type", "只选这类记录", hint="记录类型代码，例如 training-completion；不填为全部。", most=40),
    Field("since", "签发日期不早于", "day"),
    Field("until", "签发日期不晚于", "day"),
    Field(
        "whole", "证件号码", "choice", rows=(("no", "隐去（一般情形）"), ("yes", "完整：本案确需核对号码"))
    ),
    Field("reason", "理由", "area", hint="写清依据和为何需要这些档案，最多 400 字，不要写姓名和号码。"),
)


class PackPageForm(Form):
    """A pack as typed."""

    auditor = text(0, 200, load_default="")
    case_ref = text(0, 200, load_default="")
    first = text(0, 40, load_default="")
    last = text(0, 40, load_default="")
    institution = text(0, 40, load_default="")
    type = text(0, 80, load_default="")
    since = text(0, 40, load_default="")
    until = text(0, 40, load_default="")
    whole = text(0, 10, load_default="")
    reason = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    "/desk/packs/new",
    policy="audit-pack.propose",
    surface=Surface.PAGE,
    answer=HTML,
    summary="提出审计材料包（网页） / The form to propose an auditor's pack",
)
def pack_page() -> flask.Response:
    """Ask for whom, in which case, and which part of the log."""
    return _form({}, None)


@door(
    bp,
    "POST",
    "/desk/packs/new",
    policy="audit-pack.propose",
    surface=Surface.PAGE,
    body=Fields(PackPageForm),
    answer={303: None, 422: HTML},
    summary="提出审计材料包（网页） / Propose an auditor's pack",
)
def pack_button(form: dict[str, Any]) -> flask.Response:
    """Propose the pack; another official approves it on the page of the proposal."""
    try:
        proposal = once(proposing(_asked(form), reference()))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _form(form, problem)
    return go(f"/desk/proposals/{proposal}")


def _asked(typed: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed as the API's form reads it. Raises `FormRefused` naming all fields at fault."""
    wrong: list[Any] = []
    selection: dict[str, Any] = {}
    for name in _PARTS:
        value = typed[name].strip()
        if name not in ("first", "last"):
            selection |= {name: value} if value else {}
        elif value.isascii() and value.isdigit() and len(value) <= 15:
            selection[name] = int(value)
        else:
            wrong.append({"pointer": f"/{name}", "code": "value", "detail": "请填一个整数，例如 0"})
    if typed["whole"] not in ("no", "yes"):
        wrong.append({"pointer": "/whole", "code": "required", "detail": "请选择"})
    given = {name: typed[name] for name in ("auditor", "case_ref", "reason")}
    try:
        # A range stands in for one that was typed wrongly, so that the other fields are judged as well.
        said = judged(
            PackForm,
            given | {"whole": typed["whole"] == "yes", "selection": {"first": 0, "last": 0} | selection},
        )
    except FormRefused as refused:
        raise FormRefused(errors=wrong + [_flat(one) for one in refused.errors]) from None
    if wrong:
        raise FormRefused(errors=wrong)
    return said


def _flat(fault: Any) -> dict[str, Any]:
    """Bring a pointer into the selection to the field of the page; of the range as a whole to its end."""
    place = str(fault["pointer"])
    return {**fault, "pointer": "/last" if place == "/selection" else place.replace("/selection/", "/")}


def _form(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    if problem is not None:
        problem.errors = [_flat(one) if "pointer" in one else one for one in problem.errors]
    wrong, trouble = faults(problem, _FIELDS) if problem is not None else ({}, None)
    return plain_form(
        "提出审计材料包",
        "批准后制作一个签名的材料包，含所选档案的凭证；每位劳动者的查阅记录中都会留下一行。",
        "/desk/packs/new",
        _FIELDS,
        (typed, wrong, trouble, problem),
        allowed=True,
        two=True,
        worker="",
        back="/desk/packs",
        look="",
    )
