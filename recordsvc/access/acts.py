"""What one official did alone (单人办理留痕): a row for every act that no proposal and no look accounts for.

The row shares the transaction of its act; for a reading it is durable before the answer leaves. Nobody
changes or removes it, and auditors list it. A look at a worker's archive stands in `looked` instead, where
the worker reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, misses
from recordsvc.access.grants import EVERYWHERE, Actor, Reach, roles_told
from recordsvc.access.tables import official_act, official_role, staff
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, Random, uuid7


class Act(StrEnum):
    """What was done; the subject of each is named beside it."""

    KEY_SUSPEND = "issuer-key.suspend"
    """`issuer/kid`; the log has the event, this row has its author."""
    KEY_SUSPECT = "issuer-key.suspect"
    """`issuer/kid`."""
    HELD_OPEN = "held.open"
    """Id of the held record whose content was shown."""
    HELD_RETURN = "held.return"
    """Id of the held record."""
    IMPORT_TRY = "import.try"
    """SHA-256 of the file of old papers that was tried: its wrong rows tell who is known here."""
    ARCHIVE_RESTRICT = "archive.restrict"
    """Id of the worker whose archive was restricted; the chain has the entry, this row has its author."""
    RECORD_MOVED_SEAL = "record.moved-seal"
    """Id of the worker in whose archive a record was struck that was moved before moves sealed it."""
    ARCHIVE_HOLD_COPY = "archive.hold-copy"
    """`worker id/proposal id`: the legal-hold copy of a restricted archive that was made."""
    FIND_NOTHING = "worker.find-nothing"
    """Kind of the number that nobody here has; never the number."""
    GROUP_FIND_NOTHING = "group.find-nothing"
    """Kind of the document whose number and name lead to nobody of a department's area; never the number."""
    NOTICES_PRINTED = "notices.printed"
    """How many letters were taken off the list to print."""
    NOTICES_SKIPPED = "notices.skipped"
    """How many messages that could not be delivered were given up."""
    CONFIRM_REFUSED = "card.confirm-refused"
    """Kind of the document that was seen beside a card that is not, here, its holder's; never a number."""
    CARDS_IMPORT = "cards.import"
    """SHA-256 of the extract whose facts were applied."""
    ARCHIVE_NOTHING = "worker.archive-nothing"
    """Id that is no worker's."""
    ACTIVATE = "login.activate"
    """Id of the worker who was handed an activation code."""
    ACTIVATE_LOST = "login.activate-lost"
    """Id of the worker whose earlier ways in were ended, and who was handed a new code."""
    ACTIVATE_REFUSED = "login.activate-refused"
    """Kind of the document that was seen beside a card which is, here, not its holder's; never a number."""
    WINDOW_OPEN = "window.open"
    """Id of the worker for whom a service at the window was begun."""
    WINDOW_REFUSED = "window.refused"
    """Kind of the document that was shown with a card which is not its holder's, or not good; no number."""
    WINDOW_ACT = "window.act"
    """`worker id/policy`: an act in the worker's place, written before it; the service says how it ended."""
    STAFF_CODE = "staff.code"
    """Id of the person of an institution for whom the desk, or their own head, made a login code."""
    STAFF_LOST = "staff.lost"
    """Id of the person of an institution whose ways in and sign-ins their head ended before making a code."""
    STAFF_INVITED = "staff.invited"
    """Institution whose head invited somebody; reason: the position."""
    STAFF_UNINVITED = "staff.uninvited"
    """Institution whose head took an invitation back; reason: the position."""
    STAFF_ENDED = "staff.ended"
    """Id of the person of an institution from whom a head took a position; reason: the position."""
    STAFF_CLOSED = "staff.closed"
    """Id of the person of an institution whose account a head closed; reason: the institution."""
    GROUP_ONE_INVITER = "group.one-inviter"
    """Department whose first and second officer of one statement were invited by one person; reason: who."""
    OFFICIAL_ENTERED = "official.entered"
    """Id of an official's account that was made; roles come by two people."""
    OFFICIAL_GRANTED = "official.granted"
    """Account that the server's console gave a role (the first two registrars); reason: role@area."""
    OFFICIAL_REVOKED = "official.revoked"
    """Account from which a registrar or the server's console took a role; reason: the role."""
    OFFICIAL_CLOSED = "official.closed"
    """Account that the server's console closed."""
    OFFICIAL_CODE = "official.code"
    """Account for which the server's console made a login code."""
    OFFICIAL_LOST = "official.lost"
    """Account whose ways in and sign-ins the server's console ended."""
    WORKER_PLACED = "worker.placed"
    """Id of the worker whose division an official stated."""
    PAPER_OPEN = "paper.open"
    """`institution/paper id`: a paper of an institution that was opened, also by the institution itself."""
    PAPER_LIST = "paper.list"
    """Institution whose papers an official listed."""
    BANK_FILE = "bank.file"
    """Message id of a batch whose sealed file was taken; reason: its SHA-256."""
    EMERGENCY_DOOR = "emergency.door"
    """Method and path of a door that was entered in an emergency; the reason is its policy."""
    EMERGENCY_SESSION = "emergency.session"
    """Id of a session that was begun meanwhile; reason: how whoever began it proved who they are."""


AT_CONSOLE: Final = "system:command:"
"""How the actor of an act at the server's console begins; the name of the shell's user follows, unproven."""
ABOUT_OFFICIALS: Final = (
    Act.OFFICIAL_ENTERED,
    Act.OFFICIAL_GRANTED,
    Act.OFFICIAL_REVOKED,
    Act.OFFICIAL_CLOSED,
    Act.OFFICIAL_CODE,
    Act.OFFICIAL_LOST,
)
"""Acts whose subject is an official's account."""
ABOUT_STAFF: Final = (Act.STAFF_CODE, Act.STAFF_LOST, Act.STAFF_ENDED)
"""Acts whose subject is the account of a person of an institution, which they may read there."""
OF_STAFF: Final = (
    *ABOUT_STAFF,
    Act.STAFF_CLOSED,
    Act.STAFF_INVITED,
    Act.STAFF_UNINVITED,
    Act.GROUP_ONE_INVITER,
)
"""Who lets whom in at institutions, and out: what registrars answer for read, too."""
MISSES: Final = (
    Act.FIND_NOTHING,
    Act.GROUP_FIND_NOTHING,
    Act.CONFIRM_REFUSED,
    Act.ARCHIVE_NOTHING,
    Act.ACTIVATE_REFUSED,
    Act.WINDOW_REFUSED,
)
"""Acts that asked for somebody and found nobody."""
SHOWN_MS: Final = 90 * 86_400_000
"""How long somebody is shown what others did to their account, ms."""


@dataclass(frozen=True, slots=True)
class OfficialAct:
    """One act to be written."""

    actor: Actor
    act: Act
    subject: str
    reason: str
    case_ref: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """One act as auditors read it; `at_ms` is UTC."""

    id: bytes
    at_ms: int
    actor: str
    role: str
    act: str
    subject: str
    reason: str
    case_ref: str


def note(turn: Turn, random: Random, act: OfficialAct) -> None:
    """Write the row in the turn of its act."""
    _insert(turn, [(random, act)])


def record(db: Database, random: Random, act: OfficialAct) -> None:
    """Write the row of a reading; it is durable on return."""
    db.write_grouped(_insert, (random, act))


def listed(
    conn: Connection, where: Reach = EVERYWHERE, *, before: bytes = b"\xff" * 16, limit: int = 100
) -> list[Done]:
    """Return acts of those who ever had a role within a reach, and of the console on their accounts.

    So with people of institutions that lie there. Newest first, from before the id `before`.
    """
    names = [official_act.c[name] for name in Done.__slots__]
    wanted = sa.select(*names).where(official_act.c.id < before)
    if not where.everywhere:
        own, act = official_role.c, official_act.c
        there = areas.within(where, own.area)
        theirs = act.actor.in_(sa.select(sa.literal("official:") + own.official_id).where(there))
        on_them = act.subject.in_(sa.select(own.official_id).where(there))
        wanted = wanted.where(
            sa.or_(theirs, sa.and_(_console_on_officials(), on_them), _of_institutions(where))
        )
    return [Done(*row) for row in conn.execute(wanted.order_by(official_act.c.id.desc()).limit(limit))]


def of_staff(
    conn: Connection, where: Reach = EVERYWHERE, *, before: bytes = b"\xff" * 16, limit: int = 100
) -> list[Done]:
    """Return who let whom in, and out, at institutions within a reach (`OF_STAFF`), as `listed` does.

    Also what the desk did to accounts there.
    """
    act = official_act.c
    names = [act[name] for name in Done.__slots__]
    wanted = sa.select(*names).where(act.id < before, act.act.in_(OF_STAFF))
    if not where.everywhere:
        there = areas.within(where, areas.of_institution(staff.c.institution))
        on_them = act.subject.in_(sa.select(staff.c.staff_id).where(there))
        wanted = wanted.where(sa.or_(_of_institutions(where), on_them))
    return [Done(*row) for row in conn.execute(wanted.order_by(act.id.desc()).limit(limit))]


def _of_institutions(where: Reach) -> sa.ColumnElement[bool]:
    """Return the condition that a person of an institution within a reach did it."""
    there = areas.within(where, areas.of_institution(staff.c.institution))
    people = sa.select(sa.literal("staff:") + staff.c.staff_id).where(there)
    return official_act.c.actor.in_(people)


def at_console(conn: Connection, official_id: str, now_ms: int) -> list[Done]:
    """Return what the server's console did to an official's account lately (`SHOWN_MS`), newest first."""
    return _lately(conn, official_id, _console_on_officials(), now_ms)


def on_staff(conn: Connection, staff_id: str, now_ms: int) -> list[Done]:
    """Return what head or desk did lately to the account of a person of an institution, newest first."""
    return _lately(conn, staff_id, official_act.c.act.in_(ABOUT_STAFF), now_ms)


def _lately(conn: Connection, subject: str, which: sa.ColumnElement[bool], now_ms: int) -> list[Done]:
    act = official_act.c
    # Ids begin with their instant (UUIDv7): the key alone finds those of the last days.
    since = max(now_ms - SHOWN_MS, 0).to_bytes(6) + bytes(10)
    wanted = sa.select(*(act[name] for name in Done.__slots__)).where(
        act.id >= since, act.subject == subject, which
    )
    return [Done(*row) for row in conn.execute(wanted.order_by(act.id.desc()))]


def _console_on_officials() -> sa.ColumnElement[bool]:
    act = official_act.c
    return sa.and_(act.actor.startswith(AT_CONSOLE, autoescape=True), act.act.in_(ABOUT_OFFICIALS))


def _insert(turn: Turn, acts: Sequence[tuple[Random, OfficialAct]]) -> list[None]:
    clock = FixedClock(turn.now_ms)
    rows = [_row(one, uuid7(clock, random), turn.now_ms) for random, one in acts]
    turn.conn.execute(official_act.insert(), rows)
    bound.wrote(turn, official_act, *rows)
    for who in sorted({(str(one.actor.kind), one.actor.id) for _random, one in acts if one.act in MISSES}):
        misses.judge(turn, who, MISSES)
    return [None] * len(acts)


def _row(one: OfficialAct, row_id: bytes, now_ms: int) -> dict[str, Any]:
    return {
        "id": row_id,
        "at_ms": now_ms,
        "actor": f"{one.actor.kind}:{one.actor.id}",
        "role": roles_told(one.actor),
        "act": one.act,
        "subject": one.subject,
        "reason": one.reason,
        "case_ref": one.case_ref,
    }
