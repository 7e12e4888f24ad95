"""The desk's page for activation codes (发放激活码): card and document together, then a slip to hand over."""

from typing import Any, Final

import flask
from marshmallow import fields, validate

from recordsvc import dated
from recordsvc.access.activation_routes import slip_for
from recordsvc.access.cases import CaseRefForm
from recordsvc.access.errors import ActivationUnmatched, PurposeRefused
from recordsvc.access.policy import Surface, door
from recordsvc.ground.forms import text
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.reading import Fields
from recordsvc.web.account_routes import picture
from recordsvc.web.desk_forms import purposes
from recordsvc.web.desk_routes import tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house

PURPOSE: Final = "service-window"


class HandOverPageForm(CaseRefForm):
    """What lies before the official, as typed; `lost` is a box that is ticked or not sent."""

    document = text(1, 24, required=True)
    number = text(1, 40, required=True)
    name = text(1, 60, required=True)
    card = text(1, 9, required=True)
    purpose = text(1, 40, required=True)
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
    answer={200: HTML, 404: HTML},
    problems=(PurposeRefused,),
    summary="发放激活码（网页） / Hand an activation code over, on a slip to print",
)
def hand_over_button(form: dict[str, Any]) -> flask.Response:
    """Show the slip, this once; or say that what was typed is not one person's."""
    try:
        slip = slip_for({**form, "lost": form["lost"] == "yes"})
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
        purpose=(form or {}).get("purpose", PURPOSE),
        case_ref=(form or {}).get("case_ref", ""),
        documents=list(dated.table("identity_documents").on(today).rows),
        purposes=purposes(),
    )
