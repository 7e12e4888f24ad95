"""Hold the ledger against itself and against what the archive's log says of it (账簿核验).

transfers → seals of the days, each signed, chained, and stated in the archive's log, which has been proven
before → the book's head → balances, one to one with accounts. That each row is the one that was written the
chain over bound rows has told before; here it is told whether they add up.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from recordsvc.archive.formats import EntryType
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.money.ledger import seals
from recordsvc.money.ledger.seals import DAILY_CLOSE, FIRST, Seal, Tally, Trial
from recordsvc.money.ledger.tables import account, account_closing, balance, book, period, transfer
from recordsvc.translog import tables as log_tables
from recordsvc.translog.note import NoteError, NoteKey, open_note, parse_note
from recordsvc.translog.tree import Frontier

EVERY: Final = 10_000


class LedgerCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot, log_keys: Callable[[int], Sequence[NoteKey]]) -> None:
        """Believe the archive's log as `snapshot` shows it, and its keys, under its name, at each size."""
        self._snapshot = snapshot
        self._log_keys = log_keys
        self._trial = Trial()
        self._frontier = Frontier()
        self._last: Seal | None = None
        self.counts = {"transfers": 0, "closed days": 0}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first thing wrong."""
        stated = self._walk(progress)
        self._statements(stated)
        self._balances()

    def _walk(self, progress: Progress) -> set[int]:
        """Go through the journal day by day; the entries of the archive's log that state its seals."""
        stated = set[int]()
        days = self._days(stated)
        day = next(days, None)
        size, newest = 0, ""
        for values in scan(self._snapshot, list(transfer.columns)):
            row = dict(zip(transfer.columns.keys(), values, strict=True))
            if row["idx"] != size:
                raise Wrong(at(transfer, idx=size), "该行缺失", "the row is missing")
            if row["period"] < newest or (day is not None and row["period"] != day.day):
                where = at(transfer, "period", idx=size)
                where = where if day is None else f"{where} ↔ {at(period, 'day', 'size', day=day.day)}"
                raise Wrong(where, "记账日与已封存的日期不符", "the day is not the one that was sealed")
            self._trial.add(*(row[name] for name in ("kind", "source", "target", "amount_fen", "about_fen")))
            self._frontier.append(seals.leaf(row))
            size, newest = size + 1, row["period"]
            if day is not None and size == day.size:
                self._compare(day)
                day = next(days, None)
            if size % EVERY == 0:
                progress("transfers", size)
        if day is not None:
            raise Wrong(
                f"{at(transfer, idx=size)} ↔ {at(period, 'size', day=day.day)}",
                "已封存的分录缺失",
                "transfers that a seal covers are missing",
            )
        self._head(size, newest)
        self.counts["transfers"] = size
        return stated

    def _days(self, stated: set[int]) -> Iterator[Seal]:
        """Yield the seals in order, each proven to be signed and stated as its columns say."""
        names, last = period.columns.keys(), -1
        for values in scan(self._snapshot, list(period.columns), order=[period.c.size]):
            row = dict(zip(names, values, strict=True))
            keys = self._log_keys(row["idx"] + 1)
            seal = Seal(keys[0].name, *(row[name] for name in names[:6]))
            self._signed(seal, row["note"], [seals.key(one) for one in keys])
            if row["idx"] <= last or self._entry(row["idx"]) != (seal.statement(), row["ms"]):
                raise Wrong(
                    f"{at(period, 'idx', 'ms', day=seal.day)} ↔ {log_tables.entry.name}",
                    "档案日志在该处没有此日结的声明",
                    "the archive's log has no statement of this seal there, or of another time",
                )
            last = row["idx"]
            stated.add(last)
            self.counts["closed days"] += 1
            yield seal

    def _signed(self, seal: Seal, note: str, keys: Sequence[NoteKey]) -> None:
        try:
            opened = open_note(note, keys)
            good = bool(opened.signed_by) and len(parse_note(note).signatures) == 1
        except NoteError as error:
            raise Wrong(
                at(period, "note", day=seal.day), "封存的签名不成立", f"the seal does not verify: {error}"
            ) from None
        if not good or opened.text != seal.text():
            columns = ("day", "start", "size", "root", "balance", "previous", "note")
            raise Wrong(
                at(period, *columns, day=seal.day),
                "列与已签名的文本不一致",
                "the columns differ from the signed text",
            )

    def _compare(self, day: Seal) -> None:
        """Compare a day that is over in the journal with its seal."""
        start = self._last.size if self._last else 0
        previous = self._last.digest() if self._last else FIRST
        if (day.start, day.previous) != (start, previous):
            raise Wrong(
                at(period, "start", "previous", day=day.day),
                "与上一日的封存不相接",
                "does not follow on the seal before",
            )
        if (day.root, day.balance) != (self._frontier.root(), self._trial.digest()):
            raise Wrong(
                f"{transfer.name} idx={day.start}…{day.size - 1} "
                f"↔ {at(period, 'root', 'balance', day=day.day)}",
                "分录被改：算出的根或试算平衡与已签名的封存不符",
                "transfers were changed: they do not give the root or the trial balance of the signed seal",
            )
        self._last, self._frontier = day, Frontier()

    def _entry(self, idx: int) -> tuple[bytes | None, int | None]:
        """Return G at an index of the archive's log, and the time of the checkpoint that took it in."""
        entry, point = log_tables.entry.c, log_tables.checkpoint.c
        found = list(scan(self._snapshot, [entry.data, entry.idx], entry.idx == idx))
        covering = sa.select(sa.func.min(point.size)).where(point.size > idx).scalar_subquery()
        times = list(scan(self._snapshot, [point.ms, point.size], point.size == covering))
        return (found[0][0] if found else None), (times[0][0] if times else None)

    def _statements(self, stated: set[int]) -> None:
        """Refuse a statement in the archive's log without its day here."""
        own = log_tables.entry.c
        prefix, after = bytes((EntryType.SERVICE, DAILY_CLOSE)), bytes((EntryType.SERVICE, DAILY_CLOSE + 1))
        for idx, _data in scan(self._snapshot, [own.idx, own.data], own.data >= prefix, own.data < after):
            if idx not in stated:
                raise Wrong(
                    f"{period.name} ↔ {at(log_tables.entry, idx=idx)}",
                    "档案日志声明的日结缺失",
                    "the close that the archive's log states is missing",
                )

    def _head(self, size: int, newest: str) -> None:
        rows = list(scan(self._snapshot, list(book.columns)))
        if rows != ([(1, size, newest)] if size or rows else []):
            raise Wrong(
                f"{at(book, 'id', 'size', 'day', id=1)} ↔ {at(transfer, idx=size)}",
                "与重算结果不符：有分录缺失或多出",
                "differs from what the transfers give: some are missing or added",
            )

    def _balances(self) -> None:
        """Recompute what each account holds."""
        own, closed = account.c, account_closing.c
        accounts = {
            row[0]: (row[1], int(row[2] is not None))
            for row in scan(
                self._snapshot,
                [own.id, own.guard, closed.account],
                source=account.outerjoin(account_closing, closed.account == own.id),
            )
        }
        names = balance.columns.keys()
        for values in scan(self._snapshot, list(balance.columns)):
            row = dict(zip(names, values, strict=True))
            where, known = at(balance, account=row["account"]), accounts.pop(row["account"], None)
            if known is None:
                raise Wrong(f"{where} ↔ {account.name}", "没有这个账户", "there is no such account")
            tally = self._trial.tallies.get(row["account"], Tally())
            right: dict[str, Any] = {"guard": known[0], "closed": known[1], **_counters(tally)}
            for name, value in right.items():
                if row[name] != value:
                    raise Wrong(
                        f"{where} column {name} ↔ {transfer.name}",
                        "与按分录重算的结果不符",
                        "differs from what the transfers give",
                    )
        for missing in accounts:
            raise Wrong(at(balance, account=missing), "该行缺失", "the row is missing")


def _counters(tally: Tally) -> dict[str, int]:
    return {name: getattr(tally, name) for name in ("in_posted", "in_pending", "out_posted", "out_pending")}
