"""Decisions at rest (审核结论): stored and explained as they were made, replayed every night."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound, observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, beijing_date, uuid7
from recordsvc.money.rules.book import Book
from recordsvc.money.rules.decision import ENGINE, Decision
from recordsvc.money.rules.errors import DecisionUnknown, RuleUnknown
from recordsvc.money.rules.facts import Facts
from recordsvc.money.rules.rule import Rule
from recordsvc.money.rules.tables import decision

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.money.rules.simulating import Case

PORTION: Final = 1_000
NIGHT_MS: Final = 2 * 3_600_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A decision as it was stored; `decided_ms` is UTC."""

    worker_id: bytes
    decision_id: bytes
    rule: str
    sha256: str
    engine: str
    decided_ms: int
    decided_by: str
    document: bytes

    @property
    def told(self) -> dict[str, Any]:
        """Return the document as plain values."""
        found: dict[str, Any] = orjson.loads(self.document)
        return found


class Decided(Protocol):
    """Decisions that another room keeps with what they decided, as the claims room does."""

    def cases(self, conn: Connection, rule: str, first: str, last: str, region: str, /) -> Iterator["Case"]:
        """Yield what was decided by a rule for basis dates of a period, as it stands now."""

    def stored(self, conn: Connection, /) -> Iterator[Stored]:
        """Yield every decision that a rule made."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found: how many came out again, and the ids of those that did not."""

    same: int
    other_engine: int
    """Made by another engine, whose meaning this one does not claim to know."""
    differing: tuple[tuple[bytes, bytes], ...]


def store(turn: Turn, random: Random, worker_id: bytes, made: Decision, *, region: str, by: str) -> bytes:
    """Store a decision for good; return its id. `region`: the division (GB/T 2260) that handles it."""
    decision_id = uuid7(FixedClock(turn.now_ms), random)
    values = {
        "worker_id": worker_id,
        "decision_id": decision_id,
        "salt": random.bytes(16),
        "rule": made.rule,
        "sha256": made.sha256,
        "engine": made.engine,
        "basis_date": made.basis_date,
        "region": region,
        "verdict": made.verdict.value,
        "amount_fen": made.amount_fen,
        "decided_ms": turn.now_ms,
        "decided_by": by,
        "document": made.canonical(),
    }
    turn.conn.execute(decision.insert().values(**values))
    bound.wrote(turn, decision, values)
    return decision_id


def find(conn: Connection, worker_id: bytes, decision_id: bytes) -> Stored:
    """Return one decision. Raises `DecisionUnknown`."""
    own = decision.c
    query = _query().where(own.worker_id == worker_id, own.decision_id == decision_id)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise DecisionUnknown
    return _stored(row)


def again(rule: Rule, document: bytes) -> Decision:
    """Work a stored decision out anew, from its own facts, by the text it names."""
    told = orjson.loads(document)
    return rule.decide(Facts.of(told["facts"]), told["event"])


def replay(book: Book, rows: Iterator[Stored]) -> Replay:
    """Work decisions out anew and hold each, byte for byte, against what was stored."""
    same, other, differing = 0, 0, list[tuple[bytes, bytes]]()
    for one in rows:
        if one.engine != ENGINE:
            other += 1
            continue
        try:
            equal = again(book.version(one.sha256), one.document).canonical() == one.document
        except (RuleUnknown, ValueError, KeyError, TypeError):
            equal = False
        if equal:
            same += 1
        else:
            differing.append((one.worker_id, one.decision_id))
    return Replay(same, other, tuple(differing))


def replay_all(house: "House") -> Replay:
    """Replay everything that was ever decided; for `recordsvc work`, once a night."""
    with house.db.read() as conn:
        elsewhere = iter(()) if house.claims_decided is None else house.claims_decided.stored(conn)
        found = replay(house.rules, itertools.chain(stored(conn), elsewhere))
    observe.log(
        "decisions-replayed", same=found.same, other_engine=found.other_engine, differing=len(found.differing)
    )
    for _worker_id, decision_id in found.differing[:100]:
        observe.log("decision-differs", decision=decision_id.hex())
    return found


def nightly(house: "House") -> Callable[[], None]:
    """Return what replays once in each night, from two o'clock on in Beijing; a new process begins anew."""
    done: list[str] = []

    def run() -> None:
        now_ms = house.clock.now_ms()
        day = beijing_date(now_ms - NIGHT_MS).isoformat()
        if done[-1:] != [day]:
            replay_all(house)
            done[:] = [day]

    return run


def stored(conn: Connection, *where: sa.ColumnElement[bool]) -> Iterator[Stored]:
    """Yield decisions in the order of their keys, in portions."""
    last: tuple[bytes, bytes] | None = None
    own = decision.c
    while True:
        query = _query().where(*where).order_by(own.worker_id, own.decision_id).limit(PORTION)
        if last is not None:
            query = query.where(sa.tuple_(own.worker_id, own.decision_id) > sa.tuple_(*last))
        rows = [_stored(row) for row in conn.execute(query)]
        yield from rows
        if len(rows) < PORTION:
            return
        last = rows[-1].worker_id, rows[-1].decision_id


def _query() -> sa.Select[Any]:
    return sa.select(*(decision.c[name] for name in Stored.__slots__))


def _stored(row: Any) -> Stored:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name of a row's mapping
    for name in ("worker_id", "decision_id", "document"):
        fields[name] = bytes(fields[name])
    return Stored(**fields)
