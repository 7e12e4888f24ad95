"""Payments (支付): one attempt each to bring a claim's money to its payee, and what became of it.

    approved ── seal ──> queued ── dispatch ──> sent ──> accepted ──> settled ──> returned
       │                    │                     │          │            (退票)
       └ withdraw           └ cancel: approved    └── silence past the term ──> unknown
    sent, accepted, unknown ── the bank's word ──> rejected;  ── booked ──> settled

Only a booked entry settles: a bank's "settled" is its word, a statement its book. A silence is never a
refusal. `unknown` is left by an answer, by a booked entry, or once statements prove the absence. A lower
status that comes late is kept, not applied. Another attempt is another row with another id, made only after
the one before was returned, or was rejected and a statement of a later day shows nothing of it; and where the
bank named the account as the reason (`bank_reasons`), only to another version of it.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.bank import payee_accounts
from recordsvc.money.bank.errors import (
    AbsenceUnproven,
    PayeeAccountChanged,
    PayeeAccountFailed,
    PayeeAccountState,
    PayingAccountUnknown,
    PaymentLive,
    PaymentState,
    PaymentUnknown,
)
from recordsvc.money.bank.formats.model import ItemStatus, Status
from recordsvc.money.bank.payee_accounts import PayeeAccount
from recordsvc.money.bank.tables import (
    bank_statement,
    paying_account,
    payment,
    payment_event,
    recon_break,
)

if TYPE_CHECKING:
    from recordsvc.house import House

AT_BANK: Final = ("sent", "accepted", "unknown")
"""States in which the bank has the batch and money may move."""
OVER: Final = ("rejected", "returned", "withdrawn")
_NOT_SENT: Final = ("approved", "queued", "withdrawn")
_DUPLICATE: Final = "AM05"
"""A bank that calls a payment a duplicate has it already: proof of an earlier acceptance, never a refusal."""
_NOT_FOUND: Final = "ABSENT"
REASONS: Final = "bank_reasons"
_LEFT: Final = ("unknown-debit", "amount-differs", "booked-unasked")
"""Breaks by which money may have left for a payment that does not know of it."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt as stored."""

    payment_id: bytes
    claim_ref: str
    attempt: int
    end_to_end_id: str
    account: str
    payee: str
    payee_version: int
    amount_fen: int
    purpose: str
    hold: str
    state: str
    said: str
    reason: str
    batch_id: bytes | None
    queued_by: str
    queued_ms: int
    changed_ms: int


@dataclass(frozen=True, slots=True)
class Step:
    """Where a payment goes, and by what: an act, a file, a booked entry."""

    state: str
    cause: str
    said: str = ""
    reason: str = ""


Follower = Callable[[Turn, "House", Payment], None]
"""Told in the running turn of every payment that changed its state: claims and fees register one."""


def queue(  # noqa: PLR0913 - what a payment is
    turn: Turn,
    house: "House",
    claim_ref: str,
    account: str,
    payee: str,
    amount_fen: int,
    *,
    purpose: str,
    by: str,
    hold: str = "",
    payee_version: int | None = None,
) -> bytes:
    """Take a claim's payment on; its id. `hold`: the ledger's hold that it settles.

    `payee_version` is the account as it was when the claim was approved; without one, the newest.
    Raises `PaymentLive`, `PayeeAccountUnknown`, `PayeeAccountState`, `PayeeAccountFailed`,
    `PayeeAccountChanged`, `AbsenceUnproven`.
    """
    found, attempt = ready(turn.conn, claim_ref, account, payee, payee_version)
    payment_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "payment_id": payment_id,
        "claim_ref": claim_ref,
        "attempt": attempt,
        "end_to_end_id": "P" + base64.b32encode(payment_id).decode().rstrip("="),
        "account": account,
        "payee": payee,
        "payee_version": found.version,
        "amount_fen": amount_fen,
        "purpose": purpose,
        "hold": hold,
        "state": "approved",
        "said": "",
        "reason": "",
        "batch_id": None,
        "queued_by": by,
        "queued_ms": turn.now_ms,
        "changed_ms": turn.now_ms,
    }
    # The unique index over live payments, not the reading above, lets one of two racing callers win.
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(payment.insert().values(row))
    except sa.exc.IntegrityError:
        raise PaymentLive from None
    _note(turn, house, payment_id, Step("approved", f"act {by}"))
    return payment_id


def ready(
    conn: Connection, claim_ref: str, account: str, payee: str, payee_version: int | None = None
) -> tuple[PayeeAccount, int]:
    """Return the payee's account and which attempt a payment taken on now would be. Raises as `queue`."""
    known = sa.select(paying_account.c.code).where(paying_account.c.code == account)
    if conn.execute(known).first() is None:
        raise PayingAccountUnknown
    found = payee_accounts.newest(conn, payee)
    if payee_version is not None and found.version != payee_version:
        raise PayeeAccountChanged
    if found.state == "failed" or _came_back_from(conn, found):
        raise PayeeAccountFailed
    if not found.ready:
        raise PayeeAccountState
    return found, _next_attempt(conn, claim_ref)


def find(conn: Connection, payment_id: bytes) -> Payment:
    """One payment. Raises `PaymentUnknown`."""
    row = conn.execute(sa.select(payment).where(payment.c.payment_id == payment_id)).one_or_none()
    if row is None:
        raise PaymentUnknown
    return Payment(*row)


def by_identity(conn: Connection, end_to_end_id: str) -> Payment | None:
    """The payment of an end-to-end id, or None."""
    row = conn.execute(sa.select(payment).where(payment.c.end_to_end_id == end_to_end_id)).one_or_none()
    return None if row is None else Payment(*row)


def of_batch(conn: Connection, batch_id: bytes) -> list[Payment]:
    """The payments of a batch in the order of its file."""
    query = sa.select(payment).where(payment.c.batch_id == batch_id).order_by(payment.c.payment_id)
    return [Payment(*row) for row in conn.execute(query)]


def of_claim(conn: Connection, claim_ref: str) -> list[Payment]:
    """All attempts to pay a claim, oldest first."""
    query = sa.select(payment).where(payment.c.claim_ref == claim_ref).order_by(payment.c.attempt)
    return [Payment(*row) for row in conn.execute(query)]


def listed(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 100) -> list[Payment]:
    """Payments newest first; `where` narrows the list."""
    query = sa.select(payment).where(*where).order_by(payment.c.payment_id.desc()).limit(limit)
    return [Payment(*row) for row in conn.execute(query)]


def history(conn: Connection, payment_id: bytes) -> list[sa.Row[tuple[object, ...]]]:
    """What became of a payment, step by step."""
    query = sa.select(payment_event).where(payment_event.c.payment_id == payment_id)
    return list(conn.execute(query.order_by(payment_event.c.n)).all())


# -- steps


def move(turn: Turn, house: "House", found: Payment, step: Step, **more: object) -> bool:
    """Bring a payment into another state if it still is in the one it was read in; whether it was.

    Every step is an event and is told to the followers.
    """
    own = payment.c
    here = (own.payment_id == found.payment_id, own.state == found.state)
    values = {
        "state": step.state,
        "said": step.said or found.said,
        "reason": step.reason,
        "changed_ms": turn.now_ms,
    }
    if not turn.conn.execute(payment.update().where(*here).values(values | more)).rowcount:
        return False
    if step.state in ("rejected", "returned") and _blames_account(step.reason):
        payee_accounts.fail(turn, found.payee, found.payee_version)
    _note(turn, house, found.payment_id, step)
    return True


def _blames_account(reason: str) -> bool:
    """Tell whether a bank's reason is the payee's account itself, which will be no better tomorrow."""
    row = dated.table(REASONS).on(dated.OPEN_END).get(reason)
    return row is not None and row["then"] in ("ask-payee", "new-account")


def _came_back_from(conn: Connection, account: PayeeAccount) -> bool:
    """Tell whether a bank blamed this version before, whatever its state says."""
    own = payment.c
    here = (own.payee == account.payee, own.payee_version == account.version)
    said = sa.select(own.reason).where(*here, own.state.in_(("rejected", "returned"))).distinct()
    return any(map(_blames_account, conn.scalars(said)))


def withdraw(turn: Turn, house: "House", payment_id: bytes, by: str) -> None:
    """Take back a payment that is in no batch. Raises `PaymentState`."""
    found = find(turn.conn, payment_id)
    if found.state != "approved" or not move(turn, house, found, Step("withdrawn", f"act {by}")):
        raise PaymentState


def readdress(turn: Turn, house: "House", payment_id: bytes, by: str) -> None:
    """Let a waiting payment go to its payee's newest account, once that is verified.

    Raises `PaymentState`, `PayeeAccountState`.
    """
    found = find(turn.conn, payment_id)
    newest = payee_accounts.newest(turn.conn, found.payee)
    if not newest.ready:
        raise PayeeAccountState
    step = Step("approved", f"act {by}: account {newest.version}")
    if found.state != "approved" or not move(turn, house, found, step, payee_version=newest.version):
        raise PaymentState


def hear(turn: Turn, house: "House", found: Payment, item: ItemStatus, cause: str) -> str:
    """Take in what a bank says of a payment; a break's kind where it does not fit, else nothing."""
    kind = _misfit(found, item)
    if kind or found.state not in AT_BANK or item.status == found.said:
        return kind
    state = "rejected" if item.status is Status.RJCT else "accepted"
    move(turn, house, found, Step(state, cause, item.status, item.reason))
    return ""


def _misfit(found: Payment, item: ItemStatus) -> str:
    """Return the kind of break that a status is; nothing where it says something new, or again."""
    refused, said = item.status is Status.RJCT, Status(found.said) if found.said else None
    if item.amount_fen is not None and item.amount_fen != found.amount_fen:
        return "amount-differs"
    if refused and item.reason == _DUPLICATE:
        return "" if found.state == "settled" else "called-duplicate"
    # What a bank called settled, or has booked, it cannot refuse; what it refused it cannot accept.
    done = found.state in ("settled", "returned") or said is Status.ACSC
    if found.state in _NOT_SENT or (refused and done) or (found.state == "rejected" and not refused):
        return "status-contradicts"
    back = found.state in AT_BANK and said is not None and item.status.rank < said.rank
    return "late-status" if back else ""


def silent(turn: Turn, house: "House", found: Payment) -> bool:
    """Say that nobody knows: the bank did not answer in its term."""
    return found.state == "sent" and move(turn, house, found, Step("unknown", "no answer within the term"))


def absent(turn: Turn, house: "House", payment_id: bytes, execution_on: str, by: str) -> None:
    """Say that an unanswered payment was not executed: statements of later days show nothing of it.

    Raises `PaymentState`, `AbsenceUnproven`.
    """
    found = find(turn.conn, payment_id)
    if found.state not in ("unknown", "accepted"):
        raise PaymentState
    _assert_absent(turn.conn, found.account, execution_on)
    if not move(turn, house, found, Step("rejected", f"absence proven, {by}", reason=_NOT_FOUND)):
        raise PaymentState


def _next_attempt(conn: Connection, claim_ref: str) -> int:
    before = of_claim(conn, claim_ref)
    if not before:
        return 1
    last = before[-1]
    if any(one.state not in OVER for one in before):
        raise PaymentLive
    # A bank that rejected may have paid all the same: its book of a later day must not show the payment.
    if last.state == "rejected":
        _assert_absent(conn, last.account, beijing_date(last.changed_ms).isoformat())
    return last.attempt + 1


def _assert_absent(conn: Connection, account: str, day: str) -> None:
    """Let a payment count as not executed. Raises `AbsenceUnproven`.

    A statement of a later day must be there, and no money may have left unexplained: under a wrong id, or a
    fen short, that may be this payment.
    """
    if not _stated_after(conn, account, day):
        raise AbsenceUnproven
    own = recon_break.c
    left = sa.select(own.break_id).where(own.account == account, own.state == "open", own.kind.in_(_LEFT))
    if conn.execute(left.limit(1)).first() is not None:
        raise AbsenceUnproven


def _stated_after(conn: Connection, account: str, day: str) -> bool:
    """Tell whether a statement of a later day than this one was accepted; all before it were then, too."""
    own = bank_statement.c
    later = sa.select(own.sequence).where(own.account == account, own.on_date > day).limit(1)
    return conn.execute(later).first() is not None


def _note(turn: Turn, house: "House", payment_id: bytes, step: Step) -> None:
    own = payment_event.c
    n = turn.conn.scalar(sa.select(sa.func.count()).where(own.payment_id == payment_id)) or 0
    row = {
        "payment_id": payment_id,
        "n": n,
        "state": step.state,
        "said": step.said,
        "reason": step.reason,
        "cause": step.cause[:120],
        "at_ms": turn.now_ms,
    }
    turn.conn.execute(payment_event.insert().values(row))
    bound.wrote(turn, payment_event, row)
    bound.touch(turn, payment, (payment_id,))
    for follower in house.payment_followers:
        follower(turn, house, find(turn.conn, payment_id))
