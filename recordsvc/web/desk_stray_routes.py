"""Pages of the desk on what a merge undone left elsewhere: strayed records, papers and words."""

from typing import Any, Final
from urllib.parse import urlencode

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once
from recordsvc.archive import errors, life_asks, looking, meanwhile, strays
from recordsvc.archive.life_asks import NO_RECORD
from recordsvc.archive.life_forms import StrayDecideForm
from recordsvc.archive.looking import Looker
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import Fields
from recordsvc.web import desk_looks, words
from recordsvc.web.desk_act_routes import plain_form
from recordsvc.web.desk_acts import TEXT
from recordsvc.web.desk_forms import ActPageQuery, Field, StrayPageForm, faults, judged
from recordsvc.web.desk_place_routes import back_to
from recordsvc.web.desk_renewals import renewed
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>/strays",
    policy="archive.change",
    surface=Surface.PAGE,
    query=ActPageQuery,
    answer={200: HTML, 303: None},
    summary="合并期间误入他处的记录（网页） / What was entered elsewhere while the archive was merged",
)
def strays_page(worker_id: bytes, query: dict[str, Any]) -> flask.Response:
    """List records by id alone, each with the way to move it."""
    looker = desk_looks.opened(worker_id, query["look"])
    if looker is None:
        return go(f"/desk/workers/{uuid_text(worker_id)}")
    with house().db.read_raw() as cursor:
        worker = house().people.load(cursor, worker_id)
        found = [] if worker is None else strays.entered_meanwhile(house(), cursor, worker_id)
        matters = [] if worker is None else meanwhile.listed(house(), cursor, worker_id)
    if worker is None:
        raise looking.nobody(house(), looker, worker_id)
    return page(
        "desk_strays.html",
        tabs=tabs(),
        worker=uuid_text(worker_id),
        back=back_to(worker_id, looker),
        strays=[
            (
                uuid_text(one.record_id),
                uuid_text(one.worker_id),
                one.issuer,
                _moving(one, looker),
                one.certain,
            )
            for one in found
        ],
        matters=[_matter(one, looker) for one in matters],
    )


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>/strays/<what>/<id:matter_id>",
    policy="archive.change",
    surface=Surface.PAGE,
    query=ActPageQuery,
    answer={200: HTML, 303: None},
    problems=(errors.TargetUnknown, errors.ArchiveRestricted),
    summary="合并期间的材料或表态归谁（网页） / The form on whose a paper or word of a merge undone is",
)
def stray_page(worker_id: bytes, what: str, matter_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Ask where it belongs: where it is, or with one of those it may be of."""
    looker = desk_looks.opened(worker_id, query["look"])
    if looker is None:
        return go(f"/desk/workers/{uuid_text(worker_id)}")
    return _stray_form(worker_id, what, matter_id, looker, {})


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/strays/<what>/<id:matter_id>",
    policy="archive.change",
    surface=Surface.PAGE,
    body=Fields(StrayPageForm),
    answer={200: HTML, 303: None, 422: HTML},
    problems=(errors.TargetUnknown, errors.ArchiveRestricted),
    summary="决定合并期间的材料或表态归谁（网页） / Propose whose a paper or word of a merge undone is",
)
def stray_button(worker_id: bytes, what: str, matter_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose it, and show the proposal."""
    looker = desk_looks.opened(worker_id, form["look"])
    if looker is None:
        again = renewed(form, _stray(worker_id, what, matter_id), f"/desk/workers/{uuid_text(worker_id)}")
        if isinstance(again, flask.Response):
            return again
        return _stray_form(worker_id, what, matter_id, again, form)
    try:
        named = {"what": what, "matter_id": uuid_text(matter_id), "to": form["to"] or None}
        asked = life_asks.decide_stray(
            worker_id, NO_RECORD, judged(StrayDecideForm, {**named, "text": form["text"]})
        )
        proposal = once(lambda turn: asked(turn).hex())
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _stray_form(worker_id, what, matter_id, looker, form, problem)
    return go(f"/desk/proposals/{uuid_text(bytes.fromhex(proposal))}")


def _stray_form(
    worker_id: bytes,
    what: str,
    matter_id: bytes,
    looker: Looker,
    typed: dict[str, Any],
    problem: Problem | None = None,
) -> flask.Response:
    with house().db.read_raw() as cursor:
        found = meanwhile.find(house(), cursor, worker_id, what, matter_id)
    elsewhere = found.others if what == meanwhile.PAPER else ()
    rows = [(uuid_text(worker_id), "留在现在的档案")]
    rows += [(uuid_text(one), f"移到档案 {uuid_text(one)}") for one in elsewhere]
    fields = (Field("to", "归谁", "choice", rows=tuple(rows)), TEXT)
    wrong, trouble = faults(problem, fields) if problem is not None else ({}, None)
    look = desk_looks.seal(worker_id, looker.purpose, looker.case_ref)
    return plain_form(
        "决定合并期间的内容归谁",
        _EFFECTS[what],
        _stray(worker_id, what, matter_id),
        fields,
        (typed, wrong, trouble, problem),
        allowed=True,
        two=True,
        worker=uuid_text(worker_id),
        back=f"/desk/workers/{uuid_text(worker_id)}/strays?look={look}",
        look=look,
    )


_EFFECTS: Final = {
    meanwhile.PAPER: "合并期间收存的一份材料，可能是两人中任何一人的。请先打开材料核对；"
    "批准后，移走的从原处删去，用所移入档案的钥匙重新封存。",
    meanwhile.WORD: "合并期间对一条记录的确认或异议，可能是两人中任何一人说的。话留在记录处；"
    "不是记录的本人说的，请本人重新确认或提出异议，重新说过的不再列出。",
}
"""What a decision on each kind does."""


def _matter(one: meanwhile.Matter, looker: Looker) -> dict[str, Any]:
    """Return what is to be decided as its page lists it, with the way to decide it."""
    look = desk_looks.seal(one.worker_id, looker.purpose, looker.case_ref)
    return {
        "what": "收存的材料" if one.what == meanwhile.PAPER else "对记录的确认或异议",
        "id": uuid_text(one.matter_id),
        "where": uuid_text(one.worker_id),
        "at": words.instant(one.at_ms),
        "record": "" if one.record_id is None else uuid_text(one.record_id),
        "href": f"{_stray(one.worker_id, one.what, one.matter_id)}?look={look}",
    }


def _stray(worker_id: bytes, what: str, matter_id: bytes) -> str:
    return f"/desk/workers/{uuid_text(worker_id)}/strays/{what}/{uuid_text(matter_id)}"


def _moving(one: strays.Stray, looker: Looker) -> str:
    """Return the address of the form that moves a stray, for the same purpose and case."""
    query = {"issuer": one.issuer, "look": desk_looks.seal(one.worker_id, looker.purpose, looker.case_ref)}
    path = f"/desk/workers/{uuid_text(one.worker_id)}/records/{uuid_text(one.record_id)}/move"
    return f"{path}?{urlencode(query)}"
