"""Pages of the window (窗口代办): begin a service, its receipt to print, end it; who acted in my place."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import flask
from marshmallow import fields, validate

from recordsvc import dated
from recordsvc.access import in_place, looked
from recordsvc.access.cases import REFUSED
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeNotAtWindow, PurposeNotYours, PurposeRefused, Recused
from recordsvc.access.grants import Way
from recordsvc.access.in_place import Done, Service
from recordsvc.access.in_place_errors import WindowUnmatched
from recordsvc.access.login_routes import read_cookie
from recordsvc.access.looked import HELPER_PURPOSES
from recordsvc.access.policy import Sends, Surface, door, doors
from recordsvc.access.window_forms import CASE
from recordsvc.access.window_routes import ended, opened, present, services_of_own
from recordsvc.ground.forms import Form, text
from recordsvc.ground.http import current
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Forbidden
from recordsvc.ground.reading import Fields
from recordsvc.people.spotting import number_in
from recordsvc.web import words
from recordsvc.web.desk_forms import purposes
from recordsvc.web.desk_routes import name_of, tabs
from recordsvc.web.forms import NoFieldsForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house
from recordsvc.web.share_routes import proof_words
from recordsvc.web.stand_ins import helper_name

PURPOSE: Final = "service-window"
MOST_CASE: Final = 80
COLUMNS: Final = {"58": 32, "80": 48}
"""Columns of a receipt printer by the width of its paper in millimetres; a Chinese character takes two."""
OUTCOMES: Final = {"done": "已办成", "refused": "没有办成", "open": "结果未知，请查档案"}


@dataclass(frozen=True, slots=True)
class Line:
    """One act in plain words; `number` names its receipt, `index` is empty where no entry was made.

    `proof` says by what the worker proved it; empty where it asks for none.
    """

    number: str
    what: str
    at: str
    outcome: str
    index: str
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """A service in plain words, without a name or number of the worker."""

    number: str
    how: str
    by: str
    purpose: str
    case_ref: str
    begun: str
    lines: tuple[Line, ...]


class OpenServicePageForm(Form):
    """What lies on the counter, as typed; the page says what is wrong with the case."""

    document = text(0, 24, load_default="")
    number = text(0, 100, load_default="")
    card = text(0, 40, load_default="")
    purpose = text(0, 40, load_default="")
    case_ref = text(0, 200, load_default="")


class WidthQuery(Form):
    """Width of the printer's paper in millimetres."""

    width = fields.String(load_default="80", validate=validate.OneOf(tuple(COLUMNS)))


@door(
    bp,
    "GET",
    "/window",
    policy="window.open",
    surface=Surface.PAGE,
    answer=HTML,
    summary="窗口代办页 / Page to begin a service at the window",
)
def window_page() -> flask.Response:
    """Ask for document, card, purpose and case."""
    return _asked()


@door(
    bp,
    "POST",
    "/window",
    policy="window.open",
    surface=Surface.PAGE,
    body=Fields(OpenServicePageForm),
    answer={303: None, 404: HTML, 422: HTML},
    problems=(PurposeRefused, PurposeNotYours, PurposeNotAtWindow, Recused),
    summary="开始窗口代办（网页） / Begin a service for the worker at the window",
)
def window_button(form: dict[str, str]) -> flask.Response:
    """Begin the service and go to the worker's pages; or ask again, with the numbers gone."""
    case = form["case_ref"].strip()
    if not all(form[name].strip() for name in ("document", "number", "card", "purpose")):
        return _asked(422, "证件类型、证件号码、卡号和查阅目的都要填写", form)
    if re.match(CASE, case) is None or len(case) > MOST_CASE:
        return _asked(422, "受理号只用字母、数字和符号，不含空格，最多 80 个字符", form)
    if number_in(case) is not None:
        return _asked(422, f"受理号：{REFUSED}", {**form, "case_ref": ""})
    try:
        opened({**form, "case_ref": case})
    except WindowUnmatched as unmatched:
        return _asked(404, f"{unmatched.title_zh}。{unmatched.remedy_zh}", form)
    return go("/me")


@door(
    bp,
    "GET",
    "/window/receipt",
    policy="window.serve",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(Forbidden,),
    summary="办事回执（网页） / Receipt of what was done so far, to print",
)
def receipt_page() -> flask.Response:
    """Show what was done so far."""
    done = present()
    window = done.way == Way.WINDOW
    return page("window_receipt.html", slip=slip_of(done), where=_where(), over=False, window=window)


@door(
    bp,
    "GET",
    "/window/receipt.txt",
    policy="window.serve",
    surface=Surface.PAGE,
    query=WidthQuery,
    answer=Sends("text/plain"),
    problems=(Forbidden,),
    summary="办事回执（小票） / The receipt for a printer of 58 or 80 mm",
)
def receipt_text(query: dict[str, str]) -> flask.Response:
    """Send the receipt in lines that fit the paper."""
    told = printed(slip_of(present()), _where(), COLUMNS[query["width"]])
    return flask.Response(told, content_type="text/plain; charset=utf-8")


@door(
    bp,
    "POST",
    "/window/end",
    policy="window.serve",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer=HTML,
    problems=(Forbidden,),
    summary="结束代办（网页） / End the service, with its receipt",
)
def end_service_button(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button has no fields
    """End the service and show what was done in it; the session is the official's again."""
    done, request = ended(), current()
    # From here on it is the official's own session again, and so is the page.
    request.actor = read_cookie(request)
    window = done.way == Way.WINDOW
    return page("window_receipt.html", slip=slip_of(done), where=_where(), over=True, window=window)


@door(
    bp,
    "GET",
    "/me/services",
    policy="own.service.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="谁替我办过（网页） / Who acted in my place",
)
def services_page() -> flask.Response:
    """List services, newest first; whoever it was is named by office alone."""
    return page("services.html", slips=[slip_of(one, named=False) for one in services_of_own()])


def slip_of(one: Service, *, named: bool = True) -> Slip:
    """Return a service in words. `named`: with the official's name, for the paper handed to the worker."""
    window = one.way == Way.WINDOW
    return Slip(
        number=words.uuid_text(one.service_id)[-12:],
        how="窗口代办" if window else "亲友代办",
        by=_by(one, named=named),
        purpose=words.code("lookup_purposes" if window else HELPER_PURPOSES, one.purpose),
        case_ref=one.case_ref if window else one.case_ref[-12:],
        begun=words.instant(one.begun_ms),
        lines=tuple(_line(done) for done in one.acts),
    )


def _by(one: Service, *, named: bool) -> str:
    """Name who stood in: an official by office alone where the worker reads it, a helper always."""
    if one.way != Way.WINDOW:
        return helper_name(one.by_id)
    return name_of(f"official:{one.by_id}") if named else "人社服务窗口"


def printed(slip: Slip, where: str, columns: int) -> str:
    """Return a receipt as lines of at most so many columns."""
    told = [
        f"办事回执（由{slip.how}）",
        "-" * columns,
        f"服务号 {slip.number}",
        f"案卷号 {slip.case_ref}",
        f"目的 {slip.purpose}",
        f"经办 {slip.by}",
        f"开始 {slip.begun}",
        "-" * columns,
    ]
    for line in slip.lines:
        told += [line.what, f"{line.at} {line.outcome}", f"回执号 {line.number}"]
        told += [f"日志位置 {line.index}"] if line.index else []
        told += [line.proof] if line.proof else []
        told.append("-" * columns)
    if not slip.lines:
        told += ["没有办理事项，只作了查阅。", "-" * columns]
    told += [f"查询：{where}", OBJECT]
    return "\n".join(part for line in told for part in wrapped(line, columns)) + "\n"


OBJECT: Final = (
    "不是您的意思，或办错了：凭本回执到任一人社服务窗口，或登录后在“谁查过”提出疑问、对记录提出异议。"
)


def wrapped(line: str, columns: int) -> list[str]:
    """Cut a line into parts of at most so many columns; wide characters take two."""
    parts, part, taken = [], "", 0
    for one in line:
        width = 2 if unicodedata.east_asian_width(one) in "WFA" else 1
        if taken + width > columns:
            parts.append(part)
            part, taken = "", 0
        part, taken = part + one, taken + width
    return [*parts, part]


def _line(done: Done) -> Line:
    declared = {
        f"{method} {one.rule}": one.summary
        for one in doors(flask.current_app).values()
        for method in one.methods
    }
    what = declared.get(done.door, done.door).split(" / ")[0].removesuffix("（网页）")
    index = "" if done.log_index is None else str(done.log_index)
    proof = proof_words(done.proof) if done.proof else ""
    at, how = words.instant(done.at_ms), OUTCOMES[done.outcome]
    return Line(in_place.act_number(done), what, at, how, index, proof)


def _where() -> str:
    return house().settings.public_url.rstrip("/") + "/me/services"


def _asked(status: int = 200, error: str = "", form: dict[str, str] | None = None) -> flask.Response:
    today = beijing_date(house().clock.now_ms()).isoformat()
    typed = form or {}
    return page(
        "window.html",
        status,
        tabs=tabs(),
        error=error,
        document=typed.get("document", ""),
        purpose=typed.get("purpose", PURPOSE),
        case_ref=typed.get("case_ref", ""),
        documents=list(dated.table("identity_documents").on(today).rows),
        purposes=[row for row in purposes() if looked.at_window(row)],
        official=name_of(f"official:{actor().id}"),
    )
