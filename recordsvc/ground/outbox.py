"""The outbox (发件箱): messages that must leave, put in the transaction that causes them, delivered after it.

    put ──> waiting ──compose──┬─ letter ──> messenger ──┬─ taken ──> sent
               ↑               ├─ on paper ──> print ──somebody printed it──> printed
               │               └─ nobody to tell ──> void
               └── pause, longer each time ── failed ──┴─ too often, for good ──> dead ──replay──> waiting

At least once: a crash between the messenger's taking and the mark delivers again, under the same id. A row
names its recipient by opaque id and says of what kind it is; text and address are made at delivery and never
stand here. No domain words.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import Letter, Messenger, Undeliverable

AT_ONCE: Final = 50
"""Messages looked up together."""
ROUNDS: Final = 20
"""Look-ups of one run, so that a signal to stop is heard."""
ATTEMPTS: Final = 16
FIRST_PAUSE_MS: Final = 5_000
LONGEST_PAUSE_MS: Final = 6 * 3_600_000
NOTHING: Final = "{}"
"""Particulars of a message that is done."""
KEEP_MS: Final = 90 * 24 * 3_600_000
"""How long is known what left."""

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.LargeBinary(16), primary_key=True),
    sa.Column("topic", sa.String(40), nullable=False),
    sa.Column("recipient", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_ms", sa.BigInteger, nullable=False),
    sa.Column("put_ms", sa.BigInteger, nullable=False),
    sa.Column("done_ms", sa.BigInteger),
    sa.Column("error", sa.String(80), nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'sent', 'void', 'dead', 'print', 'printed')", name="state"),
    sa.Index(None, "state", "due_ms"),
    sa.Index(None, "recipient"),
    info={"kind": "state"},
    comment="Messages that must leave: to whom by opaque id, of what kind; never a number, name or text",
)


@dataclass(frozen=True, slots=True)
class Message:
    """What must leave. `key` makes the same message once, however often it is put."""

    topic: str
    recipient: str
    kind: str
    params: Mapping[str, Any]
    key: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message as the outbox holds it."""

    id: bytes
    topic: str
    recipient: str
    kind: str
    params: Mapping[str, Any]
    attempts: int
    put_ms: int
    error: str


class Way(Enum):
    """Where a message goes for which no letter is made."""

    PRINT = auto()
    """On paper, by hand."""
    VOID = auto()
    """Nowhere: there is nobody to tell any more."""


Compose = Callable[[Waiting], Letter | Way]


def put(turn: Turn, topic: str, recipient: str, kind: str, params: Mapping[str, Any], key: str) -> None:
    """Put one message out; put again under the same key it is the same message."""
    put_all(turn, [Message(topic, recipient, kind, params, key)])


def put_all(turn: Turn, messages: Sequence[Message]) -> None:
    """Put messages out, in the transaction of what causes them."""
    rows = [
        {
            "id": hashlib.sha256(f"outbox/1\0{one.topic}\0{one.key}".encode()).digest()[:16],
            "topic": one.topic,
            "recipient": one.recipient,
            "kind": one.kind,
            "params": json.dumps(dict(one.params), sort_keys=True),
            "state": "waiting",
            "attempts": 0,
            "due_ms": turn.now_ms,
            "put_ms": turn.now_ms,
            "done_ms": None,
            "error": "",
        }
        for one in messages
    ]
    insert_missing(turn.conn, outbox, rows)


def forget(turn: Turn, recipient: str) -> int:
    """Remove every message to a recipient, sent or not; how many there were."""
    return turn.conn.execute(outbox.delete().where(outbox.c.recipient == recipient)).rowcount


# -- what officials and operators see and do


def listed(conn: Connection, state: str, *, limit: int = 1_000) -> list[Waiting]:
    """Return messages of a state, the oldest first."""
    query = sa.select(outbox).where(outbox.c.state == state).order_by(outbox.c.put_ms, outbox.c.id)
    return [_made(row) for row in conn.execute(query.limit(limit))]


def counts(conn: Connection) -> dict[str, tuple[int, int]]:
    """Return for each state that is not final how many messages are in it, and since when (UTC ms)."""
    query = sa.select(outbox.c.state, sa.func.count(), sa.func.min(outbox.c.put_ms))
    open_ones = query.where(outbox.c.state.in_(("waiting", "dead", "print"))).group_by(outbox.c.state)
    return {state: (count, since) for state, count, since in conn.execute(open_ones)}


def replay(turn: Turn, ids: Sequence[bytes] | None = None) -> int:
    """Let dead messages (all, or these) wait for delivery again; how many."""
    which = [outbox.c.state == "dead"] + ([] if ids is None else [outbox.c.id.in_(list(ids))])
    again = outbox.update().where(*which)
    return turn.conn.execute(
        again.values(state="waiting", attempts=0, due_ms=turn.now_ms, done_ms=None, error="")
    ).rowcount


def failing(conn: Connection, *, limit: int = 1_000) -> list[Waiting]:
    """Return messages that failed at least once and are tried again, the oldest first."""
    query = sa.select(outbox).where(outbox.c.state == "waiting", outbox.c.attempts > 0)
    return [_made(row) for row in conn.execute(query.order_by(outbox.c.put_ms, outbox.c.id).limit(limit))]


def skip(turn: Turn, ids: Sequence[bytes]) -> int:
    """Give up messages that are dead or still fail: they never leave; how many."""
    stuck = sa.or_(outbox.c.state == "dead", sa.and_(outbox.c.state == "waiting", outbox.c.attempts > 0))
    own = outbox.update().where(outbox.c.id.in_(list(ids)), stuck)
    return turn.conn.execute(own.values(state="void", done_ms=turn.now_ms, params=NOTHING)).rowcount


def drop(turn: Turn, topic: str, before_ms: int) -> int:
    """Remove messages of a topic that were put before a UTC instant, left or not; how many."""
    old = (outbox.c.topic == topic, outbox.c.put_ms < before_ms)
    return turn.conn.execute(outbox.delete().where(*old)).rowcount


def pending(conn: Connection, topic: str, before_ms: int) -> int:
    """Count messages of a topic that were put before a UTC instant and have not left."""
    old = (outbox.c.topic == topic, outbox.c.put_ms < before_ms, outbox.c.done_ms.is_(None))
    return int(conn.execute(sa.select(sa.func.count()).select_from(outbox).where(*old)).scalar_one())


def to_print(conn: Connection, ids: Sequence[bytes]) -> list[Waiting]:
    """Return those of these messages that wait to be printed."""
    query = sa.select(outbox).where(outbox.c.state == "print", outbox.c.id.in_(list(ids)))
    return [_made(row) for row in conn.execute(query)]


def printed(turn: Turn, ids: Sequence[bytes]) -> int:
    """Mark messages as printed; how many of them still waited for it."""
    own = outbox.update().where(outbox.c.state == "print", outbox.c.id.in_(list(ids)))
    return turn.conn.execute(own.values(state="printed", done_ms=turn.now_ms, params=NOTHING)).rowcount


def sweep(turn: Turn) -> int:
    """Forget what left long ago; how many rows."""
    old = outbox.c.done_ms < turn.now_ms - KEEP_MS
    gone = outbox.delete().where(outbox.c.state.in_(("sent", "void", "printed")), old)
    return turn.conn.execute(gone).rowcount


# -- delivery


class Deliverer:
    """Delivers what waits, one by one; in a lane of its own, where slowness hurts nobody else."""

    def __init__(self, db: Database, compose: Compose, messenger: Messenger | None) -> None:
        """Make letters with `compose` and give them to `messenger`; without one all goes on paper."""
        self._db = db
        self._compose = compose
        self._messenger = messenger

    def run(self) -> int:
        """Deliver what is due; how many messages left."""
        left = 0
        for _round in range(ROUNDS):
            due = self._due()
            if not due:
                break
            left += sum(self._deliver(one) for one in due)
        return left

    def _due(self) -> list[Waiting]:
        with self._db.read() as conn:
            query = sa.select(outbox).where(
                outbox.c.state == "waiting", outbox.c.due_ms <= self._db.clock.now_ms()
            )
            rows = conn.execute(query.order_by(outbox.c.due_ms, outbox.c.id).limit(AT_ONCE))
            return [_made(row) for row in rows]

    def _deliver(self, message: Waiting) -> bool:
        try:
            made = self._compose(message)
            if isinstance(made, Letter) and self._messenger is None:
                made = Way.PRINT
            if isinstance(made, Letter) and self._messenger is not None:
                self._messenger.send(made)
        except Exception as error:  # noqa: BLE001 - a messenger may fail in any way; others are tried on
            self._failed(message, error)
            return False
        state = "sent" if isinstance(made, Letter) else "print" if made is Way.PRINT else "void"
        final = made is not Way.PRINT
        # Nothing is made of it again: what it was made of is not kept.
        self._mark(message, {"state": state} | ({"params": NOTHING} if final else {}), done=final)
        return state == "sent"

    def _failed(self, message: Waiting, error: Exception) -> None:
        attempts = message.attempts + 1
        dead = attempts >= ATTEMPTS or isinstance(error, Undeliverable)
        # The place alone: what a messenger says may hold the address.
        told = {"message": str(uuid.UUID(bytes=message.id)), "attempts": attempts, "at": observe.place(error)}
        observe.log("message-dead" if dead else "message-failed", **told)
        pause = min(FIRST_PAUSE_MS * 2 ** (attempts - 1), LONGEST_PAUSE_MS)
        values = {"attempts": attempts, "error": type(error).__name__[:80]}
        if dead:
            values["state"] = "dead"
        self._mark(message, values, done=dead, pause_ms=pause)

    def _mark(self, message: Waiting, values: dict[str, Any], *, done: bool, pause_ms: int = 0) -> None:
        own = outbox.update().where(outbox.c.id == message.id, outbox.c.state == "waiting")

        def act(turn: Turn) -> None:
            times = {"due_ms": turn.now_ms + pause_ms, "done_ms": turn.now_ms if done else None}
            turn.conn.execute(own.values(**values, **times))

        self._db.write(act)


def _made(row: Any) -> Waiting:
    return Waiting(
        row.id,
        row.topic,
        row.recipient,
        row.kind,
        json.loads(row.params),
        row.attempts,
        row.put_ms,
        row.error,
    )
