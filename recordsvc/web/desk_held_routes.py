"""Held records at the desk (暂存记录): the list, one record for a purpose and a case, release, return."""

from typing import Any, Final

import flask

from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once, reference
from recordsvc.archive import errors, held, looking, release
from recordsvc.archive.forms import HeldQuery, LookQuery, ReleaseForm, ReturnForm
from recordsvc.archive.held import HeldRecord
from recordsvc.archive.looking import Looker
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Fields
from recordsvc.people.standing import StandingRefused
from recordsvc.web import desk_looks, words
from recordsvc.web.desk_forms import (
    GATE,
    REASON,
    Field,
    GatePageForm,
    HeldPageForm,
    LookPageQuery,
    faults,
    found_person,
    judged,
    numbers,
)
from recordsvc.web.desk_renewals import renewed
from recordsvc.web.desk_routes import FAILED, institution_name, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

DAY_MS: Final = 24 * 3_600_000
PERSON: Final = (Field("kind", "号码种类", "choice"), Field("number", "归入谁的档案（号码）"))
_OWNERS: Final = {"desk:late": "经办人（逾期上报）", "desk:identity": "经办人（核对身份）"}


@door(
    bp,
    "GET",
    "/desk/held",
    policy="held.read",
    surface=Surface.PAGE,
    query=HeldQuery,
    answer=HTML,
    summary="暂存记录（网页） / Held records, oldest first, without their content",
)
def held_page(query: dict[str, Any]) -> flask.Response:
    """List what waits, by reason."""
    most = min(query["limit"], 100)
    with house().db.read() as conn:
        counts = held.counts(conn)
        found = held.waiting(
            conn,
            issuer=query["issuer"],
            reason=query["reason"],
            after=query["after"] or b"",
            limit=most + 1,
        )
    called = institution_name()
    return page(
        "desk_held.html",
        tabs=tabs(),
        counts=[(code, words.code("hold_reasons", code), count) for code, count in counts],
        reason=query["reason"] or "",
        items=[_line(one, called(one.issuer)) for one in found[:most]],
        following=uuid_text(found[most - 1].held_id) if len(found) > most else None,
        first=query["after"] is None,
    )


def _line(one: HeldRecord, issuer: str) -> dict[str, str]:
    days = (house().clock.now_ms() - one.received_ms) // DAY_MS
    return {
        "id": uuid_text(one.held_id),
        "issuer": issuer,
        "code": one.issuer,
        "reason": words.code("hold_reasons", one.reason),
        "owner": _OWNERS.get(one.owner, one.owner),
        "received": words.instant(one.received_ms),
        "age": f"已等 {days} 天" if days else "不到 1 天",
        "note": one.note or "",
    }


@door(
    bp,
    "GET",
    "/desk/held/<id:held_id>",
    policy="held.read",
    surface=Surface.PAGE,
    query=LookPageQuery,
    answer=HTML,
    problems=(errors.HeldNotHere, PurposeRefused),
    summary="一条暂存记录（网页） / One held record; its content for a purpose and a case",
)
def held_record_page(held_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show why it waits; with a look that is still good, what it says, once that is noted."""
    return _record(held_id, desk_looks.opened(held_id, query["look"]), late=bool(query["look"]))


@door(
    bp,
    "POST",
    "/desk/held/<id:held_id>",
    policy="held.read",
    surface=Surface.PAGE,
    body=Fields(GatePageForm),
    answer={303: None, 422: HTML},
    problems=(errors.HeldNotHere, PurposeRefused),
    summary="说明查阅暂存记录的依据（网页） / Say why one looks at a held record",
)
def held_look_button(held_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take the reason along to the record."""
    try:
        given = judged(LookQuery, form)
        looker = Looker(actor(), **given)
        looking.judge(house(), looker)
        looking.check_case(house(), looker, held_id, looked.HELD)
    except FormRefused as problem:
        return _record(held_id, None, form, problem)
    look = desk_looks.seal(held_id, given["purpose"], given["case_ref"])
    return go(f"/desk/held/{uuid_text(held_id)}?look={look}")


@door(
    bp,
    "POST",
    "/desk/held/<id:held_id>/release",
    policy="held.propose",
    surface=Surface.PAGE,
    body=Fields(HeldPageForm),
    answer={200: HTML, 303: None, 422: HTML},
    problems=(errors.HeldNotHere, StandingRefused, PurposeRefused),
    summary="提出放行（网页） / Propose to release one held record from its page",
)
def held_release_button(held_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose, and show the proposal."""
    looker = desk_looks.opened(held_id, form["look"])
    # Whose record it is, is looked up: without a look that is still good a number must not be passed over.
    if looker is None and (form["look"] or form["renew"] or form["kind"] or form["number"]):
        address = f"/desk/held/{uuid_text(held_id)}"
        given = renewed(form, f"{address}/release", address)
        return given if isinstance(given, flask.Response) else _record(held_id, given, form)
    try:
        asked = judged(ReleaseForm, {"held": [uuid_text(held_id)], "reason": form["reason"]})
        if looker is not None and (form["kind"] or form["number"]):
            asked["worker_id"] = found_person(looker, form)
        by = reference()
        proposal = once(lambda turn: release.propose(turn, house(), **asked, by=by).hex())
    except Problem as problem:
        if problem.status not in FAILED or isinstance(problem, errors.HeldNotHere):
            raise
        return _record(held_id, looker, form, problem)
    return go(f"/desk/proposals/{uuid_text(bytes.fromhex(proposal))}")


@door(
    bp,
    "POST",
    "/desk/held/<id:held_id>/return",
    policy="held.return",
    surface=Surface.PAGE,
    body=Fields(HeldPageForm),
    answer={303: None, 422: HTML},
    problems=(errors.HeldNotHere,),
    summary="退回签发单位（网页） / Return a held record to its issuer from its page",
)
def held_return_button(held_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Return it with a reason that its issuer reads, and go back to the list."""
    looker = desk_looks.opened(held_id, form["look"])
    try:
        reason = str(judged(ReturnForm, {"held_id": uuid_text(held_id), "reason": form["reason"]})["reason"])
    except FormRefused as problem:
        return _record(held_id, looker, form, problem, returning=True)
    who = actor()

    def act(turn: Turn) -> str:
        held.return_in(turn, house(), held_id, reason, who)
        return uuid_text(held_id)

    once(act)
    return go("/desk/held")


def _record(
    held_id: bytes,
    looker: Looker | None,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
    *,
    late: bool = False,
    returning: bool = False,
) -> flask.Response:
    with house().db.read() as conn:
        one = held.one(conn, held_id)
    record = None
    if looker is not None:
        record = held.open_held(house(), held_id)
        looking.note_held(house(), looker, held_id)
    wrong, trouble = faults(problem, (REASON, *PERSON, *GATE)) if problem is not None else ({}, None)
    who = (record or {}).get("worker", {})
    return page(
        "desk_held_record.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        one=_line(one, institution_name()(one.issuer)),
        record=record,
        title=words.type_title(str(record["type"]), int(record["version"])) if record else "",
        lines=words.lines(str(record["type"]), int(record["version"]), record["body"]) if record else (),
        person=[
            ("姓名", str(who["name"])) if "name" in who else None,
            (words.code("identity_documents", str(who.get("document", ""))), words.masked(str(who["number"])))
            if "number" in who
            else None,
            ("社会保障卡", words.masked(str(who["card"]))) if isinstance(who.get("card"), str) else None,
        ],
        look="" if looker is None else desk_looks.seal(held_id, looker.purpose, looker.case_ref),
        case_ref="" if looker is None else looker.case_ref,
        purpose="" if looker is None else words.code("lookup_purposes", looker.purpose),
        late=late and looker is None,
        gate=GATE,
        fields=(REASON,),
        kinds=numbers(),
        numbers=PERSON,
        may_propose=can(actor(), "held.propose"),
        may_return=can(actor(), "held.return"),
        prefix="r" if returning else "f" if looker is not None or "reason" in wrong else "g",
        typed=typed or {},
        wrong=wrong,
        trouble=trouble,
    )
