"""What is said between us and a bank (银行报文的内部模型), whatever file says it.

Out goes a batch of orders (批量代付) or of collections (批量代收). In come status reports (回盘),
notifications of booked entries (入账、退票通知) and daily statements (对账单). Amounts are whole fen, days
Beijing dates, instants UTC milliseconds.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

CURRENCY: Final = "CNY"


class FileUnfit(Exception):
    """A bank's file that must not be applied, not even in part: it goes to quarantine (隔离).

    `reason` is a stable code, `where` a place in the file; neither repeats what the file says of a person.
    """

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{reason} {where}".strip())
        self.reason, self.where = reason, where


class BatchUnfit(Exception):
    """A batch that must not be sent; `faults` are pairs of a stable code and a place in the batch."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{code} {where}".strip() for code, where in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a bank; what it says of a person stands in no message of an error and in no log."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    """户名, as the bank keeps it."""
    bank: str
    """联行号: 12 digits of the bank's office."""


@dataclass(frozen=True, slots=True)
class Order:
    """One payment of a batch (一笔代付)."""

    end_to_end_id: str
    amount_fen: int
    payee: Account
    purpose: str
    """附言: what the payee reads on their statement; never a name or number."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Payments from one account on one day."""

    message_id: str
    made_ms: int
    execution_on: dt.date
    payer: Account
    orders: tuple[Order, ...]

    @property
    def total_fen(self) -> int:
        """Return the sum of all orders."""
        return sum(order.amount_fen for order in self.orders)


@dataclass(frozen=True, slots=True)
class Collection:
    """One amount to be taken from an account whose holder agreed (一笔代收, 委托代扣协议)."""

    end_to_end_id: str
    amount_fen: int
    debtor: Account
    mandate_id: str
    signed_on: dt.date
    purpose: str


@dataclass(frozen=True, slots=True)
class CollectionBatch:
    """Collections to one account on one day."""

    message_id: str
    made_ms: int
    collect_on: dt.date
    creditor: Account
    creditor_id: str
    orders: tuple[Collection, ...]

    @property
    def total_fen(self) -> int:
        """Return the sum of all collections."""
        return sum(order.amount_fen for order in self.orders)


class Status(StrEnum):
    """What a bank says of a payment (ISO 20022 ExternalPaymentTransactionStatus1Code), lowest first."""

    RCVD = "RCVD"
    """Received."""
    ACTC = "ACTC"
    """Technically good."""
    ACCP = "ACCP"
    """The customer's side is good."""
    ACSP = "ACSP"
    """In settlement."""
    ACSC = "ACSC"
    """Settled on the payer's side; money counts as paid only once a statement or notification books it."""
    RJCT = "RJCT"
    """Rejected: final."""

    @property
    def rank(self) -> int:
        """Return its place in the order of progress; a rejection stands apart from it."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True)
class ItemStatus:
    """What a report says of one payment; `reason` is a code of `bank_reasons`, empty where there is none."""

    end_to_end_id: str
    status: Status
    reason: str = ""
    amount_fen: int | None = None
    """What the report takes the amount for, where it says so."""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a bank says of a batch (回盘): of all of it, of single payments, or of both."""

    report_id: str
    message_id: str
    """Of the batch."""
    items: tuple[ItemStatus, ...]
    status: Status | None = None
    """Of the batch as a whole."""
    count: int | None = None
    """How many payments the bank saw, where it says so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked line of our account (账户明细)."""

    reference: str
    """银行流水号: the bank's own name of the line, unique within the account."""
    credit: bool
    """Whether money came in."""
    amount_fen: int
    booked_on: dt.date
    end_to_end_id: str = ""
    returned: str = ""
    """Why money came back (退票), a code of `bank_reasons`; empty: not a return."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Booked entries told before the statement (入账通知、退票通知)."""

    notification_id: str
    account: str = field(repr=False)
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All entries of an account over a day, between two balances (对账单)."""

    statement_id: str
    account: str = field(repr=False)
    sequence: int
    on: dt.date
    opening_fen: int
    closing_fen: int
    entries: tuple[Entry, ...]

    @property
    def adds_up(self) -> bool:
        """Tell whether opening balance and entries give the closing balance."""
        moved = sum(one.amount_fen if one.credit else -one.amount_fen for one in self.entries)
        return self.opening_fen + moved == self.closing_fen


Message = StatusReport | Notification | Statement


@dataclass(frozen=True, slots=True)
class OutFile:
    """A file for a bank: its name and its bytes."""

    name: str
    content: bytes = field(repr=False)


class Adapter(Protocol):
    """One way of writing to a bank and reading it."""

    @property
    def most(self) -> int:
        """How many payments one batch holds at most."""

    def write(self, batch: Batch) -> OutFile:
        """Return the file of a batch, the same bytes each time. Raises `BatchUnfit`."""

    def collect(self, batch: CollectionBatch) -> OutFile:
        """Return the file of a batch of collections, the same bytes each time. Raises `BatchUnfit`."""

    def read(self, name: str, content: bytes) -> tuple[Message, ...]:
        """Return what a bank's file says. Raises `FileUnfit`: then none of it counts."""
