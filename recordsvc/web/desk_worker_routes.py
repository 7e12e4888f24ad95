"""A worker's archive at the desk (档案查阅): for a purpose and a case each time, noted before it is shown."""

from typing import Any, Final

import flask

from recordsvc.access import objects
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.grants import can
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.archive import closing, copies, errors, life_routes, looking, persons, views
from recordsvc.archive.copies import Sort
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.looking import Looker
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields
from recordsvc.ground.two_person import Proposal
from recordsvc.people.standing import CLOSED, OPEN, RESTRICTED, StandingRefused
from recordsvc.web import desk_looks, proposal_words, words
from recordsvc.web.cards import by_year
from recordsvc.web.desk_acts import ACTS
from recordsvc.web.desk_forms import GATE, CopyPageForm, GatePageForm, LookPageQuery, faults, judged
from recordsvc.web.desk_routes import copy_again, tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, dealer, house
from recordsvc.web.worker_routes import cards_of, holder_of, person_cards

STATES: Final = {
    "open": ("正常", "good"),
    "restricted": ("已限制处理", "warn"),
    "closed": ("已关闭", "mute"),
    "merged": ("已合并", "info"),
}
"""State of an archive -> word and tone; an erased one is not found."""


@door(
    bp,
    "GET",
    "/desk/workers/<id:worker_id>",
    policy="worker.archive.read",
    surface=Surface.PAGE,
    query=LookPageQuery,
    answer=HTML,
    judges=True,
    summary="查阅档案（网页） / A worker's archive, for a purpose and a case",
)
def worker_page(worker_id: bytes, query: dict[str, Any]) -> flask.Response:
    """Show the archive; without a reason that is still good, ask for one and look nothing up."""
    looker = desk_looks.opened(worker_id, query["look"])
    if looker is None:
        return _gate(worker_id, {}, {}, late=bool(query["look"]))
    why = {"purpose": looker.purpose, "case_ref": looker.case_ref}
    objects.guard("worker.archive.read", (), {"worker_id": worker_id, "query": why})
    with house().db.read_raw() as cursor:
        worker = house().people.load(cursor, worker_id)
        sealed = worker is not None and worker.state == RESTRICTED
        person = None if sealed else persons.read(house(), worker_id, cursor)
    if worker is None or (person is None and not sealed):
        raise looking.nobody(house(), looker, worker_id)
    person = None if person is None else views.for_officials(person)
    archives = () if person is None else person.archives
    looked_at = [one.worker_id for one in archives] or [worker_id]
    looking.note(house(), looker, looked_at, "identity" if sealed else "records")
    with house().db.read() as conn:
        decided = copies.to_make(conn, worker_id, house().clock.now_ms())
    made_by = dealer()
    into = worker.merged_into
    return page(
        "desk_worker.html",
        tabs=tabs(),
        worker=words.uuid_text(worker_id),
        state=STATES[worker.state],
        sealed=sealed,
        closing_lost=sealed and _closing_lost(worker_id),
        into=None if into is None else _link(into, looker),
        holder=holder_of(person.own.worker_id) if person else None,
        masked=words.masked,
        merged=[_link(one.worker_id, looker) for one in archives[1:]],
        years=by_year(person_cards(archives, made_by)),
        purpose=words.code("lookup_purposes", looker.purpose),
        case_ref=looker.case_ref,
        acts=_offered(worker_id, worker.state, looker),
        copies=[_copy(one) for one in decided if can(actor(), copies.SORTS[one.kind].policy)],
        record_acts=[] if sealed else _offered_for_records(worker.state, looker),
        own_cards={card.anchor for card in cards_of(person.own, made_by)} if person else set(),
        look=desk_looks.seal(worker_id, looker.purpose, looker.case_ref),
    )


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>",
    policy="worker.archive.read",
    surface=Surface.PAGE,
    body=Fields(GatePageForm),
    answer={303: None, 422: HTML},
    problems=(PurposeRefused,),
    judges=True,
    summary="说明查阅依据（网页） / Say why one looks at an archive",
)
def look_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take the reason along to the archive; whether there is one is not told here."""
    try:
        given = judged(LookQuery, form)
        looker = Looker(actor(), **given)
        looking.note(house(), looker, [], "records")
    except FormRefused as problem:
        return _gate(worker_id, form, faults(problem, GATE)[0], late=False)
    return go(_address(worker_id, given["purpose"], given["case_ref"]))


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/copy",
    policy="archive.change",
    surface=Surface.PAGE,
    body=Fields(CopyPageForm),
    answer={200: Sends("application/zip"), 422: HTML},
    problems=(errors.CopyNotDecided, errors.ArchiveRestricted, PurposeRefused),
    summary="下载近亲属副本（网页） / Download the copy that two officials decided",
)
def copy_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Send the bundles of all archives of who died."""
    return _copied(copies.RELATIVE, worker_id, form)


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/hold-copy",
    policy="archive.hold.make",
    surface=Surface.PAGE,
    body=Fields(CopyPageForm),
    answer={200: Sends("application/json", "bundle.v1.json"), 422: HTML},
    problems=(errors.TargetUnknown, errors.CopyNotDecided, StandingRefused, PurposeRefused),
    summary="下载依法调取的副本（网页） / Download the legal-hold copy that two officials decided, once",
)
def hold_copy_button(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Send the bundle of a restricted archive, or of one restricted record, once."""
    return _copied(life_routes.hold_sort(form["proposal"]), worker_id, form)


def _copied(sort: Sort, worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    try:
        given = judged(LookQuery, {name: form[name] for name in ("purpose", "case_ref")})
    except FormRefused as problem:
        with house().db.read() as conn:
            # What is shown again is this worker's, and nobody else's.
            copies.check(conn, sort, worker_id, form["proposal"], house().clock.now_ms())
        return copy_again(form["proposal"], form, problem)
    return life_routes.copied(sort, worker_id, given | {"proposal": form["proposal"]})


def _gate(worker_id: bytes, typed: dict[str, Any], wrong: dict[str, str], *, late: bool) -> flask.Response:
    return page(
        "desk_gate.html",
        422 if wrong else 200,
        tabs=tabs(),
        worker=words.uuid_text(worker_id),
        late=late,
        fields=GATE,
        typed=typed,
        wrong=wrong,
    )


def _closing_lost(worker_id: bytes) -> bool:
    """Tell whether the archive is sealed since a restore, until it is closed again."""
    with house().db.read() as conn:
        return closing.awaits(house(), conn, worker_id)


def _copy(decided: Proposal) -> tuple[str, str, str]:
    """Return which copy may be made, on which page, and until when."""
    until = words.instant((decided.closed_ms or 0) + copies.LIFE_MS)
    return proposal_words.title(decided), f"/desk/proposals/{words.uuid_text(decided.id)}", until


def _link(worker_id: bytes, looker: Looker) -> tuple[str, str]:
    """Return the id of another archive and its address for the same purpose and case."""
    return words.uuid_text(worker_id), _address(worker_id, looker.purpose, looker.case_ref)


def _address(worker_id: bytes, purpose: str, case_ref: str) -> str:
    look = desk_looks.seal(worker_id, purpose, case_ref)
    return f"/desk/workers/{words.uuid_text(worker_id)}?look={look}"


def _offered(worker_id: bytes, state: str, looker: Looker) -> list[tuple[str, str]]:
    """Return title and address of what whoever looks may do with an archive in this state."""
    address = f"/desk/workers/{words.uuid_text(worker_id)}"
    look = desk_looks.seal(worker_id, looker.purpose, looker.case_ref)
    found = [
        (one.title, f"{address}/{one.name}?look={look}")
        for one in ACTS
        if not one.record and one.fits(worker_id, state) and can(looker.actor, one.policy)
    ]
    if state != RESTRICTED and can(looker.actor, "worker.paper.read"):
        found.insert(0, ("查看材料", f"{address}/papers?look={look}"))
    if state in (OPEN, CLOSED) and can(looker.actor, "archive.restrict"):
        found.append(("立即限制处理", f"{address}/restrict?look={look}"))
    if can(looker.actor, "worker.place"):
        found.append(("登记所在区划", f"{address}/division?look={look}"))
    if state != RESTRICTED and can(looker.actor, "archive.change"):
        found.append(("合并期间误入他处的记录", f"{address}/strays?look={look}"))
    return found


def _offered_for_records(state: str, looker: Looker) -> list[tuple[str, str, str, bool]]:
    """Return what whoever looks may do with one record: name, title, type of record (empty: every).

    The last says whether it is done to restricted records, or to the others.
    """
    return [
        (one.name, one.title, words.type_title(one.of_type) if one.of_type else "", one.of_sealed)
        for one in ACTS
        if one.record and state in one.states and can(looker.actor, one.policy)
    ]
