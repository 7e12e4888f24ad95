"""Hold bound rows against their chain, and the chain against what the archive's log says of it (约束核验).

links → chain → head → statements in the archive's log, which has been proven before → rows, one to one with
the links' keys → what consents count against their events. What never changes of a row is the same in all its
links; an append-only row has one. A row is gone lawfully only where its worker was erased.
"""

from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any, Final

import sqlalchemy as sa

from recordsvc.access.tables import consent, consent_event
from recordsvc.archive import bound_statements
from recordsvc.archive.formats import BOUND_ROWS, EntryType
from recordsvc.archive.going import WHOLE
from recordsvc.ground import bound
from recordsvc.ground.bound import GONE, START, bound_head, bound_row, bound_statement
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, count, scan
from recordsvc.people import tables as people_tables
from recordsvc.translog import tables as log_tables

EVERY: Final = 10_000
_COUNTED: Final = ("uses", "used_ms", "ended_ms", "ended_by")
Links = list[tuple[int, bytes, bytes]]


class BoundCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Believe the archive's log as `snapshot` shows it."""
        self._snapshot = snapshot
        self._tables = {table.name: table for table in bound.tables()}
        self.counts = {"bound rows": 0, "links": 0}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first thing wrong."""
        stated = self._walk(progress)
        self._unstated(stated)
        self._rows()
        self._uses()

    # -- the chain

    def _walk(self, progress: Progress) -> set[int]:
        """Rebuild the chain; the entries of the archive's log that state it."""
        points, stated = self._statements(), set[int]()
        point = next(points, None)
        own, size, chain = bound_row.c, 0, START
        columns = [own.idx, own.bound, own.key, own.fixed, own.data]
        for idx, *link in scan(self._snapshot, columns):
            if idx != size:
                raise Wrong(at(bound_row, idx=size), "该行缺失", "the row is missing")
            chain, size = bound.following(chain, *link), size + 1
            while point is not None and point[0] == size:
                stated.add(self._stated(point, chain))
                point = next(points, None)
            if size % EVERY == 0:
                progress("bound rows", size)
        if point is not None:
            raise Wrong(
                f"{at(bound_row, idx=size)} ↔ {at(bound_statement, 'size', size=point[0])}",
                "档案日志声明过的行缺失，或声明被改",
                "what the archive's log spoke for is missing, or the statement was changed",
            )
        self._head(size, chain)
        self.counts["links"] = size
        return stated

    def _statements(self) -> Iterator[tuple[int, int, int]]:
        own = bound_statement.c
        yield from scan(self._snapshot, [own.size, own.ms, own.idx])

    def _stated(self, point: tuple[int, int, int], chain: bytes) -> int:
        """Compare with the archive's log, and with the time of the checkpoint that took the statement in."""
        size, ms, idx = point
        entry, taken = log_tables.entry.c, log_tables.checkpoint.c
        found = list(scan(self._snapshot, [entry.data, entry.idx], entry.idx == idx))
        covering = sa.select(sa.func.min(taken.size)).where(taken.size > idx).scalar_subquery()
        times = list(scan(self._snapshot, [taken.ms, taken.size], taken.size == covering))
        wanted = bound_statements.statement(size, chain)
        if not found or found[0][0] != wanted or not times or times[0][0] != ms:
            raise Wrong(
                f"{bound_row.name} idx=0…{size - 1} ↔ {at(bound_statement, 'size', 'ms', 'idx', size=size)} "
                f"↔ {at(log_tables.entry, idx=idx)}",
                "受约束的行或其声明被改：与档案日志所载不符",
                "links or their statement were changed: the archive's log states another chain, or time",
            )
        return int(idx)

    def _head(self, size: int, chain: bytes) -> None:
        rows = list(scan(self._snapshot, [bound_head.c.id, bound_head.c.size, bound_head.c.chain]))
        if rows != ([(1, size, chain)] if size or rows else []):
            raise Wrong(
                f"{at(bound_head, 'id', 'size', 'chain', id=1)} ↔ {at(bound_row, idx=size)}",
                "与重算结果不符：有行缺失、多出或被改",
                "differs from what the links give: some are missing, added or changed",
            )

    def _unstated(self, stated: set[int]) -> None:
        """Refuse a statement in the archive's log without its row here."""
        own = log_tables.entry.c
        prefix, after = bytes((EntryType.SERVICE, BOUND_ROWS)), bytes((EntryType.SERVICE, BOUND_ROWS + 1))
        for idx, _data in scan(self._snapshot, [own.idx, own.data], own.data >= prefix, own.data < after):
            if idx not in stated:
                raise Wrong(
                    f"{bound_statement.name} ↔ {at(log_tables.entry, idx=idx)}",
                    "档案日志的声明在此缺失",
                    "what the archive's log states is missing here",
                )

    # -- the rows

    def _rows(self) -> None:
        """Compare every row with its links; one for each key that is not gone, and no other."""
        own = bound_row.c
        columns = [own.bound, own.key, own.idx, own.fixed, own.data]
        links = scan(self._snapshot, columns, order=[own.bound, own.key, own.idx])
        live = dict.fromkeys(self._tables, 0)
        for name, group in groupby(links, lambda link: link[0]):
            table = self._tables.get(name)
            if table is None:
                raise Wrong(
                    f"{at(bound_row, 'bound')} {name}", "没有这样的表", "there is no such bound table"
                )
            keys = ((key, [link[2:] for link in some]) for key, some in groupby(group, lambda link: link[1]))
            while some := list(islice(keys, bound.PORTION)):
                live[name] += self._compare(table, some)
        for name, wanted in live.items():
            if count(self._snapshot, self._tables[name]) != wanted:
                raise self._unbound(self._tables[name])
        self.counts["bound rows"] = sum(live.values())

    def _compare(self, table: sa.Table, keyed: list[tuple[str, Links]]) -> int:
        """Compare rows with their links; how many of these keys have a row."""
        columns, values = bound.key_columns(table), {}
        for key, links in keyed:
            try:
                values[key] = bound.key_values(table, key)
            except (ValueError, TypeError):
                where = f"{at(bound_row, 'key', idx=links[0][0])} ↔ {table.name}"
                raise Wrong(where, "不是该表的键", "is no key of this table") from None
        some = bound.keyed(columns, list(values.values()))
        every = [*table.primary_key.columns, *(one for one in table.columns if not one.primary_key)]
        found = {}
        for row in scan(self._snapshot, every, some):
            named = {column.name: value for column, value in zip(every, row, strict=True)}
            found[bound.key_text(named[column.name] for column in columns)] = bound.digests(table, named)
        for key, links in keyed:
            where = at(table, **dict(zip((one.name for one in columns), values[key], strict=True)))
            self._judge(table, f"{where} ↔ {at(bound_row, idx=links[-1][0])}", links, found.get(key))
            if links[-1][2] == GONE:
                self._lawfully_gone(table, where, values[key])
        return len(found)

    def _judge(self, table: sa.Table, where: str, links: Links, row: tuple[bytes, bytes] | None) -> None:
        written = links[:-1] if links[-1][2] == GONE else links
        most = table.info[bound.INFO].most
        if any(data == GONE for _idx, _fixed, data in links[:-1]) or (most is not None and len(links) > most):
            raise Wrong(where, "链中多出的状态", "the chain has more states of the row than it may have had")
        if len({fixed for _idx, fixed, _data in written}) > 1:
            raise Wrong(where, "不应改变的内容前后不一", "what never changes differs between its links")
        if (row is None) != (links[-1][2] == GONE):
            raise Wrong(
                where, "该行缺失，或本应已删除", "the row is missing, or it is there and should be gone"
            )
        if row is not None and row != links[-1][1:]:
            raise Wrong(
                where, "该行被改：与链中所载不符", "the row was changed: it is not what its link says"
            )

    def _lawfully_gone(self, table: sa.Table, where: str, key: tuple[Any, ...]) -> None:
        named = dict(zip((one.name for one in bound.key_columns(table)), key, strict=True))
        erasure = people_tables.erasure.c
        own = (erasure.worker_id == named.get("worker_id"), erasure.seq == WHOLE)
        if "worker_id" not in named or not list(
            scan(self._snapshot, [erasure.worker_id, erasure.erasure_id], *own)
        ):
            raise Wrong(
                where, "该行缺失，而其人未被删除", "the row is missing, and its worker was not erased"
            )

    def _unbound(self, table: sa.Table) -> Wrong:
        """Return which row has no link."""
        columns, own = bound.key_columns(table), bound_row.c
        for key in scan(self._snapshot, columns, order=columns):
            text = bound.key_text(key)
            if not list(scan(self._snapshot, [own.idx], own.bound == table.name, own.key == text)):
                where = at(table, **dict(zip((one.name for one in columns), key, strict=True)))
                return Wrong(f"{where} ↔ {bound_row.name}", "多出的行", "the row must not be there: no link")
        return Wrong(
            f"{table.name} ↔ {bound_row.name}", "行数不符", "there are more or fewer rows than links"
        )

    def _uses(self) -> None:
        """Compare what consents count with their events, which other people's feeds have shown."""
        own, event = consent.c, consent_event.c
        same = sa.and_(event.worker_id == own.worker_id, event.consent_id == own.consent_id)

        def told(name: str, value: Any = event.at_ms, fold: Any = sa.func.max) -> Any:
            return sa.select(fold(value)).where(same, event.event == name).scalar_subquery()

        columns = [own.worker_id, own.consent_id, *(own[name] for name in _COUNTED)]
        happened = [
            told("use", fold=sa.func.count), told("use"), told("end"), told("end", event.why),
        ]  # fmt: skip
        for row in self._snapshot.stream(sa.select(*columns, *happened).order_by(*columns[:2])):
            values = tuple(row)
            if values[2:6] != values[6:]:
                where = at(consent, *_COUNTED, worker_id=row.worker_id, consent_id=row.consent_id)
                raise Wrong(
                    f"{where} ↔ {consent_event.name}",
                    "与授权事件不符",
                    "is not what the events of the consent say",
                )
