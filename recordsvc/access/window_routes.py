"""Doors of the window (窗口代办): begin a service, what was done in it, end it; who acted in my place."""

import dataclasses
from typing import Any

import flask
import sqlalchemy as sa

from recordsvc.access import in_place, window
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeNotAtWindow, PurposeNotYours, PurposeRefused, Recused
from recordsvc.access.forms import EmptyForm
from recordsvc.access.grants import Through
from recordsvc.access.in_place import Service
from recordsvc.access.in_place_errors import WindowUnmatched
from recordsvc.access.policy import door
from recordsvc.access.services import access, bp, house
from recordsvc.access.window import Shown, Why
from recordsvc.access.window_forms import OpenServiceForm, ServiceForm, ServiceOpenedForm, ServicesForm
from recordsvc.ground import answers
from recordsvc.ground.http import current
from recordsvc.ground.problems import Forbidden
from recordsvc.people import tables as people_tables


@door(
    bp,
    "POST",
    "/v1/desk/services",
    policy="window.open",
    body=OpenServiceForm,
    answer={201: ServiceOpenedForm},
    problems=(WindowUnmatched, PurposeRefused, PurposeNotYours, PurposeNotAtWindow, Recused),
    summary="开始窗口代办 / Begin a service for the worker at the window",
    description="From now on this session's requests are the worker's, with the official's name in every "
    "trace, until the service ends. It needs a new CSRF token: `GET /v1/session`.",
)
def open_service(form: dict[str, str]) -> flask.Response:
    """Begin a service for the worker whose document and card were shown."""
    return answers.answer({"service_id": opened(form)}, 201, form=ServiceOpenedForm)


def opened(form: dict[str, str]) -> bytes:
    """Begin the service of a form; its id. Raises `WindowUnmatched`, `PurposeRefused`, `Recused`."""
    shown = Shown(form["document"], form["number"], form["card"])
    why = Why(form["purpose"], form["case_ref"], current().id)
    return window.open_service(house(), access().sessions, shown, why, actor())


@door(
    bp,
    "GET",
    "/v1/me/service",
    policy="window.serve",
    answer=ServiceForm,
    problems=(Forbidden,),
    summary="本次代办 / The present service and what was done in it",
)
def present_service() -> flask.Response:
    """Send what was done so far."""
    return answers.answer(_told(present()), form=ServiceForm)


def standing_in() -> Through:
    """Return how whoever asks stands in the worker's place. Raises `Forbidden` for the worker."""
    through = actor().through
    if through is None:
        raise Forbidden("这里没有进行中的代办。", detail_en="Nobody stands in a worker's place here.")
    return through


def present() -> Service:
    """Return the service that whoever asks is in. Raises `Forbidden`."""
    through = standing_in()
    with house().db.read() as conn:
        found = in_place.of_workers(conn, [actor().worker_id or b""], through.service)
    if not found:
        raise Forbidden("这里没有进行中的代办。", detail_en="Nobody stands in a worker's place here.")
    return found[0]


@door(
    bp,
    "POST",
    "/v1/me/service/end",
    policy="window.serve",
    body=EmptyForm,
    answer=ServiceForm,
    problems=(Forbidden,),
    summary="结束代办 / End the service; the session is the official's again",
)
def end_service(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """End it and send what was done."""
    return answers.answer(_told(ended()), form=ServiceForm)


def ended() -> Service:
    """End the service that whoever asks is in; what was done in it. Raises `Forbidden`."""
    done = present()
    window.close_service(house(), access().sessions, actor())
    return done


@door(
    bp,
    "GET",
    "/v1/me/services",
    policy="own.service.read",
    answer=ServicesForm,
    summary="谁替我办过 / Who acted in my place, and what they did",
)
def own_services() -> flask.Response:
    """List services, newest first."""
    return answers.answer({"items": [_told(one) for one in services_of_own()]}, form=ServicesForm)


def services_of_own() -> list[Service]:
    """Return the services in the place of the worker who asks, merged archives included, newest first."""
    own = actor().worker_id or b""
    with house().db.read() as conn:
        merged = sa.select(people_tables.worker.c.worker_id).where(people_tables.worker.c.merged_into == own)
        return in_place.of_workers(conn, [own, *(bytes(one) for one in conn.scalars(merged))])


def _told(one: Service) -> dict[str, Any]:
    acts = [dataclasses.asdict(done) | {"receipt": in_place.act_number(done)} for done in one.acts]
    return {
        "service_id": one.service_id,
        "way": one.way,
        "purpose": one.purpose,
        "case_ref": one.case_ref,
        "begun_ms": one.begun_ms,
        "ends_ms": one.ends_ms,
        "acts": acts,
    }
