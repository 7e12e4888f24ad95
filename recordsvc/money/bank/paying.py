"""The region's own accounts (付款账户): which fund's, at which bank, by which files. Two payers enter one.

An account never changes once it is entered: another number is another account.
"""

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Thing
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import bound, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.two_person import Proposal
from recordsvc.money.bank import account_names, cashbook
from recordsvc.money.bank.errors import AccountRefused, PayingAccountUnknown
from recordsvc.money.bank.formats.iso import Iso
from recordsvc.money.bank.formats.model import Account, Adapter
from recordsvc.money.bank.formats.profile import Profile
from recordsvc.money.bank.tables import paying_account

ISO: Final = "iso20022"
KIND: Final = "bank.account.open"
DECIDERS: Final = frozenset({"payer"})


@dataclass(frozen=True, slots=True)
class Paying:
    """One account of ours."""

    code: str
    fund: str
    number: str
    name: str
    bank: str
    adapter: str
    opened_by: str
    decided_by: str
    opened_ms: int

    @property
    def account(self) -> Account:
        """Return it as files name it."""
        return Account(self.number, self.name, self.bank)


def adapter(code: str, now_ms: int) -> Adapter:
    """Return how files of an account are written and read today. Raises `NoRuleInForce`."""
    return Iso() if code == ISO else Profile(code, beijing_date(now_ms))


def propose(turn: Turn, said: dict[str, Any], by: str) -> bytes:
    """Propose an account. Raises `AccountRefused`."""
    _check(turn, said)
    return two_person.propose(turn, KIND, f"付款账户 {said['code']}：{said['name']}"[:200], said, by)


def find(conn: Connection, code: str) -> Paying:
    """One account. Raises `PayingAccountUnknown`."""
    row = conn.execute(sa.select(paying_account).where(paying_account.c.code == code)).one_or_none()
    if row is None:
        raise PayingAccountUnknown
    return Paying(*row)


def every(conn: Connection) -> list[Paying]:
    """All accounts by code."""
    return [Paying(*row) for row in conn.execute(sa.select(paying_account).order_by(paying_account.c.code))]


def enter(turn: Turn, said: dict[str, Any], by: str, decided_by: str) -> None:
    """Enter an account that two people agreed on. Raises `AccountRefused`."""
    _check(turn, said)
    row = {
        "code": said["code"],
        "fund": said["fund"],
        "number": said["number"],
        "name": said["name"],
        "bank": said["bank"],
        "adapter": said["adapter"],
        "opened_by": by,
        "decided_by": decided_by,
        "opened_ms": turn.now_ms,
    }
    turn.conn.execute(paying_account.insert().values(row))
    bound.wrote(turn, paying_account, row)
    cashbook.open_places(turn, said["code"], said["fund"], decided_by)


@two_person.executor(KIND, deciders=DECIDERS, about=lambda _conn, _subject, _payload: Thing(None), fresh=True)
def _open(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    enter(turn, payload, proposal.proposed_by, str(proposal.decided_by))


def _check(turn: Turn, said: dict[str, Any]) -> None:
    faults = []
    own = paying_account.c
    taken = sa.or_(own.code == said["code"], own.number == said["number"])
    if turn.conn.execute(sa.select(own.code).where(taken)).first() is not None:
        faults.append(("/code", "该代码或账号已登记"))
    faults += account_names.faults(said["number"], said["bank"])
    try:
        adapter(said["adapter"], turn.now_ms)
    except NoRuleInForce:
        faults.append(("/adapter", "没有这种文件格式，或已失效"))
    if faults:
        raise AccountRefused(errors=[{"pointer": at, "code": "value", "detail": zh} for at, zh in faults])
