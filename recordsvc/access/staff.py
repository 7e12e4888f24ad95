"""Staff (机构工作人员): people of institutions, employers and departments, who sign in under their own name.

    (two officials) ──enter──> head ──invites by name──> invitation ──code, once──> staff ──> positions, dated

The first person of an institution is entered as its head (经办负责人) by two registrars (heads.py). A head
invites others by name to a position; whoever has the one-use code becomes that person here. A position that
was taken away is gone at the next request. Somebody who works at two institutions has two accounts: one
account acts for one institution.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.errors import InvitationRefused, StaffRefused, StaffUnknown
from recordsvc.access.grants import Position
from recordsvc.access.tables import staff, staff_invitation, staff_role
from recordsvc.ground import versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, Random, uuid7
from recordsvc.ground.problems import NotFound
from recordsvc.people.checks import IdentifierError
from recordsvc.people.identifiers import uscc
from recordsvc.vault.keystore import KeyStore

REGISTER: Final = "staff"
INVITATION_MS: Final = 7 * 86_400_000
MOST_PEOPLE: Final = 500
"""Open accounts and invitations of one institution."""
_CODE_LETTERS: Final = 24
"""Letters of an invitation's code, five bits each: 120 bits."""
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_STAFF_ID: Final = re.compile(r"s-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Post:
    """One dated position; instants are UTC ms."""

    n: int
    position: str
    from_ms: int
    until_ms: int | None
    granted_by: str
    revoked_by: str | None

    def in_force(self, now_ms: int) -> bool:
        """Whether the position is held now."""
        return self.from_ms <= now_ms and (self.until_ms is None or now_ms < self.until_ms)


@dataclass(frozen=True, slots=True)
class Member:
    """One person of an institution (USCC) with all positions, past ones too."""

    staff_id: str
    institution: str
    name: str
    invited_by: str
    added_ms: int
    closed_ms: int | None
    posts: tuple[Post, ...]

    def positions(self, now_ms: int) -> frozenset[str]:
        """Positions held now; none once the account is closed."""
        if self.closed_ms is not None:
            return frozenset()
        return frozenset(post.position for post in self.posts if post.in_force(now_ms))


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as its institution sees it: everything but the code."""

    invitation_id: bytes
    name: str
    position: str
    until_ms: int | None
    invited_by: str
    invited_ms: int
    expires_ms: int
    used_ms: int | None


class Staff:
    """The register of staff, one copy a process."""

    def __init__(self, db: Database) -> None:
        self._register = versions.Register(db, REGISTER, load)

    def find(self, staff_id: str) -> Member | None:
        """A person as of now; None for unknown ones."""
        return self._register.get().get(staff_id)


def load(conn: Connection) -> Mapping[str, Member]:
    """Read the whole register."""
    posts: dict[str, list[Post]] = {}
    for staff_id, *fields in conn.execute(
        sa.select(staff_role).order_by(staff_role.c.staff_id, staff_role.c.n)
    ):
        posts.setdefault(staff_id, []).append(Post(*fields))
    rows = conn.execute(sa.select(staff).order_by(staff.c.staff_id))
    return {row[0]: _member(row, posts) for row in rows}


def of_institution(conn: Connection, institution: str) -> list[Member]:
    """Return the people of one institution, the oldest account first."""
    wanted = (
        sa.select(staff)
        .where(staff.c.institution == institution)
        .order_by(staff.c.added_ms, staff.c.staff_id)
    )
    members = conn.execute(wanted).all()
    posts: dict[str, list[Post]] = {}
    mine = staff_role.c.staff_id.in_([row.staff_id for row in members])
    for staff_id, *fields in conn.execute(sa.select(staff_role).where(mine).order_by(staff_role.c.n)):
        posts.setdefault(staff_id, []).append(Post(*fields))
    return [_member(row, posts) for row in members]


def _member(row: sa.Row[Any], posts: Mapping[str, list[Post]]) -> Member:
    return Member(
        row.staff_id,
        row.institution,
        row.name,
        row.invited_by,
        row.added_ms,
        row.closed_ms,
        tuple(posts.get(row.staff_id, ())),
    )


def invitations(conn: Connection, institution: str, now_ms: int) -> list[Invitation]:
    """Return the invitations of an institution that can still be used, the oldest first."""
    own = staff_invitation.c
    names = [own[name] for name in Invitation.__slots__]
    live = (own.institution == institution, own.used_ms.is_(None), own.expires_ms > now_ms)
    rows = conn.execute(sa.select(*names).where(*live).order_by(own.invitation_id))
    return [Invitation(*row) for row in rows]


# -- inviting


def invite(
    turn: Turn,
    keys: KeyStore,
    random: Random,
    institution: str,
    name: str,
    position: Position,
    until_ms: int | None,
    *,
    by: str,
) -> str:
    """Invite somebody by name to a position; returns the code, which is shown once. Raises `StaffRefused`."""
    if not 1 <= len(name.strip()) <= 80:
        raise _refused("/name", "姓名应为 1–80 个字符")
    if until_ms is not None and until_ms <= turn.now_ms:
        raise _refused("/until_ms", "截止时间已过")
    versions.bump(turn, REGISTER)
    people = sum(one.closed_ms is None for one in of_institution(turn.conn, institution))
    if people + len(invitations(turn.conn, institution, turn.now_ms)) >= MOST_PEOPLE:
        raise _refused("/name", f"一个单位最多 {MOST_PEOPLE} 人")
    letters = [_ALPHABET[byte & 31] for byte in random.bytes(_CODE_LETTERS)]
    code = "-".join("".join(letters[at : at + 4]) for at in range(0, _CODE_LETTERS, 4))
    turn.conn.execute(
        staff_invitation.insert().values(
            invitation_id=uuid7(FixedClock(turn.now_ms), random),
            institution=institution,
            name=name.strip(),
            position=position,
            until_ms=until_ms,
            digest=_digest(keys, code),
            invited_by=by,
            invited_ms=turn.now_ms,
            expires_ms=turn.now_ms + INVITATION_MS,
        )
    )
    return code


def accept(turn: Turn, keys: KeyStore, random: Random, code: str) -> str:
    """Use an invitation; returns the account it makes. Raises `InvitationRefused`, for every cause alike."""
    own = staff_invitation.c
    row = turn.conn.execute(
        sa.select(staff_invitation).where(own.digest == _digest(keys, code))
    ).one_or_none()
    if row is None or row.used_ms is not None or turn.now_ms >= row.expires_ms:
        raise InvitationRefused
    staff_id = add_new(turn, row.institution, row.name, row.invited_by, random)
    # Of two requests with one code only one changes the row; the other's account goes with its turn.
    using = staff_invitation.update().where(own.invitation_id == row.invitation_id, own.used_ms.is_(None))
    if turn.conn.execute(using.values(used_ms=turn.now_ms, staff_id=staff_id)).rowcount != 1:
        raise InvitationRefused
    give(turn, staff_id, Position(row.position), by=row.invited_by, until_ms=row.until_ms)
    return staff_id


def take_back(turn: Turn, institution: str, invitation_id: bytes) -> Position:
    """Withdraw an unused invitation of an institution; to which position. Raises `NotFound`."""
    own = staff_invitation.c
    mine = (own.invitation_id == invitation_id, own.institution == institution, own.used_ms.is_(None))
    position = turn.conn.scalar(sa.select(own.position).where(*mine))
    # Of two who take it back, or use it meanwhile, only one changes the row.
    if position is None or turn.conn.execute(staff_invitation.delete().where(*mine)).rowcount != 1:
        raise NotFound
    return Position(position)


# -- positions


def give(turn: Turn, staff_id: str, position: Position, *, by: str, until_ms: int | None = None) -> None:
    """Give a position from now on. Raises `StaffUnknown`."""
    versions.bump(turn, REGISTER)
    known(turn.conn, staff_id)
    held = sa.select(sa.func.count()).where(staff_role.c.staff_id == staff_id)
    turn.conn.execute(
        staff_role.insert().values(
            staff_id=staff_id,
            n=turn.conn.execute(held).scalar_one(),
            position=position,
            from_ms=turn.now_ms,
            until_ms=until_ms,
            granted_by=by,
        )
    )


def end(turn: Turn, staff_id: str, position: Position, *, by: str) -> int:
    """End a position from now on; how many grants of it ended. The last head stays: raises `StaffRefused`."""
    versions.bump(turn, REGISTER)
    member = known(turn.conn, staff_id)
    if position is Position.HEAD:
        _keep_a_head(turn, member)
    own = staff_role.c
    live = sa.or_(own.until_ms.is_(None), own.until_ms > turn.now_ms)
    ending = staff_role.update().where(own.staff_id == staff_id, own.position == position, live)
    return turn.conn.execute(ending.values(until_ms=turn.now_ms, revoked_by=by)).rowcount


def close(turn: Turn, staff_id: str) -> None:
    """End an account; its acts and positions stay on record. Raises `StaffUnknown`, `StaffRefused`."""
    versions.bump(turn, REGISTER)
    member = known(turn.conn, staff_id)
    if Position.HEAD in member.positions(turn.now_ms):
        _keep_a_head(turn, member)
    turn.conn.execute(staff.update().where(staff.c.staff_id == staff_id).values(closed_ms=turn.now_ms))


def known(conn: Connection, staff_id: str, institution: str | None = None) -> Member:
    """An open account, of this institution if one is named. Raises `StaffUnknown`."""
    found = load(conn).get(staff_id) if _STAFF_ID.fullmatch(staff_id) else None
    if found is None or found.closed_ms is not None or institution not in (None, found.institution):
        raise StaffUnknown
    return found


def code_name(staff_id: str) -> str:
    """Return under which name the one-time codes of a person stand; no official has such a name."""
    return f"staff:{staff_id}"


def _keep_a_head(turn: Turn, member: Member) -> None:
    others = of_institution(turn.conn, member.institution)
    if not any(
        Position.HEAD in one.positions(turn.now_ms) for one in others if one.staff_id != member.staff_id
    ):
        raise _refused("/position", "单位至少要有一名经办负责人；请先邀请接任的人")


def add_new(turn: Turn, institution: str, name: str, by: str, random: Random) -> str:
    """Make an account without any position under a new id. Raises `StaffRefused`."""
    staff_id = f"s-{random.bytes(8).hex()}"
    add(turn, staff_id, institution, name, by)
    return staff_id


def add(turn: Turn, staff_id: str, institution: str, name: str, by: str) -> None:
    """Make an account without any position. Raises `StaffRefused`."""
    if not 1 <= len(name.strip()) <= 80:
        raise _refused("/name", "姓名应为 1–80 个字符")
    versions.bump(turn, REGISTER)
    row = {
        "staff_id": staff_id,
        "institution": institution,
        "name": name.strip(),
        "invited_by": by,
        "added_ms": turn.now_ms,
    }
    turn.conn.execute(staff.insert().values(**row))


def institution_code(code: str) -> str:
    """Return the code of an institution as it is kept. Raises `StaffRefused`."""
    try:
        return uscc(code).value
    except IdentifierError:
        raise _refused("/institution", "不是有效的统一社会信用代码") from None


def _digest(keys: KeyStore, code: str) -> bytes:
    letters = code.upper().replace("-", "").replace(" ", "").replace("O", "0")
    return keys.hmac("login", b"invitation/1\0" + letters.replace("I", "1").replace("L", "1").encode())


def _refused(pointer: str, detail: str) -> StaffRefused:
    return StaffRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])
