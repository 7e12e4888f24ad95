"""The button by which the desk withdraws a fact of a card (撤回卡片情况), on the page of numbers."""

from typing import Any

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.access.services import reference
from recordsvc.archive.desk_number_routes import TO_CHANGE, why_of
from recordsvc.archive.number_forms import WithdrawalForm
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.people import numbers
from recordsvc.web.desk_forms import ChangePageForm, judged
from recordsvc.web.number_routes import propose_change
from recordsvc.web.public_routes import HTML
from recordsvc.web.services import bp, house


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/cards/withdraw",
    policy="number.propose",
    surface=Surface.PAGE,
    body=Fields(ChangePageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=TO_CHANGE,
    summary="提出撤回卡事件（网页） / Propose from the page that an event of a card does not count",
)
def card_fact_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and show what waits now."""
    place, by = house(), reference()

    def ask(why: dict[str, Any]) -> Any:
        card, _, number = form["fact"].partition("/")
        if not number.isdecimal() or not number.isascii():
            wrong = [{"pointer": "/fact", "code": "required", "detail": "请选择"}]
            raise FormRefused(errors=[*wrong, *_faults(why)])
        read = judged(WithdrawalForm, {"identifier_id": card, "n": int(number), **why})
        told = (read["identifier_id"], read["n"], why_of(worker_id, read), by)
        return lambda turn: numbers.propose_withdrawal(turn, place, worker_id, *told)

    return propose_change(worker_id, "withdraw", form, ask)


def _faults(why: dict[str, Any]) -> list[Any]:
    """Return what is wrong with the grounds beside a fact that was not chosen."""
    try:
        judged(WithdrawalForm, {"identifier_id": "00000000-0000-0000-0000-000000000000", "n": 0, **why})
    except FormRefused as refused:
        return list(refused.errors)
    return []
