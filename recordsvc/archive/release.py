"""Two people's word on held records (放行的双人复核): proposing, approving, and proving an approval again.

The proposal says in words what it covers, so that the second person knows what they put their name to. The
act only marks the rows; `held.py` appends them. What a row claims about its approval is never believed: the
proposal itself must say the same (`unproven`).
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive import errors, held_own, tables
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.two_person import Proposal
from recordsvc.people import merges, standing

if TYPE_CHECKING:
    from recordsvc.house import House

RELEASE: Final = "held.release"
MOST: Final = 20_000
"""Records that one proposal may cover."""
PORTION: Final = 500
NAMED: Final = 3
"""Issuers and reasons that a subject names; the payload's `counts` has all."""
SUBJECT: Final = 200
CLOSED: Final = "worker-closed"
"""Code of `hold_reasons`: what is for the archive of somebody who died."""


def propose(
    turn: Turn,
    house: "House",
    *seen: sa.ColumnElement[bool],
    held: Sequence[bytes],
    select: dict[str, Any] | None,
    worker_id: bytes | None,
    reason: str,
    by: str,
) -> bytes:
    """Propose to release held records, named or selected, and return the proposal's id.

    `seen` says which of them the proposer sees; others are not here.

    Raises `HeldNotHere` when one of them does not wait, or nothing is selected, and `StandingRefused` where
    it would be released in vain, the archive that it is for being closed.
    """
    rows = _named(turn.conn, seen, held) if held else _selected(turn.conn, seen, select or {})
    _refuse_closed(turn, house, rows, worker_id)
    counts = Counter((row.issuer, row.reason) for row in rows)
    payload = {
        "counts": [
            {"issuer": issuer, "reason": code, "count": count}
            for (issuer, code), count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        ],
        "held": [str(uuid.UUID(bytes=row.held_id)) for row in rows],
        "reason": reason,
        "worker_id": None if worker_id is None else str(uuid.UUID(bytes=worker_id)),
    }
    subject = _subject(counts, beijing_date(turn.now_ms).isoformat())
    return two_person.propose(turn, RELEASE, subject, payload, by)


def _refuse_closed(turn: Turn, house: "House", rows: Sequence[Any], worker_id: bytes | None) -> None:
    """Refuse what no archive takes that is closed after a death. Raises `StandingRefused`."""
    own = tables.held.c
    whose = {worker_id} if worker_id is not None and rows else set()
    for row in rows if worker_id is None else ():
        if row.reason == CLOSED:
            sealed = turn.conn.execute(sa.select(own.sealed).where(own.held_id == row.held_id)).scalar_one()
            whose |= held_own.workers_of(house, turn.conn, bytes(row.held_id), bytes(sealed))
    if any(merges.held(turn, one)[1] == standing.CLOSED for one in sorted(whose)):
        raise standing.StandingRefused(
            "本人已去世，档案已关闭，放行也不能记入：请退回签发单位并说明；档案是误关的，先恢复再放行",
            detail_en="the archive is closed after a death and takes nothing: return it to its issuer",
        )


def chosen(
    conn: Connection, *seen: sa.ColumnElement[bool], held: Sequence[bytes], select: dict[str, Any] | None
) -> list[bytes]:
    """Return the held records that a release would cover. Raises `HeldNotHere`."""
    rows = _named(conn, seen, held) if held else _selected(conn, seen, select or {})
    return [bytes(row.held_id) for row in rows]


def unproven(row: Any, proposal: Proposal | None) -> str:
    """Return why the row is not what two people approved; empty when the proposal says all of it.

    State, proposal and worker of a row are plain columns: whoever can write them must not be able to release.
    """
    if proposal is None or proposal.kind != RELEASE or proposal.state != "done":
        return "no such release was decided"
    if proposal.decided_by is None or proposal.decided_by == proposal.proposed_by:
        return "no second person"
    if str(uuid.UUID(bytes=row.held_id)) not in proposal.payload["held"]:
        return "the proposal does not cover it"
    worker = None if row.worker_id is None else str(uuid.UUID(bytes=row.worker_id))
    return "" if worker == proposal.payload.get("worker_id") else "the proposal names another worker"


@two_person.executor(RELEASE, deciders=frozenset({"reviewer", "data-officer"}))
def _approve(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Mark held records as approved by two people; the number of records. Raises `HeldNotHere`."""
    ids = [uuid.UUID(value).bytes for value in payload["held"]]
    worker = uuid.UUID(payload["worker_id"]).bytes if payload.get("worker_id") else None
    held, count = tables.held, 0
    for start in range(0, len(ids), PORTION):
        marked = turn.conn.execute(
            held.update()
            .where(held.c.held_id.in_(ids[start : start + PORTION]), held.c.state == "held")
            .values(state="approved", proposal=proposal.id, worker_id=worker)
        )
        count += marked.rowcount
    if count != len(ids):
        raise errors.HeldNotHere
    return count


def _waiting() -> sa.Select[Any]:
    held = tables.held.c
    return (
        sa.select(held.held_id, held.issuer, held.reason).where(held.state == "held").order_by(held.held_id)
    )


def _named(conn: Connection, seen: Sequence[sa.ColumnElement[bool]], ids: Sequence[bytes]) -> list[Any]:
    wanted = sorted(set(ids))
    rows: list[Any] = []
    for start in range(0, len(wanted), PORTION):
        some = wanted[start : start + PORTION]
        rows += conn.execute(_waiting().where(tables.held.c.held_id.in_(some), *seen)).all()
    if len(rows) != len(wanted):
        raise errors.HeldNotHere
    return rows


def _selected(conn: Connection, seen: Sequence[sa.ColumnElement[bool]], select: dict[str, Any]) -> list[Any]:
    given = {name: value for name, value in select.items() if value is not None}
    if not given:
        raise ValueError("a selection names an issuer or a reason")
    query = _waiting().where(*(tables.held.c[name] == value for name, value in given.items()))
    rows = list(conn.execute(query.where(*seen).limit(MOST)))
    if not rows:
        raise errors.HeldNotHere
    return rows


def _subject(counts: "Counter[tuple[str, str]]", today: str) -> str:
    """Return what the second person reads: how many, from whom, held for what."""
    issuers: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for (issuer, code), count in counts.items():
        issuers[issuer] += count
        reasons[code] += count
    known = dated.table("hold_reasons").on(today).by_code
    said = Counter({known[code]["zh"] if code in known else code: count for code, count in reasons.items()})
    text = f"放行 {counts.total()} 条暂存记录；原因：{_most(said, '种')}；签发单位：{_most(issuers, '家')}"
    return text[:SUBJECT]


def _most(counts: "Counter[str]", unit: str) -> str:
    named = "、".join(f"{name}（{count}）" for name, count in counts.most_common(NAMED))
    return named if len(counts) <= NAMED else f"{named}等 {len(counts)} {unit}"
