"""Pages of the identity provider: how to leave it, and accounts that officials must judge (身份核对)."""

from dataclasses import dataclass
from typing import Any, Final

import flask
from marshmallow import fields

from recordsvc.access import identity_routes
from recordsvc.access.entrance import actor
from recordsvc.access.errors import MismatchDecided, MismatchUnknown
from recordsvc.access.identity_forms import MismatchDecisionForm
from recordsvc.access.identity_links import DIFFERS, Mismatch
from recordsvc.access.login_routes import LEFT
from recordsvc.access.policy import Surface, can, door
from recordsvc.access.services import access
from recordsvc.ground.forms import Form
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.desk_forms import MOST, REASON, faults, judged
from recordsvc.web.desk_routes import tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

STATES: Final = {"open": ("待核对", "wait"), "kept": ("维持不变", "mute")}


class MismatchPageForm(Form):
    """A decision as typed."""

    decision = fields.String(load_default="")
    reason = fields.String(load_default="", validate=lambda typed: len(typed) <= MOST)


@dataclass(frozen=True, slots=True)
class Line:
    """A mismatch as the page shows it."""

    id: str
    title: str
    told: str
    label: str
    move: str
    worker_id: str
    found_id: str
    differs: bool
    open: bool
    state: str
    tone: str
    issuer: str
    opened: str
    seen: str


@door(
    bp,
    "GET",
    LEFT,
    policy="public",
    surface=Surface.PAGE,
    answer=HTML,
    summary="已退出页 / Page after signing out, with the way to sign out at the provider",
)
def left_page() -> flask.Response:
    """Say that the provider may still know the person, and where to end that."""
    provider = access().provider
    return page(
        "login_left.html",
        provider="" if provider is None else provider.label,
        address=None if provider is None else provider.leave(),
    )


@door(
    bp,
    "GET",
    "/desk/identity",
    policy="identity-mismatch.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="身份核对（网页） / Accounts whose number leads elsewhere",
)
def identity_page() -> flask.Response:
    """List what waits."""
    return _list()


@door(
    bp,
    "POST",
    "/desk/identity/<id:mismatch_id>",
    policy="identity-mismatch.propose",
    surface=Surface.PAGE,
    body=Fields(MismatchPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(MismatchUnknown, MismatchDecided),
    summary="提出身份核对决定（网页） / Propose a decision from the page",
)
def identity_button(mismatch_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and go to the proposal; or say on the page what is missing."""
    try:
        made = identity_routes.proposed(mismatch_id, judged(MismatchDecisionForm, form))
    except (FormRefused, MismatchDecided) as problem:
        return _list(words.uuid_text(mismatch_id), form, problem)
    return go(f"/desk/proposals/{words.uuid_text(bytes.fromhex(made))}")


def _list(
    failed: str = "",
    typed: dict[str, Any] | None = None,
    problem: FormRefused | MismatchDecided | None = None,
) -> flask.Response:
    wrong, trouble = faults(problem, (REASON,)) if problem is not None else ({}, None)
    return page(
        "desk_identity.html",
        200 if problem is None else problem.status,
        items=[_line(one) for one in identity_routes.mismatches()],
        proposes=can(actor(), "identity-mismatch.propose"),
        reason=REASON,
        failed=failed,
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
        tabs=tabs(),
    )


def _line(one: Mismatch) -> Line:
    differs = one.kind == DIFFERS
    move = "改为对应号码所在的档案" if one.found_id else "解除对应"
    state, tone = STATES[one.state]
    return Line(
        id=words.uuid_text(one.mismatch_id),
        title="账号的号码指向了别处" if differs else "同一人出现第二个账号",
        told=(
            "这个账号以前对应下列档案，现在认证平台给出的号码不再指向它：号码有误、账号换了人，或此前对应错了。"
            if differs
            else "下列档案的本人已有一个账号，又有一个账号带着同一个号码来登录：换了账号，或有人冒用。"
        ),
        label="账号对应的档案" if differs else "号码所在的档案",
        move=move if differs else "改用新账号",
        worker_id=words.uuid_text(one.worker_id),
        found_id="" if one.found_id is None else words.uuid_text(one.found_id),
        differs=differs,
        open=one.state == "open",
        state=state,
        tone=tone,
        issuer=one.issuer,
        opened=words.instant(one.opened_ms),
        seen=words.instant(one.seen_ms),
    )
