"""The worker's page of a subsidy that is asked back (退还补贴): what, why, until when, how to object."""

from typing import Any, Final

import flask

from recordsvc.access.errors import LoginPaced, StepUpRequired
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import Surface, door
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.money.recovery import errors as problems
from recordsvc.money.recovery.forms import RecoverySayForm
from recordsvc.money.recovery.routes import agree_own, own_shown, say_own
from recordsvc.web.desk_forms import MOST, Field, faults, judged
from recordsvc.web.forms import TypedProofForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp

TONES: Final = {
    "OPENED": "wait",
    "HEARD": "wait",
    "DECIDED": "bad",
    "PARTIAL": "wait",
    "SETTLED": "good",
    "WRITTEN_OFF": "mute",
    "DROPPED": "mute",
}
WORDS: Final = (
    Field(
        "words",
        "您的陈述、申辩",
        "area",
        hint="写清事实和理由，最多 400 字。请不要写身份证号码、银行账号；材料可以到窗口提交。",
    ),
)


class RecoveryWordsPageForm(Form):
    """What the worker says, as typed."""

    words = text(0, MOST, load_default="")


@door(
    bp,
    "GET",
    "/me/recoveries/<id:recovery_id>",
    policy="own.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.RecoveryUnknown, ArchiveRestricted),
    summary="一件追回事项（网页） / What is asked back of me, why, and how to object",
)
def recovery_page(recovery_id: bytes) -> flask.Response:
    """Show it on one screen."""
    return _page(recovery_id, {}, None)


@door(
    bp,
    "POST",
    "/me/recoveries/<id:recovery_id>/words",
    policy="own.claim.file",
    surface=Surface.PAGE,
    body=Fields(RecoveryWordsPageForm),
    answer={303: None, 409: HTML, 422: HTML},
    problems=(problems.RecoveryUnknown, problems.RecoveryStep, problems.RecoveryChanged, ArchiveRestricted),
    summary="陈述申辩（网页） / Say something against it, from the page",
)
def recovery_words_button(recovery_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take it down, or say what is wrong with it."""
    try:
        say_own(recovery_id, judged(RecoverySayForm, form)["words"])
    except (FormRefused, problems.RecoveryStep, problems.RecoveryChanged) as problem:
        return _page(recovery_id, form, problem)
    return go(f"/me/recoveries/{uuid_text(recovery_id)}")


@door(
    bp,
    "POST",
    "/me/recoveries/<id:recovery_id>/offset/<word>",
    policy="own.recovery.agree",
    surface=Surface.PAGE,
    body=Fields(TypedProofForm),
    answer={200: HTML, 303: None, 409: HTML, 422: HTML},
    problems=(
        problems.RecoveryUnknown,
        problems.RecoveryStep,
        problems.RecoveryChanged,
        ArchiveRestricted,
        StepUpRequired,
        LoginPaced,
    ),
    summary="生活费补贴是否同意抵扣（网页） / Agree or not that protected subsidies are kept back",
)
def recovery_offset_button(recovery_id: bytes, word: str, form: dict[str, Any]) -> flask.Response:
    """Take it down and show the case."""
    if word not in ("agree", "deny"):
        raise problems.RecoveryUnknown
    try:
        agree_own(recovery_id, form, agrees=word == "agree")
    except (OwnProofTyped, problems.RecoveryStep, problems.RecoveryChanged) as problem:
        return _page(recovery_id, {}, problem)
    return go(f"/me/recoveries/{uuid_text(recovery_id)}")


def _page(recovery_id: bytes, typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    told = own_shown(recovery_id)
    wrong, trouble = ({}, None) if problem is None else faults(problem, WORDS)
    return page(
        "recovery.html",
        200 if problem is None else problem.status,
        one=card(told),
        fields=WORDS,
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        slips=None,
    )


def card(told: dict[str, Any]) -> dict[str, Any]:
    """Return a case as pages show it."""
    return told | {
        "id": uuid_text(told["recovery_id"]),
        "claim": uuid_text(told["claim_id"]),
        "tone": TONES[told["state"]],
        "over": told["state"] in ("SETTLED", "WRITTEN_OFF", "DROPPED"),
    }
