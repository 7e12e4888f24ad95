"""Pages of helpers (亲情代办): who may act in my place, and whom I may act for."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access import helping
from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced
from recordsvc.access.helper_relations import DAY_MS, Helper
from recordsvc.access.in_place_errors import HelperRefused, HelperUnmatched, OwnProofTyped, OwnProofWanted
from recordsvc.access.looked import HELPER_PURPOSES
from recordsvc.access.policy import Surface, door
from recordsvc.archive.helper_routes import (
    accepted,
    begun,
    end_own,
    helped,
    is_restricted,
    named,
    names_of,
    own_helpers,
)
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import NotFound
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.forms import HelperCodePageForm, HelperPageForm, NewHelperPageForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house
from recordsvc.web.share_routes import DAYS, given_by, proof_of, slips
from recordsvc.web.stand_ins import RESTRICTED

GROUPS: Final = {
    "archive": ("看档案和异议进展", ("own.archive.read",)),
    "bundle": ("下载凭证包", ("own.bundle.read",)),
    "decide": ("确认记录、提出异议", ("own.record.decide",)),
    "state": ("补充陈述和外省材料", ("own.statement.make",)),
    "notices": ("看通知、标为已读", ("own.notice.read", "own.notice.mark")),
    "papers": ("看材料、上传材料", ("own.paper.read", "own.paper.file")),
    "looked": ("看谁查过、谁替我办过，提出疑问", ("own.looked.read", "own.looked.ask", "own.service.read")),
}
"""What a page offers to leave to a helper: words, and the policies of `in_place.HELPERS` behind them."""
FIRST: Final = (
    ("own.archive.read", "/me"),
    ("own.notice.read", "/me/notices"),
    ("own.paper.read", "/me/papers"),
    ("own.looked.read", "/me/looked"),
    ("own.bundle.read", "/me/bundle"),
)
"""Where somebody who begins to help arrives: the first page that they may see."""
_EMPTY: Final = {"name": "", "purpose": "", "days": "30", **dict.fromkeys(GROUPS, "")}
ENDS: Final = {
    "worker": "已由本人停止",
    "helper": "代办人不再代办",
    "restricted": "档案已限制处理",
    "parted": "档案合并已撤回",
    "slip-refused": "签字单核对不符",
    "closed": "档案已关闭",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One relation in plain words."""

    helper_id: str
    who: str
    verbs: str
    purpose: str
    until: str
    state: str
    stands: bool
    runs: bool
    given: str


@door(
    bp,
    "GET",
    "/me/helpers",
    policy="own.helper.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="亲友代办（网页） / Whom I named to act in my place",
)
def helpers_page() -> flask.Response:
    """List whom the worker named, and offer to name somebody."""
    return _helpers(_EMPTY)


@door(
    bp,
    "POST",
    "/me/helpers",
    policy="own.helper.name",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(NewHelperPageForm),
    answer={200: HTML, 422: HTML},
    problems=(HelperRefused, LoginPaced),
    summary="设置亲友代办（网页） / Name a helper from the page",
)
def name_helper_button(form: dict[str, str]) -> flask.Response:
    """Name somebody and show the code this once."""
    wanted = {
        "name": form["name"],
        "verbs": [verb for key, (_words, verbs) in GROUPS.items() if form[key] for verb in verbs],
        "purpose": form["purpose"],
        "until_ms": house().clock.now_ms() + int(form["days"]) * DAY_MS,
        **proof_of(form),
    }
    try:
        _helper_id, code = named(wanted)
    except OwnProofWanted as unproven:
        return _helpers(form, f"{unproven.title_zh}。{unproven.remedy_zh}")
    except HelperRefused as refused:
        return _helpers(form, str(refused.errors[0]["detail"]))
    return page("helper_named.html", name=form["name"].strip(), code=code)


@door(
    bp,
    "POST",
    "/me/helpers/end",
    policy="own.helper.end",
    surface=Surface.PAGE,
    body=Fields(HelperPageForm),
    answer={303: None},
    problems=(NotFound,),
    summary="停止亲友代办（网页） / End a helper from the page",
)
def end_helper_button(form: dict[str, Any]) -> flask.Response:
    """End it, and go back to the list."""
    end_own(form["helper_id"])
    return go("/me/helpers")


@door(
    bp,
    "GET",
    "/me/for",
    policy="own.helping.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="我替谁办（网页） / Whom I may act for",
)
def helping_page() -> flask.Response:
    """List whom the worker helps, and ask for a code."""
    return _helping()


@door(
    bp,
    "POST",
    "/me/for/accept",
    policy="own.helping.accept",
    surface=Surface.PAGE,
    step_up=True,
    body=Fields(HelperCodePageForm),
    answer={303: None, 404: HTML, 422: HTML},
    problems=(LoginPaced,),
    summary="接受代办（网页） / Become somebody's helper from the page",
)
def accept_button(form: dict[str, str]) -> flask.Response:
    """Take it on, and go to the list."""
    try:
        accepted(form)
    except OwnProofTyped as unproven:
        return _helping(422, f"{unproven.title_zh}。{unproven.remedy_zh}")
    except HelperUnmatched as unmatched:
        return _helping(404, f"{unmatched.title_zh}。{unmatched.remedy_zh}")
    except HelperRefused:
        return _helping(422, "您同时替人代办的人数已达上限，请先停止其中一项")
    return go("/me/for")


@door(
    bp,
    "POST",
    "/me/for",
    policy="own.helping.begin",
    surface=Surface.PAGE,
    body=Fields(HelperPageForm),
    answer={303: None},
    problems=(NotFound,),
    summary="开始代办（网页） / Act in the worker's place from now on",
)
def begin_button(form: dict[str, Any]) -> flask.Response:
    """Begin, and go to the first of the worker's pages that was left to the helper."""
    found, _service = begun(form["helper_id"])
    verbs = found.verbs.split()
    return go(next((path for verb, path in FIRST if verb in verbs), "/window/receipt"))


@door(
    bp,
    "POST",
    "/me/for/end",
    policy="own.helping.end",
    surface=Surface.PAGE,
    body=Fields(HelperPageForm),
    answer={303: None},
    problems=(NotFound,),
    summary="不再代办（网页） / Help no more, from the page",
)
def end_helping_button(form: dict[str, Any]) -> flask.Response:
    """End it, and go back to the list."""
    helping.end_as_helper(house(), actor(), form["helper_id"])
    return go("/me/for")


def _helpers(form: dict[str, str], error: str = "") -> flask.Response:
    in_force = dated.table(HELPER_PURPOSES).on(beijing_date(house().clock.now_ms()).isoformat())
    return page(
        "helpers.html",
        422 if error else 200,
        lines=[_line(one, one.by_worker) for one in own_helpers()],
        groups=[(key, told) for key, (told, _verbs) in GROUPS.items()],
        purposes=list(in_force.rows),
        days=DAYS,
        form=form,
        error=error,
        slips=slips(),
    )


def _helping(status: int = 200, error: str = "") -> flask.Response:
    lines = [_line(one, one.worker_id) for one in helped()]
    return page("helping.html", status, lines=lines, error=error, slips=None, alone=actor().through is None)


def _line(one: Helper, other: bytes | None) -> Line:
    now_ms = house().clock.now_ms()
    told = [words_ for words_, verbs in GROUPS.values() if set(verbs) <= set(one.verbs.split())]
    if one.ended_ms is not None:
        state = ENDS.get(one.ended_by or "", "已停止")
    elif not one.stands(now_ms):
        state = "已到期"
    else:
        state = "代办中" if one.runs(now_ms) else "等待对方接受"
    return Line(
        str(uuid.UUID(bytes=one.helper_id)),
        _called(other),
        "；".join(told),
        words.code(HELPER_PURPOSES, one.purpose),
        words.instant(one.until_ms),
        state,
        one.stands(now_ms),
        one.runs(now_ms),
        given_by(one.named_in, one.proof),
    )


def _called(other: bytes | None) -> str:
    """Return how the other side is named; who is restricted is not."""
    if other is None:
        return "等待对方接受"
    known = names_of(other)
    if known:
        return known[-1]
    return RESTRICTED if is_restricted(other) else "姓名未登记"
