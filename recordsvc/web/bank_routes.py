"""Pages of the payers' desk (支付岗): accounts, batches and their release, differences, files by hand."""

from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import Recused
from recordsvc.access.grants import can
from recordsvc.access.objects import whole
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields, Upload
from recordsvc.money.bank import batches, breaks, recusing, resolving, views
from recordsvc.money.bank.errors import BreakClosed
from recordsvc.money.bank.forms import BankFileForm, ResolveForm
from recordsvc.money.bank.recon_routes import MOST_FILE, brought, ending, taking
from recordsvc.money.bank.routes import DECIDING, cancelling, deciding_on, sealing
from recordsvc.money.bank.tables import recon_break
from recordsvc.web import words
from recordsvc.web.badges import Badge
from recordsvc.web.desk_forms import MOST, REASON, Field, faults, judged, reason_of
from recordsvc.web.desk_routes import FAILED, name_of, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/desk/bank"
_BATCH: Final = {
    "sealed": Badge("待复核放行", "wait"),
    "cancelled": Badge("已作废", "mute"),
    "released": Badge("已放行，待发送", "info"),
    "sent": Badge("已发送，待银行回应", "info"),
    "acked": Badge("银行已受理", "info"),
    "closed": Badge("已办结", "good"),
}
_WAYS: Final = {
    "funding": "拨入资金",
    "explained": "已查明，无须处理",
    "bank": "由银行更正",
    "matched": "对上一笔支付（须第二人复核）",
    "absent": "银行没有执行（须第二人复核）",
    "repaid": "收款人退还补贴（须第二人复核）",
}
_FILE: Final = (
    Field("account", "付款账户", hint="付款账户的代码。", most=40),
    Field("name", "文件名", hint="银行给出的文件名，例如 HP_20261130.txt。", most=120),
)
_STATES: Final = {
    "applied": "文件已入账，或此前已经收过。",
    "waiting": "这份对账单来早了：前一份到达后自动入账。",
    "quarantined": "文件已隔离，其中内容一律没有采用。原因见对账差异。",
}


_UNFIT: Final = {
    "torn": "文件不完整",
    "digest": "文件与指纹不符",
    "not-xml": "不是完整的 XML 文件",
    "not-utf-8": "编码不是 UTF-8",
    "byte-order-mark": "开头有字节顺序标记",
    "schema": "不符合报文格式",
    "message-unknown": "不认识这种报文或文件名",
    "statement-sum": "期初加发生额不等于期末",
    "statement-opening": "期初与上一份的期末不接",
    "statement-contradicts": "同一序号的对账单内容不同",
}
"""Why a file was put aside, in words; of others the code is told."""


class SealPageForm(Form):
    """On which account a batch is sealed; of collections, if that is said."""

    account = text(1, 40, required=True)
    collect = text(0, 3, load_default="")


class BankFilePageForm(Form):
    """A bank's file as it is brought."""

    account = text(0, 80, load_default="")
    name = text(0, 200, load_default="")


class ResolvePageForm(Form):
    """How a difference ends, as typed."""

    resolution = text(0, 40, load_default="")
    payment_id = text(0, 80, load_default="")
    recovery_id = text(0, 80, load_default="")
    note = text(0, MOST, load_default="")


class PayersWordPageForm(Form):
    """The second payer's word, as typed."""

    word = text(0, 10, load_default="")
    reason = text(0, MOST, load_default="")


def yuan(fen: int) -> str:
    """Return fen as people read yuan: `1,234.50 元`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d} 元"


# -- the desk


@door(
    bp,
    "GET",
    "/desk/bank",
    policy="bank.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="支付与对账（网页） / Accounts, batches, differences",
)
def bank_page() -> flask.Response:
    """Show what waits for payers."""
    return _desk({}, None)


def _desk(typed: dict[str, Any], problem: Problem | None, told: str = "") -> flask.Response:
    whole("bank.read")
    wrong, trouble = faults(problem, _FILE) if problem is not None else ({}, None)
    with house().db.read() as conn:
        accounts = [
            one | {"balance": yuan(one["balance_fen"]), "suspense": yuan(one["suspense_fen"])}
            for one in views.accounts(house(), conn)
        ]
        found = [_batch(views.batch(conn, one)) for one in batches.listed(conn, limit=30)]
        waiting = [_proposal(one) for one in views.proposals(house(), conn, actor())]
        others = recusing.breaks_of_others(recusing.kept_out(conn, actor().recused))
        open_ = breaks.listed(conn, recon_break.c.state == "open", others, limit=100)
        differences = [_break(views.difference(house(), conn, one)) for one in open_]
    return page(
        "desk_bank.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        pays=can(actor(), "bank.pay"),
        accounts=accounts,
        batches=found,
        waiting=waiting,
        breaks=differences,
        fields=_FILE,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        told=told,
    )


def _batch(one: dict[str, Any]) -> dict[str, Any]:
    return one | {
        "id": words.uuid_text(one["batch_id"]),
        "total": yuan(one["total_fen"]),
        "collects": one["message_id"].startswith("C"),
        "badge": _BATCH[one["state"]],
        "by": name_of(one["sealed_by"]),
        "second": name_of(one["released_by"]) if one["released_by"] else "",
    }


def _proposal(one: dict[str, Any]) -> dict[str, Any]:
    mine = one["proposed_by"] == reference()
    return one | {"id": words.uuid_text(one["proposal_id"]), "by": name_of(one["proposed_by"]), "mine": mine}


def _break(one: dict[str, Any]) -> dict[str, Any]:
    today = beijing_date(house().clock.now_ms()).isoformat()
    nobody = one["owner"] == breaks.DESK
    return one | {
        "id": words.uuid_text(one["break_id"]),
        "amount": yuan(one["amount_fen"]),
        **_told(one["kind"], one["subject"]),
        "whose": "无人认领" if nobody else name_of(one["owner"]),
        "nobody": nobody,
        "late": one["due_on"] < today,
    }


def _told(kind: str, subject: str) -> dict[str, str]:
    """Return what a difference is about, and why a file was put aside."""
    first, _, rest = subject.partition(" ")
    if kind == "file-quarantined":
        reason = rest.partition(" ")[0].rstrip(":")
        return {"about": f"银行文件 {first[:12]}", "why": _UNFIT.get(reason, rest)}
    names = {"entry": "银行流水", "file": "银行文件"}
    return {"about": f"{names[first]} {rest}" if first in names else subject, "why": ""}


# -- batches


@door(
    bp,
    "POST",
    "/desk/bank/batches",
    policy="bank.pay",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(SealPageForm),
    answer={303: None, 422: HTML},
    problems=(Recused,),
    summary="组批封存（网页） / Seal a batch",
)
def seal_button(form: dict[str, Any]) -> flask.Response:
    """Seal what waits on an account."""
    try:
        once(sealing(form["account"], actor(), collect=form["collect"] == "yes"))
    except Problem as problem:
        return _in_place({}, problem)
    return go(PLACE)


@door(
    bp,
    "POST",
    "/desk/bank/batches/<id:batch_id>/cancel",
    policy="bank.pay",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(Form),
    answer={303: None, 422: HTML},
    summary="作废批次（网页） / Cancel a batch that was not released",
)
def cancel_button(batch_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Give up a sealed batch."""
    try:
        once(cancelling(batch_id, reference()))
    except Problem as problem:
        return _in_place({}, problem)
    return go(PLACE)


# -- the second payer


@door(
    bp,
    "GET",
    "/desk/bank/proposals/<id:payers_proposal>",
    policy="bank.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="复核支付事项（网页） / What one payer proposed",
)
def payers_page(payers_proposal: bytes) -> flask.Response:
    """Show what waits for the second payer."""
    return _word(payers_proposal, {}, None)


@door(
    bp,
    "POST",
    "/desk/bank/proposals/<id:payers_proposal>",
    policy="bank.pay",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(PayersWordPageForm),
    answer={303: None, 422: HTML},
    problems=DECIDING,
    summary="复核支付事项（网页） / Decide as the second payer",
)
def payers_button(payers_proposal: bytes, form: dict[str, Any]) -> flask.Response:
    """Approve, which acts at once, or refuse."""
    try:
        if form["word"] not in ("approve", "refuse"):
            raise FormRefused(errors=[{"pointer": "/word", "code": "required", "detail": "请选择批准或退回"}])
        said = {"approve": form["word"] == "approve", "reason": reason_of(form)}
        once(deciding_on(payers_proposal, said))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _word(payers_proposal, form, problem)
    return go(PLACE)


_WORD: Final = (
    Field("word", "复核意见", "choice", rows=(("approve", "批准"), ("refuse", "退回"))),
    REASON,
)


def _word(proposal_id: bytes, typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = faults(problem, _WORD) if problem is not None else ({}, None)
    wanted = words.uuid_text(proposal_id)
    with house().db.read() as conn:
        found = [
            one for one in map(_proposal, views.proposals(house(), conn, actor())) if one["id"] == wanted
        ]
    return page(
        "desk_bank_word.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=found[0] if found else None,
        place=f"{PLACE}/proposals/{wanted}",
        pays=can(actor(), "bank.pay"),
        fields=_WORD,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


# -- files


@door(
    bp,
    "POST",
    "/desk/bank/files",
    policy="bank.pay",
    surface=Surface.PAGE,
    step_up=True,
    body=Upload(BankFilePageForm, ("file",), MOST_FILE),
    answer={200: HTML, 422: HTML},
    summary="上传银行文件（网页） / Bring in a bank's file",
)
def file_button(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Take in a file, and say what became of it."""
    try:
        said = judged(BankFileForm, {name: value.strip() for name, value in form.items()})
        state = brought(said, files["file"])
    except Problem as problem:
        return _in_place(form, problem)
    return _desk({}, None, _STATES[state])


def _in_place(typed: dict[str, Any], problem: Problem) -> flask.Response:
    if problem.status not in (*FAILED, 404):
        raise problem
    return _desk(typed, problem)


# -- differences


@door(
    bp,
    "GET",
    "/desk/bank/breaks/<id:break_id>",
    policy="bank.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="一项对账差异（网页） / One difference and how it may end",
)
def break_page(break_id: bytes) -> flask.Response:
    """Show a difference."""
    return _difference(break_id, {}, None)


@door(
    bp,
    "POST",
    "/desk/bank/breaks/<id:break_id>/take",
    policy="bank.pay",
    surface=Surface.PAGE,
    body=Fields(Form),
    answer={303: None},
    problems=(BreakClosed,),
    summary="认领差异（网页） / Take a difference on",
)
def take_button(break_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - the form is empty
    """Become its owner."""
    once(taking(break_id, reference()))
    return go(f"{PLACE}/breaks/{words.uuid_text(break_id)}")


@door(
    bp,
    "POST",
    "/desk/bank/breaks/<id:break_id>",
    policy="bank.pay",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(ResolvePageForm),
    answer={303: None, 422: HTML},
    summary="处理差异（网页） / End a difference, or propose to",
)
def resolve_button(break_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it, or propose what takes two."""
    try:
        given = {name: value.strip() for name, value in form.items()}
        ids = {name: given[name] or None for name in ("payment_id", "recovery_id")}
        said = judged(ResolveForm, given | ids)
        once(ending(break_id, said, reference()))
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _difference(break_id, form, problem)
    return go(PLACE)


def _difference(break_id: bytes, typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    with house().db.read() as conn:
        one = _break(views.difference(house(), conn, breaks.find(conn, break_id)))
    ways = tuple((code, _WAYS[code]) for code in one["resolutions"])
    mine = tuple((words.uuid_text(found), words.uuid_text(found)) for found in one["candidates"])
    fields = [Field("resolution", "处理方式", "choice", rows=ways)]
    if resolving.TWO & set(one["resolutions"]):
        same = "、".join(code for code, _ in mine) or "没有"
        hint = f"金额相同的在途支付：{same}。须第二人复核的处理方式才填写。"
        fields.append(Field("payment_id", "支付编号", hint=hint, most=40))
    if "repaid" in one["resolutions"]:
        found = "、".join(words.uuid_text(each) for each in one["repayments"]) or "没有"
        hint = f"附言或金额相符的：{found}。只在收款人退还补贴时填写。"
        fields.append(Field("recovery_id", "追回事项编号", hint=hint, most=40))
    fields.append(Field("note", "说明", "area", hint="写清依据，最多 400 字，不要写姓名和号码。"))
    wrong, trouble = faults(problem, tuple(fields)) if problem is not None else ({}, None)
    given = typed or {"payment_id": words.uuid_text(one["payment_id"]) if one["payment_id"] else ""}
    return page(
        "desk_bank_break.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=one,
        way=_WAYS.get(one["resolution"], one["resolution"]),
        due=one["due_on"],
        pays=can(actor(), "bank.pay"),
        fields=fields,
        typed=given,
        wrong=wrong,
        trouble=trouble,
    )
