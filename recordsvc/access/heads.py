"""The head of an institution (经办负责人), as the desk enters them and lets them in: never one official.

    enter ──two registrars──> account and position ──┐
                                                     ├──> one code may be made ──one of the two──> code
    code  ──two registrars───────────────────────────┘

People of an institution have their codes from its head. The desk makes one for a head alone, and only while
no other head is there to make it: the first time, and when every way in is lost. Whoever has the code is that
person, so it takes two; one of these two makes it, once, and the institution is told of each step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import activating, acts, codes, staff
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.credentials import Holder
from recordsvc.access.deciding import reference
from recordsvc.access.grants import Actor, Kind, Position
from recordsvc.access.head_errors import CodeUndecided, HeadMakesCodes
from recordsvc.access.staff import Member
from recordsvc.access.tables import staff_code
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Random
from recordsvc.ground.two_person import Proposal

if TYPE_CHECKING:
    from recordsvc.house import House

ENTER: Final = "staff.enter"
CODE: Final = "staff.code"
DECIDERS: Final = frozenset({"registrar"})
RIGHT_MS: Final = 3 * 86_400_000
"""How long after the decision the code may be made: until the person has come."""


@dataclass(frozen=True, slots=True)
class Head:
    """A head as the desk sees them; `draws`: whether who asks may make a code now."""

    staff_id: str
    name: str
    since_ms: int
    draws: bool


def propose(turn: Turn, institution: str, name: str, reason: str, *, by: str, random: Random) -> bytes:
    """Propose the head of an institution, who then invites the others. Raises `StaffRefused`.

    The proposal is kept for good and names the account, not the person: the name waits in the account itself,
    which holds no position until it is approved.
    """
    institution = staff.institution_code(institution)
    staff_id = staff.add_new(turn, institution, name, by, random)
    payload = {"staff_id": staff_id, "institution": institution, "position": Position.HEAD, "reason": reason}
    return two_person.propose(turn, ENTER, staff_id, payload, by, random=random)


@two_person.executor(ENTER, deciders=DECIDERS)
def _enter(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    staff_id = str(payload["staff_id"])
    staff.give(turn, staff_id, Position(payload["position"]), by=str(decided.decided_by))
    _allow(turn, decided, staff.known(turn.conn, staff_id), "head-entered")
    return staff_id


def propose_code(turn: Turn, staff_id: str, reason: str, *, by: str, random: Random) -> bytes:
    """Propose that one login code may be made for a head. Raises `StaffUnknown`, `HeadMakesCodes`."""
    member = _lone_head(turn, staff_id)
    payload = {"staff_id": staff_id, "institution": member.institution, "reason": reason}
    return two_person.propose(turn, CODE, staff_id, payload, by, random=random)


@two_person.executor(CODE, deciders=DECIDERS)
def _decide_code(turn: Turn, payload: Mapping[str, Any], decided: Proposal) -> str:
    member = _lone_head(turn, str(payload["staff_id"]))
    _allow(turn, decided, member, "login-code-decided")
    return member.staff_id


def draw(house: "House", staff_id: str, who: Actor) -> str:
    """Make the code that two officials decided; it is shown once, and an earlier one ends.

    Raises `StaffUnknown`, `CodeUndecided` where nothing was decided that is not used up, or by others.
    """
    by = reference(who)

    def act(turn: Turn) -> str:
        member = staff.known(turn.conn, staff_id)
        right = turn.conn.scalar(
            sa.select(sa.func.min(staff_code.c.proposal_id)).where(*_open(turn, by, staff_id))
        )
        using = staff_code.update().where(staff_code.c.proposal_id == right, staff_code.c.drawn_ms.is_(None))
        # Of two who draw at once only one changes the row.
        if right is None or turn.conn.execute(using.values(drawn_ms=turn.now_ms, drawn_by=by)).rowcount != 1:
            raise CodeUndecided
        acts.note(turn, house.random, OfficialAct(who, Act.STAFF_CODE, staff_id, member.institution))
        # A code is decided for whom no way in is left, or none was ever there: what a lost device holds ends.
        activating.end_everything(turn, house, Holder(Kind.STAFF, staff_id), bytes(right).hex())
        _tell(turn, house, member, "login-code-made", bytes(right))
        return codes.create(turn, house.keys, house.random, staff.code_name(staff_id))

    return house.db.write(act)


def of_institution(conn: Connection, institution: str, by: str, now_ms: int) -> list[Head]:
    """Return the heads of an institution, the oldest account first, as one official sees them."""
    own = staff_code.c
    rights = sa.select(own.staff_id).where(own.drawn_ms.is_(None), own.until_ms > now_ms, _mine(by))
    drawable = set(conn.scalars(rights))
    return [
        Head(one.staff_id, one.name, one.added_ms, one.staff_id in drawable)
        for one in staff.of_institution(conn, institution)
        if Position.HEAD in one.positions(now_ms)
    ]


def _lone_head(turn: Turn, staff_id: str) -> Member:
    """Return a head beside whom there is no other. Raises `StaffUnknown`, `HeadMakesCodes`."""
    member = staff.known(turn.conn, staff_id)
    heads = {
        one.staff_id
        for one in staff.of_institution(turn.conn, member.institution)
        if Position.HEAD in one.positions(turn.now_ms)
    }
    if heads != {staff_id}:
        raise HeadMakesCodes
    return member


def _allow(turn: Turn, decided: Proposal, member: Member, told: str) -> None:
    turn.conn.execute(
        staff_code.insert().values(
            proposal_id=decided.id,
            staff_id=member.staff_id,
            proposed_by=decided.proposed_by,
            decided_by=decided.decided_by,
            until_ms=turn.now_ms + RIGHT_MS,
        )
    )
    _tell(turn, decided.tools, member, told, decided.id)


def _tell(turn: Turn, house: "House", member: Member, kind: str, proposal: bytes) -> None:
    house.tell_institution(turn, member.institution, kind, {"staff_id": member.staff_id}, proposal.hex())


def _open(turn: Turn, by: str, staff_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    own = staff_code.c
    return (own.staff_id == staff_id, own.drawn_ms.is_(None), own.until_ms > turn.now_ms, _mine(by))


def _mine(by: str) -> sa.ColumnElement[bool]:
    return sa.or_(staff_code.c.proposed_by == by, staff_code.c.decided_by == by)
