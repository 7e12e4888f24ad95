"""Budget lines (预算指标): which there are, which may pay a subsidy, what each has.

    budget (预算) = available (可用) + held (预留) + spent (已支出)

What is left and what is held the line's guarded account says; what is spent its expense account. Money that
was paid and came back to the line is available again.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.funds.errors import LineUnknown
from recordsvc.money.funds.tables import budget_line
from recordsvc.money.ledger import accounts, booking
from recordsvc.money.ledger.accounts import BUDGET, Account, Balance
from recordsvc.money.ledger.tables import transfer
from recordsvc.people.divisions import division

FUNDS: Final = "funds"
KINDS: Final = "subsidy_kinds"
TERMS: Final = "budget_terms"
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Line:
    """One budget line; `account` holds what is left, `expense` takes what is spent."""

    id: str
    fund: str
    year: int
    region: str
    kind: str
    account: str
    expense: str


@dataclass(frozen=True, slots=True)
class Position:
    """What a line has, in fen."""

    budget_fen: int
    held_fen: int
    spent_fen: int
    available_fen: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was held or spent of a line in the last `days`, and when nothing is left at that pace."""

    days: int
    used_fen: int
    exhausted_on: str | None


def line_of(fund: str, year: int, region: str, kind: str) -> Line:
    """Return the line of these, there or not."""
    name = f"{fund}.{year}.{region}.{kind}"
    return Line(name, fund, year, region, kind, f"line:{name}", f"spent:{name}")


def source_of(fund: str, year: int) -> str:
    """Return the account out of which a fund's budget of a year is allotted."""
    return f"source:{fund}.{year}"


def may_pay(fund: str, kind: str, on: str) -> bool:
    """Tell whether a fund may pay a kind of subsidy on a Beijing date; an expired row pays nothing."""
    row = dated.table(FUNDS).on(on).get(fund)
    return row is not None and kind in row["kinds"]


def find(conn: Connection, line_id: str) -> Line:
    """One line. Raises `LineUnknown`."""
    found = seen(conn, budget_line.c.id == line_id)
    if not found:
        raise LineUnknown
    return found[0]


def seen(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Line]:
    """Return lines by year (newest first), fund, division and kind; `where` narrows the list."""
    own = budget_line.c
    columns = (own.id, own.fund, own.year, own.region, own.kind, own.account, own.expense)
    found = [Line(*row) for row in conn.execute(sa.select(*columns).where(*where))]
    return sorted(found, key=lambda one: (-one.year, one.fund, one.region, one.kind))


def payable(conn: Connection, kind: str, year: int, region: str, funds: Iterable[str], on: str) -> list[Line]:
    """Return the lines that may pay a subsidy of a division, the nearest division first, then as `funds`.

    A county is paid out of its own budget, its city's, or the whole region's.
    """
    order = [fund for fund in funds if may_pay(fund, kind, on)]
    around = [region, f"{region[:4]}00", f"{region[:2]}0000"]
    own = budget_line.c
    where = (own.kind == kind, own.year == year, own.region.in_(around), own.fund.in_(order))
    found = seen(conn, *where)
    return sorted(found, key=lambda one: (around.index(one.region), order.index(one.fund)))


def open_line(turn: Turn, line: Line, by: str) -> None:
    """Open a line with its accounts unless it stands; nothing is in it yet."""
    # The book's lock first: of two who open one line the second finds it.
    accounts.lock(turn.conn)
    if seen(turn.conn, budget_line.c.id == line.id):
        return
    name = f"{zh(FUNDS, line.fund)} {line.year} {place(line.region)} {zh(KINDS, line.kind)}"
    fund, source = zh(FUNDS, line.fund), source_of(line.fund, line.year)
    about = Account(
        source, BUDGET, "fund.source", f"{fund} {line.year} 指标来源", fund=line.fund, year=line.year
    )
    whose = replace(about, region=line.region, kind=line.kind)
    for account in (
        about,
        replace(whose, id=line.account, code="fund.line", name=f"{name} 可用指标", guard=True),
        replace(whose, id=line.expense, code="fund.spent", name=f"{name} 支出"),
    ):
        accounts.open_account(turn, account, by)
    row = asdict(line) | {"opened_by": by, "opened_ms": turn.now_ms}
    turn.conn.execute(budget_line.insert().values(row))
    bound.wrote(turn, budget_line, row)


def positions(conn: Connection, lines: Sequence[Line]) -> dict[str, Position]:
    """Return what each line has, by id."""
    found = accounts.balances(conn, [name for line in lines for name in (line.account, line.expense)])
    return {line.id: _position(found, line) for line in lines}


def forecast(conn: Connection, line: Line, now_ms: int) -> Forecast:
    """Say when a line will be used up if it goes on as in the last days; None: not at this pace."""
    today = beijing_date(now_ms)
    days = int(dated.table(TERMS).rule("forecast-days", today.isoformat())["value"])
    own = transfer.c
    ways = (
        (sa.and_(own.source == line.account, own.target == line.expense), 1),
        (sa.and_(own.source == line.expense, own.target == line.account), -1),
    )
    used = 0
    sums = (sa.func.sum(own.amount_fen), sa.func.sum(sa.func.coalesce(own.about_fen, 0)))
    for way, sign in ways:
        query = sa.select(own.kind, *sums).where(way, own.at_ms > now_ms - days * DAY_MS).group_by(own.kind)
        for kind, amount, about in conn.execute(query):
            used += sign * sum(booking.effect(kind, int(amount), int(about)))
    left = positions(conn, [line])[line.id].available_fen
    if used <= 0:
        return Forecast(days, used, None)
    further = left * days // used
    if further > (dt.date.max - today).days:
        return Forecast(days, used, None)
    return Forecast(days, used, (today + dt.timedelta(days=further)).isoformat())


def place(region: str) -> str:
    """Return what a division is called; the code itself where it is not known."""
    known = division(region)
    return known.name if known is not None else region


def zh(table: str, code: str) -> str:
    """Return the Chinese word of a code, whenever it held; without one the code itself."""
    rows = [row for row in dated.table(table).rows if row["code"] == code]
    return str(rows[-1]["zh"]) if rows else code


def _position(found: Mapping[str, Balance], line: Line) -> Position:
    left, spent = found[line.account], found[line.expense].posted
    held = left.out_pending
    return Position(left.available + held + spent, held, spent, left.available)
