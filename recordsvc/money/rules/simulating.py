"""A candidate tried on what was decided (动态评估调整): who gains, who loses, how long the budget lasts.

The facts are those of the stored decisions, the answers of old are the stored ones; only the candidate is
worked out. Every sum is made of the single differences, so that they add up by construction.
"""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, uuid7
from recordsvc.money.rules.decision import FAIL, Verdict
from recordsvc.money.rules.rule import Rule
from recordsvc.money.rules.tables import decision, simulation_run

MOST_NAMED: Final = 200
"""Winners and losers that are listed; the counts tell of all."""
GROUPED: Final = ("region", "level", "group")


class Case(NamedTuple):
    """A decision of old: id, region, basis date, verdict and amount in fen, event, facts by name."""

    id: bytes
    region: str
    day: str
    verdict: str
    amount_fen: int
    event: str
    values: Mapping[str, Any]


@dataclass(slots=True)
class Change:
    """Sums over some cases, amounts in fen."""

    cases: int = 0
    granted: int = 0
    """Grants more (or fewer) than before."""
    refused: int = 0
    amount_fen: int = 0
    winners: int = 0
    losers: int = 0

    def add(self, granted: int, refused: int, amount_fen: int) -> None:
        """Count one case."""
        self.cases += 1
        self.granted += granted
        self.refused += refused
        self.amount_fen += amount_fen
        self.winners += amount_fen > 0
        self.losers += amount_fen < 0


@dataclass(frozen=True, slots=True)
class Named:
    """A case that changes: its id, amounts in fen before and after, what it comes to and by which clauses."""

    id: str
    amount_fen: int
    before_fen: int
    after_fen: int
    verdict: str
    clauses: tuple[str, ...]
    """Those that turn a grant to a refusal."""


@dataclass(slots=True)
class Result:
    """What a candidate would have changed."""

    rule: str
    sha256: str
    total: Change = field(default_factory=Change)
    by: dict[str, dict[str, Change]] = field(default_factory=dict)
    """By region, level, group: code -> sums."""
    clauses: dict[str, int] = field(default_factory=dict)
    """Clause -> how many cases it turns from grant to refusal."""
    named: list[Named] = field(default_factory=list)
    """The largest losses and gains, the largest loss first."""
    months: list[tuple[str, int, int]] = field(default_factory=list)
    """Month of the basis dates, spent in it before and after, in fen."""
    spent_before_fen: int = 0
    spent_after_fen: int = 0
    budget_fen: int | None = None
    exhausted_before: str | None = None
    """The day on which the budget would have been used up; None: it lasts, or there is none."""
    exhausted_after: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def simulate(candidate: Rule, cases: Iterable[Case], budget_fen: int | None = None) -> Result:
    """Try a candidate on cases; `budget_fen` is what there was for all of them."""
    result = Result(candidate.code, candidate.sha256, budget_fen=budget_fen)
    by: dict[str, dict[str, Change]] = {name: defaultdict(Change) for name in GROUPED}
    clauses: Counter[str] = Counter()
    differing: list[Named] = []
    spent: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    grant, refuse = Verdict.GRANT.value, Verdict.REFUSE.value
    for one in cases:
        weighed = candidate.weigh(one.values, one.event)
        after = weighed.verdict.value
        change = (
            (after == grant) - (one.verdict == grant),
            (after == refuse) - (one.verdict == refuse),
            weighed.amount_fen - one.amount_fen,
        )
        result.total.add(*change)
        keys = one.region, one.values.get("level", ""), one.values.get("group", "")
        for name, key in zip(GROUPED, keys, strict=True):
            by[name][key].add(*change)
        failed: tuple[str, ...] = ()
        if one.verdict == grant and after == refuse:
            failed = tuple(words.id for words, outcome, _ in weighed.trace if outcome is FAIL)
            clauses.update(failed)
        if change[2]:
            amounts = change[2], one.amount_fen, weighed.amount_fen
            differing.append(Named(one.id.hex(), *amounts, after, failed))
        if one.amount_fen or weighed.amount_fen:
            day = spent[one.day]
            day[0] += one.amount_fen
            day[1] += weighed.amount_fen
    result.by = {name: dict(sorted(some.items())) for name, some in by.items()}
    result.clauses = dict(sorted(clauses.items()))
    differing.sort(key=lambda found: (found.amount_fen, found.id))
    half = MOST_NAMED // 2
    result.named = differing if len(differing) <= MOST_NAMED else differing[:half] + differing[-half:]
    months: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for when, (old, new) in spent.items():
        sums = months[when[:7]]
        sums[0] += old
        sums[1] += new
    result.months = [(name, old, new) for name, (old, new) in sorted(months.items())]
    result.spent_before_fen = sum(before for before, _ in spent.values())
    result.spent_after_fen = sum(after for _, after in spent.values())
    if budget_fen is not None:
        result.exhausted_before = _exhausted({day: both[0] for day, both in spent.items()}, budget_fen)
        result.exhausted_after = _exhausted({day: both[1] for day, both in spent.items()}, budget_fen)
    return result


def _exhausted(spent: Mapping[str, int], budget_fen: int) -> str | None:
    """Return the day on which so much is spent; beyond the last day at the pace of the whole period."""
    left = budget_fen
    for day in sorted(spent):
        left -= spent[day]
        if left < 0:
            return day
    total = budget_fen - left
    if not total:
        return None
    first, last = (dt.date.fromisoformat(day) for day in (min(spent), max(spent)))
    days = left * ((last - first).days + 1) // total + 1
    if days > (dt.date.max - last).days:
        return None
    return (last + dt.timedelta(days=days)).isoformat()


def cases(conn: Connection, rule: str, first: str, last: str, region: str = "") -> Iterator[Case]:
    """Yield what was decided under a code for basis dates of a period, newest answers only as they stand."""
    own = decision.c
    query = sa.select(
        own.decision_id, own.region, own.basis_date, own.verdict, own.amount_fen, own.document
    ).where(own.rule == rule, own.basis_date >= first, own.basis_date <= last)
    if region:
        query = query.where(own.region.like(f"{region}%"))
    for decision_id, where, day, verdict, amount_fen, document in conn.execute(query):
        told = orjson.loads(document)
        values = {name: fact["value"] for name, fact in told["facts"].items()}
        yield Case(bytes(decision_id), where, day, verdict, amount_fen, told["event"], values)


def note(turn: Turn, random: Random, asked: Mapping[str, Any], result: Result, by: str) -> bytes:
    """Keep a run for good; return its id."""
    run_id = uuid7(FixedClock(turn.now_ms), random)
    values = {
        "run_id": run_id,
        "sha256": result.sha256,
        "asked": json.dumps(dict(asked), ensure_ascii=False, sort_keys=True),
        "result": json.dumps(result.document(), ensure_ascii=False, sort_keys=True),
        "run_by": by,
        "run_ms": turn.now_ms,
    }
    turn.conn.execute(simulation_run.insert().values(**values))
    bound.wrote(turn, simulation_run, values)
    return run_id


def newest(conn: Connection, sha256: str) -> dict[str, Any] | None:
    """Return the newest run of a version as plain values."""
    own = simulation_run.c
    query = sa.select(own.asked, own.result, own.run_by, own.run_ms).where(own.sha256 == sha256)
    row = conn.execute(query.order_by(own.run_id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return {
        "asked": json.loads(row.asked),
        "result": json.loads(row.result),
        "run_by": row.run_by,
        "run_ms": row.run_ms,
    }
