"""Doors of break-glass (应急授权): taking a role alone for hours, and the case that somebody else closes."""

from dataclasses import asdict
from typing import Any, Final

import flask
import sqlalchemy as sa

from recordsvc.access import areas, emergencies
from recordsvc.access.emergencies import Emergency
from recordsvc.access.entrance import actor
from recordsvc.access.errors import (
    EmergencyClosed,
    EmergencyUnknown,
    OfficialConflict,
    OfficialRefused,
    StandsTogether,
)
from recordsvc.access.grants import prefix, reach
from recordsvc.access.official_forms import (
    EmergenciesForm,
    EmergencyDetailForm,
    EmergencyForm,
    FindingForm,
    OpenedForm,
)
from recordsvc.access.policy import door
from recordsvc.access.services import reference
from recordsvc.access.tables import emergency
from recordsvc.archive import notices
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.two_person import SamePerson

TOLD: Final = ("desk:auditor", "desk:data-officer")


@door(
    bp,
    "POST",
    "/v1/desk/emergencies",
    policy="emergency.take",
    body=EmergencyForm,
    answer={201: OpenedForm},
    problems=(OfficialConflict, OfficialRefused),
    step_up=True,
    summary="应急授权 / Take a role alone for at most four hours; a case is opened at once",
)
def take_role(form: dict[str, Any]) -> flask.Response:
    """Take it; auditors and the data officer are told in the same transaction."""
    return answers.answer({"case_id": taken(form)}, 201, form=OpenedForm)


@door(
    bp,
    "GET",
    "/v1/desk/emergencies",
    policy="emergency.read",
    answer=EmergenciesForm,
    summary="应急授权一览 / Cases of emergency, open ones first",
)
def list_cases() -> flask.Response:
    """List the cases of the area."""
    return answers.answer({"items": seen()}, form=EmergenciesForm)


@door(
    bp,
    "GET",
    "/v1/desk/emergencies/<id:case_id>",
    policy="emergency.read",
    answer=EmergencyDetailForm,
    problems=(EmergencyUnknown,),
    summary="一件应急授权 / A case with everything done in its hours",
)
def read_case(case_id: bytes) -> flask.Response:
    """Show a case."""
    return answers.answer(detail(case_id), form=EmergencyDetailForm)


@door(
    bp,
    "POST",
    "/v1/desk/emergencies/<id:case_id>/close",
    policy="emergency.close",
    body=FindingForm,
    answer=EmergencyDetailForm,
    problems=(EmergencyUnknown, EmergencyClosed, SamePerson, StandsTogether),
    summary="办结应急授权 / Close a case with a finding, by somebody else than who took the role",
)
def close_case(case_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Close it; a role still held ends."""
    by = reference()
    house().db.write(lambda turn: emergencies.close(turn, case_id, form["finding"], by=by))
    return answers.answer(detail(case_id), form=EmergencyDetailForm)


# -- shared with the pages


def taken(form: dict[str, Any]) -> bytes:
    """Take a role for who asks; the case. Raises `OfficialConflict`, `OfficialRefused`."""
    who, place, area = actor(), house(), prefix(form["area"])

    def act(turn: Turn) -> bytes:
        case_id = emergencies.take(turn, place.random, who.id, **form)
        for desk in TOLD:
            notices.tell_desk(
                turn,
                desk,
                "emergency-opened",
                {"case_id": uuid_text(case_id)},
                f"emergency/{case_id.hex()}",
                area,
            )
        return case_id

    return place.db.write(act)


def seen() -> list[Emergency]:
    """Return the cases that who asks sees."""
    who = actor()
    with house().db.read() as conn:
        return emergencies.listed(
            conn,
            sa.or_(
                areas.within(reach(who, "emergency.read"), emergency.c.area),
                emergency.c.official_id == who.id,
            ),
        )


def detail(case_id: bytes) -> dict[str, Any]:
    """Return a case with what was done in its hours. Raises `EmergencyUnknown`."""
    with house().db.read() as conn:
        found = emergencies.one(conn, case_id)
        done = emergencies.done_under(conn, found)
    return asdict(found) | {"done": done}
