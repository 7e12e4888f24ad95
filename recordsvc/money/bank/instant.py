"""Payments at once (即时支付): a payer's own account is debited while they wait for the bank's word.

    asked ── the bank's word ──> accepted ── booked ──> booked
      │            └───────────> refused ── booked all the same: booked
      └── no answer ──> unknown ── asked again: accepted, refused ── statements of later days: refused

What is asked is stored, under an id of its own, before the bank hears of it; asking again with that id can
never debit twice. The bank's word is a word: the money counts with its booked line. Which bank is asked is a
port (`InstantPay`); the simulated one answers through its folder.
"""

import base64
import functools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound, observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.bank import folder, payee_accounts, paying
from recordsvc.money.bank.cash import Booked
from recordsvc.money.bank.errors import PaymentLive, PaymentState
from recordsvc.money.bank.formats.model import Account, Entry
from recordsvc.money.bank.paying import Paying
from recordsvc.money.bank.tables import bank_statement, instant_payment

if TYPE_CHECKING:
    from recordsvc.house import House

UNDER_WAY: Final = ("asked", "accepted", "unknown")
_MAY_COME: Final = (*UNDER_WAY, "refused")
"""Whose money may come: a bank that refused may have taken it all the same."""
PATIENCE_MS: Final = 60_000
"""After this without an answer the bank is asked what became of it."""


class Answer(StrEnum):
    """What a bank says of a payment at once."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nothing, or nothing that can be relied on: never a refusal."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a bank is asked to take: into which account, from whose, how much, under which id."""

    end_to_end_id: str
    amount_fen: int
    code: str
    """Of the account of ours that it comes into; `account` is how banks name it."""
    account: Account
    payer: Account
    purpose: str


class InstantPay(Protocol):
    """A bank that debits at once. The same id again is the same payment, whatever became of it."""

    def pay(self, wanted: Wanted) -> Answer:
        """Ask for a payment; on a doubt `unknown`."""

    def ask(self, account: str, end_to_end_id: str) -> Answer:
        """Ask what became of one into an account of ours (its code); never heard of is `unknown`, too."""


@dataclass(frozen=True, slots=True)
class Instant:
    """One payment at once, as stored."""

    instant_id: bytes
    reference: str
    end_to_end_id: str
    account: str
    payer: str
    payer_version: int
    amount_fen: int
    purpose: str
    state: str
    asked_by: str
    asked_ms: int
    changed_ms: int


Follower = Callable[[Turn, "House", Instant, Booked | None], None]
"""Told of every one that changed its state; with the booked line, if one: it books the money."""


def begin(  # noqa: PLR0913 - what a payment is
    turn: Turn,
    house: "House",
    reference: str,
    account: str,
    payer: str,
    version: int,
    amount_fen: int,
    *,
    purpose: str,
    by: str,
) -> Instant:
    """Store a payment that is about to be asked for, once under its caller's reference.

    Raises `PaymentLive`.
    """
    paying.find(turn.conn, account)
    instant_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "instant_id": instant_id,
        "reference": reference,
        "end_to_end_id": "N" + base64.b32encode(instant_id).decode().rstrip("="),
        "account": account,
        "payer": payer,
        "payer_version": version,
        "amount_fen": amount_fen,
        "purpose": purpose,
        "state": "asked",
        "asked_by": by,
        "asked_ms": turn.now_ms,
        "changed_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(instant_payment.insert().values(row))
    except sa.exc.IntegrityError:
        raise PaymentLive from None
    bound.touch(turn, instant_payment, (instant_id,))
    return find(turn.conn, instant_id)


def send(house: "House", instant_id: bytes) -> str:
    """Ask the bank, outside every turn, and keep its answer; the state. One that has an answer stays so."""
    with house.db.read() as conn:
        one = find(conn, instant_id)
        source = paying.find(conn, one.account)
        newest = payee_accounts.newest(conn, one.payer)
        payer = payee_accounts.opened(house, conn, newest.account_id)
    if one.state != "asked":
        return one.state
    answer = Answer.UNKNOWN
    if house.instant_pay is not None and newest.version == one.payer_version:
        wanted = Wanted(one.end_to_end_id, one.amount_fen, source.code, source.account, payer, one.purpose)
        bank = house.instant_pay
        answer = _said(functools.partial(bank.pay, wanted))
    return _keep(house, one, answer)


def run(house: "House") -> int:
    """Ask what became of what has no answer, and end what statements show nothing of. A job of `work`."""
    if house.instant_pay is None:
        return 0
    bank, before_ms = house.instant_pay, house.clock.now_ms() - PATIENCE_MS
    own = instant_payment.c
    with house.db.read() as conn:
        open_ones = listed(conn, own.state.in_(UNDER_WAY), own.changed_ms <= before_ms)
        absent = {one.instant_id for one in open_ones if _stated_after(conn, one)}
    count = 0
    for one in open_ones:
        if one.instant_id in absent:
            count += _keep(house, one, Answer.REFUSED) != one.state
        elif one.state != Answer.ACCEPTED:
            answer = _said(functools.partial(bank.ask, one.account, one.end_to_end_id))
            count += _keep(house, one, answer) != one.state
    return count


def _said(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except OSError as error:
        observe.log("instant-no-answer", error=type(error).__name__)
        return Answer.UNKNOWN


def _keep(house: "House", one: Instant, answer: Answer) -> str:
    def act(turn: Turn) -> str:
        now = find(turn.conn, one.instant_id)
        if now.state == one.state != answer:
            _move(turn, house, now, str(answer))
        return find(turn.conn, one.instant_id).state

    return str(house.db.write(act))


def _stated_after(conn: Connection, one: Instant) -> bool:
    """Tell whether a statement of a later day than it was asked on was accepted: it shows nothing of this."""
    own = bank_statement.c
    day = beijing_date(one.asked_ms).isoformat()
    later = sa.select(own.sequence).where(own.account == one.account, own.on_date > day)
    return conn.execute(later.limit(1)).first() is not None


# -- booked


def meant(conn: Connection, source: Paying, entry: Entry) -> Instant | None:
    """Return the payment that a line is of: this account, in, the amount, and not booked before."""
    if not entry.credit or entry.returned or not entry.end_to_end_id:
        return None
    own = instant_payment.c
    found = listed(conn, own.end_to_end_id == entry.end_to_end_id, own.account == source.code)
    if not found or found[0].amount_fen != entry.amount_fen or found[0].state not in _MAY_COME:
        return None
    return found[0]


def book(turn: Turn, house: "House", found: Instant, line: Booked) -> None:
    """Say that it came: whoever asked for it books the money."""
    _move(turn, house, found, "booked", line)


def listed(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Instant]:
    """Payments at once, the oldest first."""
    query = sa.select(instant_payment).where(*where).order_by(instant_payment.c.instant_id)
    return [Instant(*row) for row in conn.execute(query.limit(1_000))]


def find(conn: Connection, instant_id: bytes) -> Instant:
    """One payment at once."""
    query = sa.select(instant_payment).where(instant_payment.c.instant_id == instant_id)
    return Instant(*conn.execute(query).one())


def _move(turn: Turn, house: "House", found: Instant, state: str, line: Booked | None = None) -> None:
    own = instant_payment.c
    here = (own.instant_id == found.instant_id, own.state == found.state)
    changing = instant_payment.update().where(*here).values(state=state, changed_ms=turn.now_ms)
    if turn.conn.execute(changing).rowcount != 1:
        raise PaymentState
    bound.touch(turn, instant_payment, (found.instant_id,))
    for follower in house.instant_followers:
        follower(turn, house, find(turn.conn, found.instant_id), line)


# -- the simulated bank


@dataclass(frozen=True, slots=True)
class FolderPay:
    """The simulated bank behind its folder: a file asks in `now`, a file beside it answers.

    `wait_s` is how long somebody is kept waiting for the answer.
    """

    root: Path
    wait_s: float = 5.0
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    def pay(self, wanted: Wanted) -> Answer:
        """Write what is asked, once, and wait for the answer."""
        said = {
            "id": wanted.end_to_end_id,
            "amount": wanted.amount_fen,
            "to": wanted.account.number,
            "number": wanted.payer.number,
            "name": wanted.payer.name,
        }
        place = self.root / wanted.code / "now"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
        folder.write(place / f"{wanted.end_to_end_id}.json", content)
        for _ in range(max(1, int(self.wait_s / 0.1))):
            answer = self.ask(wanted.code, wanted.end_to_end_id)
            if answer is not Answer.UNKNOWN:
                return answer
            self.pause(0.1)
        return Answer.UNKNOWN

    def ask(self, account: str, end_to_end_id: str) -> Answer:
        """Read the answer, if there is one."""
        place = self.root / account / "now" / f"{end_to_end_id}.answer"
        if not place.is_file():
            return Answer.UNKNOWN
        # The question names a person's account: it is kept no longer than until it is answered.
        place.with_suffix(".json").unlink(missing_ok=True)
        said = place.read_text("ascii").split()
        words = {"ACSC": Answer.ACCEPTED, "RJCT": Answer.REFUSED}
        return words.get(said[0], Answer.UNKNOWN) if said else Answer.UNKNOWN
