"""Packs for auditors (审计材料包): two officials decide which archives of a case an auditor gets to see.

    proposed ──second official──> making ──recordsvc work, in portions──> ready ──days of the rule──> expired

Auditors choose no archives: a data officer or reviewer proposes, another approves. Archives are chosen when
it is proposed, so that both officials know how many. Fetching leaves a row of who looked for every worker in
the pack before the first byte, and raises no alarm: what two people decided is no pattern.
"""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import officials
from recordsvc.access.grants import Role, Thing
from recordsvc.access.tables import official_role
from recordsvc.archive import tables
from recordsvc.archive.look_relations import PACKS, RULES
from recordsvc.archive.pack_manifest import HOLDING
from recordsvc.archive.pack_tables import audit_pack
from recordsvc.archive.reading import Reader
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.two_person import Proposal
from recordsvc.people import standing
from recordsvc.people import tables as people_tables
from recordsvc.vault import fence
from recordsvc.vault.envelope import DataKeys

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = PACKS
_DECIDERS: Final = frozenset({Role.REVIEWER.value, Role.DATA_OFFICER.value})
_DAY_MS: Final = 24 * 3600 * 1000
READABLE: Final = (standing.OPEN, standing.CLOSED)
"""States of archives that a pack shows; restricted and erased ones are left out and counted."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Named workers, or whoever has an entry at log indexes [first, last] that fits the rest.

    `institution` is a USCC, `type` a record type, `since` and `until` Beijing dates of issue.
    """

    workers: tuple[bytes, ...] = ()
    first: int | None = None
    last: int | None = None
    institution: str | None = None
    type: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as listed; instants are UTC ms."""

    pack_id: bytes
    auditor: str
    case_ref: str
    state: str
    workers: int
    done: int
    omitted: int
    approved_ms: int
    expires_ms: int
    fetched: int


def choose(house: "House", wanted: Selection) -> list[bytes]:
    """Return whose archives a selection means, in the order of ids. Raises `FormRefused`: none, too many."""
    most = _rule(house.clock.now_ms(), "pack-workers")
    found = set(wanted.workers) or _in_range(house, wanted, _rule(house.clock.now_ms(), "pack-entries"))
    if not wanted.workers:
        found = {one for one in found if _fits(house, one, wanted)}
    if not found:
        raise _refused("/selection", "没有符合条件的档案")
    if len(found) > most:
        raise _refused("/selection", f"一个材料包最多 {most} 份档案，请缩小范围")
    return sorted(found)


def propose(
    turn: Turn,
    auditor: str,
    case_ref: str,
    workers: list[bytes],
    selection: dict[str, Any],
    reason: str,
    by: str,
    *,
    whole: bool = False,
) -> bytes:
    """Propose a pack; `whole`: bundles with full numbers. Raises `FormRefused` for who is no auditor."""
    _check_auditor(turn.conn, auditor, turn.now_ms)
    payload = {
        "auditor": auditor,
        "case_ref": case_ref,
        "purpose": "audit",
        "reason": reason,
        "selection": selection,
        "whole": whole,
        "workers": [str(uuid.UUID(bytes=one)) for one in workers],
    }
    subject = f"审计材料包：{len(workers)} 份档案，审计员 {auditor}，案号 {case_ref}"
    return two_person.propose(turn, KIND, subject[:200], payload, by)


def parties(payload: dict[str, Any]) -> frozenset[str]:
    """Return whom a pack concerns: everybody whose archive is in it."""
    return frozenset(f"worker:{one}" for one in payload["workers"])


def _about(_conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    """A pack is for the whole region's officials; who is in it themself does not decide it."""
    return Thing("", parties(payload))


@two_person.executor(KIND, deciders=_DECIDERS, about=_about)
def _approve(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Let the pack be made. Raises `FormRefused` where the auditor is none any more."""
    house: House = proposal.tools
    _check_auditor(turn.conn, payload["auditor"], turn.now_ms)
    fence.hold(turn, house.db, house.keys.epoch)
    wrapped, _key = DataKeys(house.keys, house.random.bytes).new(proposal.id, HOLDING)
    values = {
        "pack_id": proposal.id,
        "auditor": payload["auditor"],
        "case_ref": payload["case_ref"],
        "state": "making",
        "workers": len(payload["workers"]),
        "done": 0,
        "omitted": 0,
        "approved_ms": turn.now_ms,
        "expires_ms": turn.now_ms + _rule(turn.now_ms, "pack-days") * _DAY_MS,
        "fetched": 0,
        "wrapped": wrapped,
    }
    turn.conn.execute(audit_pack.insert().values(**values))


def listed(
    conn: Connection, *seen: sa.ColumnElement[bool], auditor: str | None = None, limit: int = 100
) -> list[Pack]:
    """Return packs, the newest first; of one auditor, or all. `seen`: which proposals the asker sees."""
    names = [audit_pack.c[name] for name in Pack.__slots__]
    with_proposal = audit_pack.join(two_person.proposal, two_person.proposal.c.id == audit_pack.c.pack_id)
    query = sa.select(*names).select_from(with_proposal).where(*seen)
    query = query.order_by(audit_pack.c.pack_id.desc()).limit(limit)
    if auditor is not None:
        query = query.where(audit_pack.c.auditor == auditor)
    return [Pack(*row) for row in conn.execute(query)]


def readable(conn: Connection, workers: list[bytes], since_ms: int | None = None) -> set[bytes]:
    """Return which of these archives may be shown now.

    `since_ms`: as they were read at that instant (UTC) or later: not those of which a record was restricted
    or erased since.
    """
    own = people_tables.worker.c
    query = sa.select(own.worker_id).where(own.worker_id.in_(workers), own.state.in_(READABLE))
    found = {bytes(one) for one in conn.execute(query).scalars()}
    return found if since_ms is None else found - _silenced(conn, found, since_ms)


def _silenced(conn: Connection, workers: set[bytes], since_ms: int) -> set[bytes]:
    """Return those of which a record was restricted, and still is, or erased since an instant."""
    sealed, entry, gone = tables.restricted_entry.c, tables.entry.c, people_tables.erasure.c
    # Bytes 2 to 9 of a leaf are its time (formats.py); bytes compare as the numbers do.
    restricted = (
        sa.select(sealed.worker_id)
        .join(entry.idx.table, sa.and_(entry.worker_id == sealed.worker_id, entry.idx == sealed.idx))
        .where(sealed.worker_id.in_(workers))
        .where(sa.func.substr(entry.leaf, 3, 8, type_=sa.LargeBinary) >= since_ms.to_bytes(8))
    )
    erased = sa.select(gone.worker_id).where(gone.worker_id.in_(workers), gone.erased_ms >= since_ms)
    return {bytes(one) for one in conn.execute(sa.union(restricted, erased)).scalars()}


def _check_auditor(conn: Connection, name: str, now_ms: int) -> None:
    own = official_role.c
    query = sa.select(own.n).where(
        own.official_id == name,
        own.role == Role.AUDITOR.value,
        own.from_ms <= now_ms,
        sa.or_(own.until_ms.is_(None), own.until_ms > now_ms),
        own.revoked_by.is_(None),
    )
    if name not in officials.load(conn) or conn.execute(query).first() is None:
        raise _refused("/auditor", "不是在任的审计员")


def _in_range(house: "House", wanted: Selection, most: int) -> set[bytes]:
    if wanted.first is None or wanted.last is None or not 0 <= wanted.last - wanted.first < most:
        raise _refused("/selection", f"请给出日志位置的范围，最多 {most} 条")
    own = tables.place.c
    query = sa.select(own.worker_id).where(own.idx.between(wanted.first, wanted.last)).distinct()
    with house.db.read() as conn:
        return {bytes(one) for one in conn.execute(query).scalars()}


def _fits(house: "House", worker_id: bytes, wanted: Selection) -> bool:
    if not any((wanted.institution, wanted.type, wanted.since, wanted.until)):
        return True
    with house.db.read() as conn:
        if not readable(conn, [worker_id]):
            return False
    archive = Reader(house).archive(worker_id)
    records = (
        one.record
        for one in (archive.entries if archive else ())
        if wanted.first is not None
        and wanted.last is not None
        and wanted.first <= one.stored.idx <= wanted.last
    )
    return any(one is not None and _matches(one, wanted) for one in records)


def _matches(record: Any, wanted: Selection) -> bool:
    on = str(record["issued_on"])
    return (
        wanted.institution in (None, record["issuer"])
        and wanted.type in (None, record["type"])
        and (wanted.since is None or wanted.since <= on)
        and (wanted.until is None or on <= wanted.until)
    )


def _rule(now_ms: int, code: str) -> int:
    return int(dated.rule(RULES, code, beijing_date(now_ms).isoformat())["value"])


def _refused(pointer: str, detail: str) -> FormRefused:
    return FormRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])
