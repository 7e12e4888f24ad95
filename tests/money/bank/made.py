"""Batches to test with: people, accounts and numbers that do not exist."""

import datetime as dt

from recordsvc.ground.ports import beijing_ms
from recordsvc.money.bank.formats.model import Account, Batch, Collection, CollectionBatch, Order

DAY = dt.date(2026, 11, 30)
"""A Monday."""
BANK = "105871000019"
FUND = Account("640100000000000001", "样例市就业补助资金专户", BANK)


def card(n: int) -> str:
    """A card number that checks (Luhn) in a range no bank uses."""
    bare = f"999999{n:012d}"
    total = 0
    for place, digit in enumerate(reversed(bare)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return bare + str(-total % 10)


def payee(n: int, name: str = "") -> Account:
    """The account of somebody who does not exist."""
    return Account(card(n), name or f"马{chr(0x4E00 + n % 2000)}", BANK)


def order(n: int, amount_fen: int = 150_000, **more: object) -> Order:
    """One payment."""
    said = {"end_to_end_id": f"E{n:08d}", "payee": payee(n), "purpose": "职业培训补贴"} | more
    return Order(amount_fen=amount_fen, **said)


def batch(
    *orders: Order, message_id: str = "B1", execution_on: dt.date = DAY, payer: Account = FUND
) -> Batch:
    """A batch of payments."""
    return Batch(message_id, beijing_ms(DAY) + 9 * 3_600_000, execution_on, payer, orders)


def collections(*orders: Collection, collect_on: dt.date = DAY) -> CollectionBatch:
    """A batch of collections."""
    return CollectionBatch("C1", beijing_ms(DAY), collect_on, FUND, "CN64SAMPLE001", orders)


def collection(n: int, **more: object) -> Collection:
    """One collection."""
    said = {
        "end_to_end_id": f"C{n:08d}",
        "amount_fen": 90_000,
        "debtor": payee(n),
        "mandate_id": f"M{n}",
        "signed_on": dt.date(2026, 10, 8),
        "purpose": "培训费",
    }
    return Collection(**(said | more))
