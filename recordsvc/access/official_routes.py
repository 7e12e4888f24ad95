"""Doors of the register of officials: accounts, roles by two people, deputies, recusal."""

from collections.abc import Callable
from dataclasses import fields as fields_of
from typing import Any, Final

import flask

from recordsvc.access import acts, granting, officials, recusals
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.entrance import actor
from recordsvc.access.errors import OfficialConflict, OfficialRefused
from recordsvc.access.forms import ProposedForm
from recordsvc.access.grants import Actor, Kind, Role, Thing, can, prefix, reach
from recordsvc.access.official_forms import (
    DeputyForm,
    EndRoleForm,
    NewOfficialForm,
    OfficialsForm,
    RecusalForm,
    RecusedForm,
    RoleForm,
)
from recordsvc.access.officials import Official
from recordsvc.access.policy import door
from recordsvc.access.recusals import Ground
from recordsvc.access.services import bp, house, once, reference
from recordsvc.ground import answers, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden, NotFound

EXPIRING_MS: Final = 30 * 86_400_000
HIDDEN: Final = frozenset({"recused", "named", "own"})
"""What of an official the list does not show."""


@door(
    bp,
    "GET",
    "/v1/desk/people",
    policy="official.read",
    answer=OfficialsForm,
    summary="工作人员与授权 / Officials, who granted them what and when",
)
def list_officials() -> flask.Response:
    """List officials with a grant in the area, and those without any."""
    now = house().clock.now_ms()
    return answers.answer({"items": [told(one, now) for one in seen()]}, form=OfficialsForm)


@door(
    bp,
    "POST",
    "/v1/desk/people",
    policy="official.enter",
    body=NewOfficialForm,
    answer={204: None},
    problems=(OfficialConflict, OfficialRefused),
    summary="新建工作人员账号（尚无角色） / Make an account without any role",
)
def enter_official(form: dict[str, Any]) -> flask.Response:
    """Make an account; it may nothing until two people give it a role."""
    entered(form["official_id"], form["name"])
    return flask.Response(status=204)


def entered(official_id: str, name: str) -> None:
    """Make an account; the row says who made it. Raises `OfficialConflict`, `OfficialRefused`."""
    said = OfficialAct(actor(), Act.OFFICIAL_ENTERED, official_id, "no role yet")

    def act(turn: Turn) -> None:
        officials.add(turn, official_id, name)
        acts.note(turn, house().random, said)

    house().db.write(act)


@door(
    bp,
    "POST",
    "/v1/desk/people/<official_id>/roles",
    policy="official.enter",
    body=RoleForm,
    step_up=True,
    answer={202: ProposedForm},
    problems=(OfficialConflict, OfficialRefused, Forbidden),
    idempotent=True,
    summary="提出授予角色 / Propose a role in an area for somebody else",
)
def propose_role(official_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose; another registrar of the area decides."""
    return proposed(once(ask_role(official_id, form)))


@door(
    bp,
    "POST",
    "/v1/desk/people/<official_id>/roles/end",
    policy="official.enter",
    body=EndRoleForm,
    answer={204: None},
    problems=(OfficialRefused,),
    summary="收回角色，立即生效 / Take a role away at once, in the areas of who asks",
)
def end_role(official_id: str, form: dict[str, Any]) -> flask.Response:
    """Take a role away; that takes one."""
    take_away(official_id, form["role"])
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/desk/people/<official_id>/deputies",
    policy="deputy.propose",
    body=DeputyForm,
    answer={202: ProposedForm},
    problems=(OfficialConflict, OfficialRefused, Forbidden),
    idempotent=True,
    summary="提出代理 / Propose who stands in for an official",
)
def propose_deputy(official_id: str, form: dict[str, Any]) -> flask.Response:
    """Propose one's own deputy, or as a registrar somebody's; a registrar decides."""
    return proposed(once(ask_deputy(official_id, form)))


@door(
    bp,
    "POST",
    "/v1/desk/people/<official_id>/recusals",
    policy="recusal.declare",
    body=RecusalForm,
    answer={201: RecusedForm},
    problems=(OfficialRefused, Forbidden),
    summary="申报或登记回避 / Declare that one keeps out, or as an auditor that somebody must",
)
def declare_recusal(official_id: str, form: dict[str, Any]) -> flask.Response:
    """Declare; it holds from the next request on."""
    recusal_id = declare(official_id, form["party"], form["ground"])
    return answers.answer({"recusal_id": recusal_id}, 201, form=RecusedForm)


@door(
    bp,
    "POST",
    "/v1/desk/recusals/<id:recusal_id>/end",
    policy="recusal.end",
    answer={204: None},
    problems=(NotFound,),
    summary="解除回避 / End a recusal; that of the own archive stays",
)
def end_recusal(recusal_id: bytes) -> flask.Response:
    """End a recusal on an auditor's word."""
    by = reference()
    if not house().db.write(lambda turn: recusals.end(turn, recusal_id, by=by)):
        raise NotFound
    return flask.Response(status=204)


# -- shared with the pages


def seen() -> list[Official]:
    """Return the officials that who asks sees: with a grant in their area, or without any, and oneself."""
    who = actor()
    where = reach(who, "official.read")
    with house().db.read() as conn:
        known = officials.load(conn).values()
    return [
        one
        for one in known
        if not one.grants
        or one.official_id == who.id
        or any(where.covers(prefix(grant.area)) for grant in one.grants)
    ]


def told(one: Official, now_ms: int) -> dict[str, Any]:
    """Return an official as the list shows them."""
    live = [grant for grant in one.grants if grant.in_force(now_ms)]
    soon = any(grant.until_ms is not None and grant.until_ms <= now_ms + EXPIRING_MS for grant in live)
    shown = {field.name: getattr(one, field.name) for field in fields_of(one) if field.name not in HIDDEN}
    return shown | {"recusals": len(one.recused), "expiring": soon}


def ask_role(official_id: str, form: dict[str, Any]) -> Callable[[Turn], str]:
    """Return the act of proposing a role. Raises `Forbidden` beyond one's own area."""
    if not can(actor(), "official.enter", Thing(prefix(form["area"]))):
        raise Forbidden
    by, random = reference(), house().random
    return lambda turn: granting.propose_grant(turn, official_id, **form, by=by, random=random).hex()


def ask_deputy(principal: str, form: dict[str, Any]) -> Callable[[Turn], str]:
    """Return the act of proposing a deputy. Raises `Forbidden` for whom only a registrar may name one."""
    who = actor()
    if principal != who.id and Role.REGISTRAR not in who.roles:
        raise Forbidden
    by, random, place = reference(), house().random, dict(form)
    standing_in = place.pop("deputy")
    return lambda turn: granting.propose_deputy(
        turn, principal, standing_in, **place, by=by, random=random
    ).hex()


def take_away(official_id: str, role: str) -> None:
    """End a role in the areas of who asks. Raises `OfficialRefused` where there was none."""
    who, place = actor(), house()
    where = reach(who, "official.enter")

    def act(turn: Turn) -> int:
        ended = officials.revoke(turn, official_id, role, where, by=reference(who))
        if ended:
            acts.note(turn, place.random, OfficialAct(who, Act.OFFICIAL_REVOKED, official_id, role))
        return ended

    if not place.db.write(act):
        raise OfficialRefused(
            errors=[{"pointer": "/role", "code": "value", "detail": "此人在您的辖区内没有这个角色"}]
        )


def declare(official_id: str, party: str, ground: str) -> bytes:
    """Declare a recusal of oneself, or as an auditor of anybody. Raises `Forbidden`, `OfficialRefused`."""
    who, place = actor(), house()
    if not _may_recuse(who, official_id):
        raise Forbidden

    def act(turn: Turn) -> bytes:
        officials.known(turn.conn, official_id)
        return recusals.declare(turn, place.random, official_id, party, Ground(ground), by=reference(who))

    return place.db.write(act)


def proposed(proposal_hex: str) -> flask.Response:
    """Answer with a proposal that now waits."""
    proposal_id = bytes.fromhex(proposal_hex)
    with house().db.read() as conn:
        found = two_person.read(conn, proposal_id, house().clock.now_ms())
    return answers.answer({"proposal_id": proposal_id, "subject": found.subject}, 202, form=ProposedForm)


def _may_recuse(who: Actor, official_id: str) -> bool:
    return who.kind is Kind.OFFICIAL and (who.id == official_id or Role.AUDITOR in who.roles)
