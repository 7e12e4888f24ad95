"""Booking (记账): postings become transfers, in order, each wholly or not at all.

    (no row) ── book ──> applied        its transfers stand in the journal for ever
                  │
                  └────> refused: why   the id is spent: whoever repeats it is told the same, for ever

The same id with the same content gets the same answer; with other content `PostingReused`, and nothing
happens. The lock on the book lets one writer decide at a time; the statement that moves a balance repeats
the condition, and the table's own check repeats it once more, so that a bug here cannot overspend.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.ledger import tables
from recordsvc.money.ledger.accounts import PORTION, lock
from recordsvc.money.ledger.errors import PostingReused
from recordsvc.money.ledger.values import (
    APPLIED,
    ENDS_HOLD,
    Kind,
    Leg,
    Outcome,
    Posting,
    Refusal,
    hold,
    refused,
    settle,
    undo,
    void,
)

Row = dict[str, Any]


def book(turn: Turn, posting: Posting) -> Outcome:
    """Book one posting. Raises `PostingReused`, `LegRefused` (a day to come)."""
    return book_all(turn, [posting])[0]


def book_all(turn: Turn, postings: Sequence[Posting]) -> list[Outcome]:
    """Book several postings one after another; a refused one does not hinder the next."""
    run = _Run(turn, postings)
    outcomes = [run.take(posting) for posting in postings]
    run.write()
    return outcomes


def place_hold(
    turn: Turn,
    posting_id: str,
    source: str,
    target: str,
    amount_fen: int,
    code: str,
    actor: str,
    doc: str = "",
) -> Outcome:
    """Hold an amount; the hold's id is the outcome's only transfer."""
    return book(turn, Posting(posting_id, (hold(source, target, amount_fen),), code, actor, doc))


def settle_hold(
    turn: Turn, posting_id: str, hold_id: str, code: str, actor: str, amount_fen: int = 0, doc: str = ""
) -> Outcome:
    """Move a hold, or so much of it (and free the rest)."""
    return book(turn, Posting(posting_id, (settle(hold_id, amount_fen),), code, actor, doc))


def void_hold(turn: Turn, posting_id: str, hold_id: str, code: str, actor: str, doc: str = "") -> Outcome:
    """Give a hold back."""
    return book(turn, Posting(posting_id, (void(hold_id),), code, actor, doc))


def reverse(turn: Turn, posting_id: str, group: str, actor: str, doc: str = "") -> Outcome:
    """Take back all that a posting moved (冲销), by opposite transfers; what it only held is left alone."""
    own = tables.transfer.c
    moved = own.kind.in_((Kind.POST, Kind.SETTLE))
    query = sa.select(own.id).where(own.group_id == group, moved).order_by(own.idx.desc())
    legs = tuple(undo(transfer_id) for transfer_id in turn.conn.execute(query).scalars())
    return book(turn, Posting(posting_id, legs, "reverse", actor, doc))


def effect(kind: str, amount_fen: int, about_fen: int | None) -> tuple[int, int]:
    """Return what a transfer adds to what is posted and to what is held, out of source and into target."""
    if kind == Kind.PEND:
        return 0, amount_fen
    if kind in ENDS_HOLD:
        return (amount_fen if kind == Kind.SETTLE else 0), -(about_fen or 0)
    return amount_fen, 0


@dataclass(slots=True)
class _State:
    """An account as the run has it so far, and what the run has moved in it."""

    ledger: str
    guard: bool
    closed: bool
    available: int
    moved: list[int]
    """in_posted, in_pending, out_posted, out_pending."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """A transfer that may be acted on."""

    kind: str
    source: str
    target: str
    amount_fen: int


class _Refused(Exception):
    def __init__(self, why: Refusal) -> None:
        self.why = why


class _Run:
    """One run under the book's lock: reads all it needs at once, decides in order, writes at once."""

    def __init__(self, turn: Turn, postings: Sequence[Posting]) -> None:
        self._turn = turn
        self._size, day = lock(turn.conn)
        self._period = max(day, beijing_date(turn.now_ms).isoformat())
        self._known: dict[str, Any] = {
            row.id: row for row in _rows(turn.conn, tables.posting, "id", (p.id for p in postings))
        }
        legs = [leg for posting in postings for leg in posting.legs]
        about = [leg.about for leg in legs if leg.about]
        self._transfers = {
            row.id: _Moved(row.kind, row.source, row.target, row.amount_fen)
            for row in _rows(turn.conn, tables.transfer, "id", about)
        }
        self._ended = {row.about_id for row in _rows(turn.conn, tables.transfer, "about_id", about)}
        named = {name for leg in legs for name in (leg.source, leg.target) if name}
        named |= {name for one in self._transfers.values() for name in (one.source, one.target)}
        self._states = _states(turn.conn, named)
        self._postings: list[Row] = []
        self._rows: list[Row] = []

    def take(self, posting: Posting) -> Outcome:
        """Decide one posting."""
        content, ids = posting.content(), tuple(map(posting.transfer_id, range(len(posting.legs))))
        known = self._known.get(posting.id)
        if known is not None:
            if bytes(known.content) != content:
                raise PostingReused
            return _outcome(posting.id, ids, known.outcome, again=True)
        value_date = self._value_date(posting.on)
        rows: list[Row] = []
        try:
            for transfer_id, leg in zip(ids, posting.legs, strict=True):
                rows.append(self._leg(transfer_id, leg))
            outcome = APPLIED
        except _Refused as refusal:
            for row in rows:
                self._move(row, -1)
            rows, outcome = [], str(refusal.why)
        for row in rows:
            self._accept(row, posting, value_date)
        self._remember(posting, content, outcome)
        return _outcome(posting.id, ids, outcome)

    def write(self) -> None:
        """Write what was decided: balances under their condition, then the journal."""
        conn = self._turn.conn
        if self._postings:
            conn.execute(tables.posting.insert(), self._postings)
            bound.wrote(self._turn, tables.posting, *self._postings)
        if not self._rows:
            return
        changed = [_change(name, one) for name, one in sorted(self._states.items()) if any(one.moved)]
        if changed and conn.execute(_MOVE, changed).rowcount != len(changed):
            raise RuntimeError("a balance is not what it was under the lock: somebody writes past it")
        conn.execute(tables.transfer.insert(), self._rows)
        bound.wrote(self._turn, tables.transfer, *self._rows)
        own = tables.book
        head = {"size": self._size + len(self._rows), "day": self._period}
        conn.execute(own.update().where(own.c.id == 1).values(head))

    # -- deciding

    def _leg(self, transfer_id: str, leg: Leg) -> Row:
        """Move the run's states by one leg, and return its row so far."""
        if leg.about:
            row = self._acting(leg)
        else:
            row = {"kind": str(leg.kind), "source": leg.source, "target": leg.target}
            row |= {"amount_fen": leg.amount_fen, "about_id": None, "about_kind": None, "about_fen": None}
        source, target = self._states.get(row["source"]), self._states.get(row["target"])
        if source is None or target is None:
            raise _Refused(Refusal.ACCOUNT_UNKNOWN)
        if source.ledger != target.ledger:
            raise _Refused(Refusal.LEDGERS_DIFFER)
        # What was held before an account was closed may still be given back, and nothing else.
        if leg.kind is not Kind.VOID and (source.closed or target.closed):
            raise _Refused(Refusal.ACCOUNT_CLOSED)
        takes = 0 if leg.kind in ENDS_HOLD else row["amount_fen"]
        if source.guard and source.available < takes:
            raise _Refused(Refusal.SHORT)
        row |= {"id": transfer_id, "ledger": source.ledger}
        self._move(row, 1)
        return row

    def _acting(self, leg: Leg) -> Row:
        """Return the row of a leg that ends a hold or undoes a transfer."""
        undoing, about = leg.kind is Kind.UNDO, self._transfers.get(leg.about)
        fitting = (Kind.POST, Kind.SETTLE) if undoing else (Kind.PEND,)
        if about is None or about.kind not in fitting:
            raise _Refused(Refusal.TRANSFER_UNKNOWN if undoing else Refusal.HOLD_UNKNOWN)
        if leg.about in self._ended:
            raise _Refused(Refusal.UNDONE_BEFORE if undoing else Refusal.HOLD_ENDED)
        if leg.amount_fen > about.amount_fen:
            raise _Refused(Refusal.HOLD_EXCEEDED)
        ends = (about.target, about.source) if undoing else (about.source, about.target)
        row: Row = {"kind": str(leg.kind), "source": ends[0], "target": ends[1]}
        row |= {"amount_fen": leg.amount_fen or about.amount_fen, "about_id": leg.about}
        return row | {"about_kind": about.kind, "about_fen": about.amount_fen}

    def _move(self, row: Row, sign: int) -> None:
        posted, pending = effect(row["kind"], row["amount_fen"], row["about_fen"])
        source, target = self._states[row["source"]], self._states[row["target"]]
        source.moved[2] += sign * posted
        source.moved[3] += sign * pending
        source.available -= sign * (posted + pending)
        target.moved[0] += sign * posted
        target.moved[1] += sign * pending
        target.available += sign * posted

    # -- remembering

    def _accept(self, row: Row, posting: Posting, value_date: str) -> None:
        row |= {
            "idx": self._size + len(self._rows),
            "group_id": posting.id,
            "code": posting.code,
            "doc": posting.doc,
            "value_date": value_date,
            "period": self._period,
            # A late item stands in the day on which it is booked, and says which day it belongs to.
            "adjusts_period": value_date if value_date < self._period else None,
            "actor": posting.actor,
            "at_ms": self._turn.now_ms,
        }
        self._rows.append(row)
        self._transfers[row["id"]] = _Moved(row["kind"], row["source"], row["target"], row["amount_fen"])
        if row["about_id"]:
            self._ended.add(row["about_id"])

    def _remember(self, posting: Posting, content: bytes, outcome: str) -> None:
        row = {"id": posting.id, "content": content, "legs": len(posting.legs), "outcome": outcome}
        self._postings.append(row | {"actor": posting.actor, "at_ms": self._turn.now_ms})
        self._known[posting.id] = _Known(content, outcome)

    def _value_date(self, on: str) -> str:
        if not on:
            return self._period
        try:
            good = dt.date.fromisoformat(on).isoformat() == on and on <= self._period
        except ValueError:
            good = False
        if not good:
            raise refused("on", "日期有误，或晚于今天", "not a date, or one to come")
        return on


@dataclass(frozen=True, slots=True)
class _Known:
    content: bytes
    outcome: str


_C: Final = tables.balance.c
_LEFT: Final = (
    _C.in_posted + sa.bindparam("d_in_posted") - _C.out_posted - sa.bindparam("d_out_posted")
    - _C.out_pending - sa.bindparam("d_out_pending")
)  # fmt: skip
_MOVE: Final = (
    tables.balance.update()
    .where(
        _C.account == sa.bindparam("of"),
        _C.closed == sa.bindparam("was_closed"),
        sa.or_(_C.guard == 0, _LEFT >= 0),
    )
    .values(
        {
            name: _C[name] + sa.bindparam(f"d_{name}")
            for name in ("in_posted", "in_pending", "out_posted", "out_pending")
        }
    )
)
"""Moves a balance, unless a guarded account would promise more than it holds, or was closed meanwhile."""


def _change(account_id: str, state: _State) -> Row:
    names = ("d_in_posted", "d_in_pending", "d_out_posted", "d_out_pending")
    return dict(zip(names, state.moved, strict=True)) | {"of": account_id, "was_closed": int(state.closed)}


def _outcome(posting_id: str, ids: tuple[str, ...], outcome: str, *, again: bool = False) -> Outcome:
    if outcome == APPLIED:
        return Outcome(posting_id, ids, again=again)
    return Outcome(posting_id, (), Refusal(outcome), again)


def _states(conn: Connection, account_ids: Iterable[str]) -> dict[str, _State]:
    states, wanted = {}, sorted(account_ids)
    one, own = tables.account.c, tables.balance.c
    available = own.in_posted - own.out_posted - own.out_pending
    query = sa.select(one.id, one.ledger, own.guard, own.closed, available).where(own.account == one.id)
    for start in range(0, len(wanted), PORTION):
        for row in conn.execute(query.where(one.id.in_(wanted[start : start + PORTION]))):
            states[row[0]] = _State(row[1], bool(row[2]), bool(row[3]), row[4], [0, 0, 0, 0])
    return states


def _rows(conn: Connection, table: sa.Table, column: str, keys: Iterable[str]) -> list[sa.Row[Any]]:
    wanted, found = sorted(set(keys)), list[sa.Row[Any]]()
    for start in range(0, len(wanted), PORTION):
        some = table.c[column].in_(wanted[start : start + PORTION])
        found += conn.execute(sa.select(table).where(some)).all()
    return found
