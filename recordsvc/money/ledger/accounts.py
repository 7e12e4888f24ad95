"""Accounts (账户): opened once, never changed, closed for good; what each holds is kept up by `booking`.

Whoever writes here holds the book's lock, so that all writers of the ledger, in all processes, follow one
another. A turn that also appends to the archive's log takes the log's part first (`house.log.turn`): whoever
locks both does so in this order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.money.ledger import tables
from recordsvc.money.ledger.errors import AccountDiffers, AccountUnknown

BUDGET: Final = "BUDGET"
"""Appropriation, budget lines, commitments, expenses (预算账)."""
CASH: Final = "CASH"
"""What the bank holds, is under way, came back, is owed to payers (资金账)."""
PORTION: Final = 5_000
"""Keys asked for at once."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `guard`: it never promises more than it holds; the rest says what it is an account of."""

    id: str
    ledger: str
    code: str
    name: str
    guard: bool = False
    fund: str = ""
    year: int = 0
    region: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What went in and out of an account, in fen: posted, and held (pending)."""

    account: str
    closed: bool
    in_posted: int
    in_pending: int
    out_posted: int
    out_pending: int

    @property
    def available(self) -> int:
        """What may still be promised: came in, less what went out and what is held to go."""
        return self.in_posted - self.out_posted - self.out_pending

    @property
    def posted(self) -> int:
        """What is in it: came in, less what went out."""
        return self.in_posted - self.out_posted


def lock(conn: Connection) -> tuple[int, str]:
    """Lock the book until the transaction ends; how many transfers it has, and the day of the newest."""
    own = tables.book.c
    query = sa.select(own.size, own.day).where(own.id == 1).with_for_update()
    row = conn.execute(query).one_or_none()
    if row is None:
        insert_missing(conn, tables.book, [{"id": 1, "size": 0, "day": ""}])
        row = conn.execute(query).one()
    return row.size, row.day


def open_account(turn: Turn, account: Account, by: str) -> None:
    """Open an account; one that stands already as it is stays so. Raises `AccountDiffers`."""
    lock(turn.conn)
    found = _find(turn.conn, account.id)
    if found is not None:
        if found != account:
            raise AccountDiffers
        return
    row = asdict(account) | {"guard": int(account.guard), "opened_by": by, "opened_ms": turn.now_ms}
    turn.conn.execute(tables.account.insert().values(row))
    bound.wrote(turn, tables.account, row)
    nothing = dict.fromkeys(("in_posted", "in_pending", "out_posted", "out_pending", "closed"), 0)
    turn.conn.execute(tables.balance.insert().values(account=account.id, guard=row["guard"], **nothing))


def close_account(turn: Turn, account_id: str, reason: str, by: str) -> None:
    """Let an account take nothing new; closed before, it stays as it is. Raises `AccountUnknown`."""
    lock(turn.conn)
    own = tables.balance.c
    closing = tables.balance.update().where(own.account == account_id, own.closed == 0).values(closed=1)
    if turn.conn.execute(closing).rowcount != 1:
        find(turn.conn, account_id)
        return
    row = {"account": account_id, "reason": reason, "closed_by": by, "closed_ms": turn.now_ms}
    turn.conn.execute(tables.account_closing.insert().values(row))
    bound.wrote(turn, tables.account_closing, row)


def find(conn: Connection, account_id: str) -> Account:
    """One account. Raises `AccountUnknown`."""
    found = _find(conn, account_id)
    if found is None:
        raise AccountUnknown
    return found


def every(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Account]:
    """Return accounts in the order of their ids; `where` narrows the list."""
    rows = conn.execute(sa.select(tables.account).where(*where))
    return sorted((_made(row) for row in rows), key=lambda one: one.id)


def balance(conn: Connection, account_id: str) -> Balance:
    """What an account holds now. Raises `AccountUnknown`."""
    found = balances(conn, [account_id])
    if account_id not in found:
        raise AccountUnknown
    return found[account_id]


def balances(conn: Connection, account_ids: Iterable[str]) -> Mapping[str, Balance]:
    """What each of these accounts holds now; those that do not exist are left out."""
    own, wanted, found = tables.balance.c, sorted(set(account_ids)), {}
    columns = [own.account, own.closed, own.in_posted, own.in_pending, own.out_posted, own.out_pending]
    for start in range(0, len(wanted), PORTION):
        some = own.account.in_(wanted[start : start + PORTION])
        for account_id, closed, *counters in conn.execute(sa.select(*columns).where(some)):
            found[account_id] = Balance(account_id, bool(closed), *counters)
    return found


def _find(conn: Connection, account_id: str) -> Account | None:
    row = conn.execute(sa.select(tables.account).where(tables.account.c.id == account_id)).one_or_none()
    return None if row is None else _made(row)


def _made(row: sa.Row[tuple[object, ...]]) -> Account:
    own = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name of a row's mapping
    fields = {name: own[name] for name in Account.__dataclass_fields__}
    return Account(**fields | {"guard": bool(own["guard"])})
