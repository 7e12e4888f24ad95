"""Funded projects (项目制培训): a class that is bought whole, and paid by the heads that finished it.

    two officials approve ── the class is taught ── a claim for each head that passed ── paid to the centre

The unit is the head (docs/decisions/007): each rests on one completion, so that nobody is paid for under two
names and what is corrected of one head is asked back for that head alone. What holds of the class - how many
places, how many passed - is told to each of them: the rule refuses all while too few have passed.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Thing, prefix
from recordsvc.archive.persons import Place
from recordsvc.ground import bound, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.two_person import Proposal
from recordsvc.money.claims.errors import ClaimRefused, ProjectRefused
from recordsvc.money.claims.project_tables import MOST_PLACES, project_claim, training_project
from recordsvc.money.claims.tables import claim, claim_state
from recordsvc.money.claims.transitions import NOT_LIVE
from recordsvc.money.claims.values import Claim, listed
from recordsvc.money.ledger.tables import MOST_FEN
from recordsvc.money.rules import trainings
from recordsvc.money.rules.facts import Facts
from recordsvc.people.divisions import division

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "PROJECT"
APPROVE: Final = "project.approve"
DECIDERS: Final = frozenset({"reviewer"})
SOURCE: Final = "项目批复"
"""How the sources of facts of a project begin."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: a class of an institution (USCC), where, how many places, at which price of a head."""

    institution: str
    course: str
    title: str
    doc: str
    """Number of the document that approves it (批复文号)."""
    region: str
    places: int
    price_fen: int


@dataclass(frozen=True, slots=True)
class Project(Wanted):
    """A project as two officials approved it."""

    project_id: bytes
    proposed_by: str
    decided_by: str
    at_ms: int


# -- approving


def propose(turn: Turn, house: "House", wanted: Wanted, by: str) -> bytes:
    """Propose a project; the proposal's id, which is the project's. Raises `ProjectRefused`."""
    _check(house, wanted, turn.now_ms)
    payload = {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__}
    subject = f"{wanted.institution}/{wanted.course}"
    return two_person.propose(turn, APPROVE, subject, payload, by, random=house.random)


def _check(house: "House", wanted: Wanted, now_ms: int) -> None:
    today, known = beijing_date(now_ms).isoformat(), house.institutions.all().get(wanted.institution)
    where = division(wanted.region)
    faults = (
        (known is None or not known.in_force(today), "institution", "没有这家在册有效的机构", "no such one"),
        (where is None or where.until is not None, "region", "没有这个区划", "no such division"),
        (not 1 <= wanted.places <= MOST_PLACES, "places", f"人数应为 1 至 {MOST_PLACES}", "places"),
        (not 1 <= wanted.price_fen <= MOST_FEN, "price_fen", "人均价格应大于零", "above zero"),
    )
    wrong = [
        {"pointer": f"/{name}", "code": "value", "detail": zh, "detail_en": en}
        for holds, name, zh, en in faults
        if holds
    ]
    if wrong:
        raise ProjectRefused(errors=wrong)


def _about(_conn: Connection, _subject: str, payload: Mapping[str, Any]) -> Thing:
    return Thing(prefix(payload["region"]), frozenset({f"institution:{payload['institution']}"}))


@two_person.executor(APPROVE, deciders=DECIDERS, about=_about, fresh=True)
def _carry_out(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    """Enter a project; returns its id."""
    row = {**payload, "project_id": decided.id, "at_ms": turn.now_ms}
    row |= {"proposed_by": decided.proposed_by, "decided_by": decided.decided_by}
    turn.conn.execute(training_project.insert().values(row))
    bound.wrote(turn, training_project, row)
    return decided.id.hex()


def asking(house: "House", wanted: Wanted, by: str) -> "functools.partial[str]":
    """Return the act of proposing a project; its reference is the proposal's id, hexadecimal."""
    return functools.partial(_asked, house=house, wanted=wanted, by=by)


def _asked(turn: Turn, *, house: "House", wanted: Wanted, by: str) -> str:
    return propose(turn, house, wanted, by).hex()


# -- reading


def projects(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 200) -> list[Project]:
    """Return projects, the newest first."""
    own = training_project.c
    query = sa.select(training_project).where(*where).order_by(own.at_ms.desc(), own.project_id.desc())
    return [Project(**row) for row in conn.execute(query.limit(limit)).mappings()]


def of_class(conn: Connection, institution: str, course: str) -> Project | None:
    """Return the project that counts for a class; None: there is none."""
    own = training_project.c
    return next(iter(projects(conn, own.institution == institution, own.course == course, limit=1)), None)


def heads(conn: Connection, one: Wanted) -> int:
    """Return for how many heads of a class there is a claim, paid or under way."""
    return len(claims(conn, one, claim_state.c.state.not_in(NOT_LIVE)))


def claims(conn: Connection, one: Wanted, *where: sa.ColumnElement[bool]) -> list[Claim]:
    """Return the claims for heads of a class, in the order in which they were filed."""
    own, held = training_project.c, project_claim.c
    of_project = sa.select(own.project_id).where(own.institution == one.institution, own.course == one.course)
    mine = sa.select(held.claim_id).where(held.project_id.in_(of_project))
    return listed(conn, claim.c.claim_id.in_(mine), *where)


# -- claims on heads


def take(turn: Turn, one: Claim, place: Place) -> None:
    """Enter for which project a claim is. Raises `ClaimRefused`."""
    body = (place.state.body if place.state else None) or {}
    institution, _, course = (trainings.named(body) or "").partition("/")
    found = of_class(turn.conn, institution, course)
    if found is None or one.payee != f"institution:{institution}":
        raise _unfit("没有登记本单位这个班的项目批复", "no approved project of this institution's class")
    if body.get("result") != "passed":
        raise _unfit("这名学员结业不合格，不计入项目结算", "who did not pass is not paid for")
    row = {**one.key, "project_id": found.project_id}
    turn.conn.execute(project_claim.insert().values(row))
    bound.wrote(turn, project_claim, row)


def facts(conn: Connection, one: Claim, place: Place) -> Facts:
    """Return what the project says of a claim for one of its heads; nothing where it is for none."""
    found = _of_claim(conn, one)
    if found is None:
        return Facts({})
    counted = heads(conn, found)
    values = {
        "project_approved": True,
        "project_price_fen": found.price_fen,
        "planned": found.places,
        "heads": counted,
        "pass_pct": counted * 100 // found.places,
    }
    on = beijing_date(found.at_ms).isoformat()
    said = Facts.plain(values, f"{SOURCE} {found.doc}（{found.course}）", on)
    return said.joined(finished(one, place))


def finished(one: Claim, place: Place) -> Facts:
    """Return whether the head passed, as the archive says it now; nothing of what is no project's."""
    if one.kind != KIND:
        return Facts({})
    body = (place.state.body if place.state is not None else None) or {}
    on = beijing_date(place.entry.ms).isoformat()
    passed = {"finished": int(body.get("result") == "passed")}
    return Facts.plain(passed, f"档案日志第 {place.entry.stored.idx} 条", on)


def _of_claim(conn: Connection, one: Claim) -> Project | None:
    """Return the project that counts for a claim now: of its class the newest."""
    own, held = training_project.c, project_claim.c
    mine = sa.select(held.project_id).where(
        held.worker_id == one.worker_id, held.claim_id == (one.tops or one.claim_id)
    )
    taken = projects(conn, own.project_id.in_(mine), limit=1)
    return of_class(conn, taken[0].institution, taken[0].course) if taken else None


def _unfit(zh: str, en: str) -> ClaimRefused:
    return ClaimRefused(errors=[{"pointer": "/record_id", "code": "value", "detail": zh, "detail_en": en}])
