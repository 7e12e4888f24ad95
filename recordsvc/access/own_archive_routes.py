"""Doors at which officials name their own archive, and where the register shows who has not."""

from typing import Any

import flask

from recordsvc.access import own_archives
from recordsvc.access.entrance import actor
from recordsvc.access.errors import OfficialConflict, OfficialRefused, StepUpRequired
from recordsvc.access.forms import ProposedForm
from recordsvc.access.official_routes import proposed
from recordsvc.access.own_archive_forms import AnsweringsForm, OwnArchiveForm, OwnStatementForm
from recordsvc.access.own_archives import Statement
from recordsvc.access.policy import door
from recordsvc.access.services import bp, house
from recordsvc.ground import answers
from recordsvc.ground.problems import TooMany


@door(
    bp,
    "GET",
    "/v1/desk/own-archive",
    policy="session.own-archive",
    answer=OwnStatementForm,
    summary="本人档案的申报 / What one has said of one's own archive",
)
def read_own_archive() -> flask.Response:
    """Tell whether it is answered; the number is shown to nobody."""
    return answers.answer(said(), form=OwnStatementForm)


@door(
    bp,
    "POST",
    "/v1/desk/own-archive",
    policy="session.own-archive",
    body=OwnArchiveForm,
    answer={202: ProposedForm},
    problems=(OfficialRefused, OfficialConflict, TooMany, StepUpRequired),
    step_up=True,
    summary="申报本人档案 / Name one's own archive, or that there is none yet",
)
def name_own_archive(form: dict[str, Any]) -> flask.Response:
    """Record it for a registrar who sees the document; the answer is the same whoever's the number is."""
    return proposed(named(form))


@door(
    bp,
    "GET",
    "/v1/desk/own-archives",
    policy="own-archive.read",
    answer=AnsweringsForm,
    summary="谁还没有申报本人档案 / Officials who have not named their own archive, and those who have",
)
def list_own_archives() -> flask.Response:
    """List accounts; what they said stands nowhere on it."""
    return answers.answer({"items": answering()}, form=AnsweringsForm)


# -- shared with the pages


def said() -> Statement:
    """Return what whoever asks said of themself."""
    with house().db.read() as conn:
        return own_archives.of(conn, actor().id, house().clock.now_ms())


def named(form: dict[str, Any]) -> str:
    """Name it; the proposal's id in hex. Raises what `own_archives.name` raises."""
    place, who = house(), actor()
    return place.db.write(
        lambda turn: own_archives.name(
            turn, place, who.id, form["document"], form["number"], has=form["has_archive"]
        )
    ).hex()


def answering() -> list[Statement]:
    """Return who has answered and who has not."""
    with house().db.read() as conn:
        return own_archives.listed(conn, house().clock.now_ms())
