"""Fees and the bank's room (代扣与退付): debits, refunds and what is handed on, through payers' hands.

    order ── debit ──> collection ── booked ──> kept for the institution ── handed on ──> its account
               │            └── refused, nothing of it stated: the payment failed       (划转)
               └── taken back by its payer (代扣退回): the order takes money again; what was handed on by
                   then is kept back of what is handed on next
    refund from what is kept ──> payment to the payer's verified account; come back, it is paid anew

A payment at once goes the same way; the bank's word comes while its payer waits, the money with its line.
One account of the region collects: the paying account of fund `FEES`. Kept money leaves by holds that the
bank's line settles; the bank's room says what happened, in the same turn.
"""

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import bound, observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, beijing_ms, uuid7
from recordsvc.ground.problems import Problem
from recordsvc.money.bank import breaks, collecting, instant, paying, payments
from recordsvc.money.bank.cash import Booked
from recordsvc.money.bank.collecting import Collection
from recordsvc.money.bank.collecting import Mandate as Agreement
from recordsvc.money.bank.errors import AbsenceUnproven, PayeeAccountState, PayeeAccountUnknown
from recordsvc.money.bank.instant import Instant
from recordsvc.money.fees import (
    keeping,
    mandates,
    offerings,
    orders,
    postings,
    refunding,
    taking,
    telling,
    values,
)
from recordsvc.money.fees.errors import FeeNotDebitable, FeeStep
from recordsvc.money.fees.tables import fee_passed, fee_passing, fee_payment, fee_refund
from recordsvc.money.fees.transitions import PAID
from recordsvc.money.fees.values import SYSTEM, Order, Payment, Refund
from recordsvc.money.ledger import accounts

if TYPE_CHECKING:
    from recordsvc.house import House

FUND: Final = "FEES"
PURPOSE: Final = "培训考试费"
PASSED: Final = "chargeback-passed"
_REFUND, _PASS = "fee-back", "fee-pass"
_OVER: Final = ("rejected", "withdrawn", "returned")
_NOT_YET: Final = (PayeeAccountUnknown, PayeeAccountState, AbsenceUnproven)
"""What keeps money from leaving for now: an account to be entered or verified, a statement to come."""


def debit(turn: Turn, house: "House", order_id: bytes, by: str) -> Payment:
    """Have an order debited from its worker's account. Raises `FeeUnknown`, `FeeStep`, `FeeNotDebitable`."""
    one, code = _payable(turn, order_id)
    mandate = _mandate(turn, one)
    payment_id = uuid7(FixedClock(turn.now_ms), house.random)
    reference = f"fee:{payment_id.hex()}"
    collecting.queue(
        turn,
        house,
        reference,
        code,
        mandates.payer(one.worker_id),
        mandate.payee_version,
        one.amount_fen,
        Agreement(mandate.number, mandate.signed_on),
        purpose=PURPOSE,
        by=by,
    )
    asked = collecting.by_reference(turn.conn, reference)
    taking.begin(turn, one, payment_id, "debit", code, "" if asked is None else asked.end_to_end_id, by)
    return values.payment(turn.conn, payment_id)


def at_once(turn: Turn, house: "House", order_id: bytes, by: str) -> Instant:
    """Begin to pay an order at once; the bank is asked after this turn (`instant.send`).

    Raises `FeeUnknown`, `FeeStep`, `FeeNotDebitable`.
    """
    one, code = _payable(turn, order_id)
    version = mandates.account_version(turn.conn, one.worker_id)
    if house.instant_pay is None or not version:
        raise FeeNotDebitable(lacks="account" if house.instant_pay else "bank")
    payment_id = uuid7(FixedClock(turn.now_ms), house.random)
    payer, reference = mandates.payer(one.worker_id), f"fee:{payment_id.hex()}"
    asked = instant.begin(
        turn, house, reference, code, payer, version, one.amount_fen, purpose=PURPOSE, by=by
    )
    taking.begin(turn, one, payment_id, "instant", code, asked.end_to_end_id, by)
    return asked


def _payable(turn: Turn, order_id: bytes) -> tuple[Order, str]:
    """Return a locked order that takes money through the bank, and the account that it comes into."""
    one = orders.locked(turn, order_id)
    under_way = values.payments(
        turn.conn,
        *values.of_order(fee_payment, one),
        fee_payment.c.way != taking.COUNTER,
        fee_payment.c.state.in_(("open", "unknown")),
    )
    if one.state not in ("NEW", "PENDING") or under_way:
        raise FeeStep(state=one.state, event="pay")
    code = account(turn.conn)
    if code is None:
        raise FeeNotDebitable(lacks="collecting-account")
    if offerings.find(turn.conn, one.offering_id).cancelled is not None:
        raise FeeStep(state=one.state, event="pay")
    return one, code


def _mandate(turn: Turn, one: Order) -> mandates.Mandate:
    """Return the mandate that covers an order today. Raises `FeeNotDebitable`."""
    found = mandates.standing(turn.conn, one.worker_id)
    today = beijing_date(turn.now_ms).isoformat()
    if found is None or found.until_on < today:
        raise FeeNotDebitable(lacks="mandate")
    if found.most_fen < one.amount_fen:
        raise FeeNotDebitable(lacks="limit")
    if mandates.account_version(turn.conn, one.worker_id) != found.payee_version:
        raise FeeNotDebitable(lacks="account")
    return found


def account(conn: Connection) -> str | None:
    """The account of ours that collects fees; None: there is none."""
    return next((one.code for one in paying.every(conn) if one.fund == FUND), None)


# -- what the bank's room says


def collected(turn: Turn, house: "House", found: Collection | Instant, line: Booked | None) -> None:
    """Take in what became of a debit, or of a payment at once, in the turn in which it did."""
    kind, _, name = found.reference.partition(":")
    if kind != "fee":
        return
    paid = values.payment(turn.conn, bytes.fromhex(name))
    one = orders.locked(turn, paid.order_id)
    if found.state == "booked" and line is not None:
        taking.came(turn, house, one, paid, SYSTEM)
    elif found.state in ("rejected", "withdrawn", "refused") and paid.state in ("open", "unknown"):
        taking.failed(turn, house, one, paid, SYSTEM)
    elif found.state == "unknown" and paid.state == "open":
        taking.change(turn, paid, state="unknown")
        if one.state == "PENDING":
            orders.step(turn, one, "silence", "UNKNOWN", SYSTEM)


def charged_back(turn: Turn, house: "House", found: Collection, line: Booked) -> bool:
    """Take in that a payer had the bank take a booked debit back (代扣退回); whether that could be.

    The order takes money again, and the mandate ends: nothing is debited against who said no. Beside a refund
    it cannot be taken in: two ways back are a difference for a payer to look at.
    """
    kind, _, name = found.reference.partition(":")
    if kind != "fee":
        return False
    paid = values.payment(turn.conn, bytes.fromhex(name))
    one = orders.locked(turn, paid.order_id)
    refunds = values.refunds(turn.conn, fee_refund.c.payment_id == paid.payment_id)
    if paid.state != "booked" or one.state != "PAID" or refunds:
        return False
    if not postings.charged_back(turn, paid).applied:
        return False
    taking.change(turn, paid, state="returned")
    orders.step(turn, one, "charged-back", "NEW", SYSTEM, line.reference, paid_fen=0, disputed="")
    mandates.end(turn, house, one.worker_id, SYSTEM)
    telling.worker(turn, house, one, "fee-charged-back", paid.payment_id.hex())
    telling.institution(turn, one, "fee-charged-back", f"fee-charged-back/{paid.payment_id.hex()}")
    if paid.passed_fen:
        breaks.open_break(
            turn, house, line.account, PASSED, f"entry {line.reference}", amount_fen=paid.passed_fen
        )
    return True


def paid_out(turn: Turn, house: "House", found: payments.Payment) -> None:
    """Take in what became of a payment of a refund, or of what is handed on."""
    kind, _, name = found.claim_ref.partition(":")
    if kind not in (_REFUND, _PASS):
        return
    if found.state in ("rejected", "withdrawn"):
        postings.let_go(turn, found.hold)
    if kind == _PASS:
        return
    back = values.refund(turn.conn, bytes.fromhex(name))
    one = orders.locked(turn, back.order_id)
    if found.state == "settled" and back.state == "given":
        refunding.change(turn, back, "given", state="done", done_ms=turn.now_ms)
        refunding.done(turn, house, one, back, SYSTEM)
    elif found.state in _OVER:
        # Done stays done for the order, which may be final: what came back is paid anew.
        state = "due" if back.state == "given" else back.state
        refunding.change(turn, back, back.state, state=state, reference="")


# -- jobs


def run(house: "House") -> int:
    """Pay refunds out of what is kept, and hand on what institutions have; how many. A job of `work`."""
    own = fee_refund.c
    with house.db.read() as conn:
        if account(conn) is None:
            return 0
        due = values.refunds(conn, own.account != "", own.reference == "")
        to_pass = [bytes(one) for one in conn.scalars(sa.select(fee_passing.c.passing_id))]
        today = beijing_ms(beijing_date(house.clock.now_ms()))
        whose = sorted({(one.institution, one.account) for one in values.payments(conn, *_kept(today))})
    acts = [functools.partial(_pay_back, house=house, refund_id=one.refund_id) for one in due]
    acts += [functools.partial(_pass_again, house=house, passing_id=one) for one in to_pass]
    acts += [functools.partial(_hand_on, house=house, institution=it, code=code) for it, code in whose]
    count = 0
    for act in acts:
        try:
            count += house.db.write(act)
        except _NOT_YET:
            continue  # tried again
        except Problem as problem:
            # One that is stuck keeps no other back.
            observe.log("fee-stuck", step=act.func.__name__.lstrip("_"), code=problem.code)
    return count


def _pay_back(turn: Turn, house: "House", refund_id: bytes) -> int:
    back: Refund = values.refund(turn.conn, refund_id)
    one = orders.locked(turn, back.order_id)
    back = values.refund(turn.conn, refund_id)
    if back.reference or (one.disputed and back.ground not in ("dispute", refunding.SURPLUS)):
        return 0
    ref = f"{_REFUND}:{refund_id.hex()}"
    attempt = len(payments.of_claim(turn.conn, ref)) + 1
    held = postings.hold_back(turn, back, one.institution, attempt, SYSTEM)
    made = payments.queue(
        turn,
        house,
        ref,
        back.account,
        mandates.payer(one.worker_id),
        back.amount_fen,
        purpose="退" + PURPOSE,
        by=SYSTEM,
        hold=held,
    )
    state = "given" if back.state == "due" else back.state
    identity = payments.find(turn.conn, made).end_to_end_id
    refunding.change(turn, back, back.state, state=state, reference=identity)
    return 1


def _kept(before_ms: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of payments, booked before an instant, that an account of ours keeps some of."""
    own = fee_payment.c
    state = (own.account != "", own.state == "booked")
    return *state, own.passed_fen < own.amount_fen, own.booked_ms < before_ms


def _hand_on(turn: Turn, house: "House", institution: str, code: str) -> int:
    """Begin to hand on to an institution what was booked before today, in one transfer."""
    accounts.lock(turn.conn)
    today = beijing_date(turn.now_ms)
    own = fee_payment.c
    mine = (own.institution == institution, own.account == code)
    parts = [
        (paid, amount)
        for paid in values.payments(turn.conn, *_kept(beijing_ms(today)), *mine)
        if (amount := _passable(turn, paid, today.isoformat())) > 0
    ]
    if not parts:
        return 0
    owed = _owed(turn.conn, institution)
    if owed:
        parts = _keep_back(turn, house, institution, code, parts, owed)
    return _begin_passing(turn, house, institution, code, parts) if parts else 1


def _owed(conn: Connection, institution: str) -> int:
    """Return what an institution owes of debits that were taken back after it had them."""
    name = postings.place(institution, "owed")
    found = accounts.balances(conn, [name]).get(name)
    return 0 if found is None else found.posted


def _keep_back(
    turn: Turn, house: "House", institution: str, code: str, parts: list[tuple[Payment, int]], owed: int
) -> list[tuple[Payment, int]]:
    """Count a debt as handed on, part by part, and return what is left to hand on."""
    kept: list[tuple[Payment, int]] = []
    left: list[tuple[Payment, int]] = []
    for paid, amount in parts:
        here = min(amount, owed)
        owed -= here
        kept += [(paid, here)] if here else []
        if amount > here:
            left.append((replace(paid, passed_fen=paid.passed_fen + here), amount - here))
    passing_id = _enter_passing(turn, house, institution, code, kept)
    total = sum(amount for _paid, amount in kept)
    postings.keep_back(turn, _offset(passing_id), code, institution, total)
    return left


def _offset(passing_id: bytes) -> str:
    """Return the name of the posting by which what was to be handed on was kept back."""
    return f"fee-offset:{passing_id.hex()}"


def _passable(turn: Turn, paid: Payment, today: str) -> int:
    """Return what of a payment its institution may have now: all but what goes back, or what is earned."""
    one = values.find(turn.conn, paid.order_id)
    if one.disputed or one.state not in PAID:
        return 0
    backs = values.refunds(turn.conn, fee_refund.c.payment_id == paid.payment_id)
    left = paid.amount_fen - paid.passed_fen - values.back_fen(it for it in backs if it.account)
    if not holds(paid.account, today):
        return left
    offered = offerings.find(turn.conn, one.offering_id)
    return min(left, refunding.earned(paid.amount_fen, offered.held, one.units) - paid.passed_fen)


def holds(code: str, today: str) -> bool:
    """Tell whether fees are kept until earned: only on a legal basis, in the account that it names."""
    try:
        row = dated.rule(keeping.TERMS, "holding", today)
    except NoRuleInForce:
        return False
    return bool(row["basis"]) and row["account"] == code


def _begin_passing(
    turn: Turn, house: "House", institution: str, code: str, some: list[tuple[Payment, int]]
) -> int:
    return _pass_again(turn, house, _enter_passing(turn, house, institution, code, some))


def _enter_passing(
    turn: Turn, house: "House", institution: str, code: str, some: list[tuple[Payment, int]]
) -> bytes:
    passing_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "passing_id": passing_id,
        "institution": institution,
        "account": code,
        "amount_fen": sum(amount for _paid, amount in some),
        "made_ms": turn.now_ms,
    }
    turn.conn.execute(fee_passing.insert().values(row))
    bound.wrote(turn, fee_passing, row)
    for paid, amount in some:
        line: dict[str, Any] = {
            "worker_id": paid.worker_id,
            "payment_id": paid.payment_id,
            "passing_id": passing_id,
        }
        line |= {"amount_fen": amount}
        turn.conn.execute(fee_passed.insert().values(line))
        bound.wrote(turn, fee_passed, line)
        taking.change(turn, paid, passed_fen=paid.passed_fen + amount)
    return passing_id


def _pass_again(turn: Turn, house: "House", passing_id: bytes) -> int:
    """Pay a transfer that is not under way and did not arrive. Raises as `payments.queue`."""
    accounts.lock(turn.conn)
    row = turn.conn.execute(sa.select(fee_passing).where(fee_passing.c.passing_id == passing_id)).one()
    ref = f"{_PASS}:{passing_id.hex()}"
    before = payments.of_claim(turn.conn, ref)
    if (before and before[-1].state not in _OVER) or postings.is_booked(turn.conn, _offset(passing_id)):
        return 0
    name = f"{ref}:{len(before) + 1}"
    held = postings.hold_on(turn, name, row.account, row.institution, row.amount_fen)
    payments.queue(
        turn,
        house,
        ref,
        row.account,
        f"institution:{row.institution}",
        row.amount_fen,
        purpose=PURPOSE + "划转",
        by=SYSTEM,
        hold=held,
    )
    return 1


def connect(house: "House") -> None:
    """Have the bank's room tell fees what becomes of debits and payments; once."""
    if collected not in house.collection_followers:
        house.collection_followers.append(collected)
    house.charge_back = charged_back
    if collected not in house.instant_followers:
        house.instant_followers.append(collected)
    if paid_out not in house.payment_followers:
        house.payment_followers.append(paid_out)
