"""What the passing of days brings (期限): a bank that does not answer, a payment that is not booked.

Terms are dated data (`bank_terms`), counted in working days from the day of execution.
"""

import datetime as dt
import functools
from typing import TYPE_CHECKING, Final

from recordsvc import dated, workdays
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank import batches, breaks, collecting, payments
from recordsvc.money.bank.batches import StoredBatch
from recordsvc.money.bank.tables import payment_batch

if TYPE_CHECKING:
    from recordsvc.house import House

TABLE: Final = "bank_terms"


def run(house: "House") -> int:
    """Find what is overdue; how many payments. A job of `recordsvc work`. Raises `NoRuleInForce`."""
    today = beijing_date(house.clock.now_ms())
    own = payment_batch.c
    with house.db.read() as conn:
        out = batches.listed(conn, own.state.in_(("sent", "acked")), limit=1_000)
    answer, book = _days("answer", today), _days("book", today)
    count = 0
    for found in out:
        day = dt.date.fromisoformat(found.execution_on)
        if _due(day, answer) < today:
            count += house.db.write(functools.partial(_unanswered, house=house, found=found))
        if _due(day, book) < today:
            count += house.db.write(functools.partial(_unbooked, house=house, found=found))
    return count


def _unanswered(turn: Turn, house: "House", found: StoredBatch) -> int:
    if found.collects:
        return collecting.unanswered(turn, house, found)
    late = [one for one in payments.of_batch(turn.conn, found.batch_id) if payments.silent(turn, house, one)]
    for one in late:
        breaks.open_break(turn, house, found.account, "no-answer", one.end_to_end_id, payment=one)
    return len(late)


def _unbooked(turn: Turn, house: "House", found: StoredBatch) -> int:
    if found.collects:
        return collecting.unbooked(turn, house, found)
    late = [one for one in payments.of_batch(turn.conn, found.batch_id) if one.state == "accepted"]
    for one in late:
        breaks.open_break(turn, house, found.account, "not-booked", one.end_to_end_id, payment=one)
    return len(late)


def _days(code: str, today: dt.date) -> int:
    return int(dated.rule(TABLE, code, today.isoformat())["working_days"])


def _due(day: dt.date, working_days: int) -> dt.date:
    try:
        return workdays.due_on(day, working_days)
    except NoRuleInForce:
        # Before the next year's notice is out: calendar days twice over are later than working days ever are.
        return day + dt.timedelta(days=2 * working_days + 9)
