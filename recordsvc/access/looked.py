"""Who looked (谁查过我的档案): a row for every look at a worker's archive by somebody else, written before.

The row is durable before the first byte of the answer leaves; if it cannot be written, the reading fails
(`LookNotWritten`). Rows of many readers share a commit. A worker's own reading leaves none. Purposes come
from the dated list `lookup_purposes`, each with its legal basis and the roles that may look for it; one that
is not in force, or not for these roles, is refused (PIPL arts 6, 35). Each row gets its place in the
who-looked log in the same commit (`access/looked_log.py`).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import case_names, cases
from recordsvc.access.case_errors import CaseForeign, CaseNames, CaseRefused
from recordsvc.access.cases import NAMED, REFUSED
from recordsvc.access.errors import LookNotWritten, PurposeNotAtWindow, PurposeNotYours, PurposeRefused
from recordsvc.access.grants import Actor, Kind, author, roles_told
from recordsvc.access.looked_log import LookTurn, Row
from recordsvc.access.tables import looked, looked_detail
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, Random, beijing_date, uuid7
from recordsvc.ground.privileges import erasing
from recordsvc.people import merges
from recordsvc.people.spotting import number_in

if TYPE_CHECKING:
    from recordsvc.house import House

PURPOSES: Final = "lookup_purposes"
HELPER_PURPOSES: Final = "helper_purposes"
SHARING_PURPOSES: Final = "sharing_purposes"
BY_CONSENT: Final = "consent:"
"""How the case of a look begins that rests on a worker's consent; the consent's id follows."""
HELD: Final = "held"
"""Fields of a look at a held record: its subject is the record, since whose it is is in doubt until then."""
RELEASED: Final = "held-record"
"""Fields of the same look once more, under the worker into whose archive the record was released."""
PAPERS: Final = "papers"
PAPER: Final = "paper:"
"""How the group of fields begins that names the one paper which was opened; its id follows."""
CONSENT_BASIS: Final = "您的授权（个人信息保护法第十三条第一款第一项）"


_PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class Look:
    """One look: who, as what, why, at what of whom. `fields` names groups (identity, records), no values."""

    worker_id: bytes
    actor: Actor
    purpose: str
    fields: str
    case_ref: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A look as the worker is shown it; `case_ref` is empty when none was given, and after an erasure."""

    id: bytes
    at_ms: int
    actor_kind: str
    actor_id: str
    role: str
    purpose: str
    fields: str
    case_ref: str


def one_paper(paper_id: bytes) -> str:
    """Return the groups of fields of a look at one paper: papers, and which."""
    return f"{PAPERS} {PAPER}{uuid.UUID(bytes=paper_id)}"


def record(house: "House", looks: Sequence[Look]) -> None:
    """Write the rows and return when they are durable.

    Raises what `judge` raises before anything is written, `LookNotWritten` when it could not be written, and
    once it is: `CaseNames` where the case named whom it is about, `CaseForeign` where it is not about them;
    nothing of them is shown, and they see who asked.
    """
    db = house.db
    for who, purpose, case_ref in {(one.actor, one.purpose, one.case_ref) for one in looks}:
        judge(db, who, purpose, case_ref)
    if not looks:
        return
    with db.read() as conn:
        kept = [_kept(house, conn, look) for look in looks]
    try:
        db.write_grouped(_insert, (db, house.random, kept), weight=len(looks))
    except LookNotWritten:
        raise
    except Exception as error:
        # Whatever it was: what left no row is not shown.
        observe.log("look-not-written", error=type(error).__name__, at=observe.place(error))
        raise LookNotWritten from error
    if kept != list(looks):
        raise _named()
    with db.read() as conn:
        if not all(_about(conn, look, db.clock.now_ms()) for look in looks):
            raise CaseForeign


def judge(db: Database, who: Actor, purpose: str, case_ref: str) -> None:
    """Refuse a purpose or a case that cannot be, whoever is looked at: before anybody is looked for.

    Raises `PurposeRefused`, `PurposeNotYours`, `CaseRefused`, `CaseUnknown`.
    """
    check_purpose(db, purpose, who)
    with db.read() as conn:
        _judge_case(conn, who, purpose, case_ref, db.clock.now_ms())


def judge_at_window(db: Database, who: Actor, purpose: str, case_ref: str) -> None:
    """Refuse, as `judge` does, what cannot be, and a purpose for which nobody is served at the window.

    Raises what `judge` raises, and `PurposeNotAtWindow`.
    """
    check_purpose(db, purpose, who)
    row = stated(purpose, db.clock.now_ms())
    if row is None or not at_window(row):
        raise PurposeNotAtWindow(
            errors=[{"pointer": "/purpose", "code": "window", "detail": "窗口代办不能使用这个目的"}]
        )
    judge(db, who, purpose, case_ref)


def at_window(row: dated.Row) -> bool:
    """Tell whether one serves at the window for a purpose: it must be the worker's own affair."""
    return bool(row.get("at_window", False))


def foreign(house: "House", look: Look) -> bool:
    """Tell whether the case is not about whom the look is; then its row is durable.

    It is asked where an act follows in a turn of its own, which takes its rows back when it is refused.
    Raises `CaseNames`, whose row is durable, too.
    """
    with house.db.read() as conn:
        if _kept(house, conn, look) == look and _about(conn, look, house.clock.now_ms()):
            return False
    try:
        record(house, [look])
    except CaseForeign:
        return True
    return False


def check_purpose(db: Database, purpose: str, who: Actor | None = None) -> None:
    """Refuse a purpose that the dated list does not have today, or has not for these roles.

    Raises `PurposeRefused`, `PurposeNotYours`. Roles are asked of officials: machines look for the purpose
    they are registered for, and who acts at the console is recorded as the service itself. Helpers have a
    list of their own. `who` is None where no worker is looked at (an institution's papers).
    """
    today = beijing_date(db.clock.now_ms()).isoformat()
    helps = who is not None and who.kind is Kind.WORKER
    found = dated.on(HELPER_PURPOSES if helps else PURPOSES, today).get(purpose)
    if found is None:
        raise PurposeRefused(
            errors=[{"pointer": "/purpose", "code": "value", "detail": "查阅目的不在现行目录内"}]
        )
    if who is not None and not _for(who, found):
        raise PurposeNotYours(errors=[{"pointer": "/purpose", "code": "role", "detail": "您的岗位不能使用"}])


def _judge_case(conn: Connection, who: Actor, purpose: str, case_ref: str, now_ms: int) -> None:
    """Refuse a case reference that holds a number of a person, or names a case that is not there.

    It is asked of what people type: cases of helpers, of consents and of classes are made here.
    """
    typed, day = _typed(who, purpose, now_ms), beijing_date(now_ms).isoformat()
    if (typed or who.kind is Kind.SYSTEM) and number_in(case_ref) is not None:
        raise CaseRefused(errors=[{"pointer": "/case_ref", "code": "value", "detail": REFUSED}])
    if typed:
        cases.check(conn, purpose, case_ref, author(who), day)


def _about(conn: Connection, look: Look, now_ms: int) -> bool:
    day = beijing_date(now_ms).isoformat()
    return not _typed(look.actor, look.purpose, now_ms) or cases.concerns(
        conn, look.purpose, look.case_ref, look.worker_id, day
    )


def _kept(house: "House", conn: Connection, look: Look) -> Look:
    """Return a look as it may be kept: a case that was typed and names its person is not."""
    if look.actor.kind is not Kind.SYSTEM and not _typed(look.actor, look.purpose, house.clock.now_ms()):
        return look
    return replace(look, case_ref=case_names.hidden(house, conn, look.case_ref, look.worker_id))


def refuse_named(house: "House", conn: Connection, case_ref: str, workers: Sequence[bytes]) -> None:
    """Refuse a case for later looks that names one of these workers. Raises `CaseNames`."""
    if any(case_names.hidden(house, conn, case_ref, one) != case_ref for one in workers):
        raise _named()


def _named() -> CaseNames:
    return CaseNames(errors=[{"pointer": "/case_ref", "code": "value", "detail": NAMED}])


def _typed(who: Actor, purpose: str, now_ms: int) -> bool:
    """Tell whether the case of a look was typed: by an official, or by an officer of a department."""
    officer = who.kind is Kind.STAFF and cases.asked(purpose, beijing_date(now_ms).isoformat())
    return who.kind is Kind.OFFICIAL or officer


def usable(who: Actor, day: str) -> list[dated.Row]:
    """Return the purposes in force on a Beijing day that this official may look for."""
    return [row for row in dated.on(PURPOSES, day).rows if _for(who, row)]


def _for(who: Actor, row: dated.Row) -> bool:
    return who.kind is not Kind.OFFICIAL or not who.roles.isdisjoint(row["roles"])


def stated(purpose: str, at_ms: int) -> dated.Row | None:
    """Return the row of a purpose (words, legal basis, roles) that was in force at an instant (UTC ms)."""
    return dated.on(PURPOSES, beijing_date(at_ms).isoformat()).get(purpose)


def worded(seen: Seen) -> tuple[str, str]:
    """Return purpose and legal basis of a look in Chinese, as they stood then; the code of an unknown one.

    A machine that a worker's consent let in has a purpose of sharing, a helper one of helping.
    """
    by_consent, helps = seen.case_ref.startswith(BY_CONSENT), seen.actor_kind == Kind.WORKER
    if not by_consent and not helps:
        row = stated(seen.purpose, seen.at_ms)
        return (seen.purpose, "") if row is None else (str(row["zh"]), str(row["basis_zh"]))
    table = dated.on(
        SHARING_PURPOSES if by_consent else HELPER_PURPOSES, beijing_date(seen.at_ms).isoformat()
    )
    row = table.get(seen.purpose)
    return seen.purpose if row is None else str(row["zh"]), CONSENT_BASIS


def note(turn: Turn, house: "House", look: Look) -> None:
    """Write one row in the turn of an act that itself shows a worker's data to somebody.

    The turn raises `LookNotWritten` when the row could not be written, and nothing of the act stays.
    Raises `CaseRefused`, `CaseNames`, `CaseUnknown`, `CaseForeign`; whoever acts for a case asks `foreign`
    before.
    """
    _judge_case(turn.conn, look.actor, look.purpose, look.case_ref, turn.now_ms)
    if not _about(turn.conn, look, turn.now_ms):
        raise CaseForeign
    if _kept(house, turn.conn, look) != look:
        raise _named()
    _part(turn).add(_row(look, FixedClock(turn.now_ms), house.random))


def of_worker(
    conn: Connection, worker_id: bytes, *, before: bytes = b"\xff" * 16, limit: int = 50, purpose: str = ""
) -> list[Seen]:
    """Who looked at this person's archives, newest first, from before a row id; `purpose` leaves one alone.

    A look at an archive that is read as another is a look at the same person.
    """
    own, detail = looked.c, looked_detail.c
    names = [own[name] for name in Seen.__slots__ if name != "case_ref"]
    source = looked.outerjoin(looked_detail, sa.and_(detail.worker_id == own.worker_id, detail.id == own.id))
    wanted = sa.select(*names, sa.func.coalesce(detail.case_ref, "").label("case_ref")).select_from(source)
    wanted = wanted.where(own.worker_id.in_(merges.together(conn, [worker_id])), own.id < before)
    if purpose:
        wanted = wanted.where(own.purpose == purpose)
    rows = conn.execute(wanted.order_by(own.id.desc()).limit(limit))
    return [Seen(**row._mapping) for row in rows]  # noqa: SLF001 - documented name


def released(turn: Turn, random: Random, into: Mapping[bytes, bytes]) -> None:
    """Write the looks at held records once more, for the workers into whose archives they go (id → worker).

    They keep id and instant: the worker reads them where they happened. The first rows stay as they are.
    """
    own, detail, ids = looked.c, looked_detail.c, list(into)
    source = looked.outerjoin(looked_detail, sa.and_(detail.worker_id == own.worker_id, detail.id == own.id))
    said = [sa.func.coalesce(detail[name], "").label(name) for name in ("case_ref", "request_id")]
    wanted = sa.select(looked, *said).select_from(source).order_by(own.id)
    for start in range(0, len(ids), _PORTION):
        some = wanted.where(own.worker_id.in_(ids[start : start + _PORTION]), own.fields == HELD)
        for row in turn.conn.execute(some):
            salts, who = random.bytes(32), (row.actor_kind, row.actor_id, row.role)
            when, why = (into[bytes(row.worker_id)], bytes(row.id), row.at_ms), (row.case_ref, row.request_id)
            _part(turn).add(Row(*when, *who, row.purpose, RELEASED, salts[:16], *why, salts[16:]))


def erase(turn: Turn, worker_id: bytes, held: Sequence[bytes] = ()) -> None:
    """Take what names a case out of an erased worker's rows; the rows and their places stay.

    `held`: held records that were released into this archive, and whose looks say the same.
    """
    ids = [worker_id, *held]
    with erasing(turn.conn):
        for start in range(0, len(ids), _PORTION):
            mine = looked_detail.c.worker_id.in_(ids[start : start + _PORTION])
            turn.conn.execute(sa.delete(looked_detail).where(mine))


def _insert(turn: Turn, groups: Sequence[tuple[Database, Random, Sequence[Look]]]) -> list[None]:
    clock = FixedClock(turn.now_ms)
    part = _part(turn)
    part.db = groups[0][0]
    for _, random, looks in groups:
        for look in looks:
            part.add(_row(look, clock, random))
    return [None] * len(groups)


def _part(turn: Turn) -> LookTurn:
    return turn.part(LookTurn, lambda: LookTurn(turn))


def _row(look: Look, clock: FixedClock, random: Random) -> Row:
    actor, salts = look.actor, random.bytes(32)
    return Row(
        look.worker_id,
        uuid7(clock, random),
        clock.now_ms(),
        str(actor.kind),
        actor.id,
        roles_told(actor),
        look.purpose,
        look.fields,
        salts[:16],
        look.case_ref,
        look.request_id,
        salts[16:],
    )
