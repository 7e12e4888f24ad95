"""Officials (工作人员): people of the bureau who sign in, with dated roles in an area.

Roles are given by two officials (granting.py); the first two registrars are made on the server's own machine.
Some roles exclude one another: whose word is the first of an act has not the second (security.md §1.3), who
checks does not pay, who audits does nothing else, who runs the machines sees no data (GB/T 22239-2019 level 3
separates system, security and audit administrators). `official_bar` holds that as a constraint: an official
stands on one side of each bar, in their own right or as a deputy.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, own_parties, recusals
from recordsvc.access.errors import OfficialConflict, OfficialRefused
from recordsvc.access.grants import EVERYWHERE, Actor, Kind, Reach, Role, prefix
from recordsvc.access.tables import deputy, official, official_bar, official_role
from recordsvc.ground import bound, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database

REGISTER: Final = "officials"
_ID: Final = re.compile(r"[a-z][a-z0-9.-]{1,39}")
_AREA: Final = re.compile(r"[1-9][0-9](?:[0-9]{2}){0,2}")
WORD: Final = "word"
"""The bar between the two persons of an act: who may propose what a role decides does not hold that role."""
EMERGENCY: Final = "emergency:"
"""How `granted_by` of a role begins that was taken in an emergency; the case follows."""
_OFFICE: Final = "office"
SIDES: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.REGISTRAR: {_OFFICE: "work", WORD: "first"},
    Role.HANDLER: {_OFFICE: "work", WORD: "first", "pay": "check"},
    Role.REVIEWER: {_OFFICE: "work", WORD: "review", "pay": "check"},
    Role.DATA_OFFICER: {_OFFICE: "work", WORD: "data", "pay": "check"},
    Role.PAYER: {_OFFICE: "work", "pay": "pay"},
    Role.INSPECTOR: {_OFFICE: "work"},
    Role.AUDITOR: {_OFFICE: "audit"},
    Role.ADMINISTRATOR: {_OFFICE: "run"},
}
"""On which side of which bar a role puts its holder."""


def apart(one: Role, other: Role) -> bool:
    """Tell whether one person must not hold both roles: they stand on two sides of a bar."""
    return _across(SIDES[one], SIDES[other])


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """One dated grant; `area` is a division code (2, 4 or 6 digits: province, city, county)."""

    n: int
    role: str
    area: str
    from_ms: int
    until_ms: int | None
    granted_by: str
    revoked_by: str | None

    def in_force(self, now_ms: int) -> bool:
        """Whether the role is held now."""
        return self.from_ms <= now_ms and (self.until_ms is None or now_ms < self.until_ms)

    @property
    def in_emergency(self) -> bool:
        """Whether it was taken alone, for hours (emergencies.py)."""
        return self.granted_by.startswith(EMERGENCY)


@dataclass(frozen=True, slots=True)
class Official:
    """One official with all grants, past ones too."""

    official_id: str
    name: str
    institution: str | None
    closed_ms: int | None
    grants: tuple[RoleGrant, ...]
    recused: frozenset[str] = frozenset()
    """Parties whose affairs this official keeps out of now, as declared."""
    standing_in: tuple["StandingIn", ...] = ()
    named: bool = False
    """Whether it is known which archive is their own (`own_parties.py`)."""
    own: frozenset[str] = frozenset()
    """The parties that are themself, as `present` and `Officials.find` found them."""

    def own_roles(self, now_ms: int) -> frozenset[str]:
        """Roles held now in one's own right; none once the account is closed."""
        return frozenset(role for role, _ in self.own_duties(now_ms))

    def own_duties(self, now_ms: int) -> frozenset[tuple[str, str]]:
        """Return (role, division code) of the own grants in force; none once the account is closed."""
        if self.closed_ms is not None:
            return frozenset()
        held = [grant for grant in self.grants if grant.in_force(now_ms)]
        own = Reach(frozenset(prefix(grant.area) for grant in held if not grant.in_emergency))
        # What was taken in an emergency rests on what one holds there, and ends with it.
        counts = [grant for grant in held if not grant.in_emergency or own.covers(prefix(grant.area))]
        return frozenset((grant.role, grant.area) for grant in counts)

    def roles(self, now_ms: int) -> frozenset[str]:
        """Roles held now, also as somebody's deputy."""
        return frozenset(role for role, _ in self.duties(now_ms))

    def duties(self, now_ms: int) -> frozenset[tuple[str, str]]:
        """Return (role, division code) of what is held now, also as somebody's deputy."""
        if self.closed_ms is not None:
            return frozenset()
        lent = (one.duties(now_ms) for one in self.standing_in)
        return self.own_duties(now_ms).union(*lent)

    def keeps_out(self, region: str) -> frozenset[str]:
        """Return whose affairs this official keeps out of: as declared, and their own institution's.

        The region's own (USCC) they handle: it is what they work for.
        """
        own = {f"institution:{self.institution}"} if self.institution not in (None, region) else set()
        return self.recused | self.own | own

    def actor(self, now_ms: int, region: str) -> Actor:
        """Return this official as whoever acts now; the session is for the caller to add."""
        return Actor(
            Kind.OFFICIAL,
            self.official_id,
            roles=self.roles(now_ms),
            institution=self.institution,
            duties=self.duties(now_ms),
            stands_in=self.stands_in(now_ms),
            recused=self.keeps_out(region),
            own=self.own,
        )

    def stands_in(self, now_ms: int) -> frozenset[tuple[str, str]]:
        """Return (role, principal) of what is held now as a deputy only."""
        own = self.own_roles(now_ms)
        return frozenset(
            (one.role, one.principal)
            for one in self.standing_in
            if one.role not in own and one.duties(now_ms)
        )


@dataclass(frozen=True, slots=True)
class StandingIn:
    """What a deputy has of a principal: a role, while the principal holds it, between two instants."""

    principal: str
    role: str
    from_ms: int
    until_ms: int
    grants: tuple[RoleGrant, ...]

    def duties(self, now_ms: int) -> frozenset[tuple[str, str]]:
        """Return (role, division code) of the principal's grants that the deputy has now."""
        if not self.from_ms <= now_ms < self.until_ms:
            return frozenset()
        # What the principal is given later was not lent: nobody decided it for the deputy.
        return frozenset(
            (one.role, one.area)
            for one in self.grants
            if one.from_ms <= self.from_ms and one.in_force(now_ms)
        )


class Officials:
    """The register of officials, one copy a process: a revoked role is gone at the next request."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._register = versions.Register(db, REGISTER, load)

    def find(self, official_id: str) -> Official | None:
        """An official as of now; None for unknown ones."""
        found = self.registered(official_id)
        if found is None or not found.named:
            return found
        # Archives come and are merged without a change of the register: whose they are is asked each time.
        with self._db.read() as conn:
            return replace(found, own=own_parties.of(conn, official_id))

    def registered(self, official_id: str) -> Official | None:
        """Return what the register says of an official, without what is their own; None for unknown ones."""
        return self._register.get().get(official_id)


def load(conn: Connection) -> Mapping[str, Official]:
    """Read the whole register."""
    grants: dict[str, list[RoleGrant]] = {}
    rows = conn.execute(sa.select(official_role).order_by(official_role.c.official_id, official_role.c.n))
    for official_id, *fields in rows:
        grants.setdefault(official_id, []).append(RoleGrant(*fields))
    wanted = sa.select(
        official.c.official_id, official.c.name, official.c.institution, official.c.closed_ms
    ).order_by(official.c.official_id)
    parties, with_own = recusals.in_force(conn), own_parties.named(conn)
    people = conn.execute(wanted).all()
    open_accounts = {row[0] for row in people if row[3] is None}
    lent: dict[str, list[StandingIn]] = {}
    named = (deputy.c.deputy, deputy.c.principal, deputy.c.role, deputy.c.from_ms, deputy.c.until_ms)
    for standing_in, principal, role, from_ms, until_ms in conn.execute(sa.select(*named)):
        theirs = grants.get(principal, ()) if principal in open_accounts else ()
        of_role = tuple(one for one in theirs if one.role == role)
        lent.setdefault(standing_in, []).append(StandingIn(principal, role, from_ms, until_ms, of_role))
    return {
        official_id: Official(
            official_id,
            name,
            institution,
            closed_ms,
            tuple(grants.get(official_id, ())),
            parties.get(official_id, frozenset()),
            tuple(lent.get(official_id, ())),
            official_id in with_own,
        )
        for official_id, name, institution, closed_ms in people
    }


def present(conn: Connection, official_id: str) -> Official | None:
    """Return an official as of this transaction, with what is their own; None for unknown ones."""
    found = load(conn).get(official_id)
    return replace(found, own=own_parties.of(conn, official_id)) if found and found.named else found


def add(turn: Turn, official_id: str, name: str, institution: str | None = None) -> None:
    """Make an official without any role. Raises `OfficialRefused`, `OfficialConflict`."""
    if not _ID.fullmatch(official_id):
        raise _refused("/official_id", "账号应为 2–40 个小写字母、数字、点或连字符，以字母开头")
    if not 1 <= len(name.strip()) <= 80:
        raise _refused("/name", "姓名应为 1–80 个字符")
    versions.bump(turn, REGISTER)
    if official_id in load(turn.conn):
        raise OfficialConflict
    row = {
        "official_id": official_id,
        "name": name.strip(),
        "institution": institution,
        "added_ms": turn.now_ms,
    }
    turn.conn.execute(official.insert().values(**row))


def close(turn: Turn, official_id: str) -> None:
    """End an account; its acts and grants stay on record. Raises `OfficialRefused`."""
    known(turn.conn, official_id)
    turn.conn.execute(
        official.update().where(official.c.official_id == official_id).values(closed_ms=turn.now_ms)
    )
    versions.bump(turn, REGISTER)


def grant(
    turn: Turn,
    official_id: str,
    role: str,
    area: str,
    *,
    by: str,
    until_ms: int | None = None,
    emergency: bool = False,
) -> None:
    """Give a role in an area from now on. Raises `OfficialRefused`; `OfficialConflict` if roles exclude.

    In an emergency (emergencies.py) the second word is lent to who has the first, for want of anybody else.
    """
    found = check_grant(turn, official_id, role, area, until_ms, emergency=emergency)
    stand(turn, found, role, emergency=emergency)
    turn.conn.execute(
        official_role.insert().values(
            official_id=official_id,
            n=len(found.grants),
            role=role,
            area=area,
            from_ms=turn.now_ms,
            until_ms=until_ms,
            granted_by=by,
        )
    )
    bound.touch(turn, official_role, (official_id, len(found.grants)))


def check_grant(
    turn: Turn, official_id: str, role: str, area: str, until_ms: int | None, *, emergency: bool = False
) -> Official:
    """Return whom a grant would be for. Raises `OfficialRefused`; `OfficialConflict` if roles exclude."""
    if role not in list(Role):
        raise _refused("/role", "没有这个角色")
    if not _AREA.fullmatch(area):
        raise _refused("/area", "区划代码应为 2、4 或 6 位数字")
    if until_ms is not None and until_ms <= turn.now_ms:
        raise _refused("/until", "截止时间已过")
    versions.bump(turn, REGISTER)
    found = known(turn.conn, official_id)
    check_together(found, role, turn.now_ms, emergency=emergency)
    return found


def check_together(found: Official, role: str, now_ms: int, *, emergency: bool = False) -> None:
    """Raise `OfficialConflict` where a role excludes one that is held, or will be, also as a deputy."""
    wanted = _sides(role, emergency=emergency)
    if any(_across(wanted, SIDES[held]) for held in _held(found, now_ms)):
        raise OfficialConflict("该角色与此人现有角色互斥。", detail_en="The role excludes one already held.")


def stand(turn: Turn, found: Official, role: str, *, emergency: bool = False) -> None:
    """Note on which side of each bar this role puts its holder; the key lets nobody stand on both.

    `found` is the holder as the register had them before, read in this turn.
    """
    wanted = _sides(role, emergency=emergency)
    needed = {*wanted.items()}.union(*(SIDES[held].items() for held in _held(found, turn.now_ms)))
    own = official_bar.c
    mine = own.official_id == found.official_id
    standing = {(row.bar, row.side) for row in turn.conn.execute(sa.select(own.bar, own.side).where(mine))}
    for bar, side in standing - needed:
        turn.conn.execute(official_bar.delete().where(mine, own.bar == bar, own.side == side))
    for bar, side in sorted({*wanted.items()} - standing):
        turn.conn.execute(official_bar.insert().values(official_id=found.official_id, bar=bar, side=side))


def _held(found: Official, now_ms: int) -> set[Role]:
    # Judged over every grant that is not over, also one that begins or ends later.
    own = {Role(one.role) for one in found.grants if one.until_ms is None or one.until_ms > now_ms}
    return own | {Role(one.role) for one in found.standing_in if one.until_ms > now_ms}


def _sides(role: str, *, emergency: bool) -> dict[str, str]:
    return {bar: side for bar, side in SIDES[Role(role)].items() if not (emergency and bar == WORD)}


def _across(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return any(one[bar] != other[bar] for bar in one.keys() & other.keys())


def revoke(turn: Turn, official_id: str, role: str, where: Reach = EVERYWHERE, *, by: str) -> int:
    """End a role within a reach, from now on; how many grants that ended. Raises `OfficialRefused`."""
    versions.bump(turn, REGISTER)
    known(turn.conn, official_id)
    live = sa.or_(official_role.c.until_ms.is_(None), official_role.c.until_ms > turn.now_ms)
    there = areas.within(where, official_role.c.area)
    return end_grants(
        turn, official_role.c.official_id == official_id, official_role.c.role == role, live, there, by=by
    )


def end_grants(turn: Turn, *which: sa.ColumnElement[bool], by: str) -> int:
    """End the grants that conditions select, now; how many."""
    own = official_role.c
    keys = turn.conn.execute(sa.select(own.official_id, own.n).where(*which).with_for_update()).all()
    ending = official_role.update().where(*which).values(until_ms=turn.now_ms, revoked_by=by)
    ended: int = turn.conn.execute(ending).rowcount
    bound.touch(turn, official_role, *keys)
    return ended


def known(conn: Connection, official_id: str) -> Official:
    """An open account. Raises `OfficialRefused`."""
    found = load(conn).get(official_id)
    if found is None or found.closed_ms is not None:
        raise _refused("/official_id", "没有这个账号，或已停用")
    return found


def _refused(pointer: str, detail: str) -> OfficialRefused:
    return OfficialRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])
