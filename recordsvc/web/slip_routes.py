"""The desk's page of signed slips (签字单复核): open the paper, compare the signature, say what was found."""

import uuid
from typing import Any, Final

import flask

from recordsvc.access.errors import StandsTogether
from recordsvc.access.policy import Surface, door
from recordsvc.archive import slip_checks, slip_routes
from recordsvc.archive.slip_checks import AGREES, DIFFERS, SlipCheck
from recordsvc.archive.slip_errors import SlipChecked, SlipUnopened
from recordsvc.archive.slip_forms import SlipFoundForm
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import NotFound, Problem
from recordsvc.ground.reading import Fields
from recordsvc.ground.two_person import SamePerson
from recordsvc.web import words
from recordsvc.web.desk_forms import CASE, MOST, Field, faults, judged
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

FOUND: Final = (
    Field(
        "result",
        "核对结果",
        "choice",
        rows=((AGREES, "签名一致"), (DIFFERS, "签名不符或无法确认：停止共享或代办，告知本人")),
    ),
    Field("finding", "核对情况", "area", hint="写清与哪份证件核对，最多 400 字，不要写姓名和号码。"),
)
OWNERS: Final = {slip_checks.FIRST: "复核人", slip_checks.LATE: "个人信息保护负责人"}


class SlipFoundPageForm(Form):
    """What the comparison found, as typed."""

    result = text(0, 20, load_default="")
    finding = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    "/desk/slips",
    policy="slip.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="签字单复核（网页） / Signed slips to compare",
)
def slips_page() -> flask.Response:
    """List those of one's area, the most urgent first."""
    return _slips()


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/slips/<id:paper_id>",
    policy="slip.check",
    surface=Surface.PAGE,
    body=Fields(SlipFoundPageForm),
    answer={303: None, 422: HTML},
    problems=(NotFound, SamePerson, StandsTogether, SlipChecked, SlipUnopened),
    summary="填写签字单复核结果（网页） / Say what comparing a signed slip found",
)
def slip_button(worker_id: bytes, paper_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Close the check, or tell on the page what stands against it."""
    try:
        slip_routes.found(worker_id, paper_id, judged(SlipFoundForm, form))
    except Problem as problem:
        if problem.status not in FAILED and not isinstance(problem, SamePerson | StandsTogether):
            raise
        return _slips(paper_id, form, problem)
    return go("/desk/slips")


def _slips(
    which: bytes = b"", typed: dict[str, Any] | None = None, problem: Problem | None = None
) -> flask.Response:
    wrong, trouble = ({}, None) if problem is None else faults(problem, FOUND)
    today = beijing_date(house().clock.now_ms()).isoformat()
    return page(
        "desk_slips.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        slips=[_line(one, today) for one in slip_routes.seen()],
        fields=FOUND,
        case=CASE,
        which=str(uuid.UUID(bytes=which)) if which else "",
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _line(one: SlipCheck, today: str) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(bytes=one.paper_id)),
        "worker": str(uuid.UUID(bytes=one.worker_id)),
        "by": name_of(one.used_by),
        "at": words.instant(one.used_ms),
        "due": words.day(one.due_on) if one.due_on else "缺工作日安排",
        "late": bool(one.due_on) and one.due_on < today,
        "owner": OWNERS[one.owner],
    }
