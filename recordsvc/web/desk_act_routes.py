"""Pages on which the desk acts (工作台办理): a form for each act of the table, then a proposal.

An act is reached from an archive that was looked at; the sealed look travels along, so that papers and what
stands against an erasure are shown for the same purpose and case, each noted before it is shown.
"""

from collections.abc import Callable
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import once
from recordsvc.archive import blockers, errors, looking, paper_errors, paperrefs, persons
from recordsvc.archive.life_asks import NO_RECORD
from recordsvc.archive.looking import Looker
from recordsvc.archive.paper_routes import TO_FILE
from recordsvc.archive.papers import FIELDS, Paper
from recordsvc.archive.persons import PersonArchives, Place
from recordsvc.archive.retention import Blocker, record_blockers
from recordsvc.archive.states import Life
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.problems import FormRefused, NotFound, Problem, TooLarge
from recordsvc.ground.reading import Fields, Upload
from recordsvc.people.merges import NotMergeable
from recordsvc.people.standing import RESTRICTED, StandingRefused
from recordsvc.web import desk_looks, sealing_views
from recordsvc.web.desk_acts import ACTS, DeskAct
from recordsvc.web.desk_forms import (
    ActPageForm,
    ActPageQuery,
    Field,
    codes,
    faults,
    found_person,
    judged,
    missing_person,
    numbers,
)
from recordsvc.web.desk_renewals import renewed
from recordsvc.web.desk_routes import FAILED, tabs
from recordsvc.web.paper_routes import PaperLine, paper_line
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, dealer, house
from recordsvc.web.worker_routes import card_of

PERSON: Final = (Field("kind", "号码种类", "choice"), Field("number", "另一人的号码"))
PAPERS: Final = Field("papers", "材料", "choice")
SLOTS: Final = ("papers", "papers_2", "papers_3")
"""Fields of a form in which a paper is chosen."""
VERIFIED: Final = ("on", "method", "by", "reference")
"""Fields of a form that say how evidence was verified; all empty: it was not."""
PROBLEMS: Final = (
    errors.TargetUnknown,
    errors.TargetUnfit,
    errors.RecordAmbiguous,
    errors.ErasureBlocked,
    errors.ContentRefused,
    errors.SchemaRefused,
    NotMergeable,
    StandingRefused,
    *paperrefs.PROBLEMS,
)


def _declare(act: DeskAct) -> None:
    """Make the two doors of an act on an archive or on a record."""
    kind = "record" if act.record else "archive"
    rule = "/desk/workers/<id:worker_id>" + ("/records/<id:record_id>" if act.record else "") + f"/{act.name}"

    def show(worker_id: bytes, query: dict[str, Any], record_id: bytes = NO_RECORD) -> flask.Response:
        """Ask what the act needs."""
        looker = desk_looks.opened(worker_id, query["look"])
        if looker is None:
            return _to_gate(worker_id)
        named = {"issuer": query["issuer"] or "", "entry": query["entry"] or ""}
        return _form(act, worker_id, record_id, looker, named)

    def propose(worker_id: bytes, form: dict[str, Any], record_id: bytes = NO_RECORD) -> flask.Response:
        """Propose what the interface proposes, and show the proposal; what is wrong is told in place."""
        looker = desk_looks.opened(worker_id, form["look"])
        if looker is None:
            again = renewed(form, _action(act, worker_id, record_id), _archive(worker_id))
            if isinstance(again, flask.Response):
                return again
            return _form(act, worker_id, record_id, again, form)
        try:
            given = judged(act.schema, _members(act, form, looker, _whose(worker_id, record_id, form)))
            asked = act.ask(worker_id, record_id, {"issuer": None, **given})
            proposal = once(lambda turn: asked(turn).hex())
        except Problem as problem:
            if problem.status not in FAILED:
                raise
            return _form(act, worker_id, record_id, looker, form, _flat(problem))
        return go(f"/desk/proposals/{uuid_text(bytes.fromhex(proposal))}")

    show.__name__ = f"{kind}_{act.name}_page"
    propose.__name__ = f"{kind}_{act.name}_button"
    door(
        bp,
        "GET",
        rule,
        policy=act.policy,
        surface=Surface.PAGE,
        query=ActPageQuery,
        answer={200: HTML, 303: None},
        problems=PROBLEMS,
        summary=f"{act.title}（网页） / The form of an act: {act.name} ({kind})",
    )(show)
    door(
        bp,
        "POST",
        rule,
        policy=act.policy,
        surface=Surface.PAGE,
        body=Fields(ActPageForm),
        answer={200: HTML, 303: None, 422: HTML},
        problems=PROBLEMS,
        summary=f"提出：{act.title}（网页） / Propose from the page: {act.name} ({kind})",
    )(propose)


for _act in ACTS:
    _declare(_act)


def _flat(problem: Problem) -> Problem:
    """Let a fault of what a member holds point at the field in which it was typed."""
    for one in problem.errors:
        if str(one.get("pointer", "")).startswith("/verification/"):
            one["pointer"] = str(one["pointer"]).removeprefix("/verification")
    return problem


def _members(act: DeskAct, form: dict[str, Any], looker: Looker, issuer: str | None) -> dict[str, Any]:
    """Return what was typed as members of the act's API form; whose record it is. Raises `FormRefused`."""
    members: dict[str, Any] = {one.name: form[one.name] for one in act.fields}
    if act.papers is not None:
        refuse_unfiled(form)
        members["papers"] = [form[slot] for slot in SLOTS if form[slot]]
    if act.name == "trust":
        proof = {name: members.pop(name) for name in VERIFIED}
        members["verification"] = {name: value for name, value in proof.items() if value} or None
    if act.record and "issuer" in act.schema().fields:
        members["issuer"] = issuer
    if act.person:
        _complete(act, form, {act.person: uuid_text(bytes(16)), **members})
        members[act.person] = uuid_text(found_person(looker, form))
    return members


def _find(person: PersonArchives, record_id: bytes, named: dict[str, Any]) -> Place | None:
    """Return a record by its id, and by issuer or log index as its card leads to it."""
    if not named.get("entry"):
        return person.find(record_id, named["issuer"] or None)
    return next(
        (
            Place(archive, entry, archive.state.of(entry.stored.seq))
            for archive in person.archives
            for entry in archive.entries
            if entry.stored.record_id == record_id and str(entry.stored.idx) == named["entry"]
        ),
        None,
    )


def _whose(worker_id: bytes, record_id: bytes, form: dict[str, Any]) -> str | None:
    """Return the issuer of the record that an act is typed for, where the form tells it from others."""
    if not form["entry"]:
        return form["issuer"] or None
    person = persons.read(house(), worker_id, sealed=True)  # to act by: the page shows nothing of it
    place = None if person is None else _find(person, record_id, form)
    if place is None or place.entry.record is None:
        raise NotFound
    return str(place.entry.record["issuer"])


def _complete(act: DeskAct, form: dict[str, Any], members: dict[str, Any]) -> None:
    """Refuse what is wrong or missing, all at once, before anybody is looked for. Raises `FormRefused`."""
    wrong: list[Any] = list(missing_person(form))
    try:
        judged(act.schema, members)
    except FormRefused as refused:
        wrong += refused.errors
    if wrong:
        raise FormRefused(errors=wrong)


def _form(
    act: DeskAct,
    worker_id: bytes,
    record_id: bytes,
    looker: Looker,
    typed: dict[str, Any],
    problem: Problem | None = None,
) -> flask.Response:
    with house().db.read_raw() as cursor:
        worker = house().people.load(cursor, worker_id)
    if worker is None:
        raise looking.nobody(house(), looker, worker_id)
    fields = (*(PERSON if act.person else ()), *act.fields)
    wrong, trouble = faults(problem, (*fields, PAPERS)) if problem is not None else ({}, None)
    card, fits, along = None, True, None
    if act.record:
        place = (
            None if (person := persons.read(house(), worker_id)) is None else _find(person, record_id, typed)
        )
        if place is None or place.state is None:
            raise NotFound
        looking.note(house(), looker, [worker_id], "records")
        card = card_of(place.archive, place.state, dealer())
        along = sealing_views.along(act.name, place)
        said = place.state.record
        fits = not act.of_type or (said is not None and said["type"] == act.of_type)
        fits = fits and act.of_sealed is (place.state.life is Life.RESTRICTED)
        fits = fits and not (place.state.moved and act.name == "unrestrict")
    return page(
        "desk_act.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        act=act.name,
        title=act.title,
        effect=act.effect,
        allowed=fits and act.fits(worker_id, worker.state),
        two=True,
        worker=uuid_text(worker_id),
        back=f"{_archive(worker_id)}?look={_seal(worker_id, looker)}",
        action=_action(act, worker_id, record_id),
        look=_seal(worker_id, looker),
        scans=f"{_archive(worker_id)}/papers?look={_seal(worker_id, looker)}"
        if worker.state != RESTRICTED and can(looker.actor, "worker.paper.read")
        else "",
        card=card,
        along=along,
        person=PERSON if act.person else (),
        kinds=numbers(),
        fields=act.fields,
        papers=_papers(act, worker_id, worker.state, looker, typed),
        filing=_filing(act, worker_id, record_id),
        least=act.papers,
        paper_kinds=codes("paper_kinds"),
        blockers=_blockers(act, worker_id, record_id, looker, typed) if act.erases else [],
        typed=typed,
        wrong=wrong,
        trouble=trouble,
    )


def _blockers(
    act: DeskAct, worker_id: bytes, record_id: bytes, looker: Looker, typed: dict[str, Any]
) -> list[Blocker]:
    """Return what stands against an erasure on the ground chosen so far; the look at it is noted."""
    person = persons.read(house(), worker_id, sealed=True)
    if person is None:
        return []
    looking.note(house(), looker, [one.worker_id for one in person.archives], "identity")
    ground = str(typed.get("ground") or "")
    with house().db.read() as conn:
        if not act.record:
            return blockers.of_archives(house(), conn, person.archives, ground)
        place = _find(person, record_id, typed)
        if place is None or place.state is None:
            return []
        return record_blockers(house(), conn, place.archive.worker_id, place.state, ground)


def _papers(
    act: DeskAct, worker_id: bytes, state: str, looker: Looker, typed: dict[str, Any]
) -> list[PaperLine] | None:
    """Return what the form of an act may rest on; of a restricted archive what was filed from it, unnamed."""
    if act.papers is None:
        return None
    if not act.beside(worker_id, state):
        return papers_for(worker_id, looker)
    chosen = dict.fromkeys(one for slot in SLOTS if (one := str(typed.get(slot) or "")))
    return [PaperLine(one, f"第 {n} 份材料", "", "本次收存", "", "") for n, one in enumerate(chosen, start=1)]


def papers_for(worker_id: bytes, looker: Looker) -> list[PaperLine]:
    """Return the papers a form may rest on, newest first, once the look is noted."""
    if not can(looker.actor, "worker.paper.read"):
        return []
    found = house().papers.of(worker_id)
    looking.note(house(), looker, [house().papers.person(worker_id)], FIELDS)
    return [paper_line(one) for one in reversed(found)]


# -- papers


def filed_for(
    worker_id: bytes, kind: str, title: str, file: bytes, *, sealed: bool = False
) -> Paper | Problem:
    """File what was uploaded beside a form; else the problem to tell in place."""
    try:
        return house().papers.keep(worker_id, file, kind, title, actor(), sealed=sealed)
    except FormRefused as refused:
        # The form around it has fields of these names for other things: no field of it is to blame.
        said = "；".join(str(one["detail"]) for one in refused.errors)
        blamed = [{"pointer": f"/paper_{one['pointer'][1:]}", "code": "value"} for one in refused.errors]
        return FormRefused(f"收存材料：{said}", errors=blamed)
    except (
        paper_errors.PaperRefused,
        paper_errors.PaperUnsafe,
        paper_errors.TooManyPapers,
        TooLarge,
    ) as problem:
        return problem


def refuse_unfiled(form: dict[str, Any]) -> None:
    """Refuse a form with a chosen file that is not filed. Raises `FormRefused`."""
    if form["file"]:
        detail = "选中的文件还没有收存：请在“收存一份材料”里按“收存”，或者清除所选的文件"
        raise FormRefused(errors=[{"pointer": "/papers", "code": "value", "detail": detail}])


def with_paper(form: dict[str, Any], paper: Paper) -> dict[str, Any]:
    """Return a form as it was typed, with a paper chosen that was filed beside it."""
    paper_id = uuid_text(paper.paper_id)
    free = next((slot for slot in SLOTS if form[slot] in ("", paper_id)), SLOTS[-1])
    return form | {free: paper_id, "paper_kind": "", "paper_title": ""}


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/papers/<name>",
    policy="worker.paper.file",
    surface=Surface.PAGE,
    body=Upload(ActPageForm, ("file",)),
    answer={200: HTML, 422: HTML},
    problems=TO_FILE,
    summary="为办理事项收存材料（网页） / File a paper from the form of an act",
)
def act_paper_button(
    worker_id: bytes, name: str, form: dict[str, Any], files: dict[str, bytes]
) -> flask.Response:
    """File a paper of the worker and show the form as it was typed, with the paper chosen."""
    return _filed(worker_id, NO_RECORD, name, form, files)


@door(
    bp,
    "POST",
    "/desk/workers/<id:worker_id>/records/<id:record_id>/papers/<name>",
    policy="worker.paper.file",
    surface=Surface.PAGE,
    body=Upload(ActPageForm, ("file",)),
    answer={200: HTML, 422: HTML},
    problems=(errors.RecordAmbiguous, *TO_FILE),
    summary="为一条记录的事项收存材料（网页） / File a paper from the form of an act on a record",
)
def record_act_paper_button(
    worker_id: bytes, record_id: bytes, name: str, form: dict[str, Any], files: dict[str, bytes]
) -> flask.Response:
    """File a paper of the worker and show the form as it was typed, with the paper chosen."""
    return _filed(worker_id, record_id, name, form, files)


def _filed(
    worker_id: bytes, record_id: bytes, name: str, form: dict[str, Any], files: dict[str, bytes]
) -> flask.Response:
    with_papers = (one for one in ACTS if one.record is bool(record_id) and one.papers is not None)
    act = next((one for one in with_papers if one.name == name), None)
    if act is None:
        raise NotFound
    looker = desk_looks.opened(worker_id, form["look"])
    if looker is None:
        unfiled = form | {"file": "x" if files["file"] else ""}
        again = renewed(unfiled, _action(act, worker_id, record_id), _archive(worker_id))
        return again if isinstance(again, flask.Response) else _form(act, worker_id, record_id, again, form)
    title, file = form["paper_title"], files["file"]
    with house().db.read_raw() as cursor:
        worker = house().people.load(cursor, worker_id)
    beside = worker is not None and act.beside(worker_id, worker.state)
    found = filed_for(worker_id, form["paper_kind"], title, file, sealed=beside)
    if isinstance(found, Problem):
        return _form(act, worker_id, record_id, looker, form, found)
    return _form(act, worker_id, record_id, looker, with_paper(form, found))


Typed = tuple[dict[str, Any], dict[str, str], Problem | None, Problem | None]


def plain_form(
    title: str, effect: str, action: str, fields: tuple[Field, ...], said: Typed, **more: Any
) -> flask.Response:
    """Show the form of an act without papers and without another person."""
    typed, wrong, trouble, problem = said
    empty: dict[str, Callable[[], Any] | Any] = {
        "act": "",
        "card": None,
        "along": None,
        "person": (),
        "kinds": (),
        "papers": None,
        "scans": "",
    }
    return page(
        "desk_act.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        title=title,
        effect=effect,
        action=action,
        fields=fields,
        least=None,
        paper_kinds=(),
        blockers=[],
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        **empty,
        **more,
    )


def _seal(worker_id: bytes, looker: Looker) -> str:
    return desk_looks.seal(worker_id, looker.purpose, looker.case_ref)


def _archive(worker_id: bytes) -> str:
    return f"/desk/workers/{uuid_text(worker_id)}"


def _action(act: DeskAct, worker_id: bytes, record_id: bytes) -> str:
    return f"{_subject(act, worker_id, record_id)}/{act.name}"


def _filing(act: DeskAct, worker_id: bytes, record_id: bytes) -> str:
    return f"{_subject(act, worker_id, record_id)}/papers/{act.name}"


def _subject(act: DeskAct, worker_id: bytes, record_id: bytes) -> str:
    return _archive(worker_id) + (f"/records/{uuid_text(record_id)}" if act.record else "")


def _to_gate(worker_id: bytes) -> flask.Response:
    """Ask for purpose and case again."""
    return go(_archive(worker_id))
