"""The page on which the desk ends the keys of a closed institution (停办机构的钥匙)."""

from typing import Any, Final

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.archive import errors, keys
from recordsvc.archive.forms import RetireKeysForm
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.web.desk_act_routes import plain_form
from recordsvc.web.desk_closing_routes import reached
from recordsvc.web.desk_forms import Field, RetirePageForm, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go
from recordsvc.web.services import bp, house

_RETIRE: Final = (
    Field("issuer", "统一社会信用代码", hint="18 位，停办或注销的机构的代码。", most=18),
    Field("reason", "理由", "area", hint="写清依据，最多 400 字。"),
)


@door(
    bp,
    "GET",
    "/desk/issuers/retire",
    policy="issuer-key.propose",
    surface=Surface.PAGE,
    answer=HTML,
    summary="吊销停办机构的全部钥匙（网页） / The form to retire a closed institution's keys",
)
def retire_page() -> flask.Response:
    """Ask which institution, and why."""
    return _retire_form({}, None)


@door(
    bp,
    "POST",
    "/desk/issuers/retire",
    policy="issuer-key.propose",
    surface=Surface.PAGE,
    body=Fields(RetirePageForm),
    answer={303: None, 422: HTML},
    problems=(errors.KeyEventRefused,),
    summary="提出吊销停办机构的全部钥匙（网页） / Propose to retire a closed institution's keys",
)
def retire_button(form: dict[str, Any]) -> flask.Response:
    """Propose the end of all keys of an institution that is closed."""
    issuer, by = form["issuer"].strip().upper(), reference()
    try:
        why = _retirement(issuer, form["reason"])
        proposal = once(lambda turn: keys.propose_retirement(turn, house(), issuer, why, by).hex())
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _retire_form(form, problem)
    return go(f"/desk/proposals/{uuid_text(bytes.fromhex(proposal))}")


def _retirement(issuer: str, reason: str) -> str:
    """Return the reason once both fields are right; else name all that is wrong. Raises `FormRefused`."""
    wrong: list[Any] = []
    why = ""
    if not issuer:
        wrong.append({"pointer": "/issuer", "code": "required", "detail": "必填"})
    elif not reached("issuer-key.propose", issuer):
        wrong.append({"pointer": "/issuer", "code": "value", "detail": "没有登记这个机构"})
    try:
        why = str(judged(RetireKeysForm, {"reason": reason})["reason"])
    except FormRefused as refused:
        wrong += refused.errors
    if wrong:
        raise FormRefused(errors=wrong)
    return why


def _retire_form(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = faults(problem, _RETIRE) if problem is not None else ({}, None)
    return plain_form(
        "吊销停办机构的全部钥匙",
        "批准后，该机构尚有效的钥匙全部吊销；此前的签名仍可核验，更正由登记机关办理。",
        "/desk/issuers/retire",
        _RETIRE,
        (typed, wrong, trouble, problem),
        allowed=True,
        two=True,
        worker="",
        back="/desk",
        look="",
    )
