"""The catalogue of occupations and standards (职业培训工种目录和补贴标准), as dated data.

A row holds from its day until the next row of the same occupation, level and group of people (人员类别), so
that no two can hold at once and none is ever changed; a row that is `ended` ends the one before it. Of two
for one day the newer counts. A row without a group is everybody's; one of a group stands in its place for
whoever the facts say belongs to it, of several the highest. Who is in no group is not said to be.
One official states rows, a second publishes them. Until anything was published the sample holds, marked as
one; in the environment `production` there is no sample.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
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
from recordsvc.money.rules.facts import MAX_INT, Fact, Facts, is_day, vocabulary
from recordsvc.money.rules.params import next_day
from recordsvc.money.rules.tables import catalogue_item

REGISTER: Final = "catalogue"
PUBLISH: Final = "catalogue.publish"
SAMPLE: Final = "catalogue_sample"
DECIDERS: Final = frozenset({Role.REVIEWER.value})
MOST_ROWS: Final = 2_000
SAMPLE_ZH: Final = "样例：仅供试用，不是任何地方公布的目录和标准。"
GROUPS: Final = "worker_groups"
EVERYBODY: Final = "all"
"""The fact `catalogue_group` where the standard is everybody's."""
_OCCUPATION: Final = re.compile(r"[1-8](-[0-9]{2}){3}|[a-z0-9]+([.-][a-z0-9]+)*")
ANY_LEVEL: Final = "0"


@dataclass(frozen=True, slots=True)
class Item:
    """One standard: first and last Beijing day (None: open), amount in fen, hours of 45 minutes."""

    occupation: str
    level: str
    group: str | None
    """Code of `worker_groups`; None: for everybody who is in no group that has a row of its own."""
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
Key = tuple[str, str, str]
"""Occupation, level, group (empty: everybody)."""
Listed = Mapping[Key, tuple[Item, ...]]


class Catalogue:
    """The catalogue of one process."""

    def __init__(self, db: Database, *, samples: bool) -> None:
        """Read from `db`; with `samples` the sample holds until something was published."""
        self._register = versions.Register(db, REGISTER, load)
        self._samples = samples

    def on(self, day: str) -> list[Item]:
        """Return every item that holds on a day, by occupation, level and group."""
        found = (self._holding(items, day) for _, items in sorted(self._items().items()))
        return [item for item in found if item is not None]

    def find(self, occupation: str, level: str, day: str, group: str | None = None) -> Item | None:
        """Return the item of an occupation and level on a day that is a group's own, or everybody's."""
        return self._holding(self._items().get((occupation, level, group or ""), ()), day)

    def facts(self, known: Facts, day: str) -> Facts:
        """Return what the catalogue says on a day of the occupation, level and groups that are known.

        Nothing where it is empty. Of standards that are of groups only, it says to no other what they are.
        """
        occupation, level = known.values.get("occupation"), known.values.get("level")
        if occupation is None or level is None or self._empty(day):
            return Facts({})
        groups = memberships(known, day)
        of_groups = [item for code in groups if (item := self.find(occupation, level, day, code)) is not None]
        item = max(of_groups, key=lambda one: one.amount_fen, default=self.find(occupation, level, day))
        if item is None:
            if self._listed(occupation, level, day):
                return Facts.plain({"in_catalogue": True}, "补贴目录", day)
            told: dict[str, Any] = {"in_catalogue": False, "shortage": False, "list": "ordinary"}
            return Facts.plain(told, "补贴目录", day)
        return Facts(_told(item, groups))

    def ending(self, first: str, until: str) -> list[Item]:
        """Return items whose last day lies between two days and that nothing follows on the next."""
        return [
            item
            for items in self._items().values()
            for item in items
            if item.last is not None
            and first <= item.last <= until
            and self._holding(items, next_day(item.last)) is None
        ]

    def _empty(self, day: str) -> bool:
        return all(self._holding(items, day) is None for items in self._items().values())

    def _listed(self, occupation: Any, level: Any, day: str) -> bool:
        """Tell whether anybody has a standard of an occupation and level on a day."""
        return any(
            key[:2] == (occupation, level) and self._holding(items, day) is not None
            for key, items in self._items().items()
        )

    def _items(self) -> Listed:
        found = self._register.get()
        return found if found or not self._samples else sample()

    @staticmethod
    def _holding(items: Iterable[Item], day: str) -> Item | None:
        return next(
            (one for one in items if one.first <= day and (one.last is None or day <= one.last)), None
        )


@cache
def names() -> frozenset[str]:
    """Return the names of the facts that the catalogue says."""
    return frozenset(name for name, own in vocabulary().items() if own.supplier == REGISTER)


def memberships(known: Facts, day: str) -> dict[str, Fact]:
    """Return the groups that facts say somebody is in on a day, each by the fact that says so."""
    found: dict[str, Fact] = {}
    for code, row in dated.on(GROUPS, day).by_code.items():
        own = known.told.get(str(row.get("fact") or ""))
        if own is not None and own.value is True:
            found[code] = own
    newest = known.told.get("group")
    if newest is not None:
        found.setdefault(str(newest.value), newest)
    return found


def _told(item: Item, groups: Mapping[str, Fact]) -> dict[str, Fact]:
    values = {
        "in_catalogue": True,
        "shortage": item.shortage,
        "list": "key" if item.key_list else "ordinary",
        "catalogue_fen": item.amount_fen,
        "catalogue_min_hours": item.min_hours,
    }
    if item.group is None:
        return Facts.plain(values | {"catalogue_group": EVERYBODY}, item.document, item.first).told
    by = groups[item.group]
    told = Facts.plain(values, f"{item.document}（{group_zh(item.group)}标准）", item.first).told
    return {**told, "catalogue_group": Fact(item.group, by.source, by.on)}


def group_zh(code: str | None) -> str:
    """Return what a group is called; of a code that is no more, the code; empty: everybody."""
    row = dated.table(GROUPS).on(dated.OPEN_END).get(code) if code else None
    return (code or "") if row is None else str(row["zh"])


def load(conn: Connection) -> Listed:
    """Read the catalogue: each row's last day is the one before the next row."""
    own = catalogue_item.c
    rows = conn.execute(sa.select(catalogue_item).order_by(own.occupation, own.level, own.first, own.n)).all()
    newest: dict[Key, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        newest[row.occupation, row.level, row.worker_group or ""][row.first] = row
    found: dict[Key, tuple[Item, ...]] = {}
    for key, by_day in newest.items():
        stated = [by_day[day] for day in sorted(by_day)]
        ends = [_day_before(row.first) for row in stated[1:]]
        found[key] = tuple(
            _item(row, last) for row, last in zip(stated, [*ends, None], strict=True) if not row.ended
        )
    return found


@cache
def sample() -> Listed:
    """Return the sample that comes with the service."""
    found: dict[Key, list[Item]] = defaultdict(list)
    table = dated.table(SAMPLE)
    document = table.source.partition(" (")[0]
    for row in table.rows:
        first, last = row["valid_from"], row["valid_to"]
        fields = {name: row[name] for name in ("occupation", "level", "title", "amount_fen", "min_hours")}
        flags = {name: row[name] for name in ("shortage", "key_list")}
        group = row.get("group")
        item = Item(**fields, **flags, group=group, first=first, last=last, document=document, sample=True)
        found[item.occupation, item.level, group or ""].append(item)
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
    levels, groups = (dated.table(name).on(dated.OPEN_END) for name in ("levels", GROUPS))
    periods: dict[Key, list[tuple[str, str, int]]] = defaultdict(list)
    for n, row in enumerate(rows):
        before = len(faults)
        for name, good, zh in (
            ("occupation", bool(_OCCUPATION.fullmatch(row["occupation"])), "应为职业代码，如 6-18-02-04"),
            ("level", row["level"] in levels, "应为等级代码"),
            ("group", row.get("group") is None or row["group"] in groups, "应为人员类别代码，或不填"),
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
        same = periods[_key(row)]
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
    by_key: dict[Key, list[Row]] = defaultdict(list)
    for row in payload["rows"]:
        by_key[_key(row)].append(row)
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
        "worker_group": row.get("group"),
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


def _key(row: Row) -> Key:
    # A proposal that was made before there were groups has none.
    return row["occupation"], row["level"], row.get("group") or ""


def _item(row: Any, last: str | None) -> Item:
    return Item(
        row.occupation,
        row.level,
        row.worker_group,
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
