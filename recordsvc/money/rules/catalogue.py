"""The catalogue of occupations and standards (职业培训工种目录和补贴标准), as dated data.

A row holds from its day until the next row of the same occupation and level, so that no two can hold at once
and none is ever changed; a row that is `ended` ends the one before it. Of two for one day the newer counts.
One official states rows, a second publishes them. Until anything was published the sample holds, marked as
one; in the environment `production` there is no sample.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.grants import Role, Thing
from recordsvc.ground import bound, two_person, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.two_person import Proposal
from recordsvc.money.rules.errors import CatalogueRefused, Fault
from recordsvc.money.rules.facts import MAX_INT, Fact, Facts, is_day
from recordsvc.money.rules.params import next_day
from recordsvc.money.rules.tables import catalogue_item

REGISTER: Final = "catalogue"
PUBLISH: Final = "catalogue.publish"
SAMPLE: Final = "catalogue_sample"
DECIDERS: Final = frozenset({Role.REVIEWER.value})
MOST_ROWS: Final = 2_000
SAMPLE_ZH: Final = "样例：仅供试用，不是任何地方公布的目录和标准。"
_OCCUPATION: Final = re.compile(r"[1-8](-[0-9]{2}){3}|[a-z0-9]+([.-][a-z0-9]+)*")
ANY_LEVEL: Final = "0"


@dataclass(frozen=True, slots=True)
class Item:
    """One standard: first and last Beijing day (None: open), amount in fen, hours of 45 minutes."""

    occupation: str
    level: str
    title: str
    first: str
    last: str | None
    amount_fen: int
    min_hours: int
    shortage: bool
    key_list: bool
    document: str
    sample: bool = False


Row = Mapping[str, Any]
Listed = Mapping[tuple[str, str], tuple[Item, ...]]


class Catalogue:
    """The catalogue of one process."""

    def __init__(self, db: Database, *, samples: bool) -> None:
        """Read from `db`; with `samples` the sample holds until something was published."""
        self._register = versions.Register(db, REGISTER, load)
        self._samples = samples

    def on(self, day: str) -> list[Item]:
        """Return every item that holds on a day, by occupation and level."""
        found = (self._holding(items, day) for _, items in sorted(self._items().items()))
        return [item for item in found if item is not None]

    def find(self, occupation: str, level: str, day: str) -> Item | None:
        """Return the item of an occupation and level on a day."""
        return self._holding(self._items().get((occupation, level), ()), day)

    def facts(self, occupation: str | None, level: str | None, day: str) -> Facts:
        """Return what the catalogue says of an occupation and level on a day; nothing where it is empty."""
        if occupation is None or level is None or not self.on(day):
            return Facts({})
        item = self.find(occupation, level, day)
        if item is None:
            told: dict[str, Any] = {"in_catalogue": False, "shortage": False, "list": "ordinary"}
            return Facts.plain(told, "补贴目录", day)
        told = {
            "in_catalogue": True,
            "shortage": item.shortage,
            "list": "key" if item.key_list else "ordinary",
            "catalogue_fen": item.amount_fen,
            "catalogue_min_hours": item.min_hours,
        }
        return Facts({name: Fact(value, item.document, item.first) for name, value in told.items()})

    def _items(self) -> Listed:
        found = self._register.get()
        return found if found or not self._samples else sample()

    @staticmethod
    def _holding(items: Iterable[Item], day: str) -> Item | None:
        return next(
            (one for one in items if one.first <= day and (one.last is None or day <= one.last)), None
        )


def load(conn: Connection) -> Listed:
    """Read the catalogue: each row's last day is the one before the next row."""
    own = catalogue_item.c
    rows = conn.execute(sa.select(catalogue_item).order_by(own.occupation, own.level, own.first, own.n)).all()
    newest: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for row in rows:
        newest[row.occupation, row.level][row.first] = row
    found: dict[tuple[str, str], tuple[Item, ...]] = {}
    for key, by_day in newest.items():
        stated = [by_day[day] for day in sorted(by_day)]
        ends = [_day_before(row.first) for row in stated[1:]]
        found[key] = tuple(
            _item(row, last) for row, last in zip(stated, [*ends, None], strict=True) if not row.ended
        )
    return found


def sample() -> Listed:
    """Return the sample that comes with the service."""
    found: dict[tuple[str, str], list[Item]] = defaultdict(list)
    table = dated.table(SAMPLE)
    for row in table.rows:
        first, last = row["valid_from"], row["valid_to"]
        fields = {name: row[name] for name in ("occupation", "level", "title", "amount_fen", "min_hours")}
        flags = {name: row[name] for name in ("shortage", "key_list")}
        item = Item(**fields, **flags, first=first, last=last, document=table.source, sample=True)
        found[item.occupation, item.level].append(item)
    return {key: tuple(items) for key, items in found.items()}


def propose(turn: Turn, document: str, rows: Sequence[Row], by: str) -> bytes:
    """Propose rows for publication. Raises `CatalogueRefused` with every row that is wrong."""
    faults = judged(rows)
    if faults:
        raise CatalogueRefused(faults)
    subject = f"发布补贴目录 {len(rows)} 行：{document}"
    payload = {"document": document, "rows": [dict(row) for row in rows]}
    return two_person.propose(turn, PUBLISH, subject[:200], payload, by)


def judged(rows: Sequence[Row]) -> list[Fault]:
    """Return what is wrong with rows: values, days, and rows that would hold at once."""
    faults: list[Fault] = []
    if not 0 < len(rows) <= MOST_ROWS:
        return [Fault("/rows", "rows", f"应为 1 至 {MOST_ROWS} 行", f"1 to {MOST_ROWS} rows")]
    levels = dated.table("levels").on(dated.OPEN_END)
    periods: dict[tuple[str, str], list[tuple[str, str, int]]] = defaultdict(list)
    for n, row in enumerate(rows):
        before = len(faults)
        for name, good, zh in (
            ("occupation", bool(_OCCUPATION.fullmatch(row["occupation"])), "应为职业代码，如 6-18-02-04"),
            ("level", row["level"] in levels, "应为等级代码"),
            ("first", is_day(row["first"]), "应为日期（YYYY-MM-DD）"),
            ("last", row["last"] is None or is_day(row["last"]), "应为日期（YYYY-MM-DD），或不填"),
            ("amount_fen", 0 <= row["amount_fen"] <= MAX_INT, "应为不小于 0 的整数（分）"),
            ("min_hours", 0 <= row["min_hours"] <= 10_000, "应为 0 至 10000 的整数"),
        ):
            if not good:
                faults.append(Fault(f"/rows/{n}/{name}", "value", f"第 {n + 1} 行：{zh}", f"bad {name}"))
        if len(faults) > before:
            continue
        last = row["last"] or dated.OPEN_END
        if last < row["first"]:
            faults.append(Fault(f"/rows/{n}/last", "order", f"第 {n + 1} 行：截止日早于起始日", "ends early"))
            continue
        same = periods[row["occupation"], row["level"]]
        for first, until, m in same:
            if row["first"] <= until and first <= last:
                told = f"第 {n + 1} 行与第 {m + 1} 行日期重叠"
                faults.append(Fault(f"/rows/{n}/first", "overlap", told, "overlaps another row"))
        same.append((row["first"], last, n))
    return faults


def _about(_conn: Connection, _subject: str, _payload: dict[str, Any]) -> Thing:
    """The catalogue is the whole region's and concerns nobody in particular."""
    return Thing("", frozenset())


@two_person.executor(PUBLISH, deciders=DECIDERS, about=_about, fresh=True)
def _publish(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    versions.bump(turn, REGISTER)
    by_key: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in payload["rows"]:
        by_key[row["occupation"], row["level"]].append(row)
    for rows in by_key.values():
        for row in rows:
            _state(turn, proposal, payload["document"], row, row["first"], ended=False)
        firsts = {row["first"] for row in rows}
        for row in rows:
            if row["last"] is not None and (after := next_day(row["last"])) not in firsts:
                _state(turn, proposal, payload["document"], row, after, ended=True)


def _state(turn: Turn, proposal: Proposal, document: str, row: Row, first: str, *, ended: bool) -> None:
    own = catalogue_item.c
    same = (own.occupation == row["occupation"], own.level == row["level"], own.first == first)
    count = turn.conn.execute(sa.select(sa.func.count()).select_from(catalogue_item).where(*same))
    values = {
        "occupation": row["occupation"],
        "level": row["level"],
        "first": first,
        "n": int(count.scalar_one()),
        "title": row["title"],
        "ended": int(ended),
        "amount_fen": row["amount_fen"],
        "min_hours": row["min_hours"],
        "shortage": int(row["shortage"]),
        "key_list": int(row["key_list"]),
        "document": document,
        "stated_by": proposal.proposed_by,
        "published_by": proposal.decided_by,
        "published_ms": turn.now_ms,
    }
    turn.conn.execute(catalogue_item.insert().values(**values))
    bound.wrote(turn, catalogue_item, values)


def _item(row: Any, last: str | None) -> Item:
    return Item(
        row.occupation,
        row.level,
        row.title,
        row.first,
        last,
        row.amount_fen,
        row.min_hours,
        bool(row.shortage),
        bool(row.key_list),
        row.document,
    )


def _day_before(day: str) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()
