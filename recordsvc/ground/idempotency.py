"""Idempotency keys: a request that is repeated happens once, and gets the same answer.

    (no row) ── claim ──> started ── settle ──> done         answers are derived again from `reference`
                  ▲          │
                  │          ├── release ──> (no row)        refused: the key is free, whatever was refused
                  │          ▼
                  └────── unknown       doubt, or the lease ran out: whoever repeats the request takes it over
                                        (`again`) and first looks whether the effect is already there

A row holds no body: the key is an HMAC over who, which door and the client's key; the content is an HMAC too;
`reference` is a position or an opaque id (architecture.md, rule 3). A verb of one transaction uses `once`,
which writes effect and `done` together; one of several transactions uses `claim` and `settle`, the last in
the turn of its last effect.
"""

import dataclasses
from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.problems import InProgress, KeyReused

T = TypeVar("T")

LIFE_MS: Final = 7 * 24 * 3600 * 1000
"""How long a key is remembered: longer than any client goes on repeating by itself."""
LEASE_MS: Final = 60 * 1000
"""How long a started request counts as in progress; then its process is taken for dead."""

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.LargeBinary(32), primary_key=True),
    sa.Column("content", sa.LargeBinary(32), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("reference", sa.String(400)),
    sa.Column("lease_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('started', 'done', 'unknown')", name="state"),
    sa.CheckConstraint("(state = 'done') = (reference IS NOT NULL)", name="reference"),
    sa.Index(None, "expires_ms"),
    info={"kind": "state"},
    comment="Requests that must not happen twice; swept after a week",
)

# The same words on both databases. It waits for another transaction that is writing the same key.
_INSERT: Final = sa.text(
    "INSERT INTO idempotency (key, content, state, lease_ms, expires_ms) "
    "VALUES (:key, :content, 'started', :lease_ms, :expires_ms) ON CONFLICT (key) DO NOTHING"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """One request as it is remembered: 32 bytes for who, where and key, 32 for its content."""

    key: bytes
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a request until `lease_ms`. `again`: an earlier try may have had its effect."""

    ticket: Ticket
    lease_ms: int
    again: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """The request has happened; `reference` is what its answer is derived from."""

    reference: str


class Refused(str):
    """What an act returns that wrote why it refuses: that stays written, and the key is free like any other.

    A repetition is judged anew, with whatever body; it is never told that it was done.
    """

    __slots__ = ()


class Idempotency:
    """The keys of one service."""

    def __init__(self, db: Database, mac: Callable[[bytes], bytes]) -> None:
        """Remember in `db`; `mac` is an HMAC of the house."""
        self._db = db
        self._mac = mac

    def ticket(self, actor: str, door: str, client_key: str, content: bytes) -> Ticket:
        """Name a request: `actor` is kind and id, `door` method and rule, `content` the body's bytes."""
        parts = b"".join(len(part).to_bytes(4) + part for part in map(str.encode, (actor, door, client_key)))
        return Ticket(
            self._mac(b"idempotency/key/v1" + parts), self._mac(b"idempotency/content/v1" + content)
        )

    def once(self, ticket: Ticket, act: Callable[[Turn], str], derive: Callable[[str], T]) -> T:
        """Act in one transaction unless it has been done, and derive the answer from the reference either
        way.

        `act` returns the reference. What it raises undoes everything and leaves the key free; so does
        `Refused`, which undoes nothing.
        """
        return derive(self._db.write(lambda turn: self._act_once(turn, ticket, act)))

    def _act_once(self, turn: Turn, ticket: Ticket, act: Callable[[Turn], str]) -> str:
        found = self._take(turn, ticket)
        if isinstance(found, Done):
            return found.reference
        reference = act(turn)
        if isinstance(reference, Refused):
            turn.conn.execute(sa.delete(idempotency).where(*_held(found)))
        else:
            self.settle(turn, found, reference)
        return reference

    def claim(self, ticket: Ticket) -> Claim | Done:
        """Take a request to work on, durable before it returns. Raises `KeyReused` and `InProgress`."""
        found: Claim | Done = self._db.write(lambda turn: self._take(turn, ticket))
        return found

    def settle(self, turn: Turn, claim: Claim, reference: str) -> None:
        """Write that the request is done, in the turn of its last effect.

        Raises `InProgress`, and so undoes that effect, if the lease ran out and somebody took over.
        """
        self._change(turn, claim, state="done", reference=reference)

    def release(self, claim: Claim) -> None:
        """Free the key: the request was refused and nothing was written."""
        self._db.write(lambda turn: turn.conn.execute(sa.delete(idempotency).where(*_held(claim))))

    def doubt(self, claim: Claim) -> None:
        """Say that nobody knows whether the effect is there; the next repetition takes over at once."""
        self._db.write(lambda turn: self._change(turn, claim, state="unknown", reference=None))

    def sweep(self) -> int:
        """Forget what is older than a week; return how many rows. For `recordsvc work`."""
        count: int = self._db.write(
            lambda turn: (
                turn.conn.execute(
                    sa.delete(idempotency).where(idempotency.c.expires_ms <= turn.now_ms)
                ).rowcount
            )
        )
        return count

    @staticmethod
    def _take(turn: Turn, ticket: Ticket) -> Claim | Done:
        now = turn.now_ms
        fresh = {"key": ticket.key, "content": ticket.content}
        times = {"lease_ms": now + LEASE_MS, "expires_ms": now + LIFE_MS}
        if turn.conn.execute(_INSERT, fresh | times).rowcount:
            return Claim(ticket, now + LEASE_MS, again=False)
        table = idempotency.c
        row = turn.conn.execute(sa.select(idempotency).where(table.key == ticket.key)).one()
        if row.content != ticket.content:
            raise KeyReused
        if row.state == "done":
            return Done(row.reference)
        free = sa.or_(table.state == "unknown", table.lease_ms <= now)
        taken = turn.conn.execute(
            sa.update(idempotency).where(table.key == ticket.key, free).values(state="started", **times)
        )
        if not taken.rowcount:
            raise InProgress(headers={"Retry-After": str(1 + max(0, row.lease_ms - now) // 1000)})
        return Claim(ticket, now + LEASE_MS, again=True)

    @staticmethod
    def _change(turn: Turn, claim: Claim, *, state: str, reference: str | None) -> None:
        change = sa.update(idempotency).where(*_held(claim)).values(state=state, reference=reference)
        if not turn.conn.execute(change).rowcount:
            raise InProgress(headers={"Retry-After": "1"})


def _held(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    """Match the row only while this claim holds it: the lease's end is its fencing token."""
    table = idempotency.c
    return (
        table.key == claim.ticket.key,
        table.state == "started",
        table.lease_ms == claim.lease_ms,
    )
