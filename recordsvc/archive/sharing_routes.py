"""Doors of sharing: the worker gives and ends consents; a client, or who is there for it, opens them."""

import functools
from collections.abc import Callable
from typing import Any, Final

import flask

from recordsvc.access import consents, staff
from recordsvc.access.consents import Consent, Ended, Given, Wanted
from recordsvc.access.entrance import actor
from recordsvc.access.errors import (
    AccessEnded,
    CodePaced,
    CodeWanted,
    ConsentRefused,
    LoginPaced,
    ReceiverUnreachable,
)
from recordsvc.access.forms import EmptyForm
from recordsvc.access.grants import Actor, Position, Scope, author
from recordsvc.access.in_place_errors import OwnProofWanted
from recordsvc.access.policy import Sends, door
from recordsvc.access.services import access, once
from recordsvc.archive import extracts, own_proof, sharing
from recordsvc.archive.errors import RegionKeyNotInForce
from recordsvc.archive.facts import is_private
from recordsvc.archive.me_routes import own_archives, own_chain
from recordsvc.archive.services import bp, house, own_worker
from recordsvc.archive.sharing_forms import (
    ConsentsForm,
    GivenForm,
    NewConsentForm,
    OpenForm,
    SharedEventsForm,
    SharedListForm,
    SharingEndedForm,
)
from recordsvc.ground import answers, http
from recordsvc.ground.commit import Turn
from recordsvc.ground.paging import Cursors, PageQuery
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import NotFound
from recordsvc.people.identifiers import IdentifierError, uscc

SHARED: Final = Sends("application/json", "shared.v1.json")
"""An extract, or a bundle where records are shared whole."""


def own_consents() -> list[Consent]:
    """Return the consents of the worker who asks, in every archive that is read as theirs."""
    with house().db.read() as conn:
        return consents.of_workers(conn, _own_chains())


@door(
    bp,
    "GET",
    "/v1/me/consents",
    policy="own.consent.read",
    answer=ConsentsForm,
    summary="我共享了什么 / What I share, with whom, until when, how often it was opened",
)
def list_consents() -> flask.Response:
    """List all, running and ended."""
    return answers.answer({"items": [_told(one) for one in own_consents()]}, form=ConsentsForm)


@door(
    bp,
    "POST",
    "/v1/me/consents",
    policy="own.consent.give",
    step_up=True,
    idempotent=True,
    body=NewConsentForm,
    answer={201: GivenForm},
    problems=(ConsentRefused, ReceiverUnreachable, NotFound, OwnProofWanted, LoginPaced),
    summary="共享记录 / Share records with a receiver until a date",
)
def give_consent(form: dict[str, Any]) -> flask.Response:
    """Begin a consent; its link and code are told once, a repetition tells its id only."""
    consent_id, given = give(form)
    told = {
        "consent_id": consent_id,
        "link": link_of(given.secret) if given and given.secret else None,
        "code": given.code or None if given else None,
    }
    return answers.answer(told, 201, form=GivenForm)


def give(form: dict[str, Any]) -> tuple[bytes, Given | None]:
    """Begin the consent that a form of `NewConsentForm` says; its id, and unless repeated what was made.

    Raises `ConsentRefused`, `ReceiverUnreachable`, `NotFound`; at the window `OwnProofWanted`, `LoginPaced`.
    """
    chain = own_chain(form["archive"])
    check_receiver(form["receiver"])
    standing = _standing(chain)
    records = (
        _by_default(chain, standing) if form["records"] is None else tuple(dict.fromkeys(form["records"]))
    )
    if not set(records) <= set(standing):
        raise _refused("/records", "不是本档案中的记录")
    members = ("receiver", "purpose", "text_code", "until_ms", "max_uses", "with_code")
    wanted = Wanted(records=records, fields=_fields(form), **{name: form[name] for name in members})
    settle, session = own_proof.wanted(house(), actor(), form), in_session(actor())
    made: list[Given] = []

    def act(turn: Turn) -> str:
        place = house()
        mac = functools.partial(place.keys.hmac, "login")
        proof = settle(turn)
        # A turn that is run again makes another: the last one is what was committed.
        made[:] = [consents.give(turn, place.log, place.random, mac, chain, wanted, session, proof)]
        return made[0].consent_id.hex()

    consent_id = bytes.fromhex(once(act))
    return consent_id, next((one for one in made if one.consent_id == consent_id), None)


def in_session(who: Actor) -> str:
    """Return by which session, or by whom in the worker's place, something was agreed to."""
    return author(who) if who.through is not None else f"session-{who.session_id[:8] or 'none'}"


def link_of(secret: str) -> str:
    """Return the address that opens a link."""
    return f"{house().settings.public_url.rstrip('/')}/s/{secret}"


@door(
    bp,
    "POST",
    "/v1/me/consents/<id:consent_id>/end",
    policy="own.consent.end",
    body=EmptyForm,
    answer=SharingEndedForm,
    summary="停止一项共享 / End one consent; the next opening fails",
)
def end_consent(consent_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it; again ends nothing."""
    del form
    return answers.answer({"ended": end_own(consent_id)}, form=SharingEndedForm)


@door(
    bp,
    "POST",
    "/v1/me/consents/end",
    policy="own.consent.end",
    body=EmptyForm,
    answer=SharingEndedForm,
    summary="停止全部共享 / End all consents in one act",
)
def end_consents(form: dict[str, Any]) -> flask.Response:
    """End all that run."""
    del form
    return answers.answer({"ended": end_own(None)}, form=SharingEndedForm)


def end_own(consent_id: bytes | None) -> int:
    """End the worker's consent, or all of them; how many. Raises `NotFound` for another's."""
    place, chains = house(), _own_chains()
    if consent_id is not None and consent_id not in {one.consent_id for one in own_consents()}:
        raise NotFound
    return int(place.db.write(lambda turn: consents.end(turn, place.log, chains, Ended.WORKER, consent_id)))


# -- receivers


@door(
    bp,
    "GET",
    "/v1/shared",
    policy="shared.read",
    answer=SharedListForm,
    summary="共享给本单位的 / What workers share with this client or institution",
)
def list_shared() -> flask.Response:
    """List what runs; nothing of a person is told before it is opened."""
    names = ("consent_id", "purpose", "begun_ms", "until_ms", "max_uses", "uses", "has_code", "fields")
    items = [{name: getattr(one, name) for name in names} for one in given_to_us()]
    return answers.answer({"items": items}, form=SharedListForm)


@door(
    bp,
    "GET",
    "/v1/shared/events",
    policy="shared.events.read",
    query=PageQuery,
    answer=SharedEventsForm,
    summary="共享的开始、使用和结束 / What happened to consents for this receiver, in order",
    description="`next` is a cursor that stays valid for years; no items: nothing is newer yet.",
)
def shared_events(query: dict[str, Any]) -> flask.Response:
    """List events of the client, and of the institution that client or staff is of; of no person."""
    receivers = sharing.receivers_of(actor())
    cursors: Cursors = flask.current_app.extensions["cursors"]
    context = f"shared-events/{'+'.join(receivers)}"
    after = cursors.read(context, query["cursor"]) if query["cursor"] else (0,) * len(receivers)
    with house().db.read() as conn:
        told, reached = sharing.events(conn, receivers, after, query["limit"])
    names = ("n", "consent_id", "event", "log_size", "at_ms")
    items = [{"receiver": to, **{name: getattr(one, name) for name in names}} for to, one in told]
    return answers.answer({"items": items, "next": cursors.make(context, *reached)}, form=SharedEventsForm)


@door(
    bp,
    "POST",
    "/v1/shared/<id:consent_id>/open",
    policy="shared.read",
    body=OpenForm,
    answer=SHARED,
    problems=(CodeWanted, CodePaced, RegionKeyNotInForce),
    summary="打开一项共享 / Open what was shared: uses it once, answers the extract or bundle",
)
def open_given(consent_id: bytes, form: dict[str, Any]) -> flask.Response:
    """Use the consent; foreign, missing, expired and ended ones are answered alike."""
    return opened_for_us(consent_id, form["code"], lambda _found, made: answers.answer(made))


# -- shared with the pages


def opened_for_us(
    consent_id: bytes, code: str, told: Callable[[Consent, bytes], flask.Response]
) -> flask.Response:
    """Use a consent given to whoever asks, or to the institution they are there for; what `told` makes of it.

    Raises `NotFound` for foreign, missing, expired and ended ones, `CodeWanted`, `CodePaced`,
    `RegionKeyNotInForce`.
    """
    found = next((one for one in given_to_us() if one.consent_id == consent_id), None)
    if found is None:
        raise NotFound
    try:
        answer = functools.partial(told, found)
        return sharing.open_shared(house(), found, actor(), code, http.current().id, answer)
    except AccessEnded:
        raise NotFound from None


def given_to_us() -> list[Consent]:
    """Return what runs for whoever asks, the oldest first."""
    with house().db.read() as conn:
        return consents.of_receivers(conn, sharing.receivers_of(actor()), house().clock.now_ms())


# -- small parts


def check_receiver(receiver: str) -> None:
    """Raise `ConsentRefused` for what is no receiver: link, an active client that may, a true USCC.

    Raises `ReceiverUnreachable` for an institution with nobody here who could open it.
    """
    kind, _, name = receiver.partition(":")
    if receiver == consents.LINK:
        return None
    if kind == "client":
        client = access().clients.find(name)
        if client is not None and client.active and "shared:read" in client.scopes:
            return None
    if kind == "institution":
        try:
            if uscc(name).value == name:
                return _check_reached(name)
        except IdentifierError:
            pass
    raise _refused("/receiver", "没有这个可以接收共享的单位")


def _check_reached(institution: str) -> None:
    machines = (one for one in access().clients.all() if one.active and Scope.SHARED_READ in one.scopes)
    with house().db.read() as conn:
        people = staff.of_institution(conn, institution)
    now_ms = house().clock.now_ms()
    if not any(Position.HR in one.positions(now_ms) for one in people) and all(
        one.institution != institution for one in machines
    ):
        raise ReceiverUnreachable(pointer="/receiver")


def _own_chains() -> list[bytes]:
    own = own_worker()
    with house().db.read_raw() as cursor:
        return [own, *house().people.read_as(cursor, own)]


def _standing(chain: bytes) -> tuple[bytes, ...]:
    """Return the ids of the records of a chain that can still be opened."""
    archive = next((one for one in own_archives().archives if one.worker_id == chain), None)
    if archive is None:
        raise NotFound
    entries = (archive.entries[state.seq] for state in archive.state.records)
    return tuple(one.stored.record_id for one in entries if one.opened and one.stored.record_id)


def _by_default(chain: bytes, standing: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Leave out of "all records" what is nobody else's to see: it is shared where the worker names it."""
    (archive,) = (one for one in own_archives().archives if one.worker_id == chain)
    private = {
        archive.entries[one.seq].stored.record_id
        for one in archive.state.records
        if one.record is not None and is_private(one.record)
    }
    return tuple(one for one in standing if one not in private)


def _fields(form: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the fields that a form chooses, the least where it says nothing; None: whole records."""
    if form["whole"]:
        if form["fields_"] is not None:
            raise _refused("/fields", "整份共享时不能再选项目")
        return None
    if form["fields_"] is None:
        return extracts.least(beijing_date(house().clock.now_ms()).isoformat())
    return tuple(dict.fromkeys(form["fields_"]))


def _told(found: Consent) -> dict[str, Any]:
    told = {name: getattr(found, name) for name in Consent.__slots__ if name != "worker_id"}
    # Of whoever stood in, the way: `window`. The account is the office's own.
    return told | {"given_in": found.given_in.partition(":")[0]}


def _refused(pointer: str, detail: str) -> ConsentRefused:
    return ConsentRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])
