"""Doors of helpers (亲情代办): who helps me, whom I help, and beginning to act in their place."""

from collections.abc import Mapping
from typing import Any

import flask

from recordsvc.access import helper_relations, helping
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced
from recordsvc.access.forms import EmptyForm
from recordsvc.access.helper_relations import Helper, Wanted
from recordsvc.access.in_place_errors import HelperRefused, HelperUnmatched, OwnProofTyped, OwnProofWanted
from recordsvc.access.policy import door
from recordsvc.access.services import access
from recordsvc.access.window_forms import ServiceOpenedForm
from recordsvc.archive import own_proof
from recordsvc.archive.helper_forms import (
    HelperAcceptedForm,
    HelperCodeForm,
    HelperEndedForm,
    HelperNamedForm,
    HelpersForm,
    NewHelperForm,
)
from recordsvc.archive.services import bp, house, own_worker
from recordsvc.archive.sharing_routes import in_session
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound


@door(
    bp,
    "GET",
    "/v1/me/helpers",
    policy="own.helper.read",
    answer=HelpersForm,
    summary="谁可以替我办 / Whom I named to act in my place",
)
def list_helpers() -> flask.Response:
    """List all, past ones too."""
    items = [_told(one, one.by_worker) for one in own_helpers()]
    return answers.answer({"items": items}, form=HelpersForm)


@door(
    bp,
    "POST",
    "/v1/me/helpers",
    policy="own.helper.name",
    step_up=True,
    body=NewHelperForm,
    answer={201: HelperNamedForm},
    problems=(HelperRefused, OwnProofWanted, LoginPaced),
    summary="设置亲友代办 / Name a helper; the code is for them, told this once",
)
def name_helper(form: dict[str, Any]) -> flask.Response:
    """Name somebody; they accept with the code, under the name that was said."""
    helper_id, code = named(form)
    return answers.answer({"helper_id": helper_id, "code": code}, 201, form=HelperNamedForm)


@door(
    bp,
    "POST",
    "/v1/me/helpers/<id:helper_id>/end",
    policy="own.helper.end",
    body=EmptyForm,
    answer=HelperEndedForm,
    summary="停止亲友代办 / End a helper; their next request fails",
)
def end_helper(helper_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it; again ends nothing."""
    del form
    return answers.answer({"ended": end_own(helper_id)}, form=HelperEndedForm)


@door(
    bp,
    "GET",
    "/v1/me/helping",
    policy="own.helping.read",
    answer=HelpersForm,
    summary="我替谁办 / Whom I help",
)
def list_helping() -> flask.Response:
    """List all, past ones too."""
    return answers.answer({"items": [_told(one, one.worker_id) for one in helped()]}, form=HelpersForm)


@door(
    bp,
    "POST",
    "/v1/me/helping",
    policy="own.helping.accept",
    step_up=True,
    body=HelperCodeForm,
    answer={201: HelperAcceptedForm},
    problems=(HelperUnmatched, HelperRefused, OwnProofTyped, LoginPaced),
    summary="接受代办 / Become the helper that a code was made for",
)
def accept_helping(form: dict[str, Any]) -> flask.Response:
    """Take it on."""
    return answers.answer({"helper_id": accepted(form)}, 201, form=HelperAcceptedForm)


@door(
    bp,
    "POST",
    "/v1/me/helping/<id:helper_id>/end",
    policy="own.helping.end",
    body=EmptyForm,
    answer=HelperEndedForm,
    summary="不再代办 / Help no more",
)
def end_helping(helper_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it; again ends nothing."""
    del form
    ended = helping.end_as_helper(house(), actor(), helper_id)
    return answers.answer({"ended": ended}, form=HelperEndedForm)


@door(
    bp,
    "POST",
    "/v1/me/helping/<id:helper_id>/begin",
    policy="own.helping.begin",
    body=EmptyForm,
    answer={201: ServiceOpenedForm},
    problems=(NotFound,),
    summary="开始代办 / Act in the worker's place from now on",
    description="From now on this session's requests are the worker's, with the helper in every trace, "
    "until `POST /v1/me/service/end`. It needs a new CSRF token: `GET /v1/session`.",
)
def begin_helping(helper_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Begin; the worker is told."""
    del form
    return answers.answer({"service_id": begun(helper_id)[1]}, 201, form=ServiceOpenedForm)


def own_helpers() -> list[Helper]:
    """Return whom the worker who asks named, under any of their archives."""
    return _of(own_worker())


def named(form: Mapping[str, Any]) -> tuple[bytes, str]:
    """Name the helper of a form of `NewHelperForm`; id and code.

    Raises `HelperRefused`; at the window `OwnProofWanted`, `LoginPaced`.
    """
    place, who, own = house(), actor(), own_worker()
    settle = own_proof.wanted(place, who, form)

    def act(turn: Turn) -> tuple[bytes, str]:
        proof = settle(turn)
        said = (form["name"], tuple(form["verbs"]), form["purpose"], form["until_ms"])
        return helping.name(turn, place, own, Wanted(*said, in_session(who), proof))

    return place.db.write(act)


def end_own(helper_id: bytes) -> bool:
    """End a helper of the worker who asks; tells whether one ended. Raises `NotFound` for another's."""
    return helping.end_as_worker(house(), [own_worker()], helper_id)


def helped() -> list[Helper]:
    """Return whom the worker who asks helps or helped."""
    with house().db.read() as conn:
        return helper_relations.helping(conn, own_worker())


def accepted(form: Mapping[str, Any]) -> bytes:
    """Take on what the code of a form was made for; its id.

    Raises `HelperUnmatched`, `HelperRefused`, `LoginPaced`; at the window `OwnProofTyped`.
    """
    settle = own_proof.typed(house(), actor(), form)
    return helping.accept(house(), actor(), names_of(own_worker()), form["code"], settle)


def begun(helper_id: bytes) -> tuple[Helper, bytes]:
    """Begin to act in somebody's place; the relation and the service's id. Raises `NotFound`."""
    return helping.begin(house(), access().sessions, actor(), helper_id)


def names_of(worker_id: bytes) -> list[str]:
    """Return a person's names, the present one last; none once erased, and none while restricted."""
    return helping.names_of(house(), worker_id)


def is_restricted(worker_id: bytes) -> bool:
    """Tell whether a person is restricted now, so that no name of theirs is used."""
    return helping.is_restricted(house(), worker_id)


def _of(own: bytes) -> list[Helper]:
    place = house()
    with place.db.read() as conn:
        return helper_relations.of_workers(conn, [own, *place.people.read_as(place.db.cursor(conn), own)])


def _told(one: Helper, other: bytes | None) -> dict[str, Any]:
    members = ("helper_id", "purpose", "until_ms", "named_ms", "accepted_ms", "ended_ms", "ended_by")
    called = names_of(other)[-1:] if other is not None and one.accepted_ms is not None else []
    told = {name: getattr(one, name) for name in members}
    return told | {"name": called[0] if called else None, "verbs": one.verbs.split()}
