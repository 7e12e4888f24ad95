"""Doors of the register of institutions (机构名录).

One registrar enters and changes them: an entry alone gives no power, since whoever wants to sign needs a
key, and that takes two.
"""

from typing import Any

import flask

from recordsvc.access import areas
from recordsvc.access.entrance import actor
from recordsvc.access.grants import reach
from recordsvc.access.objects import named
from recordsvc.access.policy import door
from recordsvc.access.services import house, once, reference
from recordsvc.bodies import institutions
from recordsvc.bodies.errors import FactRefused, InstitutionKnown, InstitutionUnknown
from recordsvc.bodies.forms import InstitutionForm, InstitutionsForm, NewFactForm, NewInstitutionForm
from recordsvc.bodies.institutions import Entry, FactKind, Institution
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date

bp = flask.Blueprint("bodies", __name__)
for _name in ("uscc", "institution"):
    named(_name, areas.institution, InstitutionUnknown)


@door(
    bp,
    "GET",
    "/v1/desk/institutions",
    policy="institution.read",
    answer=InstitutionsForm,
    summary="机构名录 / Register of institutions",
)
def list_institutions() -> flask.Response:
    """List the institutions of the official's area by code."""
    found = house().institutions.all()
    with house().db.read() as conn:
        seen = institutions.codes_within(conn, reach(actor(), "institution.read"))
    items = [_shown(found[uscc]) for uscc in seen if uscc in found]
    return answers.answer({"items": items}, form=InstitutionsForm)


@door(
    bp,
    "POST",
    "/v1/desk/institutions",
    policy="institution.enter",
    body=NewInstitutionForm,
    answer={201: InstitutionForm},
    problems=(InstitutionKnown, FactRefused),
    idempotent=True,
    summary="登记机构 / Enter an institution",
)
def enter_institution(form: dict[str, Any]) -> flask.Response:
    """Enter an institution with name, kind and licence."""
    by, entry = reference(), Entry(**form)

    def act(turn: Turn) -> str:
        return institutions.enter(turn, entry, by).uscc

    return _one(once(act))


@door(
    bp,
    "POST",
    "/v1/desk/institutions/<uscc>/facts",
    policy="institution.enter",
    body=NewFactForm,
    answer={201: InstitutionForm},
    problems=(InstitutionUnknown, FactRefused),
    idempotent=True,
    summary="追加机构变更事实 / State a fact about an institution",
)
def state_fact(uscc: str, form: dict[str, Any]) -> flask.Response:
    """Append a dated fact: a new name or kind, a licence, a closure."""
    by, kind = reference(), FactKind(form["fact"])

    def act(turn: Turn) -> str:
        return institutions.state(turn, uscc, kind, form["on"], form["value"], form["source"], by).uscc

    return _one(once(act))


def _one(uscc: str) -> flask.Response:
    with house().db.read() as conn:
        found = institutions.load_one(conn, uscc)
    return answers.answer(_shown(found), 201, form=InstitutionForm)


def _shown(found: Institution) -> dict[str, Any]:
    today = beijing_date(house().clock.now_ms()).isoformat()
    return {
        "uscc": found.uscc,
        "name": found.name_on(today),
        "kind": found.kind_on(today),
        "in_force": found.in_force(today),
        "closed_on": found.closed_on(today),
        "facts": found.facts,
    }
