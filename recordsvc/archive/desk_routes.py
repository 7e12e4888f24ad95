"""Doors of officials: held records, and looking into an archive for a purpose and a case."""

from typing import Any

import flask
import orjson

from recordsvc.access import areas, looked, objects, own_attempts
from recordsvc.access.acts import Act
from recordsvc.access.case_errors import CaseForeign, CaseNames
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused, Recused
from recordsvc.access.looked import Look
from recordsvc.access.policy import Sends, door
from recordsvc.access.services import once, reference
from recordsvc.archive import errors, held, held_own, looking, notices, persons, release, restricted, views
from recordsvc.archive.forms import (
    CardForm,
    FindForm,
    FoundForm,
    HeldListForm,
    HeldQuery,
    LookQuery,
    ReleaseForm,
    ReleaseProposedForm,
    ReturnForm,
)
from recordsvc.archive.looking import Looker
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, http, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused, NotFound
from recordsvc.people import identifiers
from recordsvc.people.enrolling import CardDisagrees, Enrolment
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.resolve import Person
from recordsvc.people.standing import StandingRefused

# -- held records


@door(
    bp,
    "GET",
    "/v1/desk/held",
    policy="held.read",
    query=HeldQuery,
    answer=HeldListForm,
    summary="暂存记录 / Held records, oldest first, without their content",
)
def list_held(query: dict[str, Any]) -> flask.Response:
    """List what waits."""
    after = query["after"] or b""
    with house().db.read() as conn:
        rows = held.waiting(
            conn,
            *held.seen_by(actor()),
            issuer=query["issuer"],
            reason=query["reason"],
            after=after,
            limit=query["limit"],
        )
    return answers.answer({"items": rows}, form=HeldListForm)


@door(
    bp,
    "GET",
    "/v1/desk/held/<id:held_id>",
    policy="held.read",
    query=LookQuery,
    answer=Sends(),
    problems=(errors.HeldNotHere, errors.ArchiveRestricted, PurposeRefused),
    summary="一条暂存记录的内容 / The content of a held record, for a purpose and a case",
)
def read_held(held_id: bytes, query: dict[str, str]) -> flask.Response:
    """Show the record that waits, to the official who decides; the row of it is durable before."""
    looking.judge(house(), _looker(query))
    record = held.open_held(house(), held_id)
    looking.note_held(house(), _looker(query), held_id)
    return answers.answer(orjson.dumps({"record": record}))


@door(
    bp,
    "POST",
    "/v1/desk/held/release",
    policy="held.propose",
    body=ReleaseForm,
    answer={202: ReleaseProposedForm},
    problems=(errors.HeldNotHere, StandingRefused, Recused),
    idempotent=True,
    summary="提出放行 / Propose to release held records, one or many in one act",
)
def propose_release(form: dict[str, Any]) -> flask.Response:
    """Propose a release; a second official decides, then `recordsvc work` judges each anew and enters it."""
    by, seen, place = reference(), held.seen_by(actor()), house()
    # What the form names is judged at the door; what it selects is known only now.
    if actor().own and not form["held"]:
        with place.db.read() as conn:
            selected = release.chosen(conn, *seen, held=(), select=form["select"])
            own = held_own.parties(place, conn, actor(), selected)
        own_attempts.check(place, actor(), own)
    proposal_id = bytes.fromhex(once(lambda turn: release.propose(turn, place, *seen, **form, by=by).hex()))
    with house().db.read() as conn:
        proposed = two_person.read(conn, proposal_id, house().clock.now_ms())
    told = {"proposal_id": proposal_id, "count": len(proposed.payload["held"])}
    return answers.answer(told, 202, form=ReleaseProposedForm)


@door(
    bp,
    "POST",
    "/v1/desk/held/return",
    policy="held.return",
    body=ReturnForm,
    answer={204: None},
    problems=(errors.HeldNotHere,),
    summary="退回签发单位 / Return a held record to its issuer",
)
def return_held(form: dict[str, Any]) -> flask.Response:
    """Return one record with a reason that its issuer reads."""
    held.return_one(house(), form["held_id"], form["reason"], actor())
    return flask.Response(status=204)


# -- looking into an archive


@door(
    bp,
    "POST",
    "/v1/desk/workers/find",
    policy="worker.find",
    body=FindForm,
    answer=FoundForm,
    problems=(PurposeRefused,),
    summary="按号码查找档案 / Find an archive by number, for a purpose and a case",
)
def find_worker(form: dict[str, Any]) -> flask.Response:
    """Find whose number it is; the number stands in the body only. Finding and not finding leave a row."""
    return answers.answer({"worker_id": find_shown(form)}, form=FoundForm)


def find_shown(form: dict[str, Any]) -> bytes:
    """Return whose number it is; found or not, a row is left. Raises `NotFound`, `PurposeRefused`."""
    return looking.find(house(), _looker(form), form["kind"], form["number"])


@door(
    bp,
    "POST",
    "/v1/desk/cards/confirm",
    policy="card.confirm",
    body=CardForm,
    answer=FoundForm,
    problems=(PurposeRefused, CardDisagrees, errors.IdentifierRefused, errors.ArchiveRestricted),
    summary="核实卡片 / Confirm a claimed card, which then selects its holder for writing",
)
def confirm_card(form: dict[str, Any]) -> flask.Response:
    """Confirm a card that an official saw beside its holder's document; both leave a row.

    Card, document number and name must be one person's here; refused otherwise, and the attempt is noted.
    """
    return answers.answer({"worker_id": confirm_shown(form)}, form=FoundForm)


def confirm_shown(form: dict[str, Any]) -> bytes:
    """Confirm the card of a form; the worker.

    Raises `NotFound`, `CardDisagrees`, `PurposeRefused`, `FormRefused` for a day that is still to come.
    """
    who, request_id, place = actor(), http.current().id, house()
    looked.judge(place.db, who, form["purpose"], form["case_ref"])
    person = _shown(form)
    since = form["normal_since"]
    if since is not None and since > beijing_date(place.clock.now_ms()):
        raise FormRefused(errors=[{"pointer": "/normal_since", "code": "value", "detail": "日期在今天之后"}])

    kept_out: list[frozenset[str]] = []
    looks: list[Look] = []

    def act(turn: Turn) -> bytes:
        enrolment = Enrolment(turn, place.people, place.keys, place.random)
        worker_id = enrolment.confirm(person, reference(who), since.isoformat() if since else None)
        thing = areas.person(turn.conn, worker_id)
        if not objects.own_reach(who, "card.confirm", thing):
            kept_out.append(thing.parties)
            raise NotFound
        looks.append(Look(worker_id, who, form["purpose"], "identity", form["case_ref"], request_id))
        looked.note(turn, place, looks[0])
        restricted.refuse(place, place.db.cursor(turn.conn), worker_id)
        notices.tell_worker(turn, place, worker_id, "card-confirmed", {}, f"card/{request_id}")
        return worker_id

    try:
        return place.db.write(act)
    except (NotFound, CardDisagrees, CaseNames) as refused:
        if isinstance(refused, CaseForeign | CaseNames):
            # Its turn took the row back with it; of one that names its person nothing else is written.
            looked.foreign(place, looks[0])
        looking.note_act(place, _looker(form), Act.CONFIRM_REFUSED, form["document"])
        own_attempts.tell(place, who, frozenset().union(*kept_out))
        raise


@door(
    bp,
    "GET",
    "/v1/desk/workers/<id:worker_id>/archive",
    policy="worker.archive.read",
    query=LookQuery,
    answer=Sends(),
    problems=(PurposeRefused,),
    summary="查阅档案 / Read a worker's archive, for a purpose and a case",
)
def read_archive(worker_id: bytes, query: dict[str, str]) -> flask.Response:
    """Show a person's archives to an official; the rows of who looked are durable before."""
    with looking.traced(house(), _looker(query), worker_id):
        person = persons.read(house(), worker_id)
    if person is None:
        raise looking.nobody(house(), _looker(query), worker_id)
    looking.note(house(), _looker(query), [one.worker_id for one in person.archives], "records")
    told = orjson.loads(views.person_json(views.for_officials(person)))
    return answers.answer(orjson.dumps(views.masked(told)))


def _shown(form: dict[str, Any]) -> Person:
    """Return who and what was seen together. Raises `IdentifierRefused`."""
    today = beijing_date(house().clock.now_ms())
    try:
        number = identifiers.parse(form["document"], form["document_number"], today).value
        card = identifiers.card_number(form["number"])
    except IdentifierError as fault:
        raise errors.IdentifierRefused(detail_en=str(fault), reason=fault.code) from None
    return Person(form["document"], number, form["name"], card)


def _looker(given: dict[str, Any]) -> Looker:
    return Looker(actor(), given["purpose"], given["case_ref"], http.current().id)
