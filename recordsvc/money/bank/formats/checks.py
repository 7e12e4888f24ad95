"""What no schema says of a batch (报盘前核对): amounts, counts, doubles, accounts, days; all at once."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from recordsvc import workdays
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import gb18030
from recordsvc.money.bank.account_names import well_formed
from recordsvc.money.bank.formats import yuan
from recordsvc.money.bank.formats.model import Account, Batch, BatchUnfit, Collection, CollectionBatch, Order

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9-]{1,35}")
_BANK: Final = re.compile(r"[0-9]{12}")
_MOST_NAME: Final = 70
"""Characters of a name: what older offices still keep, below the 140 of the messages."""
_MOST_PURPOSE: Final = 60
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Not "unassigned": a character newer than the library's tables may be in somebody's name."""
Fault = tuple[str, str]


def assert_sound(batch: Batch, most: int) -> None:
    """Refuse a batch that must not be sent. Raises `BatchUnfit` with every fault."""
    faults = [*_common(batch, most), *_accounts("payer", batch.payer)]
    for n, order in enumerate(batch.orders):
        faults += _accounts(f"orders/{n}", order.payee)
    if faults:
        raise BatchUnfit(faults)


def assert_collectable(batch: CollectionBatch, most: int) -> None:
    """Refuse collections that must not be sent. Raises `BatchUnfit` with every fault."""
    faults = [*_common(batch, most), *_accounts("creditor", batch.creditor)]
    for n, order in enumerate(batch.orders):
        faults += _accounts(f"orders/{n}", order.debtor)
        if not _IDENTIFIER.fullmatch(order.mandate_id):
            faults.append(("mandate", f"orders/{n}"))
        if order.signed_on > batch.collect_on:
            faults.append(("mandate-later", f"orders/{n}"))
    if faults:
        raise BatchUnfit(faults)


def _common(batch: Batch | CollectionBatch, most: int) -> Iterator[Fault]:
    if not _IDENTIFIER.fullmatch(batch.message_id):
        yield "message-id", ""
    if not 1 <= len(batch.orders) <= most:
        yield "count", f"{len(batch.orders)} of 1 to {most}"
    day = batch.execution_on if isinstance(batch, Batch) else batch.collect_on
    try:
        if not workdays.is_working_day(day):
            yield "not-a-working-day", day.isoformat()
    except NoRuleInForce:
        yield "calendar-missing", day.isoformat()
    orders: Sequence[Order | Collection] = batch.orders
    times = Counter(order.end_to_end_id for order in orders)
    for n, order in enumerate(orders):
        if not _IDENTIFIER.fullmatch(order.end_to_end_id):
            yield "end-to-end-id", f"orders/{n}"
        if times[order.end_to_end_id] > 1:
            yield "double", f"orders/{n}"
        if type(order.amount_fen) is not int or not 0 < order.amount_fen <= yuan.MOST_FEN:
            yield "amount", f"orders/{n}"
        if not 1 <= len(order.purpose) <= _MOST_PURPOSE or _unwritable(order.purpose):
            yield "purpose", f"orders/{n}"


def _accounts(where: str, account: Account) -> Iterator[Fault]:
    if not well_formed(account.number):
        yield "account", where
    if not 1 <= len(account.name) <= _MOST_NAME or _unwritable(account.name):
        yield "name", where
    if not _BANK.fullmatch(account.bank):
        yield "bank", where


def _unwritable(text: str) -> bool:
    """Tell whether text has ends, controls or characters that a file would not carry as they are."""
    if text.isprintable() and text == text.strip():
        return False  # nothing unseen, private or by halves is printable: the most are
    if text != text.strip() or any(unicodedata.category(one) in _UNSEEN for one in text):
        return True
    try:
        gb18030.encode(text)
    except gb18030.Unwritable:
        return True
    return False
