"""The page on which the desk states that an institution has closed (机构停办)."""

from typing import Any, Final

import flask

from recordsvc.access import objects
from recordsvc.access.errors import Recused
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.bodies import institutions
from recordsvc.bodies.errors import FactRefused, InstitutionUnknown
from recordsvc.bodies.forms import NewFactForm
from recordsvc.bodies.institutions import FactKind
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.web.desk_act_routes import plain_form
from recordsvc.web.desk_forms import ClosingPageForm, Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go
from recordsvc.web.services import bp, house

_CLOSING: Final = (
    Field("code", "统一社会信用代码", hint="18 位，停办或注销的机构的代码。", most=18),
    Field("on", "自哪天起停办", "day"),
    Field("source", "依据的文件", hint="例如：准予注销登记通知书及文号，最多 200 字。", most=200),
)


@door(
    bp,
    "GET",
    "/desk/institutions/close",
    policy="institution.enter",
    surface=Surface.PAGE,
    answer=HTML,
    summary="登记机构停办（网页） / The form that states an institution's closing",
)
def closing_page() -> flask.Response:
    """Ask which institution, since when, and by which document."""
    return _form({}, None)


@door(
    bp,
    "POST",
    "/desk/institutions/close",
    policy="institution.enter",
    surface=Surface.PAGE,
    body=Fields(ClosingPageForm),
    answer={303: None, 422: HTML},
    problems=(FactRefused, Recused),
    summary="登记机构停办 / State an institution's closing from the page",
)
def closing_button(form: dict[str, Any]) -> flask.Response:
    """State it, and go on to the keys, which two officials end."""
    uscc, by = form["code"].strip().upper(), reference()
    try:
        given = _given(uscc, form)
        told = (uscc, FactKind.CLOSED, given["on"], "", given["source"], by)
        once(lambda turn: institutions.state(turn, *told).uscc)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _form(form, problem)
    return go("/desk/issuers/retire")


def reached(action: str, uscc: str) -> bool:
    """Tell whether an institution is entered where whoever asks may do this. Raises `Recused`."""
    try:
        objects.guard(action, (InstitutionUnknown,), {"uscc": uscc})
    except InstitutionUnknown:
        return False
    return house().institutions.find(uscc) is not None


def _given(uscc: str, form: dict[str, Any]) -> dict[str, Any]:
    """Return the fact as the API's form reads it; else name all that is wrong. Raises `FormRefused`."""
    wrong: list[Any] = []
    given: dict[str, Any] = {}
    if not uscc:
        wrong.append({"pointer": "/code", "code": "required", "detail": "必填"})
    elif not reached("institution.enter", uscc):
        wrong.append({"pointer": "/code", "code": "value", "detail": "没有登记这个机构"})
    try:
        said = {"fact": FactKind.CLOSED.value, "on": form["on"], "source": form["source"]}
        given = judged(NewFactForm, said | {"value": "-"})
    except FormRefused as refused:
        wrong += refused.errors
    if wrong:
        raise FormRefused(errors=wrong)
    return given


def _form(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = faults(problem, _CLOSING) if problem is not None else ({}, None)
    return plain_form(
        "登记机构停办",
        "登记后立即生效：停办之日起的培训不再收录，此前的记录不变。钥匙另由两人吊销。",
        "/desk/institutions/close",
        _CLOSING,
        (typed, wrong, trouble, problem),
        allowed=True,
        two=False,
        worker="",
        back="/desk",
        look="",
    )
