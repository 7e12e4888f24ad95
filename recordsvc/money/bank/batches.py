"""Batches (支付批次): payments sealed into one file, released by a second payer, the same bytes always.

    seal ──> sealed ── second payer ──> released ── dispatch ──> sent ──> acked ──> closed
               └── cancel ──> cancelled (its payments wait again)

What is sealed never changes: message id, bytes and SHA-256 are stored before anybody sees them, so that a
file that is sent again is the same file, and the bank's own check for doubles can do its work. Between
sealing and release every payee's account must stay as it was.
"""

import base64
import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import workdays
from recordsvc.access.grants import Thing
from recordsvc.ground import bound, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.two_person import Proposal
from recordsvc.money.bank import breaks, payee_accounts, paying, payments, recusing, secrets
from recordsvc.money.bank.errors import (
    BatchRefusedByCheck,
    BatchState,
    NothingToPay,
    PayeeAccountChanged,
    PaymentBatchUnknown,
)
from recordsvc.money.bank.formats.model import Batch, BatchUnfit, Order
from recordsvc.money.bank.paying import Paying
from recordsvc.money.bank.payments import Payment, Step
from recordsvc.money.bank.tables import payment, payment_batch

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "bank.batch.release"
COLLECT: Final = "bank.collection.release"
"""As `KIND`, for a batch of collections."""
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as stored."""

    batch_id: bytes
    message_id: str
    account: str
    execution_on: str
    count: int
    total_fen: int
    file_name: str
    sha256: bytes
    state: str
    sealed_by: str
    sealed_ms: int
    released_by: str | None
    released_ms: int | None
    lease_ms: int
    sent_ms: int | None

    @property
    def collects(self) -> bool:
        """Whether it takes money in (代收), and does not pay out."""
        return self.message_id.startswith("C")


def seal(turn: Turn, house: "House", account: str, by: str, recused: frozenset[str]) -> bytes:
    """Seal what waits on an account into a batch and propose its release; the batch's id.

    A payment whose payee's account has changed since its approval is left out and becomes a break.
    `recused`: of whom the one who seals keeps out (回避).
    Raises `NothingToPay`, `PayingAccountUnknown`, `BatchRefusedByCheck`, `Recused`.
    """
    source = paying.find(turn.conn, account)
    adapter = paying.adapter(source.adapter, turn.now_ms)
    chosen = _ready(turn, house, source, adapter.most)
    recusing.check(turn.conn, recused, [one.payee for one in chosen])
    batch_id = uuid7(FixedClock(turn.now_ms), house.random)
    made = _batch(turn, house, source, batch_id, chosen)
    try:
        file = adapter.write(made)
    except BatchUnfit as unfit:
        raise BatchRefusedByCheck(
            errors=[{"pointer": f"/{where}", "code": code, "detail": code} for code, where in unfit.faults]
        ) from None
    secrets.keep(turn, house, batch_id, file.content)
    row = {
        "batch_id": batch_id,
        "message_id": made.message_id,
        "account": account,
        "execution_on": made.execution_on.isoformat(),
        "count": len(chosen),
        "total_fen": made.total_fen,
        "file_name": file.name,
        "sha256": secrets.digest(file.content),
        "state": "sealed",
        "sealed_by": by,
        "sealed_ms": turn.now_ms,
        "lease_ms": 0,
    }
    turn.conn.execute(payment_batch.insert().values(row))
    bound.touch(turn, payment_batch, (batch_id,))
    for one in chosen:
        step = Step("queued", f"batch {made.message_id}")
        if not payments.move(turn, house, one, step, batch_id=batch_id):
            raise BatchState
    subject = (
        f"支付批次 {made.message_id}：{len(chosen)} 笔，{made.total_fen // 100}.{made.total_fen % 100:02d} 元"
    )
    two_person.propose(turn, KIND, subject, {"batch_id": str(uuid.UUID(bytes=batch_id))}, by)
    return batch_id


def find(conn: Connection, batch_id: bytes) -> StoredBatch:
    """One batch. Raises `PaymentBatchUnknown`."""
    query = sa.select(payment_batch).where(payment_batch.c.batch_id == batch_id)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise PaymentBatchUnknown
    return StoredBatch(*row)


def by_message(conn: Connection, message_id: str) -> StoredBatch | None:
    """The batch of a message id, or None."""
    query = sa.select(payment_batch).where(payment_batch.c.message_id == message_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else StoredBatch(*row)


def listed(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 100) -> list[StoredBatch]:
    """Batches newest first; `where` narrows the list."""
    query = sa.select(payment_batch).where(*where).order_by(payment_batch.c.batch_id.desc()).limit(limit)
    return [StoredBatch(*row) for row in conn.execute(query)]


def content(house: "House", conn: Connection, found: StoredBatch) -> bytes:
    """Return the bytes of a batch's file. Raises `SealError`, `ValueError` where they were changed."""
    made = secrets.opened(house, conn, found.batch_id)
    if hashlib.sha256(made).digest() != found.sha256:
        raise ValueError("the stored file is not the one that was sealed")
    return made


def proposal_of(conn: Connection, batch_id: bytes) -> bytes | None:
    """The open proposal to release a batch, or None."""
    own = two_person.proposal.c
    wanted = f'{{"batch_id":"{uuid.UUID(bytes=batch_id)}"}}'
    query = sa.select(own.id).where(own.kind.in_((KIND, COLLECT)), own.payload == wanted, own.state == "open")
    found = conn.execute(query.order_by(own.id.desc()).limit(1)).scalar_one_or_none()
    return None if found is None else bytes(found)


def cancel(turn: Turn, house: "House", batch_id: bytes, by: str) -> None:
    """Give up a batch that was not released: its payments wait again. Raises `BatchState`."""
    change(turn, batch_id, "sealed", state="cancelled")
    for one in payments.of_batch(turn.conn, batch_id):
        payments.move(turn, house, one, Step("approved", f"batch cancelled, {by}"), batch_id=None)


def sent(turn: Turn, house: "House", found: StoredBatch, *where: sa.ColumnElement[bool]) -> None:
    """Say that a released batch is at the bank. Raises `BatchState` when that was said before."""
    change(turn, found.batch_id, "released", *where, state="sent", sent_ms=turn.now_ms)
    for one in payments.of_batch(turn.conn, found.batch_id):
        payments.move(turn, house, one, Step("sent", f"batch {found.message_id}"))


def change(turn: Turn, batch_id: bytes, was: str, *where: sa.ColumnElement[bool], **values: Any) -> None:
    """Change a batch that is in a state. Raises `BatchState` when it is not."""
    own = payment_batch.c
    changing = payment_batch.update().where(own.batch_id == batch_id, own.state == was, *where)
    if turn.conn.execute(changing.values(**values)).rowcount != 1:
        raise BatchState
    bound.touch(turn, payment_batch, (batch_id,))


def _ready(turn: Turn, house: "House", source: Paying, most: int) -> list[Payment]:
    """Return what can be paid now; what cannot, because an account changed, becomes a break."""
    own = payment.c
    query = sa.select(payment).where(own.state == "approved", own.account == source.code)
    waiting = [Payment(*row) for row in turn.conn.execute(query.order_by(own.payment_id).limit(2 * most))]
    newest = payee_accounts.newest_of(turn.conn, {one.payee for one in waiting})
    chosen: list[Payment] = []
    for one in waiting:
        account = newest[one.payee]
        if account.version != one.payee_version or not account.ready:
            breaks.open_break(turn, house, source.code, "account-changed", one.end_to_end_id, payment=one)
        elif len(chosen) < most:
            chosen.append(one)
    if not chosen:
        raise NothingToPay
    return chosen


def _batch(turn: Turn, house: "House", source: Paying, batch_id: bytes, chosen: Sequence[Payment]) -> Batch:
    newest = payee_accounts.newest_of(turn.conn, {one.payee for one in chosen})
    return Batch(
        message_id="B" + base64.b32encode(batch_id).decode().rstrip("="),
        made_ms=turn.now_ms,
        execution_on=working_day(beijing_date(turn.now_ms)),
        payer=source.account,
        orders=tuple(
            Order(
                one.end_to_end_id,
                one.amount_fen,
                payee_accounts.opened(house, turn.conn, newest[one.payee].account_id),
                one.purpose,
            )
            for one in chosen
        ),
    )


def working_day(day: dt.date) -> dt.date:
    """Return this day or the next on which banks work. Raises `NoRuleInForce` without its year's calendar."""
    while not workdays.is_working_day(day):
        day += _DAY
    return day


def day_of(text: str) -> dt.date:
    """Return a Beijing day as it is stored."""
    return dt.date.fromisoformat(text)


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    """Return what a release rests on: the bytes, and every payee's account as it is now."""
    found = find(conn, uuid.UUID(str(payload["batch_id"])).bytes)
    rows = payments.of_batch(conn, found.batch_id)
    newest = payee_accounts.newest_of(conn, {one.payee for one in rows})
    hashing = hashlib.sha256(found.sha256)
    for one in rows:
        hashing.update(newest[one.payee].account_id + newest[one.payee].state.encode())
    return hashing.hexdigest()


@two_person.executor(
    KIND,
    deciders=paying.DECIDERS,
    basis=_basis,
    about=lambda _conn, _subject, _payload: Thing(None),
    fresh=True,
)
def _release(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Let a batch be sent. Raises `BatchState`, `PayeeAccountChanged`."""
    batch_id = uuid.UUID(str(payload["batch_id"])).bytes
    rows = payments.of_batch(turn.conn, batch_id)
    newest = payee_accounts.newest_of(turn.conn, {one.payee for one in rows})
    if any(newest[one.payee].version != one.payee_version or not newest[one.payee].ready for one in rows):
        raise PayeeAccountChanged
    by = str(proposal.decided_by)
    change(turn, batch_id, "sealed", state="released", released_by=by, released_ms=turn.now_ms)
