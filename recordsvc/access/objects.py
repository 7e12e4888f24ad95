"""The object of a door (办理对象): found by the names that doors take it by, judged before the view runs.

A room says of each name (`held_id`, `issuer` …) where its object lies, whom it concerns, and what a missing
one is answered. The guard judges an official at every door that takes one, in the path or in a form; an
object of a foreign area is answered like one that is not there. A door for officials whose path names
nothing that a room has spoken for stops the start (`unspoken`).
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, emergencies, own_attempts, recusals
from recordsvc.access.entrance import actor
from recordsvc.access.errors import ClientUnknown, EmergencyUnknown, StaffUnknown
from recordsvc.access.grants import Actor, Kind, Thing, can, reach
from recordsvc.access.tables import client, staff
from recordsvc.ground import two_person
from recordsvc.ground.problems import Forbidden, NotFound, Problem

T = TypeVar("T")
Finder = Callable[[Connection, Any], Thing | None]
"""Connection and value → the object; None where there is none."""
Missing = Callable[[Any, Mapping[str, Any]], Problem]
"""Value and everything the view would get → how a missing object is answered; may leave a trace."""


Further = Callable[[Connection, two_person.Proposal], frozenset[str]]
"""Connection and proposal → parties."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a room said of a name."""

    find: Finder
    answers: tuple[type[Problem], ...]
    """How the room's doors answer a missing one: the first that a door declares, else `NotFound`."""
    missing: Missing | None


CODES: Final = frozenset({"uscc", "institution"})
"""Names that stand for an institution in a form, too, which names it by its code."""
_named: Final[dict[str, Named]] = {}
_further: Final[dict[str, Further]] = {}


def named(name: str, find: Finder, *answers: type[Problem], missing: Missing | None = None) -> None:
    """Say what a name of a path or form stands for."""
    _named[name] = Named(find, answers, missing)


def further(kind: str, find: Further) -> None:
    """Say whom proposals of a kind concern beside what stands with them: what only their content tells."""
    _further[kind] = find


def unspoken(arguments: Iterable[str]) -> bool:
    """Tell whether a path names objects, but none that a room has spoken for."""
    names = set(arguments)
    return bool(names) and names.isdisjoint(_named)


def guard(policy: str, problems: tuple[type[Problem], ...], arguments: Mapping[str, Any]) -> None:
    """Judge an official before what a path names. Raises as for a missing object, or `Recused`."""
    named_here = [(name, value) for name, value in arguments.items() if name in _named]
    _judge(policy, problems, named_here, arguments)


def guard_form(policy: str, problems: tuple[type[Problem], ...], form: object) -> None:
    """Judge an official before what a form names, one or many. Raises as `guard`."""
    if not isinstance(form, Mapping):
        return
    named_here = [
        (name, value)
        for name, one in form.items()
        if name in _named
        for value in (one if isinstance(one, list) else [one])
        if isinstance(value, str if name in CODES else bytes)
    ]
    _judge(policy, problems, named_here, {})


def _judge(
    policy: str,
    problems: tuple[type[Problem], ...],
    wanted: Sequence[tuple[str, Any]],
    arguments: Mapping[str, Any],
) -> None:
    who = actor()
    if who.kind is not Kind.OFFICIAL or not wanted:
        return
    house = flask.current_app.extensions["house"]
    with house.db.read() as conn:
        found = [(name, value, _named[name].find(conn, value)) for name, value in wanted]
    parties = frozenset().union(*(thing.parties for _, _, thing in found if thing is not None))
    # Told wherever it lies: who reaches for themself in a foreign area is answered like nobody, and seen.
    own_attempts.tell(house, who, parties)
    for name, value, thing in found:
        if thing is None or not can(who, policy, thing):
            raise _missing(_named[name], problems, value, arguments)
    recusals.check(who, parties)


def whole(policy: str) -> None:
    """Refuse whoever may not do this in the whole region (全区事项). Raises `Forbidden`."""
    if not reach(actor(), policy).everywhere:
        raise Forbidden


def own_reach(who: Actor, action: str, thing: Thing) -> bool:
    """Tell whether an actor may do this to an object that a verb found by itself; recused is not."""
    return can(who, action, thing) and not recusals.recused(who, thing.parties)


def of_institutions(who: Actor, action: str, uscc: sa.ColumnElement[str]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of rows whose institution lies where the actor may do this; recused ones not."""
    kept_out = [one.partition(":")[2] for one in sorted(who.recused) if one.startswith("institution:")]
    return [areas.within(reach(who, action), areas.of_institution(uscc)), uscc.not_in(kept_out)]


def of_workers(
    who: Actor, action: str, worker_id: sa.ColumnElement[bytes], area: sa.ColumnElement[str] | None = None
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of rows whose worker lies where the actor may do this; recused ones not.

    `area` is where rows lie that have a place of their own, wherever their worker lies now.
    """
    where = areas.of_worker(worker_id) if area is None else area
    kept_out = [
        uuid.UUID(one.partition(":")[2]).bytes for one in sorted(who.recused) if one.startswith("worker:")
    ]
    return [areas.within(reach(who, action), where), worker_id.not_in(kept_out)]


def proposals_of(who: Actor) -> tuple[Any, ...]:
    """Return the conditions of proposals that an official sees: none that have doors of their own."""
    own = two_person.proposal.c
    mine = areas.within(reach(who, "proposal.read"), own.area)
    return (mine, own.kind.not_in(two_person.apart()), *recusals.outside(who, own.parties))


def concerned(conn: Connection, subject: str, payload: dict[str, Any]) -> Thing:
    """Return where an act lies and whom it concerns, by the members that payloads name people with."""
    things = []
    for name in ("worker_id", "from", "into", "to"):
        try:
            things.append(areas.person(conn, uuid.UUID(str(payload[name])).bytes))
        except (KeyError, ValueError):
            continue
    issuers = [payload[name] for name in ("issuer", "institution") if payload.get(name)]
    issuers += [count["issuer"] for count in payload.get("counts", ())]
    things += [areas.institution(conn, issuer) for issuer in dict.fromkeys(issuers)]
    # What is proposed of a known client names the client alone.
    if (known := _client(conn, subject)) is not None:
        things.append(known)
    return areas.together(things)


def _missing(
    known: Named, problems: tuple[type[Problem], ...], value: Any, arguments: Mapping[str, Any]
) -> Problem:
    declared = next((one for one in known.answers if one in problems), None)
    if declared is not None:
        return declared()
    return NotFound() if known.missing is None else known.missing(value, arguments)


def _proposal(conn: Connection, value: bytes) -> Thing | None:
    found = two_person.read_all(conn, [value], 0).get(value)
    if found is None or found.kind in two_person.apart():
        return None
    find = _further.get(found.kind)
    more = find(conn, found) if find is not None and found.state == "open" else frozenset()
    return Thing(found.area, frozenset(found.parties) | more)


def _client(conn: Connection, client_id: str) -> Thing | None:
    row = conn.execute(sa.select(client.c.institution).where(client.c.client_id == client_id)).one_or_none()
    if row is None:
        return None
    return Thing() if row.institution is None else areas.institution(conn, row.institution)


def _staff(conn: Connection, staff_id: str) -> Thing | None:
    found = conn.execute(sa.select(staff.c.institution).where(staff.c.staff_id == staff_id)).scalar()
    return None if found is None else areas.institution(conn, found)


two_person.concerning(concerned)
named("staff_id", _staff, StaffUnknown)
named("official_id", lambda _conn, official_id: Thing(None, frozenset({f"official:{official_id}"})))
named("case_id", emergencies.thing, EmergencyUnknown)
named("recusal_id", lambda conn, recusal_id: Thing(None) if recusals.one(conn, recusal_id) else None)
named("proposal_id", _proposal, two_person.UnknownProposal)
named("client_id", _client, ClientUnknown)
# One's own sign-ins and ways in: the verb looks among those of whoever asks, nowhere else.
for _name in ("listed_id", "credential_id"):
    named(_name, lambda _conn, _value: Thing(None))
