"""Doors to where things lie (管辖区划): an official states the division of an institution or a worker."""

import re
import uuid
from typing import Any

import flask
from marshmallow import fields, validate

from recordsvc.access import acts, areas
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Thing, can
from recordsvc.access.policy import door
from recordsvc.access.services import reference
from recordsvc.archive.services import bp, house
from recordsvc.ground import http
from recordsvc.ground.commit import Turn
from recordsvc.ground.forms import Form, text
from recordsvc.ground.problems import Forbidden


class DivisionForm(Form):
    """A division (six digits, GB/T 2260), and what it is known from."""

    division = fields.String(required=True, validate=validate.Regexp(re.compile(r"[1-9][0-9]{5}\Z")))
    reason = text(1, 200, required=True)


@door(
    bp,
    "POST",
    "/v1/desk/institutions/<uscc>/division",
    policy="institution.enter",
    body=DivisionForm,
    answer={204: None},
    problems=(Forbidden,),
    summary="登记机构所在区划 / State in which division an institution works",
)
def place_institution(uscc: str, form: dict[str, Any]) -> flask.Response:
    """State it from now on; who hands an institution over must cover where it goes, too."""
    _covers("institution.enter", form["division"])
    by, division, reason = reference(), form["division"], form["reason"]
    house().db.write(lambda turn: areas.place_institution(turn, uscc, division, reason, by))
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/division",
    policy="worker.place",
    body=DivisionForm,
    answer={204: None},
    problems=(Forbidden,),
    summary="登记劳动者所在区划 / State in which division a worker is registered",
)
def place_worker(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """State it from now on; the act leaves a row with the official's name."""
    state_division(worker_id, form)
    return flask.Response(status=204)


def state_division(worker_id: bytes, form: dict[str, Any]) -> None:
    """State a worker's division as `DivisionForm` reads it, with the row of the act. Raises `Forbidden`."""
    _covers("worker.place", form["division"])
    by, request_id = reference(), http.current().id
    done = OfficialAct(actor(), Act.WORKER_PLACED, str(uuid.UUID(bytes=worker_id)), form["reason"])

    def act(turn: Turn) -> None:
        areas.place_worker(turn, worker_id, form["division"], by)
        acts.note(turn, house().random, done)
        house().tell_worker(turn, worker_id, "division-stated", f"division/{request_id}")

    house().db.write(act)


def _covers(action: str, division: str) -> None:
    if not can(actor(), action, Thing(division)):
        raise Forbidden
