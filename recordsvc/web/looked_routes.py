"""Pages on looks at the desk (查阅疑问、查阅预警), and the worker's button “我不知道为什么”."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc.access import questions
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Role
from recordsvc.access.looked import HELD
from recordsvc.access.policy import Surface, can, door
from recordsvc.access.services import reference
from recordsvc.archive import looked_alarms, volume_alarms
from recordsvc.archive.looked_alarms import Alarm
from recordsvc.archive.looked_routes import alarms_for, outside_for, questions_of
from recordsvc.archive.services import own_worker
from recordsvc.ground.forms import Form, WholeText
from recordsvc.ground.problems import NotFound
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.desk_routes import tabs
from recordsvc.web.forms import MessagePageForm, NoFieldsForm
from recordsvc.web.public_routes import HTML, ROLES
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

MAX_TEXT: Final = 1_000
SHOWN: Final = 50


class OutsidePageQuery(Form):
    """From before which place of the who-looked log."""

    before = WholeText(load_default=None)


KINDS: Final = {
    "no-relation": "没有登记的业务关系",
    "many-workers": "短时间内查阅许多人",
    "many-misses": "短时间内多次查无此人",
    "in-sequence": "按建档次序逐个查阅",
    "own": "查阅或办理本人的档案",
    "many-actors": "同一人被许多人查阅",
    "volume-rise": "接入系统当日用量突增",
    "volume-fall": "接入系统一周用量骤降",
}
ANSWERS: Final = {"/desk/looked": "looked-question.answer", "/desk/alarms": "look-alarm.answer"}
"""Who may answer on a page; an auditor reads only."""
_ACTORS: Final = {"official": "工作人员", "client": "接入系统", "staff": "机构人员", "system": "本系统"}


@door(
    bp,
    "POST",
    "/me/looked/<id:look_id>/question",
    policy="own.looked.ask",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None},
    problems=(NotFound,),
    summary="我不知道为什么被查（网页） / Ask why somebody looked, from the page",
)
def ask_button(look_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - only the CSRF field
    """Open a question and go back to the look."""
    worker_id = own_worker()
    house().db.write(lambda turn: questions.ask(turn, worker_id, look_id))
    return go(f"/me/looked#l-{uuid.UUID(bytes=look_id)}")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line that waits for an answer."""

    id: str
    title: str
    at: str
    lines: list[tuple[str, str]]


@door(
    bp,
    "GET",
    "/desk/looked",
    policy="looked-question.answer",
    surface=Surface.PAGE,
    answer=HTML,
    summary="查阅疑问（网页） / Questions about looks",
)
def questions_page() -> flask.Response:
    """List what workers ask, without whose archive it was."""
    return _questions()


@door(
    bp,
    "POST",
    "/desk/looked/<id:look_id>",
    policy="looked-question.answer",
    surface=Surface.PAGE,
    body=Fields(MessagePageForm),
    answer={303: None, 422: HTML},
    problems=(NotFound,),
    summary="答复查阅疑问（网页） / Answer a question about a look from its page",
)
def question_button(look_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Answer, or show what is wrong with the answer."""
    text, by = " ".join(form["text"].split()), reference(actor())
    if not 0 < len(text) <= MAX_TEXT:
        return _questions((words.uuid_text(look_id), _fault(text), form["text"]))
    house().db.write(lambda turn: questions.answer(turn, look_id, text, by))
    return go("/desk/looked")


@door(
    bp,
    "GET",
    "/desk/alarms",
    policy="look-alarm.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="查阅预警（网页） / Alarms on look-ups",
)
def alarms_page() -> flask.Response:
    """List open alarms, the oldest first."""
    return _alarms()


@door(
    bp,
    "GET",
    "/desk/outside-cases",
    policy="look-alarm.read",
    surface=Surface.PAGE,
    query=OutsidePageQuery,
    answer=HTML,
    summary="外部案号查阅清单（网页） / Looks that rest on a case outside this service",
)
def outside_cases_page(query: dict[str, Any]) -> flask.Response:
    """List them, newest first, for whoever asks to see the files."""
    found = outside_for(actor(), query["before"], SHOWN)
    lines = [
        Waiting(
            str(one.idx),
            one.case_ref,
            words.instant(one.at_ms),
            [
                ("查阅人", f"{_roles(one.role)} {one.actor_id}"),
                ("目的", words.code("lookup_purposes", one.purpose)),
                ("暂存记录编号" if one.fields == HELD else "档案编号", words.uuid_text(one.worker_id)),
                ("日志位置", str(one.idx)),
            ],
        )
        for one in found
    ]
    return page(
        "desk_looked.html",
        title="外部案号查阅清单",
        path="/desk/outside-cases",
        lede="这些查阅所依据的案卷不在本系统内，本系统只核对了写法。检查时请抽取若干，调阅原案卷核对。",
        nothing="没有依据外部案号的查阅。",
        lines=lines,
        error=None,
        answers=False,
        following=found[-1].idx if len(found) == SHOWN else None,
        tabs=tabs(),
        tab="/desk/alarms",
    )


@door(
    bp,
    "POST",
    "/desk/alarms/<id:key>",
    policy="look-alarm.answer",
    surface=Surface.PAGE,
    body=Fields(MessagePageForm),
    answer={303: None, 422: HTML},
    problems=(NotFound,),
    summary="答复查阅预警（网页） / Answer an alarm from its page",
)
def alarm_button(key: bytes, form: dict[str, Any]) -> flask.Response:
    """Close an alarm with what it came to, or show what is wrong with the answer."""
    text, by = " ".join(form["text"].split()), reference(actor())
    if not 0 < len(text) <= MAX_TEXT:
        return _alarms((words.uuid_text(key), _fault(text), form["text"]))
    house().db.write(lambda turn: looked_alarms.answer(turn, key, text, by))
    return go("/desk/alarms")


def _roles(told: str) -> str:
    return "、".join(ROLES[Role(one)] for one in told.split() if one in set(Role))


def _fault(text: str) -> str:
    return f"最多 {MAX_TEXT} 字，请缩短" if text else "请写下答复"


def _questions(error: tuple[str, str, str] | None = None) -> flask.Response:
    with house().db.read() as conn:
        found = questions.waiting(conn, *questions_of(actor()))
    lines = [
        Waiting(
            words.uuid_text(one.look_id),
            "本人不知道为什么被查",
            f"{words.instant(one.asked_ms)}提出",
            [
                ("查阅编号", words.uuid_text(one.look_id)),
                ("期限", words.day(one.due_on) if one.due_on else "缺工作日安排"),
            ],
        )
        for one in found
    ]
    return _page("查阅疑问", "/desk/looked", "没有等待答复的查阅疑问。", lines, error)


def _alarms(error: tuple[str, str, str] | None = None) -> flask.Response:
    with house().db.read() as conn:
        found = alarms_for(conn, actor())
    lines = [
        Waiting(
            words.uuid_text(one.key),
            KINDS[one.kind],
            f"{words.instant(one.raised_ms)}发现",
            _told(one),
        )
        for one in found
    ]
    return _page("查阅预警", "/desk/alarms", "没有未答复的查阅预警。", lines, error)


def _told(one: Alarm) -> list[tuple[str, str]]:
    """Return what an alarm says, by label."""
    if one.kind in volume_alarms.KINDS:
        return [("接入系统", one.actor_id), ("用量（条）", str(one.looks))]
    return [
        ("查阅人", f"{_ACTORS.get(one.actor_kind, one.actor_kind)} {one.actor_id}"),
        ("计数", str(one.looks)),
        *([("档案编号", words.uuid_text(one.worker_id))] if one.worker_id else []),
        ("日志位置", "未展示，已拒绝" if one.idx < 0 else str(one.idx)),
    ]


def _page(
    title: str, path: str, nothing: str, lines: list[Waiting], error: tuple[str, str, str] | None
) -> flask.Response:
    return page(
        "desk_looked.html",
        422 if error else 200,
        title=title,
        path=path,
        lede="",
        following=None,
        nothing=nothing,
        lines=lines,
        error=error,
        most=MAX_TEXT,
        answers=can(actor(), ANSWERS[path]),
        tabs=tabs(),
        tab=path,
    )
