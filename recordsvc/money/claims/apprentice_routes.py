"""Doors of apprentices' plans (企业新型学徒制): what an enterprise files, and where its places stand.

Advances and settlements are claims on a sheet as any other (`/v1/institution/claim-bundles`).
"""

from collections.abc import Callable
from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import author
from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive.services import own_institution
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.money.claims import apprentice_ends, apprentice_views, apprentices, behalf
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims.apprentice_forms import (
    EndPlaceForm,
    JoinPlanForm,
    LeavePlanForm,
    NewPlanForm,
    PlansForm,
    PlanWholeForm,
)
from recordsvc.money.claims.apprentice_tables import apprentice_plan
from recordsvc.money.claims.apprentices import Plan
from recordsvc.money.claims.services import bp
from recordsvc.people.identifiers import IdentifierError

PLACE = "/v1/institution/apprentice-plans"


def own_plan(plan_id: bytes) -> Plan:
    """Return a plan of the enterprise that asks. Raises `PlanUnknown`."""
    with house().db.read() as conn:
        return apprentices.find(conn, plan_id, apprentice_plan.c.institution == own_institution())


def own_plans() -> list[Plan]:
    """Return the plans of the enterprise that asks, the newest first."""
    with house().db.read() as conn:
        return apprentices.plans(conn, apprentice_plan.c.institution == own_institution())


def whole(plan_id: bytes) -> dict[str, Any]:
    """Return a plan of the enterprise that asks with its places. Raises `PlanUnknown`."""
    one = own_plan(plan_id)
    with house().db.read() as conn:
        return apprentice_views.whole(house(), conn, one)


def register(said: dict[str, Any]) -> bytes:
    """File a plan for the enterprise that asks; its id. Raises `PlanRefused`."""
    institution, by = own_institution(), author(actor())
    return bytes.fromhex(once(lambda turn: apprentices.register(turn, house(), institution, said, by).hex()))


def join(plan_id: bytes, said: dict[str, Any]) -> None:
    """Give somebody a place. Raises `PlanUnknown`, `PlanRefused`, `PlaceTaken`."""
    by, place, record_id = author(actor()), said["place"], said["record_id"]

    try:
        worker_id = behalf.known(house(), **said["worker"])
    except IdentifierError:
        worker_id = None

    def act(turn: Turn, plan: Plan) -> None:
        if worker_id is None:
            raise apprentices.unmatched()
        apprentices.join(turn, house(), plan, place, worker_id, record_id, by)

    _act(plan_id, act)


def leave(plan_id: bytes, said: dict[str, Any]) -> None:
    """Note that who has a place left. Raises `PlanUnknown`, `PlanRefused`, `PlaceTaken`."""
    by, place, record_id = author(actor()), said["place"], said["record_id"]
    _act(plan_id, lambda turn, plan: apprentices.leave(turn, house(), plan, place, record_id, by))


def end(plan_id: bytes, place: int) -> None:
    """Give a place up. Raises `PlanUnknown`, `PlaceTaken`."""
    by, why = author(actor()), apprentice_ends.GIVEN_UP
    _act(plan_id, lambda turn, plan: apprentice_ends.end(turn, house(), plan, place, why, by))


def _act(plan_id: bytes, do: Callable[[Turn, Plan], None]) -> None:
    plan = own_plan(plan_id)

    def act(turn: Turn) -> str:
        do(turn, plan)
        return ""

    once(act)


@door(
    bp,
    "GET",
    PLACE,
    policy="institution.claim.read",
    answer=PlansForm,
    summary="本单位的学徒培养计划 / The enterprise's plans of apprentices, the newest first",
)
def apprentice_plans() -> flask.Response:
    """List them."""
    return answers.answer({"items": [apprentice_views.brief(one) for one in own_plans()]}, form=PlansForm)


@door(
    bp,
    "POST",
    PLACE,
    policy="institution.claim.file",
    body=NewPlanForm,
    answer={201: PlanWholeForm},
    problems=(problems.PlanRefused,),
    idempotent=True,
    summary="备案学徒培养计划 / File a plan of apprentices",
)
def file_apprentice_plan(form: dict[str, Any]) -> flask.Response:
    """File it."""
    return answers.answer(whole(register(form)), 201, form=PlanWholeForm)


@door(
    bp,
    "GET",
    f"{PLACE}/<id:plan_id>",
    policy="institution.claim.read",
    answer=PlanWholeForm,
    problems=(problems.PlanUnknown,),
    summary="一份学徒培养计划 / One plan: its places, what was advanced, settled and asked back",
)
def apprentice_plan_whole(plan_id: bytes) -> flask.Response:
    """Show one."""
    return answers.answer(whole(plan_id), form=PlanWholeForm)


@door(
    bp,
    "POST",
    f"{PLACE}/<id:plan_id>/apprentices",
    policy="institution.claim.file",
    body=JoinPlanForm,
    answer={201: PlanWholeForm},
    problems=(problems.PlanUnknown, problems.PlanRefused, problems.PlaceTaken),
    idempotent=True,
    summary="登记学徒、补录 / Give somebody a place, or the place of who left",
)
def join_apprentice_plan(plan_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Give it."""
    join(plan_id, form)
    return answers.answer(whole(plan_id), 201, form=PlanWholeForm)


@door(
    bp,
    "POST",
    f"{PLACE}/<id:plan_id>/leave",
    policy="institution.claim.file",
    body=LeavePlanForm,
    answer=PlanWholeForm,
    problems=(problems.PlanUnknown, problems.PlanRefused, problems.PlaceTaken),
    idempotent=True,
    summary="学徒退出 / Note that who has a place left, on the record that says so",
)
def leave_apprentice_plan(plan_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Note it."""
    leave(plan_id, form)
    return answers.answer(whole(plan_id), form=PlanWholeForm)


@door(
    bp,
    "POST",
    f"{PLACE}/<id:plan_id>/end",
    policy="institution.claim.file",
    body=EndPlaceForm,
    answer=PlanWholeForm,
    problems=(problems.PlanUnknown, problems.PlaceTaken),
    idempotent=True,
    summary="终止名额 / Give a place up; what was advanced for it is asked back",
)
def end_apprentice_place(plan_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it."""
    end(plan_id, form["place"])
    return answers.answer(whole(plan_id), form=PlanWholeForm)
