"""Doors on signed slips (签字单复核): which wait for a second pair of eyes, and what they found."""

from typing import Any

import flask

from recordsvc.access import objects
from recordsvc.access.entrance import actor
from recordsvc.access.errors import StandsTogether
from recordsvc.access.policy import door
from recordsvc.access.services import once
from recordsvc.archive import slip_checks
from recordsvc.archive.services import bp, house
from recordsvc.archive.slip_checks import AGREES, SlipCheck
from recordsvc.archive.slip_errors import SlipChecked, SlipUnopened
from recordsvc.archive.slip_forms import SignedSlipsForm, SlipFoundForm
from recordsvc.archive.slip_tables import slip_check
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound
from recordsvc.ground.two_person import SamePerson


@door(
    bp,
    "GET",
    "/v1/desk/slips",
    policy="slip.read",
    answer=SignedSlipsForm,
    summary="待复核的签字单 / Signed slips to compare",
)
def list_slips() -> flask.Response:
    """List those of one's area, the most urgent first."""
    return answers.answer({"items": seen()}, form=SignedSlipsForm)


def seen() -> list[SlipCheck]:
    """Return the slips that whoever asks sees."""
    own = objects.of_workers(actor(), "slip.read", slip_check.c.worker_id)
    with house().db.read() as conn:
        return slip_checks.waiting(conn, *own)


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/slips/<id:paper_id>",
    policy="slip.check",
    body=SlipFoundForm,
    answer={204: None},
    problems=(NotFound, SamePerson, StandsTogether, SlipChecked, SlipUnopened),
    idempotent=True,
    summary="填写签字单复核结果 / Say what comparing a signed slip found",
)
def check_slip(worker_id: bytes, paper_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Close the check; where the signature differs, what the slip stood for ends."""
    found(worker_id, paper_id, form)
    return flask.Response(status=204)


def found(worker_id: bytes, paper_id: bytes, form: dict[str, Any]) -> None:
    """Say it in the name of whoever asks, once. Raises as the verb."""
    who, place = actor(), house()

    def act(turn: Turn) -> str:
        agrees = form["result"] == AGREES
        slip_checks.check(turn, place, worker_id, paper_id, who, agrees=agrees, finding=form["finding"])
        return paper_id.hex()

    once(act)
