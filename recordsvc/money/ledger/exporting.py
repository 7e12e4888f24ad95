"""The book for accountants and auditors (导出): vouchers, account balances, and a text that beancount reads.

On a voucher the account that receives stands under 借, the one that gives under 贷. Holds are no vouchers:
nothing has moved yet; the table of balances shows them in a column of their own. Vouchers are numbered within
their month in the journal's order, which nothing changes: a number once given stays.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.ground.ports import beijing_date
from recordsvc.money.ledger import accounts, seals, tables
from recordsvc.money.ledger.accounts import Account
from recordsvc.money.ledger.errors import AccountUntitled
from recordsvc.money.ledger.seals import Tally, Trial
from recordsvc.money.ledger.sheets import Fen, Row
from recordsvc.money.ledger.values import Kind

CODES: Final = "account_codes"
ABOUT: Final = "posting_codes"
MOVES: Final = (Kind.POST, Kind.SETTLE, Kind.UNDO)
"""What moves an amount."""
VOUCHERS: Final = (
    "日期", "凭证字号", "分录", "摘要", "科目编码", "科目名称", "账户", "借方金额（元）", "贷方金额（元）",
    "业务编号", "依据文号", "业务日期", "更正期间", "制单",
)  # fmt: skip
BALANCES: Final = (
    "账簿", "科目编码", "科目名称", "账户", "账户名称", "期初借方（元）", "期初贷方（元）", "本期借方（元）",
    "本期贷方（元）", "期末借方（元）", "期末贷方（元）", "期末预留（元）",
)  # fmt: skip
FIRST_DAY: Final = "0001-01-01"


@dataclass(frozen=True, slots=True)
class Title:
    """What an account is called in the chart of accounts (科目)."""

    number: str
    name: str
    root: str
    """Beancount's class: Assets, Liabilities, Equity, Income, Expenses."""


def title_of(account: Account) -> Title:
    """Return an account's title. Raises `AccountUntitled`."""
    row = next((one for one in dated.table(CODES).rows if one["code"] == account.code), None)
    if row is None:
        raise AccountUntitled(codes=[account.code])
    return Title(str(row["number"]), str(row["zh"]), str(row["class"]))


def check(conn: Connection) -> None:
    """Let nothing leave while an account has no place in the chart. Raises `AccountUntitled`."""
    known = {one["code"] for one in dated.table(CODES).rows}
    missing = {one.code for one in accounts.every(conn)} - known
    if missing:
        raise AccountUntitled(codes=sorted(missing))


def vouchers(conn: Connection, first: str, last: str) -> Iterator[Row]:
    """Yield the rows of the vouchers (记账凭证) of days `first` to `last`: two for each transfer."""
    known = {one.id: one for one in accounts.every(conn)}
    month, number = "", 0
    for (_group, day), some in groupby(
        _moved(conn, f"{first[:7]}-01", last), lambda row: (row.group_id, row.period)
    ):
        number = number + 1 if day[:7] == month else 1
        month = day[:7]
        entry = 0
        for row in some:
            for name, sides in (
                (row.target, (Fen(row.amount_fen), None)),
                (row.source, (None, Fen(row.amount_fen))),
            ):
                entry += 1
                if day >= first:
                    title = title_of(known[name])
                    yield (
                        day, f"记-{number}", str(entry), about(row.code), title.number, title.name, name,
                        *sides, row.group_id, row.doc, row.value_date, row.adjusts_period or "", row.actor,
                    )  # fmt: skip


def balances(conn: Connection, first: str, last: str) -> Iterator[Row]:
    """Yield the rows of the table of balances (科目余额表) of some days, and the sum of each book."""
    before, after = _trial(conn, before=first), _trial(conn, through=last)
    sums: dict[str, list[int]] = {}
    for account in accounts.every(conn):
        if account.id not in after.tallies:
            continue
        old, new = before.tallies.get(account.id, Tally()), after.tallies[account.id]
        figures = [
            *_sides(old.balance), new.in_posted - old.in_posted, new.out_posted - old.out_posted,
            *_sides(new.balance), new.out_pending,
        ]  # fmt: skip
        total = sums.setdefault(account.ledger, [0] * len(figures))
        sums[account.ledger] = [one + other for one, other in zip(total, figures, strict=True)]
        title = title_of(account)
        yield (account.ledger, title.number, title.name, account.id, account.name, *map(Fen, figures))
    for ledger, total in sorted(sums.items()):
        yield (ledger, "", "合计", "", "", *map(Fen, total))


def beancount(conn: Connection) -> Iterator[str]:
    """Yield the whole book as beancount's text, with what each account must hold at its end."""
    every = accounts.every(conn)
    names = _names(every)
    opened = {row.id: beijing_date(row.opened_ms) for row in conn.execute(sa.select(tables.account))}
    yield 'option "title" "recordsvc"\noption "operating_currency" "CNY"\n\n'
    for account in every:
        yield f'{opened[account.id]} open {names[account.id]} CNY\n  id: "{account.id}"\n'
    end = ""
    for group, some in groupby(_moved(conn, FIRST_DAY, dated.OPEN_END), lambda row: row.group_id):
        rows = list(some)
        end, doc = rows[0].period, _quoted(rows[0].doc)
        yield f'\n{end} * "{_quoted(about(rows[0].code))}"\n  posting: "{group}"\n  doc: "{doc}"\n'
        for row in rows:
            yield f"  {names[row.target]}  {Fen(row.amount_fen)} CNY\n"
            yield f"  {names[row.source]}  {Fen(-row.amount_fen)} CNY\n"
    if end:
        # A balance is asserted of the beginning of a day.
        day = dt.date.fromisoformat(end) + dt.timedelta(days=1)
        yield "\n"
        for name, tally in sorted(seals.trial(conn).tallies.items()):
            yield f"{day} balance {names[name]}  {Fen(tally.balance)} CNY\n"


def about(code: str) -> str:
    """Return what a transfer is about, in Chinese; its code where there is no word."""
    found = [row for row in dated.table(ABOUT).rows if row["code"] == code]
    return str(found[-1]["zh"]) if found else code


def _moved(conn: Connection, first: str, last: str) -> Iterator[sa.Row[Any]]:
    own = tables.transfer.c
    where = (own.kind.in_([str(one) for one in MOVES]), own.period >= first, own.period <= last)
    query = sa.select(tables.transfer).where(*where).order_by(own.idx)
    yield from conn.execute(query, execution_options={"yield_per": seals.PORTION})


def _trial(conn: Connection, *, before: str = "", through: str = "") -> Trial:
    own = tables.transfer.c
    where = own.period < before if before else own.period <= through
    size = conn.execute(sa.select(sa.func.max(own.idx)).where(where)).scalar()
    return seals.trial(conn, 0 if size is None else size + 1)


def _sides(balance: int) -> tuple[int, int]:
    return max(balance, 0), max(-balance, 0)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _names(every: Iterable[Account]) -> dict[str, str]:
    """Return a beancount name for each account; two that would be called alike are told apart by a number."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for account in every:
        parts = [_part(one) for one in account.id.replace(".", ":").replace("/", ":").split(":") if one]
        name = ":".join([title_of(account).root, account.ledger.title(), *parts])
        n, unique = 1, name
        while unique in taken:
            n, unique = n + 1, f"{name}-{n + 1}"
        taken.add(unique)
        names[account.id] = unique
    return names


def _part(text: str) -> str:
    """Return a component as beancount takes it: letters, digits, hyphens; first a capital or digit."""
    kept = "".join(one if one.isascii() and one.isalnum() else "-" for one in text).strip("-") or "X"
    return kept[0].upper() + kept[1:]
