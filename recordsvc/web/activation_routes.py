"""The desk's page for activation codes (发放激活码): card and document together, then a slip to hand over."""

from typing import Any, Final

import flask
from marshmallow import fields, validate

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.activation_routes import slip_for
from recordsvc.access.errors import ActivationUnmatched, PurposeRefused
from recordsvc.access.policy import Surface, door
from recordsvc.access.signin_forms import HandOverForm
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.web.account_routes import picture
from recordsvc.web.desk_forms import GATE, Field, faults, judged, purposes
from recordsvc.web.desk_routes import tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house

PURPOSE: Final = "service-window"
FIELDS: Final = (
    Field("document", "证件类型"),
    Field("number", "证件号码"),
    Field("name", "姓名"),
    Field("card", "社会保障卡卡号"),
    *GATE,
)


class HandOverPageForm(Form):
    """What lies before the official, as typed; `lost` is a box that is ticked or not sent.

    Empty is read, too, so that the page itself can say what is missing.
    """

    document = text(0, 24, load_default="")
    number = text(0, 100, load_default="")
    name = text(0, 200, load_default="")
    card = text(0, 40, load_default="")
    purpose = text(0, 40, load_default="")
    case_ref = text(0, 200, load_default="")
    lost = fields.String(load_default="", validate=validate.OneOf(("", "yes")))


@door(
    bp,
    "GET",
    "/desk/activate",
    policy="login.activate",
    surface=Surface.PAGE,
    answer=HTML,
    summary="发放激活码页 / Page to hand an activation code over",
)
def hand_over_page() -> flask.Response:
    """Ask for document, name and card."""
    return _asked()


@door(
    bp,
    "POST",
    "/desk/activate",
    policy="login.activate",
    surface=Surface.PAGE,
    body=Fields(HandOverPageForm),
    answer={200: HTML, 404: HTML, 422: HTML},
    problems=(PurposeRefused,),
    summary="发放激活码（网页） / Hand an activation code over, on a slip to print",
)
def hand_over_button(form: dict[str, Any]) -> flask.Response:
    """Show the slip, this once; or say that what was typed is not one person's."""
    try:
        slip = slip_for(judged(HandOverForm, {**form, "lost": form["lost"] == "yes"}))
    except FormRefused as refused:
        wrong, _ = faults(refused, FIELDS)
        return _asked(422, "；".join(wrong.values()) or refused.title_zh, form)
    except ActivationUnmatched as unmatched:
        told = f"{unmatched.title_zh}。{unmatched.remedy_zh}"
        return _asked(404, told, form)
    address = house().settings.public_url.rstrip("/") + "/activate"
    return page(
        "desk_slip.html",
        tabs=tabs(),
        slip=slip,
        groups=slip.code.split("-"),
        address=address,
        # The code stands behind the #: browsers keep that to themselves, no server and no log sees it.
        picture=picture(f"{address}#{slip.code}"),
        lost=form["lost"] == "yes",
    )


def _asked(status: int = 200, error: str = "", form: dict[str, Any] | None = None) -> flask.Response:
    today = beijing_date(house().clock.now_ms()).isoformat()
    return page(
        "desk_activate.html",
        status,
        tabs=tabs(),
        error=error,
        typed=form or {},
        purpose=(form or {}).get("purpose", PURPOSE),
        case_ref=(form or {}).get("case_ref", ""),
        documents=list(dated.table("identity_documents").on(today).rows),
        purposes=[row for row in purposes() if looked.at_window(row)],
    )
