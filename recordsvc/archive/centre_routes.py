"""Doors of an institution's people to what is their own: who it is, its keys and clients, its held records.

Notices and objections have their doors already (`/v1/institution/…`); staff enter them as its machines do.
"""

from typing import Any, Final

import flask
from marshmallow import fields

from recordsvc.access import staff_terms
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Kind
from recordsvc.access.policy import door
from recordsvc.access.services import access
from recordsvc.access.staff_terms import Ending
from recordsvc.archive import held
from recordsvc.archive.forms import HeldListForm, IssuerKeysForm
from recordsvc.archive.keyevents import NO_END
from recordsvc.archive.services import bp, house, own_institution
from recordsvc.ground import answers
from recordsvc.ground.forms import Form, Identifier, WholeText
from recordsvc.ground.ports import beijing_date

PAGE: Final = 100


class OwnClientForm(Form):
    """A machine of one's own institution."""

    client_id = fields.String(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)


class EndingForm(Form):
    """A position of who asks that ends soon: from which instant (UTC ms) on, and its last Beijing day."""

    position = fields.String(required=True)
    until_ms = fields.Integer(required=True)
    last_on = fields.String(required=True)


class CentreForm(IssuerKeysForm):
    """One's own institution: name and kind as of today (null where nobody entered it), keys, machines.

    `positions` and `ending` are of who asks.
    """

    institution = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, allow_none=True)
    in_force = fields.Boolean(required=True)
    positions = fields.List(fields.String(), required=True)
    ending = fields.List(fields.Nested(EndingForm), required=True)
    clients = fields.List(fields.Nested(OwnClientForm), required=True)


class OwnHeldQuery(Form):
    """Behind which record, and how many at most."""

    after = Identifier(load_default=None)
    limit = WholeText(load_default=PAGE)


def keys_of(issuer: str) -> list[dict[str, Any]]:
    """Return an issuer's keys with their state as the log's events make it."""
    state = house().issuers.state(issuer)
    return [
        {
            "kid": kid,
            "alg": life.public.alg,
            "state": life.states[-1][1].name.lower(),
            "not_before_ms": life.not_before_ms,
            "not_after_ms": None if life.not_after_ms == NO_END else life.not_after_ms,
            "suspected_since_ms": life.suspected_since_ms,
        }
        for kid, life in ({} if state is None else state.history.keys).items()
    ]


def ending() -> list[Ending]:
    """Return which positions of whoever asks end soon; none of a machine."""
    who = actor()
    with house().db.read() as conn:
        return staff_terms.listed(conn, house().clock.now_ms(), who.id) if who.kind is Kind.STAFF else []


def overview() -> dict[str, Any]:
    """Return what the institution of whoever asks is here."""
    own, today = own_institution(), beijing_date(house().clock.now_ms()).isoformat()
    found = house().institutions.find(own)
    clients = [one for one in access().clients.all() if one.institution == own]
    return {
        "institution": own,
        "name": None if found is None else found.name_on(today),
        "kind": None if found is None else found.kind_on(today),
        "in_force": found is not None and found.in_force(today),
        "positions": sorted(actor().roles),
        "ending": ending(),
        "items": keys_of(own),
        "clients": [
            {
                "client_id": one.client_id,
                "name": one.name,
                "state": one.state,
                "scopes": sorted(one.scopes),
            }
            for one in clients
        ],
    }


@door(
    bp,
    "GET",
    "/v1/centre",
    policy="centre.read",
    answer=CentreForm,
    summary="本单位 / One's own institution, its keys with their dates, its machines",
)
def own_centre() -> flask.Response:
    """Tell an institution's people what it is here."""
    return answers.answer(overview(), form=CentreForm)


@door(
    bp,
    "GET",
    "/v1/centre/records",
    policy="centre.record.read",
    query=OwnHeldQuery,
    answer=HeldListForm,
    summary="本单位未入档的记录 / One's own records that wait or came back, without their content",
)
def own_records(query: dict[str, Any]) -> flask.Response:
    """List what was submitted and has no receipt: held, approved, returned; each with its reason."""
    with house().db.read() as conn:
        limit = max(1, min(PAGE, query["limit"]))
        rows = held.of_issuer(conn, own_institution(), after=query["after"] or b"", limit=limit)
    return answers.answer({"items": rows}, form=HeldListForm)
