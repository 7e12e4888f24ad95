"""Break-glass (应急授权): a role taken alone, for hours; the case it opens is closed by another.

    take ──> the role is held, at most four hours ──> (time, or the case is closed)
      └────> case: reason, everything done meanwhile ──close, by somebody else, with a finding──> closed
                                                        └ due within the working days of `emergency_terms`

The role reaches no further than the areas that are one's own in one's own right, and ends with the last role
that one holds there in one's own right; while a case is open, its
official opens no other: the second person's review of the first is due before.

Roles that exclude one another exclude one another here, too, but for the first and second word of an act
(`officials.WORD`): that nobody is there for the second is the emergency. Nobody becomes their own second
person by it: the proposer of an act never decides it, whatever role they took.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated, workdays
from recordsvc.access import granting, officials
from recordsvc.access.errors import (
    EmergencyClosed,
    EmergencyUnknown,
    OfficialConflict,
    OfficialRefused,
    StandsTogether,
)
from recordsvc.access.grants import Reach, Thing, prefix
from recordsvc.access.tables import emergency, looked, official_act, official_role
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import two_person, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, beijing_date, uuid7
from recordsvc.ground.two_person import SamePerson

MOST_HOURS: Final = 4
HOUR_MS: Final = 3_600_000
TERMS: Final = "emergency_terms"


@dataclass(frozen=True, slots=True)
class Emergency:
    """One case; instants are UTC ms, `due_on` is a Beijing date, empty where no calendar gives one."""

    case_id: bytes
    official_id: str
    role: str
    area: str
    reason: str
    from_ms: int
    until_ms: int
    closed_ms: int | None
    closed_by: str | None
    finding: str
    due_on: str


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that was done in the hours of a case: door, act, look (subject: the worker), proposal."""

    at_ms: int
    what: str
    subject: str


def take(
    turn: Turn, random: Random, official_id: str, role: str, area: str, hours: int, reason: str
) -> bytes:
    """Take a role from now on; the case. Raises `OfficialRefused`, `OfficialConflict`."""
    if not 1 <= hours <= MOST_HOURS:
        raise OfficialRefused(
            errors=[{"pointer": "/hours", "code": "value", "detail": f"应为 1–{MOST_HOURS} 小时"}]
        )
    _check_place(turn, official_id, area)
    case_id = uuid7(FixedClock(turn.now_ms), random)
    until_ms = turn.now_ms + hours * HOUR_MS
    by = f"{officials.EMERGENCY}{case_id.hex()}"
    officials.grant(turn, official_id, role, area, by=by, until_ms=until_ms, emergency=True)
    turn.conn.execute(
        emergency.insert().values(
            case_id=case_id,
            official_id=official_id,
            role=role,
            area=area,
            reason=reason,
            from_ms=turn.now_ms,
            until_ms=until_ms,
            finding="",
            due_on=_due(turn.now_ms),
        )
    )
    return case_id


def _check_place(turn: Turn, official_id: str, area: str) -> None:
    """Refuse an area beyond one's own areas, and a second case while one waits for its review."""
    versions.bump(turn, officials.REGISTER)
    duties = officials.known(turn.conn, official_id).own_duties(turn.now_ms)
    if not Reach(frozenset(prefix(one) for _role, one in duties)).covers(prefix(area)):
        raise OfficialRefused(
            errors=[{"pointer": "/area", "code": "value", "detail": "应在您本人现有角色的地区之内"}]
        )
    mine = (emergency.c.official_id == official_id, emergency.c.closed_ms.is_(None))
    if turn.conn.execute(sa.select(emergency.c.case_id).where(*mine).limit(1)).first() is not None:
        raise OfficialConflict(
            "您还有一件应急授权没有办结，须先由他人审查办结。",
            detail_en="An emergency case of yours is still open; somebody else closes it first.",
        )


def close(turn: Turn, case_id: bytes, finding: str, *, by: str) -> None:
    """Close a case with a finding; a role still held ends.

    Raises `EmergencyUnknown`, `EmergencyClosed`, `SamePerson` to who took the role, `StandsTogether` to whose
    deputy or principal took it.
    """
    found = one(turn.conn, case_id)
    closer = by.removeprefix("official:")
    if closer == found.official_id:
        raise SamePerson
    if granting.stand_together(turn.conn, found.official_id, closer, found.from_ms):
        raise StandsTogether
    closing = emergency.update().where(emergency.c.case_id == case_id, emergency.c.closed_ms.is_(None))
    if turn.conn.execute(closing.values(closed_ms=turn.now_ms, closed_by=by, finding=finding)).rowcount != 1:
        raise EmergencyClosed
    versions.bump(turn, officials.REGISTER)
    mine = (
        official_role.c.granted_by == f"{officials.EMERGENCY}{case_id.hex()}",
        official_role.c.until_ms > turn.now_ms,
    )
    officials.end_grants(turn, *mine, by=by)


def one(conn: Connection, case_id: bytes) -> Emergency:
    """Return a case. Raises `EmergencyUnknown`."""
    names = [emergency.c[name] for name in Emergency.__slots__]
    row = conn.execute(sa.select(*names).where(emergency.c.case_id == case_id)).one_or_none()
    if row is None:
        raise EmergencyUnknown
    return Emergency(*row)


def listed(conn: Connection, *seen: sa.ColumnElement[bool], limit: int = 100) -> list[Emergency]:
    """Return cases, open ones first: without a date, then the most urgent; closed ones the newest first.

    `seen` says which the asker sees.
    """
    own = emergency.c
    names = [own[name] for name in Emergency.__slots__]
    urgent = sa.case((own.closed_ms.is_(None), own.due_on), else_="")
    order = (own.closed_ms.is_not(None), urgent, own.case_id.desc())
    return [
        Emergency(*row) for row in conn.execute(sa.select(*names).where(*seen).order_by(*order).limit(limit))
    ]


def count(conn: Connection, now_ms: int) -> dict[str, int]:
    """Return how many cases wait for their second person: within their term, late, without a date."""
    found = dict.fromkeys(("waiting", "late", "undated"), 0)
    today = beijing_date(now_ms).isoformat()
    waits = sa.select(emergency.c.due_on, sa.func.count()).where(emergency.c.closed_ms.is_(None))
    for due_on, many in conn.execute(waits.group_by(emergency.c.due_on)):
        found["undated" if not due_on else "late" if due_on < today else "waiting"] += many
    return found


def done_under(conn: Connection, case: Emergency) -> list[Doing]:
    """Return what the official did in the hours of a case, whichever role it took, in order.

    Every door that was entered stands in it (`emergency_trail.py`); acts, looks and proposals of the same
    requests say whom they concerned. None of these is left off, however long it is. Rows of the rooms' own
    tables are not read: of a signature the case has the door alone.
    """
    who, until = f"official:{case.official_id}", min(case.until_ms, case.closed_ms or case.until_ms)
    act, look, two = official_act.c, looked.c, two_person.proposal.c
    found: list[Doing] = []
    acts = sa.select(act.at_ms, act.act, act.subject).where(
        act.actor == who, act.at_ms.between(case.from_ms, until)
    )
    found += [Doing(*row) for row in conn.execute(acts)]
    looks = sa.select(look.at_ms, look.worker_id).where(
        look.actor_kind == "official",
        look.actor_id == case.official_id,
        look.at_ms.between(case.from_ms, until),
    )
    found += [Doing(at, "looked", bytes(worker).hex()) for at, worker in conn.execute(looks)]
    for column, at, word in (
        (two.proposed_by, two.proposed_ms, "proposed"),
        (two.decided_by, two.closed_ms, "decided"),
    ):
        rows: Any = sa.select(at, two.kind, two.id).where(column == who, at.between(case.from_ms, until))
        found += [Doing(when, f"{word} {kind}", bytes(name).hex()) for when, kind, name in conn.execute(rows)]
    return sorted(found, key=lambda doing: (doing.at_ms, doing.what, doing.subject))


def thing(conn: Connection, case_id: bytes) -> Thing | None:
    """Return where a case lies; None for an unknown one."""
    row = conn.execute(sa.select(emergency.c.area).where(emergency.c.case_id == case_id)).one_or_none()
    return None if row is None else Thing(prefix(row.area))


def _due(now_ms: int) -> str:
    today = beijing_date(now_ms)
    try:
        days = int(dated.rule(TERMS, "review", today.isoformat())["value"])
        return workdays.due_on(today, days).isoformat()
    except NoRuleInForce:
        return ""  # no date is guessed: such cases stand first
