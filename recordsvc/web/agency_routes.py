"""The worker's page of contracts (委托代办): who may claim for me, until when; end it, deny it, give one."""

from typing import Any, Final

import flask
from marshmallow import fields, validate

from recordsvc.access.errors import LoginPaced
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground.forms import Form, Identifier, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import terms, views
from recordsvc.money.claims.agency_forms import EndAgencyForm, NewAgencyForm
from recordsvc.money.claims.agency_routes import end_own, give_own, own_agencies
from recordsvc.web.badges import Badge
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.forms import TypedProofForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/me/agencies"
HOW: Final = {
    "ended": Badge("已终止", "mute"),
    "denied": Badge("已否认", "warn"),
    "given-up": Badge("机构已终止", "mute"),
}


class GiveAgencyPageForm(TypedProofForm):
    """Whom to let claim, which kinds, until when, as typed and ticked."""

    institution = text(0, 40, load_default="")
    kinds = fields.List(text(1, 40), load_default=list, validate=validate.Length(0, 20))
    until_on = text(0, 20, load_default="")


class EndAgencyPageForm(Form):
    """Which contract ends, how, and in words."""

    agency_id = Identifier(required=True)
    how = fields.String(required=True, validate=validate.OneOf(("ended", "denied")))
    reason = text(0, MOST, load_default="")


_FIELDS: Final = (
    Field("institution", "机构的统一社会信用代码", hint="18 位，见机构的办学许可证或营业执照。", most=18),
    Field("kinds", "委托哪些补贴", "choice"),
    Field("until_on", "委托到哪一天", "day"),
)


@door(
    bp,
    "GET",
    PLACE,
    policy="own.agency.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(ArchiveRestricted,),
    summary="委托代办（网页） / Whom I let claim subsidies for me",
)
def agencies_page() -> flask.Response:
    """List contracts, and the form to give one."""
    return _page({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="own.agency.give",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(GiveAgencyPageForm),
    answer={303: None, 422: HTML},
    problems=(problems.AgencyRefused, LoginPaced, ArchiveRestricted),
    summary="委托机构代办（网页） / Let an institution claim for me, from the page",
)
def give_agency_button(form: dict[str, Any]) -> flask.Response:
    """Make the contract, or say what is wrong with it."""
    try:
        give_own(judged(NewAgencyForm, form | {"institution": form["institution"].strip().upper()}))
    except OwnProofTyped as unproven:
        return _page(form, unproven)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(form, problem)
    return go(PLACE)


@door(
    bp,
    "POST",
    f"{PLACE}/end",
    policy="own.agency.end",
    surface=Surface.PAGE,
    body=Fields(EndAgencyPageForm),
    answer={303: None, 409: HTML},
    problems=(problems.AgencyUnknown, problems.AgencyOver, ArchiveRestricted),
    summary="终止或否认委托（网页） / End or deny a contract from the page",
)
def end_agency_button(form: dict[str, Any]) -> flask.Response:
    """End it at once."""
    said = judged(EndAgencyForm, {"how": form["how"], "reason": form["reason"]})
    try:
        end_own(form["agency_id"], said["how"], said["reason"])
    except problems.AgencyOver as problem:
        return _page({}, problem)
    return go(PLACE)


def _page(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = faults(problem, _FIELDS) if problem is not None else ({}, None)
    today = beijing_date(house().clock.now_ms()).isoformat()
    return page(
        "agencies.html",
        200 if problem is None else problem.status,
        items=[_line(views.agency(house(), one)) for one in own_agencies()],
        kinds=[(code, str(row["zh"])) for code, row in terms.kinds(today).items()],
        fields=_FIELDS,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        slips=None,
    )


def _line(told: dict[str, Any]) -> dict[str, Any]:
    running = Badge("有效", "good") if told["in_force"] else Badge("已到期", "mute")
    return told | {
        "id": uuid_text(told["agency_id"]),
        "badge": HOW.get(told["how"], running),
        "words": "、".join(one["kind_name"] for one in told["kinds"]),
    }
