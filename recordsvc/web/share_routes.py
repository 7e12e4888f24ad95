"""Pages of sharing (共享): what I share and with whom, giving and ending it; what a link shows."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access import consents
from recordsvc.access.consents import Consent, Given
from recordsvc.access.entrance import actor
from recordsvc.access.errors import (
    AccessEnded,
    CodePaced,
    CodeWanted,
    ConsentRefused,
    LoginPaced,
    ReceiverUnreachable,
)
from recordsvc.access.grants import ANYONE, Way, author
from recordsvc.access.in_place_errors import OwnProofWanted
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import access
from recordsvc.archive import extracts, sharing
from recordsvc.archive.errors import RegionKeyNotInForce
from recordsvc.archive.facts import is_private
from recordsvc.archive.me_routes import own_archives
from recordsvc.archive.own_proof import SLIP
from recordsvc.archive.services import own_worker
from recordsvc.archive.sharing_routes import SHARED, end_own, give, link_of, own_consents
from recordsvc.archive.verify_extract import read_extract
from recordsvc.ground import answers, http
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.extract_views import fields_on, named, presets_on, shown
from recordsvc.web.forms import EndSharePageForm, OpenPageForm, SharePageForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

DAY_MS: Final = 24 * 3_600_000
WHOLE, CHOSEN = "whole", "chosen"
"""Values of the choice of fields that are no preset."""
DAYS: Final = ("1", "7", "30", "90", "365")
ENDS: Final = {
    "worker": "您停止了共享",
    "expired": "已到期",
    "used-up": "次数已用完",
    "code-tried": "访问码输错太多次",
    "restricted": "档案或所共享的记录已限制处理",
    "closed": "档案已关闭",
    "parted": "档案合并已撤回",
    "slip-refused": "签字单核对不符",
    "erased": "档案已删除",
}
WRONG_CODE: Final = "访问码不对。请向本人核对；多次输错后访问会结束。"


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One consent in plain words."""

    consent_id: str
    to: str
    purpose: str
    records: int
    fields: str
    until: str
    opened: str
    ended: str
    given: str = ""


@door(
    bp,
    "GET",
    "/me/share",
    policy="own.consent.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="我的共享（网页） / What I share",
)
def share_page() -> flask.Response:
    """List what is shared, and offer to share."""
    empty = {"to": "link", "uscc": "", "which": "all", "purpose": "", "days": "30", "uses": "", "code": ""}
    return _share_page(empty | {"part": extracts.LEAST, "records": []})


@door(
    bp,
    "POST",
    "/me/share",
    policy="own.consent.give",
    surface=Surface.PAGE,
    step_up=True,
    idempotent=True,
    body=Fields(SharePageForm),
    answer={200: HTML, 422: HTML},
    problems=(ConsentRefused, LoginPaced),
    summary="共享（网页） / Share from the page",
)
def share_button(form: dict[str, Any]) -> flask.Response:
    """Begin a consent and show its link and code this once."""
    if form["uses"] and not 1 <= int(form["uses"]) <= 100_000:
        return _share_page(form, "次数应为 1 到 100000，或不填")
    if (form["which"] == CHOSEN) != bool(form["records"]):
        # Never more than was ticked: boxes beside "all" are a slip, and the worker says which was meant.
        slip = "您勾选了记录，请再选“只共享下面勾选的记录”"
        return _share_page(form, slip if form["records"] else "请勾选要共享的记录")
    chosen = _chosen(form)
    if chosen == []:
        return _share_page(form, "请至少选一个项目")
    wanted = {
        "receiver": "link" if form["to"] == "link" else f"institution:{form['uscc'].strip().upper()}",
        "records": form["records"] or None,
        "archive": None,
        "purpose": form["purpose"],
        "text_code": consents.WHOLE_TEXT if form["part"] == WHOLE else consents.PART_TEXT,
        "fields_": chosen,
        "whole": form["part"] == WHOLE,
        "until_ms": house().clock.now_ms() + int(form["days"]) * DAY_MS,
        "max_uses": int(form["uses"]) if form["uses"] else None,
        "with_code": form["code"] == "yes",
        **proof_of(form),
    }
    try:
        _, given = give(wanted)
    except (OwnProofWanted, ReceiverUnreachable) as refused:
        return _share_page(form, f"{refused.title_zh}。{refused.remedy_zh}")
    except ConsentRefused as refused:
        said = {"/receiver": "请填写对方单位的统一社会信用代码", "/purpose": "请选择目的"}
        return _share_page(form, said.get(str(refused.errors[0]["pointer"]), "请选择要共享的记录"))
    code = given.code if given else ""
    return page("shared_now.html", link=_link(given), code=code, told=given is not None)


@door(
    bp,
    "POST",
    "/me/share/end",
    policy="own.consent.end",
    surface=Surface.PAGE,
    body=Fields(EndSharePageForm),
    answer={303: None},
    summary="停止共享（网页） / End one consent, or all, from the page",
)
def end_share_button(form: dict[str, Any]) -> flask.Response:
    """End it, and go back to the list."""
    end_own(form["consent_id"])
    return go("/me/share")


@door(
    bp,
    "GET",
    "/s/<secret>",
    policy="share.open",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(AccessEnded,),
    summary="别人共享给我的（网页） / What a link opens; looking at this page uses nothing",
)
def link_page(secret: str) -> flask.Response:
    """Say for what and until when, and no name: a preview of the link learns nothing of the person."""
    return _link_page(secret, _by_link(secret))


@door(
    bp,
    "POST",
    "/s/<secret>",
    policy="share.open",
    surface=Surface.PAGE,
    body=Fields(OpenPageForm),
    answer={200: SHARED, 422: HTML, 429: HTML},
    problems=(AccessEnded, RegionKeyNotInForce),
    summary="打开链接 / Use the link once; answers the extract or bundle, or shows it",
)
def link_button(secret: str, form: dict[str, str]) -> flask.Response:
    """Hand out what is shared, or show it; it is counted and noted before."""
    found = _by_link(secret)

    def told(made: bytes) -> flask.Response:
        if form["show"] and found.fields is not None:
            return _opened_page(secret, found, made)
        named = f'attachment; filename="{sharing.file_name(found)}"'
        return answers.answer(made, headers={"Content-Disposition": named, **answers.NOT_LISTED})

    try:
        # Whoever is signed in beside it opens it as anybody: the link is what lets in.
        return sharing.open_shared(house(), found, ANYONE, form["code"].strip(), http.current().id, told)
    except CodeWanted:
        return _link_page(secret, found, 422, WRONG_CODE)
    except CodePaced as paced:
        return _link_page(secret, found, paced.status, too_soon(paced), paced.headers)


# -- small parts


def too_soon(paced: CodePaced) -> str:
    """Return what a page says of a code that was not judged yet."""
    return f"{paced.title_zh}。{paced.detail}"


def _by_link(secret: str) -> Consent:
    with house().db.read() as conn:
        found = consents.by_link(conn, secret)
    if found is None or not found.runs(house().clock.now_ms()):
        raise AccessEnded
    return found


def _link_page(
    secret: str,
    found: Consent,
    status: int = 200,
    error: str = "",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> flask.Response:
    answer = page(
        "shared.html",
        status,
        secret=secret,
        purpose=words.code("sharing_purposes", found.purpose),
        records=len(found.records),
        until=words.instant(found.until_ms),
        left=None if found.max_uses is None else found.max_uses - found.uses,
        has_code=found.has_code,
        fields=named(found.fields),
        part=found.fields is not None,
        error=error,
    )
    answer.headers.update({**answers.NOT_LISTED, **headers})
    return answer


def _opened_page(secret: str, found: Consent, made: bytes) -> flask.Response:
    answer = page(
        "shared_opened.html",
        back=f"/s/{secret}",
        purpose=words.code("sharing_purposes", found.purpose),
        until=words.instant(found.until_ms),
        records=shown(read_extract(made)),
        fields=named(found.fields),
    )
    answer.headers.update(answers.NOT_LISTED)
    return answer


def _chosen(form: dict[str, Any]) -> list[str] | None:
    """Return the fields that the page's form chooses; None for whole records, empty when none is."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    if form["part"] == WHOLE:
        return None
    if form["part"] == CHOSEN:
        return [one.code for one in fields_on(today) if form[f"field_{one.code}"]]
    preset = dated.table(extracts.PRESETS).on(today).get(form["part"])
    return [] if preset is None else list(preset["fields"])


def _share_page(form: dict[str, Any], error: str = "") -> flask.Response:
    today = beijing_date(house().clock.now_ms()).isoformat()
    in_force = dated.table("sharing_purposes").on(today)
    own = own_archives().archives[0]
    choices = [
        (str(uuid.UUID(bytes=stored.record_id)), titled(state.record), stored.record_id in form["records"])
        for state in own.state.records
        if (stored := own.entries[state.seq].stored).record_id is not None and state.record is not None
    ]
    private = sum(one.record is not None and is_private(one.record) for one in own.state.records)
    lines = [_line(one) for one in own_consents()]
    return page(
        "share.html",
        422 if error else 200,
        lines=lines,
        running=sum(not one.ended for one in lines),
        choices=choices,
        everything=len(choices) - private,
        private=private,
        purposes=[row for row in dated.table("sharing_purposes").rows if row["code"] in in_force],
        presets=presets_on(today),
        fields=fields_on(today),
        part_text=words.code("consent_texts", consents.PART_TEXT),
        whole_text=words.code("consent_texts", consents.WHOLE_TEXT),
        days=DAYS,
        form=form,
        error=error,
        slips=slips(),
    )


def proof_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of a page's form that are the worker's own proof (`archive/own_proof.py`)."""
    typed = {name: form[name].strip() for name in ("own_pin", "own_code", "own_totp")}
    return {**typed, "slip": uuid.UUID(form["slip"]).bytes if form["slip"] else None}


def proof_words(proof: str) -> str:
    """Say by what the worker proved something."""
    kind, _, paper = proof.partition(":")
    told = {"pin": "本人输入 PIN 和验证码", "totp": "本人输入动态验证码"}
    return told.get(kind, f"凭本人签字单（材料 {paper[-12:]}）")


def slips() -> list[tuple[str, str]]:
    """Return the signed slips that whoever serves at the window filed, newest first: id, words."""
    who = actor()
    if who.through is None or who.through.way is not Way.WINDOW:
        return []
    found = [
        one for one in house().papers.of(own_worker()) if (one.kind, one.filed_by) == (SLIP, author(who))
    ]
    return [
        (str(uuid.UUID(bytes=one.paper_id)), f"{one.title or '本人签字单'} {words.instant(one.filed_ms)}")
        for one in reversed(found)
    ]


def given_by(given_in: str, proof: str | None) -> str:
    """Say who stood in when something was agreed to, and by what the worker proved it; empty: themselves."""
    if proof is None:
        return ""
    # By name alone: the account is the office's own.
    found = access().officials.find(given_in.partition(":")[2])
    by = "人社服务窗口" if found is None else found.name
    return f"由窗口代办，经办 {by}，{proof_words(proof)}"


def titled(record: Mapping[str, Any]) -> str:
    """Return what a record is called among others of its worker: kind and day of issue."""
    title = words.type_title(str(record["type"]), int(record["version"]))
    return f"{title}（{words.day(str(record['issued_on']))}）"


def _line(one: Consent) -> ConsentLine:
    kind, _, name = one.receiver.partition(":")
    to = "持有链接的人" if kind == consents.LINK else called(kind, name)
    times = f"{one.uses} 次" if one.max_uses is None else f"{one.uses} 次（最多 {one.max_uses} 次）"
    if one.used_ms is not None:
        times += f"，最近 {words.instant(one.used_ms)}"
    ended = ENDS.get(one.ended_by or "", "")
    if not ended and not one.runs(house().clock.now_ms()):
        ended = ENDS["expired"]
    return ConsentLine(
        str(uuid.UUID(bytes=one.consent_id)),
        to,
        words.code("sharing_purposes", one.purpose),
        len(one.records),
        named(one.fields),
        words.instant(one.until_ms),
        times,
        ended,
        given_by(one.given_in, one.proof),
    )


def called(kind: str, name: str) -> str:
    """Return what a receiver is called: a system by its id, an institution by its name of today and code."""
    if kind == "client":
        return f"接入系统 {name}"
    institution = house().institutions.find(name)
    today = beijing_date(house().clock.now_ms()).isoformat()
    return name if institution is None else f"{institution.name_on(today)}（{name}）"


def _link(given: Given | None) -> str:
    return link_of(given.secret) if given is not None and given.secret else ""
