"""Doors on looks (查阅疑问与预警): workers ask why, the data officer answers; auditors read alarms."""

from functools import partial
from typing import Any

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import objects, questions
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Actor, reach
from recordsvc.access.policy import door
from recordsvc.access.services import reference
from recordsvc.access.tables import looked_question
from recordsvc.archive import looked_alarms, outside_cases
from recordsvc.archive.looked_alarms import Alarm
from recordsvc.archive.looked_forms import (
    LookAlarmsForm,
    LookQuestionsForm,
    OutsideCasesForm,
    OutsideCasesQuery,
    ReplyForm,
)
from recordsvc.archive.outside_cases import OutsideLook
from recordsvc.archive.services import bp, house, own_worker
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound


@door(
    bp,
    "POST",
    "/v1/me/looked/<id:look_id>/question",
    policy="own.looked.ask",
    answer={204: None},
    problems=(NotFound,),
    summary="我不知道为什么被查 / Ask why somebody looked",
)
def ask_about_look(look_id: bytes) -> flask.Response:
    """Open a question to the data officer about one look; asking again changes nothing."""
    worker_id = own_worker()
    house().db.write(lambda turn: questions.ask(turn, worker_id, look_id))
    return flask.Response(status=204)


@door(
    bp,
    "GET",
    "/v1/desk/looked",
    policy="looked-question.answer",
    answer=LookQuestionsForm,
    summary="待答复的查阅疑问 / Questions about looks that wait",
)
def waiting_questions() -> flask.Response:
    """List questions by the look each is about; whose archive it was is not said."""
    with house().db.read() as conn:
        found = questions.waiting(conn, *questions_of(actor()))
    return answers.answer({"items": found}, form=LookQuestionsForm)


@door(
    bp,
    "POST",
    "/v1/desk/looked/<id:look_id>/answer",
    policy="looked-question.answer",
    body=ReplyForm,
    answer={204: None},
    problems=(NotFound,),
    summary="答复查阅疑问 / Answer a question about a look",
)
def answer_question(look_id: bytes, form: dict[str, str]) -> flask.Response:
    """Answer for the worker, who reads it beside the look."""
    house().db.write(partial(_answer_question, look_id, form["text"], reference(actor())))
    return flask.Response(status=204)


@door(
    bp,
    "GET",
    "/v1/desk/alarms",
    policy="look-alarm.read",
    answer=LookAlarmsForm,
    summary="查阅预警 / Open alarms on look-ups",
)
def open_alarms() -> flask.Response:
    """List open alarms, the oldest first."""
    with house().db.read() as conn:
        found = alarms_for(conn, actor())
    return answers.answer({"items": found}, form=LookAlarmsForm)


@door(
    bp,
    "GET",
    "/v1/desk/outside-cases",
    policy="look-alarm.read",
    query=OutsideCasesQuery,
    answer=OutsideCasesForm,
    summary="外部案号查阅清单 / Officials' looks that rest on a case outside this service, newest first",
)
def outside_looks(query: dict[str, Any]) -> flask.Response:
    """List them for whoever inspects and asks to see the files."""
    limit = query["limit"]
    found = outside_for(actor(), query["before"], limit)
    following = found[-1].idx if len(found) == limit else None
    return answers.answer({"items": found, "next": following}, form=OutsideCasesForm)


def outside_for(who: Actor, before: int | None, limit: int) -> list[OutsideLook]:
    """Return them for who asks; like alarms they are for the whole region."""
    if not reach(who, "look-alarm.read").everywhere:
        return []
    with house().db.read() as conn:
        start = outside_cases.NEWEST if before is None else before
        return outside_cases.listed(conn, before=start, limit=limit)


@door(
    bp,
    "POST",
    "/v1/desk/alarms/<id:key>/answer",
    policy="look-alarm.answer",
    body=ReplyForm,
    answer={204: None},
    problems=(NotFound,),
    summary="答复查阅预警 / Answer an alarm",
)
def answer_alarm(key: bytes, form: dict[str, str]) -> flask.Response:
    """Say what an alarm came to; it is then closed."""
    house().db.write(partial(_answer_alarm, key, form["text"], reference(actor())))
    return flask.Response(status=204)


def _answer_question(look_id: bytes, text: str, by: str, turn: Turn) -> None:
    questions.answer(turn, look_id, text, by)


def _answer_alarm(key: bytes, text: str, by: str, turn: Turn) -> None:
    looked_alarms.answer(turn, key, text, by)


def questions_of(who: Actor) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of questions that an official sees: of the workers of the own area."""
    return objects.of_workers(who, "looked-question.answer", looked_question.c.worker_id)


def alarms_for(conn: Connection, who: Actor) -> list[Alarm]:
    """Return open alarms; a pattern of looks lies in no county: they are for the whole region."""
    return looked_alarms.waiting(conn) if reach(who, "look-alarm.read").everywhere else []
