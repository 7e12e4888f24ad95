"""What is asked of the ledger, and what it answers.

A posting (记账申请) is one business event under an id that its caller gives, with one or more legs: all of
them are booked, or none. Legs are made by `move`, `hold`, `settle`, `void` and `undo`.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from recordsvc.ground.strictjson import canonical
from recordsvc.money.ledger.errors import LegRefused, PostingRefused
from recordsvc.money.ledger.tables import MOST_FEN

APPLIED: Final = "applied"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/-]{0,119}")


class Kind(StrEnum):
    """What a transfer does."""

    POST = "POST"
    """Moves an amount (直接入账)."""
    PEND = "PEND"
    """Holds an amount for later (预留)."""
    SETTLE = "SETTLE"
    """Moves a hold, or a part of it; the rest is free again (核销)."""
    VOID = "VOID"
    """Gives a hold back (释放)."""
    UNDO = "UNDO"
    """Moves back what a POST or SETTLE moved (冲销): a correction, once for each."""


ENDS_HOLD: Final = (Kind.SETTLE, Kind.VOID)


class Refusal(StrEnum):
    """Why a posting was refused. Its id is spent: it can never be applied later."""

    SHORT = "insufficient"
    ACCOUNT_UNKNOWN = "account-unknown"
    ACCOUNT_CLOSED = "account-closed"
    LEDGERS_DIFFER = "ledgers-differ"
    HOLD_UNKNOWN = "hold-unknown"
    HOLD_ENDED = "hold-ended"
    HOLD_EXCEEDED = "hold-exceeded"
    TRANSFER_UNKNOWN = "transfer-unknown"
    UNDONE_BEFORE = "undone-before"


ZH: Final = {
    Refusal.SHORT: "可用额度不足",
    Refusal.ACCOUNT_UNKNOWN: "没有这个账户",
    Refusal.ACCOUNT_CLOSED: "账户已关闭",
    Refusal.LEDGERS_DIFFER: "两个账户不在同一账簿",
    Refusal.HOLD_UNKNOWN: "没有这笔预留",
    Refusal.HOLD_ENDED: "该预留已核销或释放",
    Refusal.HOLD_EXCEEDED: "核销金额超过预留金额",
    Refusal.TRANSFER_UNKNOWN: "没有这笔入账",
    Refusal.UNDONE_BEFORE: "该笔已冲销",
}


@dataclass(frozen=True, slots=True)
class Leg:
    """One transfer asked for. `amount_fen` 0 at a SETTLE: the whole hold; at VOID and UNDO always 0."""

    kind: Kind
    source: str = ""
    target: str = ""
    amount_fen: int = 0
    about: str = ""

    def __post_init__(self) -> None:
        if type(self.amount_fen) is not int or not 0 <= self.amount_fen <= MOST_FEN:
            raise refused("amount_fen", "金额应为整数分，大于零", "an amount is whole fen, above zero")
        if self.about:
            return
        if self.amount_fen == 0:
            raise refused("amount_fen", "金额应大于零", "an amount is above zero")
        if self.source == self.target:
            raise refused("target", "转出与转入是同一账户", "source and target are one account")


def move(source: str, target: str, amount_fen: int) -> Leg:
    """Ask to move an amount at once."""
    return Leg(Kind.POST, source, target, amount_fen)


def hold(source: str, target: str, amount_fen: int) -> Leg:
    """Ask to hold an amount of the source for the target."""
    return Leg(Kind.PEND, source, target, amount_fen)


def settle(hold_id: str, amount_fen: int = 0) -> Leg:
    """Ask to move a hold; with an amount, that much of it, and to free the rest."""
    return Leg(Kind.SETTLE, amount_fen=amount_fen, about=hold_id)


def void(hold_id: str) -> Leg:
    """Ask to give a hold back."""
    return Leg(Kind.VOID, about=hold_id)


def undo(transfer_id: str) -> Leg:
    """Ask to move back what a transfer moved."""
    return Leg(Kind.UNDO, about=transfer_id)


@dataclass(frozen=True, slots=True)
class Posting:
    """One business event: its id, its legs, why (`code`, `doc`), who, and of which Beijing day (`on`)."""

    id: str
    legs: tuple[Leg, ...]
    code: str
    actor: str
    doc: str = ""
    on: str = ""
    """YYYY-MM-DD of the event; empty: the day on which it is booked."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise refused("id", "业务编号不合规定", "a business id has 1 to 120 of A-Z a-z 0-9 : . _ / -")
        about = [leg.about for leg in self.legs if leg.about]
        if not self.legs or len(set(about)) < len(about):
            raise refused("legs", "没有分录，或同一笔出现两次", "no leg, or one transfer acted on twice")

    def content(self) -> bytes:
        """Return the SHA-256 by which the same request is known again; who asks is no part of it."""
        legs = [[str(leg.kind), leg.source, leg.target, leg.amount_fen, leg.about] for leg in self.legs]
        said = {"code": self.code, "doc": self.doc, "legs": legs, "on": self.on}
        return hashlib.sha256(b"posting/v1" + canonical(said)).digest()

    def transfer_id(self, n: int) -> str:
        """Return the id of its leg `n`, counted from 0."""
        return f"{self.id}#{n + 1}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a posting: its transfers' ids in the order of legs, or why it was refused."""

    id: str
    transfers: tuple[str, ...]
    refusal: Refusal | None = None
    again: bool = False
    """It had been answered before; this is that answer."""

    @property
    def applied(self) -> bool:
        """Whether it is booked."""
        return self.refusal is None

    def or_raise(self) -> "Outcome":
        """Return itself if applied. Raises `PostingRefused`, which undoes the caller's transaction."""
        if self.refusal is None:
            return self
        raise PostingRefused(
            ZH[self.refusal], detail_en=f"refused: {self.refusal}", refusal=str(self.refusal)
        )


def refused(pointer: str, zh: str, en: str) -> LegRefused:
    """Return the refusal of something that can never be booked."""
    return LegRefused(errors=[{"pointer": f"/{pointer}", "code": "value", "detail": zh, "detail_en": en}])
