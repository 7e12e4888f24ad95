"""Doors of the desk: clients, and the proposals that wait for a second person."""

from collections.abc import Callable
from typing import Any

import flask

from recordsvc.access import acts, clients, deciding, number_conflicts, objects, registering
from recordsvc.access.clients import Client
from recordsvc.access.entrance import actor
from recordsvc.access.errors import ClientRefused, ClientStateConflict, ClientUnknown
from recordsvc.access.forms import (
    ClientDetailForm,
    ClientsForm,
    ClientTermsForm,
    DecisionForm,
    NewClientForm,
    NewKeyForm,
    OfficialActsForm,
    OfficialActsQuery,
    ProposalForm,
    ProposalsForm,
    ProposalsQuery,
    ProposedForm,
    ReasonForm,
    RevokeKeyForm,
)
from recordsvc.access.grants import Actor, reach
from recordsvc.access.policy import door, prove
from recordsvc.access.registering import NewClient, NewKey, NewTerms
from recordsvc.access.services import access, bp, house, once, reference
from recordsvc.ground import answers, http, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import (
    AlreadyClosed,
    NotTheProposer,
    Proposal,
    SamePerson,
    StaleProposal,
    UnknownKind,
    UnknownProposal,
)
from recordsvc.people.numbers import NumberTaken, NumberUnfit


@door(
    bp,
    "GET",
    "/v1/desk/clients",
    policy="client.read",
    answer=ClientsForm,
    summary="接入方一览 / Registered clients",
)
def list_clients() -> flask.Response:
    """List the clients of the official's area with their keys' dates."""
    return answers.answer({"items": [_shown(found) for found in seen_clients()]}, form=ClientsForm)


def seen_clients() -> list[Client]:
    """Return the clients of the official's area, in order of their ids."""
    with house().db.read() as conn:
        seen = clients.ids_within(conn, reach(actor(), "client.read"))
    return [found for found in access().clients.all() if found.client_id in seen]


@door(
    bp,
    "GET",
    "/v1/desk/clients/<client_id>",
    policy="client.read",
    answer=ClientDetailForm,
    problems=(ClientUnknown,),
    summary="一个接入方及其经过 / A client, and what was done to it",
)
def read_client(client_id: str) -> flask.Response:
    """Show a client with its keys' dates and its history, oldest first."""
    now = house().clock.now_ms()
    with house().db.read() as conn:
        found, done = clients.one(conn, client_id), clients.history(conn, client_id)
    later = [
        {
            "scopes": sorted(one.scopes),
            "units_a_day": one.units_a_day,
            "at_once": one.at_once,
            "from_ms": one.from_ms,
        }
        for one in found.coming(now)
    ]
    told = _shown(found.at(now)) | {"coming": later, "events": done}
    return answers.answer(told, form=ClientDetailForm)


@door(
    bp,
    "POST",
    "/v1/desk/clients",
    policy="client.propose",
    body=NewClientForm,
    answer={202: ProposedForm},
    problems=(ClientRefused,),
    idempotent=True,
    summary="提出接入登记 / Propose a client",
)
def propose_client(form: dict[str, Any]) -> flask.Response:
    """Propose a client; it exists once a second official approves."""
    return _proposed(once(asked_client(form)))


def asked_client(form: dict[str, Any]) -> Callable[[Turn], str]:
    """Return what proposes a client of a `NewClientForm`; the proposal's id in hex."""
    by, random = reference(), house().random
    new = NewClient(**form | {"keys": [NewKey(**key) for key in form["keys"]]})
    return lambda turn: registering.propose_client(turn, new, by=by, random=random)[0].hex()


@door(
    bp,
    "POST",
    "/v1/desk/clients/<client_id>/keys",
    policy="client.propose",
    body=NewKeyForm,
    answer={202: ProposedForm},
    problems=(ClientUnknown, ClientRefused, ClientStateConflict),
    idempotent=True,
    summary="提出增加公钥 / Propose one more key of a client",
)
def propose_client_key(client_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose a key; the client may use it once a second official approves."""
    return _proposed(once(asked_key(client_id, form)))


def asked_key(client_id: str, form: dict[str, Any]) -> Callable[[Turn], str]:
    """Return what proposes a key of a `NewKeyForm`; the proposal's id in hex."""
    by, random, key = reference(), house().random, NewKey(**form)
    return lambda turn: registering.propose_key(turn, client_id, key, by=by, random=random).hex()


@door(
    bp,
    "POST",
    "/v1/desk/clients/<client_id>/terms",
    policy="client.propose",
    body=ClientTermsForm,
    answer={202: ProposedForm},
    problems=(ClientUnknown, ClientRefused),
    idempotent=True,
    summary="提出变更权限与上限 / Propose other scopes and ceilings of a client",
)
def propose_client_terms(client_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose terms; they hold from their instant on once a second official approves."""
    return _proposed(once(asked_terms(client_id, form)))


def asked_terms(client_id: str, form: dict[str, Any]) -> Callable[[Turn], str]:
    """Return what proposes the terms of a `ClientTermsForm`; the proposal's id in hex."""
    by, random, new = reference(), house().random, NewTerms(**form)
    return lambda turn: registering.propose_terms(turn, client_id, new, by=by, random=random).hex()


@door(
    bp,
    "POST",
    "/v1/desk/clients/<client_id>/lift",
    policy="client.propose",
    body=ReasonForm,
    answer={202: ProposedForm},
    problems=(ClientUnknown, ClientStateConflict),
    idempotent=True,
    summary="提出恢复接入 / Propose to lift a suspension",
)
def propose_client_lift(client_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose that a suspended client may go on."""
    return _proposed(once(asked_lift(client_id, form["reason"])))


def asked_lift(client_id: str, reason: str) -> Callable[[Turn], str]:
    """Return what proposes to lift a suspension; the proposal's id in hex."""
    by, random = reference(), house().random
    return lambda turn: registering.propose_lift(turn, client_id, reason=reason, by=by, random=random).hex()


@door(
    bp,
    "POST",
    "/v1/desk/clients/<client_id>/suspend",
    policy="client.suspend",
    body=ReasonForm,
    answer={204: None},
    problems=(ClientUnknown, ClientStateConflict),
    summary="立即暂停接入 / Suspend a client at once",
)
def suspend_client(client_id: str, form: dict[str, Any]) -> flask.Response:
    """Stop a client; its tokens are refused from the next request on."""
    by, why = reference(), form["reason"]
    house().db.write(lambda turn: clients.suspend(turn, client_id, by=by, reason=why))
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/desk/clients/<client_id>/keys/revoke",
    policy="client.suspend",
    body=RevokeKeyForm,
    answer={204: None},
    problems=(ClientUnknown, ClientStateConflict),
    summary="立即停用公钥 / End a client's key at once",
)
def revoke_client_key(client_id: str, form: dict[str, Any]) -> flask.Response:
    """End one key; the client's other keys go on."""
    by = reference()
    house().db.write(
        lambda turn: clients.revoke_key(turn, client_id, form["kid"], by=by, reason=form["reason"])
    )
    return flask.Response(status=204)


@door(
    bp,
    "GET",
    "/v1/desk/proposals",
    policy="proposal.read",
    query=ProposalsQuery,
    answer=ProposalsForm,
    summary="双人复核待办 / Proposals",
)
def list_proposals(query: dict[str, Any]) -> flask.Response:
    """List what waits for a second person, or what became of it, page by page."""
    now, who, limit = house().clock.now_ms(), actor(), query["limit"]
    seen = objects.proposals_of(who)
    with house().db.read() as conn:
        if query["state"] == "open":
            found = two_person.pending(conn, now, *seen, after=query["cursor"] or b"", limit=limit)
        else:
            found = two_person.closed(conn, now, *seen, before=query["cursor"] or b"\xff" * 16, limit=limit)
        found = [two_person.shown(conn, one, house()) for one in found]
    page = {
        "items": [_with_right(proposal, who) for proposal in found],
        "next": found[-1].id if len(found) == limit else None,
    }
    return answers.answer(page, form=ProposalsForm)


@door(
    bp,
    "GET",
    "/v1/desk/acts",
    policy="act.read",
    query=OfficialActsQuery,
    answer=OfficialActsForm,
    summary="单人办理留痕 / What officials and the server's console did alone",
)
def list_acts(query: dict[str, Any]) -> flask.Response:
    """List what one did alone, with its author, newest first; for auditors and data officers."""
    with house().db.read() as conn:
        found = acts.listed(
            conn, reach(actor(), "act.read"), before=query["before"] or b"\xff" * 16, limit=query["limit"]
        )
    following = found[-1].id if len(found) == query["limit"] else None
    return answers.answer({"items": found, "next": following}, form=OfficialActsForm)


@door(
    bp,
    "POST",
    "/v1/desk/proposals/<id:proposal_id>/decide",
    policy="proposal.decide",
    body=DecisionForm,
    answer=ProposalForm,
    problems=(
        UnknownProposal,
        UnknownKind,
        SamePerson,
        AlreadyClosed,
        StaleProposal,
        NumberTaken,
        NumberUnfit,
    ),
    summary="复核决定 / Decide a proposal as the second person",
)
def decide_proposal(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Approve, which acts at once, or refuse."""
    prove_for(proposal_id)
    who = actor()
    with number_conflicts.ending(house(), proposal_id, who, http.current().id):
        deciding.decide(house(), proposal_id, who, approve=form["approve"], reason=form["reason"])
    return _one(proposal_id)


def prove_for(proposal_id: bytes) -> None:
    """Ask for a fresh proof where a proposal's kind does. Raises `StepUpRequired`, `UnknownProposal`."""
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
    if two_person.asks_fresh(found.kind):
        prove()


@door(
    bp,
    "POST",
    "/v1/desk/proposals/<id:proposal_id>/withdraw",
    policy="proposal.withdraw",
    body=ReasonForm,
    answer=ProposalForm,
    problems=(UnknownProposal, NotTheProposer, AlreadyClosed),
    summary="撤回待办 / Withdraw one's own proposal",
)
def withdraw_proposal(proposal_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Take back what one has proposed oneself."""
    deciding.withdraw(house(), proposal_id, actor(), form["reason"])
    return _one(proposal_id)


def _one(proposal_id: bytes) -> flask.Response:
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
        found = two_person.shown(conn, found, house())
    return answers.answer(_with_right(found, actor()), form=ProposalForm)


def _with_right(proposal: Proposal, who: Actor) -> dict[str, Any]:
    shown = {name: getattr(proposal, name) for name in Proposal.__slots__ if name not in ("tools", "basis")}
    return shown | {"may_decide": deciding.may_decide(proposal, who)}


def _proposed(proposal_hex: str) -> flask.Response:
    proposal_id = bytes.fromhex(proposal_hex)
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
    return answers.answer({"proposal_id": proposal_id, "subject": found.subject}, 202, form=ProposedForm)


def _shown(found: Client) -> dict[str, Any]:
    keys = [
        {
            "kid": key.kid,
            "alg": key.public.alg,
            "not_before_ms": key.not_before_ms,
            "not_after_ms": key.not_after_ms,
            "revoked_ms": key.revoked_ms,
        }
        for key in found.keys.values()
    ]
    names = ("client_id", "kind", "name", "institution", "state", "registered_ms", "units_a_day", "at_once")
    return {name: getattr(found, name) for name in names} | {"scopes": sorted(found.scopes), "keys": keys}
