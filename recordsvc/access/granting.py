"""Giving roles takes two (授权双人复核): one official proposes a grant or deputy, another decides.

No official gives themselves anything: whom a proposal is about neither proposes nor decides it. Only where
fewer than two registrars are left may the command on the server make one (`may_begin`); that is how an
empty register begins.

A deputy (代理人) stands in for a principal in a role the principal holds, between two instants. Principal and
deputy are never the two persons of one act (`stand_together`).
"""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, officials
from recordsvc.access.errors import OfficialConflict, OfficialRefused
from recordsvc.access.grants import Role, Thing, prefix
from recordsvc.access.officials import Official
from recordsvc.access.tables import deputy, official_role
from recordsvc.ground import two_person, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, uuid7
from recordsvc.ground.two_person import Proposal

GRANT: Final = "official.grant"
DEPUTY: Final = "official.deputy"
DECIDERS: Final = frozenset({"registrar"})
MOST_DAYS: Final = 92
"""How long a deputy stands in at most; longer than that is a grant of its own."""
DAY_MS: Final = 86_400_000


def propose_grant(
    turn: Turn,
    official_id: str,
    role: str,
    area: str,
    until_ms: int | None,
    reason: str,
    *,
    by: str,
    random: Random,
) -> bytes:
    """Propose a role in an area for somebody else. Raises `OfficialRefused`, `OfficialConflict`."""
    if by == f"official:{official_id}":
        raise OfficialConflict("不能为自己申请角色。", detail_en="Nobody proposes a role for themselves.")
    officials.check_grant(turn, official_id, role, area, until_ms)
    payload = {
        "official_id": official_id,
        "role": role,
        "area": area,
        "until_ms": until_ms,
        "reason": reason,
    }
    return two_person.propose(turn, GRANT, official_id, payload, by, random=random)


def propose_deputy(
    turn: Turn,
    principal: str,
    standing_in: str,
    role: str,
    until_ms: int,
    reason: str,
    *,
    by: str,
    random: Random,
) -> bytes:
    """Propose that somebody stands in for a principal from the approval on. Raises as `propose_grant`."""
    if by == f"official:{standing_in}":
        raise OfficialConflict("不能由代理人自己提出。", detail_en="The deputy does not propose this.")
    _check_deputy(turn, principal, standing_in, role, until_ms)
    payload = {
        "principal": principal,
        "deputy": standing_in,
        "role": role,
        "until_ms": until_ms,
        "reason": reason,
    }
    return two_person.propose(turn, DEPUTY, standing_in, payload, by, random=random)


def end_deputies(turn: Turn, principal: str, standing_in: str, *, by: str) -> int:
    """End what somebody stands in for a principal, from now on; how many roles that ended."""
    versions.bump(turn, officials.REGISTER)
    mine = (
        deputy.c.principal == principal,
        deputy.c.deputy == standing_in,
        deputy.c.until_ms > turn.now_ms,
    )
    ending = deputy.update().where(*mine).values(until_ms=turn.now_ms, ended_by=by)
    return turn.conn.execute(ending).rowcount


def stand_together(conn: Connection, one: str, other: str, since_ms: int) -> bool:
    """Tell whether one of two officials stood in for the other at any time since then."""
    own = deputy.c
    pair = sa.or_(
        sa.and_(own.principal == one, own.deputy == other),
        sa.and_(own.principal == other, own.deputy == one),
    )
    wanted = sa.select(sa.func.count()).where(pair, own.until_ms > since_ms)
    return bool(conn.execute(wanted).scalar_one())


def may_begin(turn: Turn, official_id: str, role: str) -> bool:
    """Tell whether the command may give this role: registrars only, while fewer than two others are left."""
    versions.bump(turn, officials.REGISTER)
    own = official_role.c
    live = (
        own.role == Role.REGISTRAR,
        sa.or_(own.until_ms.is_(None), own.until_ms > turn.now_ms),
        own.official_id != official_id,
    )
    others = turn.conn.execute(sa.select(sa.func.count(own.official_id.distinct())).where(*live)).scalar_one()
    return role == Role.REGISTRAR and int(others) < 2


def _about_grant(_conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    return Thing(prefix(str(payload["area"])), frozenset({f"official:{payload['official_id']}"}))


def _about_deputy(conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    principal = officials.load(conn).get(str(payload["principal"]))
    held = [prefix(one.area) for one in principal.grants if one.role == payload["role"]] if principal else []
    parties = {f"official:{payload['principal']}", f"official:{payload['deputy']}"}
    # Whoever decides must have all that is lent, not the first of it.
    return Thing(areas.together(map(Thing, held)).area, frozenset(parties))


@two_person.executor(GRANT, deciders=DECIDERS, about=_about_grant, fresh=True)
def _grant(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    official_id = str(payload["official_id"])
    _not_about(decided, official_id)
    officials.grant(
        turn,
        official_id,
        str(payload["role"]),
        str(payload["area"]),
        by=str(decided.decided_by),
        until_ms=payload["until_ms"],
    )
    return official_id


@two_person.executor(DEPUTY, deciders=DECIDERS, about=_about_deputy)
def _stand_in(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    principal, standing_in = str(payload["principal"]), str(payload["deputy"])
    _not_about(decided, principal, standing_in)
    found = _check_deputy(turn, principal, standing_in, str(payload["role"]), int(payload["until_ms"]))
    officials.stand(turn, found, str(payload["role"]))
    turn.conn.execute(
        deputy.insert().values(
            deputy_id=uuid7(FixedClock(turn.now_ms), getattr(decided.tools, "random", two_person.randomness)),
            principal=principal,
            deputy=standing_in,
            role=payload["role"],
            from_ms=turn.now_ms,
            until_ms=payload["until_ms"],
            named_by=str(decided.decided_by),
        )
    )
    return standing_in


def _not_about(decided: Proposal, *people: str) -> None:
    if decided.decided_by in {f"official:{one}" for one in people}:
        raise OfficialConflict("不能由本人决定。", detail_en="Whom it is about does not decide it.")


def _check_deputy(turn: Turn, principal: str, standing_in: str, role: str, until_ms: int) -> Official:
    """Return the deputy as they stand before. Raises as `propose_deputy`."""
    versions.bump(turn, officials.REGISTER)
    if principal == standing_in:
        raise _refused("/deputy", "代理人不能是本人")
    if not turn.now_ms < until_ms <= turn.now_ms + MOST_DAYS * DAY_MS:
        raise _refused("/until_ms", f"代理期应在 {MOST_DAYS} 天以内")
    if role not in officials.known(turn.conn, principal).own_roles(turn.now_ms):
        raise _refused("/role", "被代理人现在没有这个角色")
    found = officials.known(turn.conn, standing_in)
    officials.check_together(found, role, turn.now_ms)
    return found


def _refused(pointer: str, detail: str) -> OfficialRefused:
    return OfficialRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])
