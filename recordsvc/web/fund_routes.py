"""Pages of funds (资金与预算): what each line has, what was booked on it, proposing how budgets move."""

import uuid
from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once
from recordsvc.ground.forms import Form, text
from recordsvc.ground.paging import Cursors
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import CursorRefused, FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.bank.formats import yuan
from recordsvc.money.funds import lines
from recordsvc.money.funds import routes as funds
from recordsvc.money.funds.errors import LineUnknown, MoveRefused
from recordsvc.money.funds.forms import LinesQuery, NewBudgetMoveForm
from recordsvc.money.funds.moves import ACTS
from recordsvc.web import words
from recordsvc.web.desk_forms import MOST, REASON, Field, faults, judged
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

AMOUNT: Final = Field("amount", "金额（元）", hint="例如 1500000 或 1500000.50；最多到分。", most=20)
DOC: Final = Field("doc", "文号", hint="下达、调剂或收回的文件编号。", most=100)
WHERE: Final = Field("region", "区划代码", hint="六位，例如 640100（银川市）；全区为 640000。", most=6)
TO: Final = (
    Field("to_region", "调入区划代码", hint="六位；不填即本区划。", most=6),
    Field("to_kind", "调入补贴项目", "choice", hint="不选即本项目。"),
)
ON_LINE: Final = {
    "allot": ("追加预算", "由复核人批准后入账。", (AMOUNT, DOC, REASON)),
    "shift": ("调剂到别处", "同一资金、同一年度之内。已预留和已支出的不能调出。", (AMOUNT, *TO, DOC, REASON)),
    "recall": ("收回预算", "只能收回可用的部分；已为申领人预留的不能收回。", (AMOUNT, DOC, REASON)),
}
"""What can be proposed of a line: title, words, fields."""
WAYS: Final = {
    "in": ("转入", "good", "+"),
    "out": ("转出", "mute", "−"),
    "hold": ("预留", "wait", "−"),
    "settle": ("支出", "info", ""),
    "release": ("释放", "good", "+"),
}
"""Way of a transfer, seen from the line -> word, tone, and sign of what it does to what is available."""
PORTION: Final = 50


class NewMovePageForm(Form):
    """A budget to be allotted, as typed."""

    fund = text(0, 40, load_default="")
    year = text(0, 10, load_default="")
    region = text(0, 40, load_default="")
    kind = text(0, 40, load_default="")
    amount = text(0, 40, load_default="")
    doc = text(0, MOST, load_default="")
    reason = text(0, MOST, load_default="")


class MovePageForm(Form):
    """A move of a line's budget, as typed."""

    to_region = text(0, 40, load_default="")
    to_kind = text(0, 40, load_default="")
    amount = text(0, 40, load_default="")
    doc = text(0, MOST, load_default="")
    reason = text(0, MOST, load_default="")


class LinePageQuery(Form):
    """Where the journal goes on."""

    cursor = text(1, 200, load_default=None)


@door(
    bp,
    "GET",
    "/desk/funds",
    policy="fund.read",
    surface=Surface.PAGE,
    query=LinesQuery,
    answer=HTML,
    summary="资金与预算（网页） / Budget lines",
)
def funds_page(query: dict[str, Any]) -> flask.Response:
    """List the lines of the official's area, with sums of each fund and year."""
    found = funds.seen(query["year"], query["fund"])
    groups: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for one in found:
        groups.setdefault((one["year"], one["fund_name"]), []).append(one)
    shown = [
        {"year": year, "fund": fund, "lines": some, "sum": _sum(some)}
        for (year, fund), some in groups.items()
    ]
    return page("desk_funds.html", tabs=tabs(), groups=shown, proposes=can(actor(), "fund.propose"))


@door(
    bp,
    "GET",
    "/desk/funds/new",
    policy="fund.propose",
    surface=Surface.PAGE,
    answer=HTML,
    summary="提出下达预算（网页） / The form to allot a budget",
)
def new_move_page() -> flask.Response:
    """Ask which fund, year, division and kind, and how much."""
    return _new({"year": str(beijing_date(house().clock.now_ms()).year)}, None)


@door(
    bp,
    "POST",
    "/desk/funds/new",
    policy="fund.propose",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(NewMovePageForm),
    answer={303: None, 422: HTML},
    problems=(MoveRefused,),
    summary="提出下达预算（网页） / Propose to allot a budget",
)
def new_move_button(form: dict[str, Any]) -> flask.Response:
    """Propose a budget; it is booked once a reviewer approves."""
    try:
        return _proposal({"act": "allot"}, form)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _new(form, problem)


@door(
    bp,
    "GET",
    "/desk/funds/<line_id>",
    policy="fund.read",
    surface=Surface.PAGE,
    query=LinePageQuery,
    answer=HTML,
    problems=(LineUnknown, CursorRefused),
    summary="一条预算（网页） / A budget line, its journal, and what may be proposed",
)
def line_page(line_id: str, query: dict[str, Any]) -> flask.Response:
    """Show what a line has and what was booked on it, with the forms that who asks may send."""
    return _line(line_id, query["cursor"])


@door(
    bp,
    "POST",
    "/desk/funds/<line_id>/<act>",
    policy="fund.propose",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(MovePageForm),
    answer={303: None, 422: HTML},
    problems=(LineUnknown, MoveRefused),
    summary="提出追加、调剂或收回（网页） / Propose a move of a line's budget",
)
def move_button(line_id: str, act: str, form: dict[str, Any]) -> flask.Response:
    """Propose a move of this line's budget."""
    if act not in ACTS:
        raise LineUnknown
    with house().db.read() as conn:
        line = lines.find(conn, line_id)
    said = {"act": act, "fund": line.fund, "year": line.year, "region": line.region, "kind": line.kind}
    try:
        return _proposal(said, form)
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _line(line_id, None, act, form, problem)


def _proposal(said: dict[str, Any], typed: dict[str, Any]) -> flask.Response:
    """Propose, and lead to the proposal. Raises `FormRefused` naming the fields at fault."""
    given = {name: value for name, value in typed.items() if name not in {"amount", "year"}} | said
    wrong: list[Any] = []
    if "year" in typed:
        year = typed["year"].strip()
        given["year"] = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0
    try:
        given["amount_fen"] = yuan.fen(typed["amount"].strip())
    except ValueError:
        wrong.append({"pointer": "/amount", "code": "value", "detail": "请填金额，单位元，最多两位小数"})
        # What is right stands in for it, so that the other fields are judged as well.
        given["amount_fen"] = 1
    try:
        asked = judged(NewBudgetMoveForm, given)
        act = None if wrong else funds.ask_move(asked)
    except FormRefused as refused:
        for one in refused.errors:
            one["pointer"] = str(one.get("pointer", "")).replace("/amount_fen", "/amount")
        raise FormRefused(errors=wrong + refused.errors) from None
    if act is None:
        raise FormRefused(errors=wrong)
    return go(f"/desk/proposals/{uuid.UUID(hex=once(act))}")


def _new(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    fields = (
        Field("fund", "资金", "choice", table=lines.FUNDS),
        Field("year", "预算年度", hint="四位年份。", most=4),
        WHERE,
        Field("kind", "补贴项目", "choice", hint="每项资金只能支付规定的项目。", table=lines.KINDS),
        AMOUNT,
        DOC,
        REASON,
    )
    wrong, trouble = ({}, None) if problem is None else faults(problem, fields)
    return page(
        "desk_fund_new.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        fields=fields,
        allowed=_allowed(),
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _line(
    line_id: str,
    cursor: str | None,
    which: str = "",
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> flask.Response:
    cursors: Cursors = flask.current_app.extensions["cursors"]
    context = f"funds.journal:{line_id}"
    before = cursors.read(context, cursor)[0] if cursor else None
    found = funds.shown(line_id)
    rows = funds.journal(line_id, before, PORTION + 1)
    following = cursors.make(context, rows[PORTION - 1]["idx"]) if len(rows) > PORTION else ""
    wrong, trouble = ({}, None) if problem is None else faults(problem, ON_LINE[which][2])
    return page(
        "desk_fund.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        line=found,
        runs_out=_runs_out(found),
        moves=[_move(one) for one in found["moves"]],
        rows=[_row(one) for one in rows[:PORTION]],
        following=following,
        forms=_forms(found) if can(actor(), "fund.propose") else [],
        which=which,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )


def _runs_out(line: dict[str, Any]) -> str:
    """Return the day on which nothing is left at the present pace, if that is within the budget's year."""
    day = line["forecast"].exhausted_on
    return day if day and day <= f"{line['year']}-12-31" else ""


def _forms(line: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = tuple((code, lines.zh(lines.KINDS, code)) for code in _kinds(line["fund"]))
    return [
        {"key": key, "title": title, "text": told, "fields": fields, "kinds": kinds}
        for key, (title, told, fields) in ON_LINE.items()
    ]


def _kinds(fund: str) -> list[str]:
    """Return what a fund may pay today."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    row = dated.table(lines.FUNDS).on(today).get(fund)
    return [] if row is None else [str(one) for one in row["kinds"]]


def _allowed() -> list[tuple[str, str]]:
    """Return each fund in force today, and what it may pay, in words."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    return [
        (str(row["zh"]), "、".join(lines.zh(lines.KINDS, one) for one in row["kinds"]))
        for row in dated.table(lines.FUNDS).on(today).rows
    ]


def _move(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "what": ACTS[one["act"]],
        "other": one["other"],
        "line": one["line"],
        "amount_fen": one["amount_fen"],
        "doc": one["doc"],
        "reason": one["reason"],
        "by": f"{name_of(one['proposed_by'])}、{name_of(one['decided_by'])}",
        "at": words.instant(one["at_ms"]),
        "proposal": one["proposal"],
    }


def _row(one: dict[str, Any]) -> dict[str, Any]:
    way, tone, sign = WAYS[one["way"]]
    about = lines.zh("posting_codes", one["code"])
    late = f"属于 {words.day(one['adjusts_period'])}" if one["adjusts_period"] else ""
    return {
        "idx": one["idx"],
        "way": way,
        "tone": tone,
        "sign": sign,
        "amount_fen": one["amount_fen"],
        "what": about,
        "doc": one["doc"],
        "at": words.instant(one["at_ms"]),
        "late": late,
    }


def _sum(some: list[dict[str, Any]]) -> dict[str, int]:
    names = ("budget_fen", "available_fen", "held_fen", "spent_fen")
    return {name: sum(one[name] for one in some) for name in names}
