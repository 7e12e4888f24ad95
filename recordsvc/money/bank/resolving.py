"""Ending a break (差异处理): one payer explains it; what moves money by it takes a second one.

funding     money put into our account (拨入): out of suspense
explained   known, nothing to be done here
bank        the bank corrects it by lines of its own, which are breaks again and net out in suspense
matched     a line is of that payment after all                                        two payers
absent      an unanswered payment was not executed: statements prove it                two payers
repaid      a payee pays back what is asked back of them (退款)                           two payers
"""

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Thing
from recordsvc.ground import bound, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal
from recordsvc.money.bank import batches, breaks, paying, payments, reconcile
from recordsvc.money.bank.breaks import Break
from recordsvc.money.bank.cash import Booked
from recordsvc.money.bank.errors import BreakClosed, PaymentLive, PaymentState, ResolutionRefused
from recordsvc.money.bank.formats.model import Entry
from recordsvc.money.bank.payments import AT_BANK, OVER, Payment
from recordsvc.money.bank.tables import bank_entry, payment

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "bank.break.resolve"
TWO: Final = frozenset({"matched", "absent", "repaid"})
_ENTRY: Final = "entry "


class Repayments(Protocol):
    """Who asks paid money back (追回), and takes in what comes."""

    def candidates(self, conn: Connection, line: Booked, named: str, /) -> list[bytes]:
        """Return cases that a line may be of, by id; they are only proposed."""

    def check(self, conn: Connection, recovery_id: bytes, line: Booked, /) -> None:
        """Refuse what cannot be a repayment of a case. Raises `ResolutionRefused`."""

    def take(
        self, turn: Turn, recovery_id: bytes, line: Booked, proposed_by: str, decided_by: str, /
    ) -> None:
        """Take a line out of suspense for a case. Raises `ResolutionRefused`."""


def resolve(turn: Turn, house: "House", break_id: bytes, resolution: str, note: str, by: str) -> None:
    """End a break by one person's word. Raises `BreakClosed`, `ResolutionRefused`."""
    found = _allowed(turn.conn, break_id, resolution, turn.now_ms)
    if resolution in TWO:
        raise _refused("该处理方式须另一位支付人员复核")
    if resolution == "funding":
        row = entry_of(turn.conn, found)
        if row is None or not row.credit:
            raise _refused("只有入账才能作为拨入处理")
        house.cash.explained(turn, _line(row), None)
    breaks.close(turn, break_id, resolution, note, by)


def propose_repaid(
    turn: Turn, house: "House", break_id: bytes, recovery_id: bytes | None, note: str, by: str
) -> bytes:
    """Propose that a line is a repayment. Raises `BreakClosed`, `ResolutionRefused`."""
    found = _allowed(turn.conn, break_id, "repaid", turn.now_ms)
    row = entry_of(turn.conn, found)
    if recovery_id is None or row is None or house.repayments is None:
        raise _refused("请指明追回事项编号")
    house.repayments.check(turn.conn, recovery_id, _line(row))
    payload = {
        "break_id": str(uuid.UUID(bytes=break_id)),
        "resolution": "repaid",
        "recovery_id": str(uuid.UUID(bytes=recovery_id)),
        "note": note,
    }
    return two_person.propose(turn, KIND, f"对账差异处理：{found.kind} {found.subject}"[:200], payload, by)


def repayments(house: "House", conn: Connection, found: Break) -> list[bytes]:
    """Return cases of recovery that a line may be of; they are only proposed."""
    row = entry_of(conn, found)
    if house.repayments is None or row is None or not row.credit:
        return []
    return house.repayments.candidates(conn, _line(row), row.end_to_end_id)


def propose(
    turn: Turn, break_id: bytes, resolution: str, payment_id: bytes | None, note: str, by: str
) -> bytes:
    """Propose what takes two. Raises `BreakClosed`, `ResolutionRefused`."""
    found = _allowed(turn.conn, break_id, resolution, turn.now_ms)
    if resolution not in TWO:
        raise _refused("该处理方式无须复核")
    target = payment_id or found.payment_id
    if target is None:
        raise _refused("请指明支付编号")
    payload = {
        "break_id": str(uuid.UUID(bytes=break_id)),
        "resolution": resolution,
        "payment_id": str(uuid.UUID(bytes=target)),
        "note": note,
    }
    return two_person.propose(turn, KIND, f"对账差异处理：{found.kind} {found.subject}"[:200], payload, by)


def candidates(conn: Connection, found: Break, days: int = 10) -> list[Payment]:
    """Return payments that a line may be of: same account and amount, asked for in the days before it.

    They are only proposed: a person confirms, and a second one decides.
    """
    row = entry_of(conn, found)
    if row is None:
        return []
    own = payment.c
    states = ("settled",) if row.credit else AT_BANK
    since = (dt.date.fromisoformat(row.booked_on) - dt.timedelta(days=days)).isoformat()
    query = (own.account == found.account, own.amount_fen == row.amount_fen, own.state.in_(states))
    return [one for one in payments.listed(conn, *query) if _day(conn, one) >= since]


def entry_of(conn: Connection, found: Break) -> sa.Row[tuple[Any, ...]] | None:
    """Return the booked line that a break is about, or None."""
    if not found.subject.startswith(_ENTRY):
        return None
    own = bank_entry.c
    query = sa.select(bank_entry).where(
        own.account == found.account, own.reference == found.subject.removeprefix(_ENTRY)
    )
    return conn.execute(query).one_or_none()


@two_person.executor(
    KIND, deciders=paying.DECIDERS, about=lambda _conn, _subject, _payload: Thing(None), fresh=True
)
def _decided(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    break_id = uuid.UUID(payload["break_id"]).bytes
    found = _allowed(turn.conn, break_id, payload["resolution"], turn.now_ms)
    by = str(proposal.decided_by)
    if payload["resolution"] == "repaid":
        _take_back(turn, house, found, payload, proposal)
        return
    target = payments.find(turn.conn, uuid.UUID(payload["payment_id"]).bytes)
    if payload["resolution"] == "absent":
        batch = batches.find(turn.conn, target.batch_id or b"")
        payments.absent(turn, house, target.payment_id, batch.execution_on, by)
    else:
        _match(turn, house, found, target)
    breaks.close(turn, break_id, payload["resolution"], payload["note"], by)


def _take_back(turn: Turn, house: "House", found: Break, payload: dict[str, Any], proposal: Proposal) -> None:
    """Take a line for a repayment. Raises `ResolutionRefused`."""
    row, by = entry_of(turn.conn, found), str(proposal.decided_by)
    if row is None or house.repayments is None:
        raise _refused("这项差异没有对应的入账")
    recovery_id = uuid.UUID(payload["recovery_id"]).bytes
    house.repayments.take(turn, recovery_id, _line(row), proposal.proposed_by, by)
    breaks.close(turn, found.break_id, "repaid", payload["note"], by)


def _match(turn: Turn, house: "House", found: Break, target: Payment) -> None:
    """Take a line for that payment's. Raises `ResolutionRefused`, `PaymentState`."""
    row = entry_of(turn.conn, found)
    if row is None or row.payment_id is not None or row.amount_fen != target.amount_fen:
        raise _refused("该账户明细不能与这笔支付对上：金额须一致，且尚未对上")
    states = ("settled",) if row.credit else (*AT_BANK, "rejected")
    if target.account != found.account or target.state not in states:
        raise PaymentState
    others = payments.of_claim(turn.conn, target.claim_ref)
    if any(one.state not in OVER for one in others if one.payment_id != target.payment_id):
        raise PaymentLive
    own = bank_entry.c
    here = (own.account == row.account, own.reference == row.reference, own.payment_id.is_(None))
    turn.conn.execute(bank_entry.update().where(*here).values(payment_id=target.payment_id))
    bound.touch(turn, bank_entry, (row.account, row.reference))
    entry = Entry(
        row.reference,
        bool(row.credit),
        row.amount_fen,
        dt.date.fromisoformat(row.booked_on),
        target.end_to_end_id,
        row.returned,
    )
    reconcile.settle(turn, house, target, entry, f"entry {row.reference}, matched")
    house.cash.explained(turn, _line(row), target)


def _allowed(conn: Connection, break_id: bytes, resolution: str, now_ms: int) -> Break:
    found = breaks.find(conn, break_id)
    if found.state != "open":
        raise BreakClosed
    if resolution not in breaks.resolutions(found.kind, now_ms):
        raise _refused("该种差异不能这样处理")
    return found


def _line(row: sa.Row[tuple[Any, ...]]) -> Booked:
    return Booked(row.account, row.reference, bool(row.credit), row.amount_fen, row.booked_on)


def _day(conn: Connection, one: Payment) -> str:
    return "" if one.batch_id is None else batches.find(conn, one.batch_id).execution_on


def _refused(detail: str) -> ResolutionRefused:
    return ResolutionRefused(errors=[{"pointer": "/resolution", "code": "value", "detail": detail}])
