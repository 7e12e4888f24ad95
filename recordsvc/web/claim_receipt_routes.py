"""The receipt of a claim (申领回执): what was asked for, what the rule says, where it stands; to print.

The worker prints it, or the clerk at the window in the worker's place and hands it over; it holds neither
name nor number, so that paper left behind tells nothing of whose it is.
"""

from typing import Any, Final

import flask

from recordsvc.access.policy import Sends, Surface, door
from recordsvc.archive import persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.services import own_worker
from recordsvc.ground.ports import uuid_text
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import views
from recordsvc.money.claims.routes import own_claim
from recordsvc.money.rules.explaining import yuan
from recordsvc.web import words
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house
from recordsvc.web.window_routes import COLUMNS, WidthQuery, wrapped

CONTEST: Final = "对结论有疑问：凭本回执到任一人社服务窗口，或登录后在“补贴”中查看依据的条款"
OPEN: Final = "；可以补充，也可以撤回"
OVER: Final = ("paid", "not-granted")
"""Of what is paid or refused nothing is waited for, supplemented or withdrawn."""


@door(
    bp,
    "GET",
    "/me/claims/<id:claim_id>/receipt",
    policy="own.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.ClaimUnknown, ArchiveRestricted),
    summary="申领回执（网页） / The receipt of a claim, to print",
)
def claim_receipt_page(claim_id: bytes) -> flask.Response:
    """Show it as it stands now."""
    rows, contest = receipt(claim_id)
    return page("claim_receipt.html", id=uuid_text(claim_id), rows=rows, where=_where(), contest=contest)


@door(
    bp,
    "GET",
    "/me/claims/<id:claim_id>/receipt.txt",
    policy="own.claim.read",
    surface=Surface.PAGE,
    query=WidthQuery,
    answer=Sends("text/plain"),
    problems=(problems.ClaimUnknown, ArchiveRestricted),
    summary="申领回执（小票） / The receipt of a claim for a printer of 58 or 80 mm",
)
def claim_receipt_text(claim_id: bytes, query: dict[str, str]) -> flask.Response:
    """Send it in lines that fit the paper."""
    columns = COLUMNS[query["width"]]
    rows, contest = receipt(claim_id)
    told = ["补贴申领回执", "-" * columns, *(f"{label} {value}" for label, value in rows)]
    told += ["-" * columns, f"查询：{_where()}", contest]
    text = "\n".join(part for line in told for part in wrapped(line, columns)) + "\n"
    return flask.Response(text, content_type="text/plain; charset=utf-8")


def receipt(claim_id: bytes) -> tuple[list[tuple[str, str]], str]:
    """Return what a receipt says of a claim of the worker who asks, and how to contest it.

    Raises `ClaimUnknown`.
    """
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        told = views.detailed(house(), conn, own_claim(conn, claim_id))
    rows = [
        ("申领编号", uuid_text(told["claim_id"])),
        ("补贴项目", told["kind_name"]),
        ("提出时间", words.instant(told["filed_ms"])),
        ("依据的记录", uuid_text(told["record_id"])),
        *_decided(told["decision"]),
        ("现在", told["waits_for"] or told["state_name"]),
    ]
    if told["sealed"] and told["state"] == "NEED_INFO":
        rows.append(("在等", "依据的记录解除限制后自动重新审核"))
    elif told["owner_name"] and told["status"] not in OVER:
        until = f"，应在{words.day(told['due_on'])}前办理" if told["due_on"] else ""
        rows.append(("由谁办", f"{told['owner_name']}{until}"))
    if not told["account_ready"] and told["status"] not in OVER:
        rows.append(("请带", views.WAITS_ZH["no-account"]))
    rows.append(("打印时间", words.instant(house().clock.now_ms())))
    return rows, f"{CONTEST}{'' if told['status'] in OVER else OPEN}。"


def _decided(told: dict[str, Any] | None) -> list[tuple[str, str]]:
    if told is None:
        return []
    amount = f"，{yuan(told['amount_fen'])}" if told["amount_fen"] else ""
    rows = [("审核结论", f"{told['headline']}{amount}")]
    rows += [("说明", told["reason"])] if told["reason"] else []
    rows += [("未达到", f"{one['article']}：{one['tell']}") for one in told["failed"]]
    rows += [("还缺", f"{one['zh']}（{one['supplier']}，{one['who']}）") for one in told["missing"]]
    return rows + ([("注意", told["sample"])] if told["sample"] else [])


def _where() -> str:
    return house().settings.public_url.rstrip("/") + "/me/claims"
