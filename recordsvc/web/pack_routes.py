"""Packs of auditors on a page (审计材料包): which there are, and the button that fetches one."""

from dataclasses import dataclass

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import Role
from recordsvc.access.policy import Surface, can, door
from recordsvc.archive import audit_packs
from recordsvc.archive import pack_routes as packs
from recordsvc.archive.audit_packs import Pack
from recordsvc.web import words
from recordsvc.web.desk_routes import tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house

_STATES = {"making": "正在制作", "ready": "可以下载", "expired": "已到期销毁"}


@dataclass(frozen=True, slots=True)
class Line:
    """A pack in words; `href` is empty where nothing can be fetched."""

    id: str
    title: str
    state: str
    rows: list[tuple[str, str]]
    href: str


@door(
    bp,
    "GET",
    "/desk/packs",
    policy="audit-pack.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="审计材料包（网页） / Auditors' packs",
)
def packs_page() -> flask.Response:
    """List packs, the newest first; an auditor sees those that are theirs."""
    who = actor()
    with house().db.read() as conn:
        found = audit_packs.listed(
            conn, *packs.seen(who), auditor=who.id if Role.AUDITOR in who.roles else None
        )
    fetches = can(who, "audit-pack.file.read")
    return page(
        "desk_packs.html",
        200,
        lines=[_line(one, fetches=fetches) for one in found],
        proposes=can(who, "audit-pack.propose"),
        tabs=tabs(),
        tab="/desk/packs",
    )


def _line(pack: Pack, *, fetches: bool) -> Line:
    name = words.uuid_text(pack.pack_id)
    over = pack.state != "ready" or pack.expires_ms <= house().clock.now_ms()
    rows = [
        ("审计员", pack.auditor),
        ("档案数", f"{pack.workers}（已处理 {pack.done}，未收入 {pack.omitted}）"),
        ("批准时间", words.instant(pack.approved_ms)),
        ("有效期至", words.instant(pack.expires_ms)),
        ("下载次数", str(pack.fetched)),
    ]
    href = f"/v1/desk/audit-packs/{name}/file" if fetches and not over else ""
    return Line(name, f"案号 {pack.case_ref}", _STATES[pack.state], rows, href)
