"""Recusal (回避): whose affairs an official keeps out of.

A recusal names an official and a party (`worker:<uuid>` or `institution:<USCC>`), why, from when and until
when. The official declares it, or an auditor does. While it holds, the official neither handles nor decides
what concerns that party, and lists leave it out. The own archive is a recusal that nobody ends.
"""

import re
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.errors import OfficialRefused, Recused
from recordsvc.access.grants import Actor
from recordsvc.access.tables import recusal
from recordsvc.ground import versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, uuid7

REGISTER: Final = "officials"
"""A recusal is part of what an official is: whoever declares one changes that register."""
_USCC: Final = re.compile(r"institution:[0-9A-Z]{18}")


class Ground(StrEnum):
    """Why somebody keeps out of it."""

    SELF = "self"
    """本人档案: never ends."""
    KIN = "kin"
    """近亲属."""
    INSTITUTION = "institution"
    """本人任职、持股或有其他利害关系的单位."""
    OTHER = "other"
    """其他可能影响公正的关系."""


@dataclass(frozen=True, slots=True)
class Recusal:
    """One recusal; instants are UTC ms."""

    recusal_id: bytes
    official_id: str
    party: str
    ground: str
    from_ms: int
    until_ms: int | None
    declared_by: str
    ended_by: str | None


def declare(turn: Turn, random: Random, official_id: str, party: str, ground: Ground, *, by: str) -> bytes:
    """Say that an official keeps out of what concerns a party, from now on. Raises `OfficialRefused`."""
    if not _is_party(party):
        raise OfficialRefused(
            errors=[
                {
                    "pointer": "/party",
                    "code": "value",
                    "detail": "应为 worker:档案编号 或 institution:统一社会信用代码",
                }
            ]
        )
    versions.bump(turn, REGISTER)
    recusal_id = uuid7(FixedClock(turn.now_ms), random)
    turn.conn.execute(
        recusal.insert().values(
            recusal_id=recusal_id,
            official_id=official_id,
            party=party,
            ground=ground,
            from_ms=turn.now_ms,
            declared_by=by,
        )
    )
    return recusal_id


def end(turn: Turn, recusal_id: bytes, *, by: str) -> bool:
    """End a recusal; tells whether one ended. That of the own archive stays."""
    versions.bump(turn, REGISTER)
    own = recusal.c
    live = (own.recusal_id == recusal_id, own.until_ms.is_(None), own.ground != Ground.SELF)
    ending = recusal.update().where(*live).values(until_ms=turn.now_ms, ended_by=by)
    return turn.conn.execute(ending).rowcount == 1


def of(conn: Connection, official_id: str) -> list[Recusal]:
    """Return the recusals of an official, past ones too, the newest first."""
    names = [recusal.c[name] for name in Recusal.__slots__]
    wanted = sa.select(*names).where(recusal.c.official_id == official_id)
    return [Recusal(*row) for row in conn.execute(wanted.order_by(recusal.c.recusal_id.desc()))]


def one(conn: Connection, recusal_id: bytes) -> Recusal | None:
    """Return a recusal; None for an unknown one."""
    names = [recusal.c[name] for name in Recusal.__slots__]
    row = conn.execute(sa.select(*names).where(recusal.c.recusal_id == recusal_id)).one_or_none()
    return None if row is None else Recusal(*row)


def in_force(conn: Connection) -> dict[str, frozenset[str]]:
    """Return the parties that each official keeps out of now."""
    found: dict[str, set[str]] = {}
    wanted = sa.select(recusal.c.official_id, recusal.c.party).where(recusal.c.until_ms.is_(None))
    for official_id, party in conn.execute(wanted):
        found.setdefault(official_id, set()).add(party)
    return {official_id: frozenset(parties) for official_id, parties in found.items()}


def recused(who: Actor, parties: frozenset[str]) -> bool:
    """Tell whether somebody concerned is one the official keeps out of."""
    return not who.recused.isdisjoint(parties)


def check(who: Actor, parties: frozenset[str]) -> None:
    """Refuse an official who keeps out of it. Raises `Recused`."""
    if recused(who, parties):
        raise Recused


def outside(who: Actor, parties: sa.ColumnElement[str]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that none of those concerned is one the official keeps out of."""
    return [sa.not_(parties.contains(one, autoescape=True)) for one in sorted(who.recused)]


def _is_party(party: str) -> bool:
    kind, _, name = party.partition(":")
    if kind == "worker":
        try:
            return str(uuid.UUID(name)) == name
        except ValueError:
            return False
    return bool(_USCC.fullmatch(party))
