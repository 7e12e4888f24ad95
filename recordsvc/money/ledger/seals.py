"""The daily close (日结): what was booked in a day is sealed, chained to the day before, stated in the log.

When a Beijing day with transfers is over, `recordsvc work` writes its seal, a signed note of these lines:

    <log origin>/ledger
    day 2026-11-29
    rows 120 164                     transfers [120, 164) of the journal
    root <base64>                    Merkle root over their leaves (RFC 6962), in the journal's order
    balance <base64>                 SHA-256 of the trial balance at the end of the day
    previous <base64>                SHA-256 of the text of the seal before; of the first: 32 zero bytes

and enters in the same transaction, into the archive's log which witnesses cosign,

    G = 0x04 ‖ 0x01 ‖ SHA-256(text of the seal)

A leaf is a transfer's canonical JSON; the trial balance is one line for each account that ever moved, by id:
`id in_posted in_pending out_posted out_pending`. What is booked later stands in a later day. Of days without
transfers there is no seal: the next one follows on the one before.
"""

import datetime as dt
import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import formats
from recordsvc.ground import bound
from recordsvc.ground.base64strict import b64
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.strictjson import canonical
from recordsvc.money.ledger import tables
from recordsvc.money.ledger.accounts import lock
from recordsvc.money.ledger.booking import effect
from recordsvc.translog.note import NoteKey, SignatureType, Signer, sign_note
from recordsvc.translog.tree import Frontier, leaf_hash

if TYPE_CHECKING:
    from recordsvc.house import House

DAILY_CLOSE: Final = 1
"""Kind of the service statement."""
SUFFIX: Final = "/ledger"
FIRST: Final = bytes(32)
"""What the first seal says of the one before."""
NAMES: Final = [str(name) for name in tables.transfer.columns.keys()]  # noqa: SIM118 - no dict
PORTION: Final = 2_000
"""Transfers held in memory at once."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What is signed of one day."""

    origin: str
    day: str
    start: int
    size: int
    root: bytes
    balance: bytes
    previous: bytes

    def text(self) -> str:
        """Return the note text."""
        return (
            f"{self.origin}{SUFFIX}\nday {self.day}\nrows {self.start} {self.size}\nroot {b64(self.root)}\n"
            f"balance {b64(self.balance)}\nprevious {b64(self.previous)}\n"
        )

    def digest(self) -> bytes:
        """Return what the next seal and the archive's log say of this one."""
        return hashlib.sha256(self.text().encode()).digest()

    def statement(self) -> bytes:
        """Return the entry G of the archive's log."""
        return formats.service_statement(DAILY_CLOSE, self.digest())


@dataclass(slots=True)
class Tally:
    """An account in the trial balance (试算平衡), in fen."""

    in_posted: int = 0
    in_pending: int = 0
    out_posted: int = 0
    out_pending: int = 0

    @property
    def balance(self) -> int:
        """What is in it."""
        return self.in_posted - self.out_posted


class Trial:
    """The trial balance, kept up transfer by transfer."""

    def __init__(self) -> None:
        """Begin with nothing booked."""
        self.tallies: dict[str, Tally] = {}

    def add(self, kind: str, source: str, target: str, amount_fen: int, about_fen: int | None) -> None:
        """Take in one transfer."""
        posted, pending = effect(kind, amount_fen, about_fen)
        giving = self.tallies.setdefault(source, Tally())
        taking = self.tallies.setdefault(target, Tally())
        giving.out_posted += posted
        giving.out_pending += pending
        taking.in_posted += posted
        taking.in_pending += pending

    def text(self) -> str:
        """Return the text that a seal's `balance` is the hash of."""
        return "".join(
            f"{name} {one.in_posted} {one.in_pending} {one.out_posted} {one.out_pending}\n"
            for name, one in sorted(self.tallies.items())
        )

    def digest(self) -> bytes:
        """Return the SHA-256 of its text."""
        return hashlib.sha256(self.text().encode()).digest()


def key(log_key: NoteKey) -> NoteKey:
    """Return the key that signs seals: the archive log's, under another name."""
    return NoteKey(log_key.name + SUFFIX, SignatureType.ED25519, log_key.public)


def leaf(row: Mapping[str, Any]) -> bytes:
    """Return the leaf hash of a transfer, by column name."""
    return leaf_hash(canonical({name: row[name] for name in NAMES}))


def keep(house: "House") -> int:
    """Close every day that is over and not closed yet; how many were closed. For `recordsvc work`."""
    count = 0
    while True:
        with house.db.read() as conn:
            if _next(conn, beijing_date(house.clock.now_ms())) is None:
                return count
        count += house.db.write(functools.partial(_close, house))


def last(conn: Connection) -> Seal | None:
    """Return the newest seal, without its origin's signature; None before the first."""
    own = tables.period.c
    row = conn.execute(sa.select(tables.period).order_by(own.size.desc()).limit(1)).one_or_none()
    return None if row is None else sealed(row)


def sealed(row: sa.Row[Any]) -> Seal:
    """Return the seal of a stored day."""
    origin = row.note.partition("\n")[0].removesuffix(SUFFIX)
    return Seal(
        origin, row.day, row.start, row.size, bytes(row.root), bytes(row.balance), bytes(row.previous)
    )


def trial(conn: Connection, size: int | None = None) -> Trial:
    """Return the trial balance over the first `size` transfers of the journal; None: over all."""
    found, own = Trial(), tables.transfer.c
    where = [] if size is None else [own.idx < size]
    groups = (own.kind, own.source, own.target)
    sums = (sa.func.sum(own.amount_fen), sa.func.sum(sa.func.coalesce(own.about_fen, 0)))
    for kind, source, target, amount, about in conn.execute(
        sa.select(*groups, *sums).where(*where).group_by(*groups)
    ):
        # The effect of a sum is the sum of the effects: both are linear within a kind.
        found.add(kind, source, target, int(amount), int(about))
    return found


def recompute(conn: Connection, day: str) -> Seal:
    """Seal a closed day anew from the journal. Raises `LookupError` when it is not closed."""
    stored = conn.execute(sa.select(tables.period).where(tables.period.c.day == day)).one_or_none()
    if stored is None:
        raise LookupError(day)
    seal = sealed(stored)
    before = sa.select(tables.period).where(tables.period.c.size == seal.start)
    row = conn.execute(before).one_or_none()
    return _seal(conn, seal.origin, day, seal.start, seal.size, None if row is None else sealed(row))


def altered(conn: Connection, day: str) -> list[int]:
    """Return which transfers of a closed day are not what they were when they were booked, by place.

    A missing place counts. The root tells that one is; the links of bound rows tell which.
    """
    stored = conn.execute(sa.select(tables.period).where(tables.period.c.day == day)).one()
    rows = {row["idx"]: row for row in _rows(conn, stored.start, stored.size)}
    return [
        idx
        for idx, data in _links(conn, stored.start, stored.size)
        if idx not in rows or bound.digests(tables.transfer, rows[idx])[1] != data
    ]


def _links(conn: Connection, start: int, size: int) -> Iterator[tuple[int, bytes]]:
    own = bound.bound_row.c
    for idx in range(start, size):
        wanted = sa.select(own.data).where(
            own.bound == tables.transfer.name, own.key == bound.key_text([idx])
        )
        yield idx, bytes(conn.execute(wanted).scalar_one())


def _next(conn: Connection, today: dt.date) -> str | None:
    """Return the first day that is over and not closed."""
    done = sa.select(sa.func.coalesce(sa.func.max(tables.period.c.size), 0)).scalar_subquery()
    found = conn.execute(sa.select(tables.transfer.c.period).where(tables.transfer.c.idx == done)).scalar()
    return found if found is not None and found < today.isoformat() else None


def _close(house: "House", turn: Turn) -> int:
    # The archive's head first, then the book: whoever locks both does so in this order.
    log = house.log.turn(turn)
    lock(turn.conn)
    day = _next(turn.conn, beijing_date(turn.now_ms))
    if day is None:
        return 0
    before, own = last(turn.conn), tables.transfer.c
    start = before.size if before else 0
    size = turn.conn.execute(sa.select(sa.func.max(own.idx)).where(own.period == day)).scalar_one() + 1
    seal = _seal(turn.conn, house.log.origin, day, start, size, before)
    text = seal.text()
    signing = key(NoteKey(house.log.origin, SignatureType.ED25519, house.keys.public("log").raw))
    note = sign_note(text, [Signer(signing, functools.partial(house.keys.sign, "log")).sign(text)])
    idx = log.append(seal.statement())
    values = {"day": day, "start": start, "size": size, "root": seal.root, "balance": seal.balance}
    values |= {"previous": seal.previous, "note": note, "ms": log.ms, "idx": idx}
    turn.conn.execute(tables.period.insert().values(values))
    return 1


def _seal(conn: Connection, origin: str, day: str, start: int, size: int, before: Seal | None) -> Seal:
    frontier = Frontier()
    for row in _rows(conn, start, size):
        frontier.append(leaf(row))
    previous = before.digest() if before else FIRST
    return Seal(origin, day, start, size, frontier.root(), trial(conn, size).digest(), previous)


def _rows(conn: Connection, start: int, size: int) -> Iterator[Mapping[str, Any]]:
    own = tables.transfer.c
    query = sa.select(tables.transfer).where(own.idx >= start, own.idx < size).order_by(own.idx)
    for row in conn.execute(query, execution_options={"yield_per": PORTION}).mappings():
        yield dict(row)
