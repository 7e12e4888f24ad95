"""Page of what feeds took along (数据提供): by receiver, which of my records it has or had."""

import itertools
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.access.services import access
from recordsvc.exports.deliveries import Delivery
from recordsvc.exports.me_routes import own_deliveries
from recordsvc.web import words
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp
from recordsvc.web.share_routes import titled
from recordsvc.web.worker_routes import query_of

WITHDRAWN: Final = {
    "access-ended": "共享已结束",
    "revoked": "记录已撤销",
    "restricted": "已限制处理",
    "erased": "已删除",
    "contested": "您提出了异议",
    "unconfirmed": "尚未经您确认",
    "key-suspected": "签发钥匙存疑",
    "better-record": "另有更可信的记录",
}
"""Why a receiver may not hold a record any more."""
TOLD: Final = {
    "granted": "首次提供",
    "granted-again": "重新提供",
    "corrected": "更正后重新提供",
    "merged": "档案合并后重新提供",
    "changed": "内容变化后重新提供",
}
"""Why a receiver was told what it has now."""


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One record with one receiver, in plain words."""

    name: str
    link: str
    """Of the record on the own pages; empty where nothing of it can be shown."""
    told: str
    at: str
    has: bool
    taken: str


@door(
    bp,
    "GET",
    "/me/deliveries",
    policy="own.consent.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="已提供给别人的记录（网页） / What receivers of feeds have of my records",
)
def deliveries_page() -> flask.Response:
    """List receivers, and under each what it was told last of each record."""
    found = sorted(own_deliveries(), key=attrgetter("receiver"))
    by_receiver = itertools.groupby(found, key=attrgetter("receiver"))
    lines = [(_called(client_id), [_line(one) for one in ones]) for client_id, ones in by_receiver]
    return page("deliveries.html", receivers=lines)


def _called(client_id: str) -> str:
    known = access().clients.known(client_id)
    return f"接入系统 {client_id}" if known is None else f"{known.name}（接入系统 {client_id}）"


def _line(one: Delivery) -> DeliveryLine:
    record, record_id = one.state.record, one.record_id
    if record is None or record_id is None:
        name, link = "不再显示的记录", ""
    else:
        name = titled(record)
        link = f"/me/records/{words.uuid_text(record_id)}{query_of(one.archive, one.state.seq)}"
    told = f"已撤回：{WITHDRAWN[one.why]}" if one.withdrawn else TOLD[one.why]
    taken = "对方已确认" if one.acknowledged else "对方尚未确认"
    return DeliveryLine(name, link, told, words.instant(one.at_ms), not one.withdrawn, taken)
