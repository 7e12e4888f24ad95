"""The door at which an official hands an activation code over."""

from typing import Any

import flask

from recordsvc.access import activating
from recordsvc.access.activating import Papers, Slip, Why
from recordsvc.access.entrance import actor
from recordsvc.access.errors import ActivationUnmatched, PurposeRefused, Recused
from recordsvc.access.policy import door
from recordsvc.access.services import bp, house
from recordsvc.access.signin_forms import HandOverForm, SlipForm
from recordsvc.ground import answers
from recordsvc.ground.http import current


@door(
    bp,
    "POST",
    "/v1/desk/activations",
    policy="login.activate",
    body=HandOverForm,
    answer={201: SlipForm},
    problems=(ActivationUnmatched, PurposeRefused, Recused),
    summary="发放激活码 / Hand an activation code over to the worker at the counter",
)
def hand_over(form: dict[str, Any]) -> flask.Response:
    """Make a code for the worker whose document and card an official saw; an earlier code ends."""
    return answers.answer(slip_for(form), 201, form=SlipForm)


def slip_for(form: dict[str, Any]) -> Slip:
    """Return the slip of a form. Raises `ActivationUnmatched`, `PurposeRefused`, `Recused`."""
    papers = Papers(form["document"], form["number"], form["name"], form["card"])
    why = Why(form["purpose"], form["case_ref"], form["lost"], current().id)
    return activating.hand_over(house(), papers, why, actor())
