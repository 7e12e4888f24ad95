"""Pages on what leaves the archive: the bundle the worker hands on, and who looked (凭证包、查阅记录)."""

import itertools
from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access import questions, staff
from recordsvc.access.grants import Kind, Position, Role
from recordsvc.access.looked import BY_CONSENT, PAPER, PURPOSES, Seen, of_worker, worded
from recordsvc.access.policy import Surface, door
from recordsvc.access.questions import Question
from recordsvc.access.services import access
from recordsvc.archive.me_routes import own_archives
from recordsvc.archive.services import own_worker
from recordsvc.ground.ports import beijing_date
from recordsvc.web import words
from recordsvc.web.centre_routes import POSITIONS
from recordsvc.web.forms import LookedPageQuery
from recordsvc.web.public_routes import HTML, ROLES
from recordsvc.web.render import page
from recordsvc.web.services import bp, house
from recordsvc.web.share_routes import called
from recordsvc.web.stand_ins import HELPER, helper_name

LOOKED_PAGE: Final = 30
CERTIFICATES: Final = "certificate-check"
"""The purpose of whoever checks a certificate on paper."""


@door(
    bp,
    "GET",
    "/me/bundle",
    policy="own.bundle.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="下载档案凭证包（网页） / What a bundle is, and its download",
)
def bundle_page() -> flask.Response:
    """Explain the bundle before it is downloaded."""
    own, *merged = own_archives().archives
    return page(
        "bundle.html",
        count=len(own.state.records),
        entries=len(own.entries),
        merged=[(words.uuid_text(one.worker_id), len(one.state.records)) for one in merged],
    )


@dataclass(frozen=True, slots=True)
class SeenLine:
    """One look in plain words."""

    id: str
    day: str
    at: str
    who: str
    purpose: str
    basis: str
    """The legal basis that stood when somebody looked."""
    what: str
    case_ref: str
    question: str


_PEOPLE: Final = {"system": "本系统"}
GROUPS: Final = {
    "identity": "身份信息",
    "records": "档案记录",
    "papers": "材料",
    "notices": "通知",
    "looks": "查阅与代办记录",
    "consents": "共享",
    "helpers": "亲友代办",
    "claims": "补贴申领",
    "claim": "补贴申领",
    "account": "收款账户",
    "fees": "缴费",
    "credits": "学分",
    "held-record": "暂存待核对的记录（后来收入您的档案）",
    "group": "人员类别",
    "totals": "培训期数和证书数",
    "trainings": "培训、考核和证书",
    "attendance": "考勤",
    "scores": "成绩",
    "audit-pack": "审计材料包中的档案",
}
"""What each group of fields of a look is called; a test holds it complete."""


_SAID: Final = {"open": "您已提出疑问，等待个人信息保护负责人答复", "answered": "答复"}


def _of_institution(seen: Seen) -> str:
    """Name the institution of somebody who looked, and as what they did; never the person."""
    with house().db.read() as conn:
        member = staff.load(conn).get(seen.actor_id)
    where = "机构" if member is None else called("institution", member.institution)
    posts = [POSITIONS[Position(role)] for role in seen.role.split() if role in set(Position)]
    return f"{where}的{'、'.join(posts) or '工作人员'}"


def seen_line(seen: Seen, asked: Question | None = None) -> SeenLine:
    """Say who looked, at what and why; officials are named by office and role only, helpers by name."""
    client = access().clients.find(seen.actor_id) if seen.actor_kind == Kind.CLIENT else None
    roles = [ROLES[Role(role)] for role in seen.role.split() if role in set(Role)]
    by_consent, helps = seen.case_ref.startswith(BY_CONSENT), seen.actor_kind == Kind.WORKER
    purpose, basis = worded(seen)
    if client is not None:
        who = f"接入系统：{client.name}"
    elif helps:
        named = helper_name(seen.actor_id)
        who = named if named.startswith(HELPER) else f"{HELPER}：{named}"
    elif seen.actor_kind == Kind.STAFF:
        who = _of_institution(seen)
    elif seen.actor_kind == Kind.ANYONE:
        who = "持有您纸质证明的人" if seen.purpose == CERTIFICATES else "持有您共享链接的人"
    else:
        kind = _PEOPLE.get(seen.actor_kind, "人社部门工作人员")
        who = f"{kind}（{'、'.join(roles) or '未注明岗位'}）"
    groups = [group for group in seen.fields.split() if not group.startswith(PAPER)]
    what = "、".join(GROUPS.get(group, group) for group in groups)
    question = "" if asked is None else _SAID[asked.state]
    if asked is not None and asked.state == "open" and asked.due_on:
        question += f"（期限 {words.day(asked.due_on)}）"
    elif asked is not None and asked.answer:
        question += f"：{asked.answer}"
    return SeenLine(
        words.uuid_text(seen.id),
        words.day(beijing_date(seen.at_ms).isoformat()),
        words.instant(seen.at_ms),
        who,
        purpose,
        basis,
        what,
        "按您的授权" if by_consent else "按您的委托" if helps else seen.case_ref,
        question,
    )


@door(
    bp,
    "GET",
    "/me/looked",
    policy="own.looked.read",
    surface=Surface.PAGE,
    query=LookedPageQuery,
    answer=HTML,
    summary="谁查过我的档案（网页） / Who looked at my archive",
)
def looked_page(query: dict[str, Any]) -> flask.Response:
    """List who looked, newest first."""
    with house().db.read() as conn:
        rows = of_worker(
            conn,
            own_worker(),
            before=query["before"] or b"\xff" * 16,
            limit=LOOKED_PAGE + 1,
            purpose=query["purpose"],
        )
        asked = questions.of_worker(conn, own_worker())
    following = rows[LOOKED_PAGE - 1].id if len(rows) > LOOKED_PAGE else None
    seen = [seen_line(row, asked.get(row.id)) for row in rows[:LOOKED_PAGE]]
    return page(
        "looked.html",
        days=[(day, list(those)) for day, those in itertools.groupby(seen, lambda one: one.day)],
        purposes=[(row["code"], row["zh"]) for row in dated.table(PURPOSES).rows],
        purpose=query["purpose"],
        older=None if following is None else words.uuid_text(following),
        first=query["before"] is None,
    )
