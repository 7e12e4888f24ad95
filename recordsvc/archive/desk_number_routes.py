"""Doors for numbers, names and cards of a worker: officials look and propose, the worker sees their own."""

from collections.abc import Callable
from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access import acts, looked, objects, own_attempts, own_parties
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.looked import Look
from recordsvc.access.policy import door
from recordsvc.access.services import once, reference
from recordsvc.archive import errors, looking, number_views, paperrefs, reassigning, restricted
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.looking import Looker
from recordsvc.archive.number_forms import (
    AddNumberForm,
    DisputedListForm,
    NameForm,
    NumberProposedForm,
    NumbersForm,
    ReassignForm,
    StandingForm,
    WithdrawalForm,
)
from recordsvc.archive.services import bp, house, own_worker
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, NotFound
from recordsvc.people import identifiers, numbers
from recordsvc.people import tables as people_tables
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.names import is_a_name
from recordsvc.people.numbers import NumberUnfit, Why

TO_CHANGE: Final = (NumberUnfit, errors.IdentifierRefused, *paperrefs.PROBLEMS)


@door(
    bp,
    "GET",
    "/v1/me/cards",
    policy="own.numbers.read",
    answer=NumbersForm,
    problems=(errors.ArchiveRestricted,),
    summary="我的号码与卡 / My numbers, names and cards, with the state of each",
)
def my_cards() -> flask.Response:
    """Send everything by which the worker is known, whole."""
    return answers.answer(own_numbers(), form=NumbersForm)


@door(
    bp,
    "GET",
    "/v1/desk/workers/<id:worker_id>/numbers",
    policy="worker.numbers.read",
    query=LookQuery,
    answer=NumbersForm,
    problems=(PurposeRefused, errors.ArchiveRestricted),
    summary="号码与卡一览 / A worker's numbers, names and cards, masked, for a purpose and a case",
)
def read_numbers(worker_id: bytes, query: dict[str, str]) -> flask.Response:
    """Show by what a worker is known; the row of who looked is durable before."""
    return answers.answer(seen_numbers(worker_id, query), form=NumbersForm)


@door(
    bp,
    "GET",
    "/v1/desk/disputed",
    policy="worker.numbers.read",
    answer=DisputedListForm,
    summary="有争议的号码与卡 / Disputed numbers and cards, without their values",
)
def list_disputed() -> flask.Response:
    """List what officials have to settle: claims the registry contradicts, numbers that two people had."""
    own = people_tables.identifier.c.worker_id
    seen = objects.of_workers(actor(), "worker.numbers.read", own)
    with house().db.read() as conn:
        rows = [dict(row._mapping) for row in numbers.disputed(conn, *seen)]  # noqa: SLF001 - documented name
        sealed = restricted.among(house(), house().db.cursor(conn), (row["worker_id"] for row in rows))
    rows = [row for row in rows if row["worker_id"] not in sealed]
    return answers.answer({"items": rows}, form=DisputedListForm)


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/numbers",
    policy="number.propose",
    body=AddNumberForm,
    answer={202: NumberProposedForm},
    problems=TO_CHANGE,
    idempotent=True,
    summary="提出增加号码 / Propose one more number of a worker",
)
def propose_number(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a number; it counts once a second official approves. The proposal holds it sealed."""
    return proposed(ask_number(worker_id, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/numbers/standing",
    policy="number.propose",
    body=StandingForm,
    answer={202: NumberProposedForm},
    problems=TO_CHANGE,
    idempotent=True,
    summary="提出号码作废、有争议或恢复 / Propose that a number is superseded, disputed or verified",
)
def propose_standing(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose how a number stands from now on."""
    why, by, place = why_of(worker_id, form), reference(), house()
    told = (form["identifier_id"], form["standing"], why, by)
    return proposed(lambda turn: numbers.propose_standing(turn, place, worker_id, *told))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/names",
    policy="number.propose",
    body=NameForm,
    answer={202: NumberProposedForm},
    problems=TO_CHANGE,
    idempotent=True,
    summary="提出变更姓名 / Propose one more name of a worker; the old one stays",
)
def propose_name(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose a name; the proposal holds it sealed."""
    return proposed(ask_name(worker_id, form))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/cards/withdraw",
    policy="number.propose",
    body=WithdrawalForm,
    answer={202: NumberProposedForm},
    problems=TO_CHANGE,
    idempotent=True,
    summary="提出撤回卡事件 / Propose that an event of a card does not count",
)
def propose_withdrawal(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose to withdraw an event that was entered in error; it stays and says so."""
    why, by, place = why_of(worker_id, form), reference(), house()
    told = (form["identifier_id"], form["n"], why, by)
    return proposed(lambda turn: numbers.propose_withdrawal(turn, place, worker_id, *told))


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/cards/reassign",
    policy="number.propose",
    body=ReassignForm,
    answer={202: NumberProposedForm},
    problems=TO_CHANGE,
    idempotent=True,
    summary="提出收回登记错人的卡 / Propose to take back a card and give it to whom it belongs",
)
def propose_reassign(worker_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Propose that a card is another person's; no record changes with it."""
    why, by, place = why_of(worker_id, form), reference(), house()
    told = (form["identifier_id"], form["to"], why, by)
    return proposed(lambda turn: reassigning.propose_reassign(turn, place, worker_id, *told))


# -- shared with the pages


def own_numbers() -> dict[str, Any]:
    """Return everything by which the worker who asks is known."""
    return number_views.told(house(), number_views.known(house(), own_worker()), number_views.whole)


def seen_numbers(worker_id: bytes, query: dict[str, str]) -> dict[str, Any]:
    """Return by what a worker is known, masked, once the look is noted.

    Raises `PurposeRefused`, `CaseUnknown`, `ArchiveRestricted`, `NotFound`.
    """
    place, purpose, case = house(), query["purpose"], query["case_ref"]
    looked.judge(place.db, actor(), purpose, case)
    looker = Looker(actor(), purpose, case, http.current().id)
    with looking.traced(place, looker, worker_id):
        found = number_views.known(place, worker_id)
    if not found:
        act = OfficialAct(actor(), Act.ARCHIVE_NOTHING, uuid_text(worker_id), purpose, case)
        acts.record(place.db, place.random, act)
        raise NotFound
    look = Look(worker_id, actor(), purpose, "identity", case, http.current().id)
    looked.record(place, [look])
    told = number_views.told(place, found, number_views.masked)
    return told | {"asked": number_views.asked(place, worker_id)}


def ask_number(worker_id: bytes, form: dict[str, Any]) -> Callable[[Turn], bytes]:
    """Return the act of proposing a number.

    Raises `IdentifierRefused` for one that cannot be, `Recused` for the official's own as they stated it.
    """
    place = house()
    try:
        today = beijing_date(place.clock.now_ms())
        value = identifiers.parse(form["kind"], form["number"], today, legacy=True).value
    except IdentifierError as fault:
        raise errors.IdentifierRefused(detail_en=str(fault), pointer="/number", reason=fault.code) from None
    with place.db.read() as conn:
        own = own_parties.named_by(conn, actor(), place.people.tags(form["kind"], value))
    own_attempts.check(place, actor(), own)
    why, by = why_of(worker_id, form), reference()
    told = (form["kind"], form["number"], why, by, form["standing"])
    return lambda turn: numbers.propose_add(turn, place, worker_id, *told)


def ask_name(worker_id: bytes, form: dict[str, Any]) -> Callable[[Turn], bytes]:
    """Return the act of proposing a name. Raises `FormRefused` for what is none."""
    why, by, place = why_of(worker_id, form), reference(), house()
    name = identifiers.shown(form["name"])
    if not is_a_name(name):
        raise FormRefused(errors=[{"pointer": "/name", "code": "value", "detail": "不像姓名"}])
    return lambda turn: numbers.propose_name(turn, place, worker_id, name, why, by)


def why_of(worker_id: bytes, form: dict[str, Any]) -> Why:
    """Return on what a change of a worker rests.

    Raises `FormRefused` for a ground that the dated list does not have, and `paperrefs.PROBLEMS`.
    """
    today = beijing_date(house().clock.now_ms()).isoformat()
    if form["ground"] not in dated.table("number_grounds").on(today):
        raise FormRefused(errors=[{"pointer": "/ground", "code": "value", "detail": "没有这种依据"}])
    papers = paperrefs.resolved(house(), [worker_id], form["papers"])
    return Why(form["ground"], form["text"], papers)


def proposed(act: Callable[[Turn], bytes]) -> flask.Response:
    """Propose, and tell the proposal's id."""
    proposal_id = bytes.fromhex(once(lambda turn: act(turn).hex()))
    return answers.answer({"proposal_id": proposal_id}, 202, form=NumberProposedForm)
