"""Collections (批量代收): amounts taken from accounts whose holders agreed, one batch of them at a time.

    approved ── seal ──> queued ── the batch is sent ──> booked
       │                   ├── the bank's word ──> rejected        booked all the same: booked
       └── withdraw        └── silence ──> unknown ──> booked, rejected
           withdrawn           └ statements of later days show nothing: rejected

    booked ── its payer had the bank take it back (代扣退回) ──> returned

A batch of collections is a row of `payment_batch` like any other, under a message id of its own letter:
sealed by one payer, released by another, sent once with the same bytes. Only a booked line says that money
came; a rejection is the bank's word, and a line that contradicts it counts. Who asked for a collection hears
of every step and books what came, in the running turn.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Thing
from recordsvc.ground import bound, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.two_person import Proposal
from recordsvc.money.bank import batches, payee_accounts, paying, recusing, secrets
from recordsvc.money.bank.batches import COLLECT, StoredBatch
from recordsvc.money.bank.cash import Booked
from recordsvc.money.bank.errors import (
    BatchRefusedByCheck,
    BatchState,
    NothingToPay,
    PayeeAccountChanged,
    PaymentLive,
    PaymentState,
)
from recordsvc.money.bank.formats.model import (
    BatchUnfit,
    CollectionBatch,
    Entry,
    ItemStatus,
    Status,
    StatusReport,
)
from recordsvc.money.bank.formats.model import Collection as Asked
from recordsvc.money.bank.paying import Paying
from recordsvc.money.bank.tables import bank_statement, collection, payment_batch

if TYPE_CHECKING:
    from recordsvc.house import House

UNDER_WAY: Final = ("queued", "unknown")
ChargedBack = Callable[[Turn, "House", "Collection", Booked], bool]
"""Takes in that a booked collection was taken back; False: it cannot be, and the line is a difference."""
_MAY_COME: Final = (*UNDER_WAY, "rejected")
"""Whose money may come: a bank that refused may have taken it all the same."""
_ABSENT: Final = "ABSENT"


@dataclass(frozen=True, slots=True)
class Collection:
    """One amount to be taken, as stored."""

    collection_id: bytes
    reference: str
    end_to_end_id: str
    account: str
    payer: str
    payer_version: int
    mandate: str
    signed_on: str
    amount_fen: int
    purpose: str
    state: str
    said: str
    reason: str
    batch_id: bytes | None
    queued_by: str
    queued_ms: int
    changed_ms: int


@dataclass(frozen=True, slots=True)
class Mandate:
    """By what an amount may be taken: the signed agreement's number and Beijing day (委托代扣协议)."""

    number: str
    signed_on: str


Follower = Callable[[Turn, "House", Collection, Booked | None], None]
"""Told of every collection that changed its state; with the booked line, if one: it books the money."""


def queue(  # noqa: PLR0913 - what a collection is
    turn: Turn,
    house: "House",
    reference: str,
    account: str,
    payer: str,
    version: int,
    amount_fen: int,
    mandate: Mandate,
    *,
    purpose: str,
    by: str,
) -> bytes:
    """Take a collection on under its caller's reference, once; its id. Raises `PaymentLive`."""
    paying.find(turn.conn, account)
    collection_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "collection_id": collection_id,
        "reference": reference,
        "end_to_end_id": "C" + base64.b32encode(collection_id).decode().rstrip("="),
        "account": account,
        "payer": payer,
        "payer_version": version,
        "mandate": mandate.number,
        "signed_on": mandate.signed_on,
        "amount_fen": amount_fen,
        "purpose": purpose,
        "state": "approved",
        "said": "",
        "reason": "",
        "batch_id": None,
        "queued_by": by,
        "queued_ms": turn.now_ms,
        "changed_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(collection.insert().values(row))
    except sa.exc.IntegrityError:
        raise PaymentLive from None
    bound.touch(turn, collection, (collection_id,))
    return collection_id


def listed(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 5_000) -> list[Collection]:
    """Collections, the oldest first."""
    query = sa.select(collection).where(*where).order_by(collection.c.collection_id).limit(limit)
    return [Collection(*row) for row in conn.execute(query)]


def by_reference(conn: Connection, reference: str) -> Collection | None:
    """The collection of its caller's reference, or None."""
    return next(iter(listed(conn, collection.c.reference == reference)), None)


def of_batch(conn: Connection, batch_id: bytes) -> list[Collection]:
    """The collections of a batch in the order of its file."""
    return listed(conn, collection.c.batch_id == batch_id)


def withdraw(turn: Turn, house: "House", found: Collection) -> None:
    """Take a collection back that the bank does not have: what it stands in is no longer released.

    Raises `PaymentState`.
    """
    batch = None if found.batch_id is None else batches.find(turn.conn, found.batch_id)
    at_desk = batch is None or batch.state in ("sealed", "cancelled")
    if found.state not in ("approved", "queued") or not at_desk:
        raise PaymentState
    _move(turn, house, found, "withdrawn")


# -- batches


def seal(turn: Turn, house: "House", account: str, by: str, recused: frozenset[str]) -> bytes:
    """Seal what waits to be taken into an account, and propose its release; the batch's id.

    What its payer's account has changed for is rejected: they agreed to another.
    `recused`: of whom the one who seals keeps out (回避).
    Raises `NothingToPay`, `PayingAccountUnknown`, `BatchRefusedByCheck`, `Recused`.
    """
    source = paying.find(turn.conn, account)
    adapter = paying.adapter(source.adapter, turn.now_ms)
    chosen = _ready(turn, house, source, adapter.most)
    recusing.check(turn.conn, recused, [one.payer for one in chosen])
    batch_id = uuid7(FixedClock(turn.now_ms), house.random)
    made = _batch(turn, house, source, batch_id, chosen)
    try:
        file = adapter.collect(made)
    except BatchUnfit as unfit:
        raise BatchRefusedByCheck(
            errors=[{"pointer": f"/{where}", "code": code, "detail": code} for code, where in unfit.faults]
        ) from None
    secrets.keep(turn, house, batch_id, file.content)
    turn.conn.execute(
        payment_batch.insert().values(
            batch_id=batch_id,
            message_id=made.message_id,
            account=account,
            execution_on=made.collect_on.isoformat(),
            count=len(chosen),
            total_fen=made.total_fen,
            file_name=file.name,
            sha256=secrets.digest(file.content),
            state="sealed",
            sealed_by=by,
            sealed_ms=turn.now_ms,
            lease_ms=0,
        )
    )
    bound.touch(turn, payment_batch, (batch_id,))
    for one in chosen:
        _move(turn, house, one, "queued", batch_id=batch_id)
    total = f"{made.total_fen // 100}.{made.total_fen % 100:02d}"
    subject = f"代扣批次 {made.message_id}：{len(chosen)} 笔，{total} 元"
    two_person.propose(turn, COLLECT, subject, {"batch_id": str(uuid.UUID(bytes=batch_id))}, by)
    return batch_id


def cancel(turn: Turn, house: "House", batch_id: bytes) -> None:
    """Give up a batch that was not released: its collections wait again. Raises `BatchState`."""
    batches.change(turn, batch_id, "sealed", state="cancelled")
    for one in of_batch(turn.conn, batch_id):
        if one.state == "queued":
            _move(turn, house, one, "approved", batch_id=None)


def _ready(turn: Turn, house: "House", source: Paying, most: int) -> list[Collection]:
    own = collection.c
    waiting = listed(turn.conn, own.state == "approved", own.account == source.code, limit=2 * most)
    newest = payee_accounts.newest_of(turn.conn, {one.payer for one in waiting})
    chosen: list[Collection] = []
    for one in waiting:
        account = newest[one.payer]
        if account.version != one.payer_version or not account.ready:
            _move(turn, house, one, "rejected", reason="MD01")
        elif len(chosen) < most:
            chosen.append(one)
    if not chosen:
        raise NothingToPay
    return chosen


def _batch(
    turn: Turn, house: "House", source: Paying, batch_id: bytes, chosen: Sequence[Collection]
) -> CollectionBatch:
    newest = payee_accounts.newest_of(turn.conn, {one.payer for one in chosen})
    return CollectionBatch(
        message_id="C" + base64.b32encode(batch_id).decode().rstrip("="),
        made_ms=turn.now_ms,
        collect_on=batches.working_day(beijing_date(turn.now_ms)),
        creditor=source.account,
        creditor_id=house.settings.region,
        orders=tuple(
            Asked(
                one.end_to_end_id,
                one.amount_fen,
                payee_accounts.opened(house, turn.conn, newest[one.payer].account_id),
                one.mandate,
                batches.day_of(one.signed_on),
                one.purpose,
            )
            for one in chosen
        ),
    )


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    """Return what a release rests on: the bytes, every payer's account, and that nobody took a word back."""
    found = batches.find(conn, uuid.UUID(str(payload["batch_id"])).bytes)
    rows = of_batch(conn, found.batch_id)
    newest = payee_accounts.newest_of(conn, {one.payer for one in rows})
    hashing = hashlib.sha256(found.sha256)
    for one in rows:
        account = newest[one.payer]
        hashing.update(account.account_id + account.state.encode() + one.state.encode())
    return hashing.hexdigest()


@two_person.executor(
    COLLECT,
    deciders=paying.DECIDERS,
    basis=_basis,
    about=lambda _conn, _subject, _payload: Thing(None),
    fresh=True,
)
def _release(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    """Let a batch be sent. Raises `BatchState`, `PayeeAccountChanged`."""
    batch_id = uuid.UUID(str(payload["batch_id"])).bytes
    rows = of_batch(turn.conn, batch_id)
    newest = payee_accounts.newest_of(turn.conn, {one.payer for one in rows})
    if any(newest[one.payer].version != one.payer_version for one in rows):
        raise PayeeAccountChanged
    if any(one.state != "queued" for one in rows):
        raise BatchState
    by = str(proposal.decided_by)
    batches.change(turn, batch_id, "sealed", state="released", released_by=by, released_ms=turn.now_ms)


# -- what the bank says


def hear(turn: Turn, house: "House", found: StoredBatch, report: StatusReport) -> list[tuple[str, str]]:
    """Take in a report on a batch of collections; kinds and subjects of the breaks that it is."""
    rows = {one.end_to_end_id: one for one in of_batch(turn.conn, found.batch_id)}
    single = {item.end_to_end_id for item in report.items}
    items = list(report.items)
    if report.status is not None:
        items += [ItemStatus(name, report.status) for name in rows if name not in single]
    kinds: list[tuple[str, str]] = []
    for item in items:
        one = rows.get(item.end_to_end_id)
        if one is None:
            kinds.append(("unknown-identity", item.end_to_end_id))
        elif kind := _heard(turn, house, one, item):
            kinds.append((kind, f"{item.end_to_end_id} {item.status}"))
    return kinds


def _heard(turn: Turn, house: "House", one: Collection, item: ItemStatus) -> str:
    if item.amount_fen is not None and item.amount_fen != one.amount_fen:
        return "amount-differs"
    if item.status is not Status.RJCT:
        if one.state == "rejected":
            return "status-contradicts"
        if one.state in UNDER_WAY and item.status != one.said:
            _move(turn, house, one, "queued", said=item.status)
        return ""
    if one.state == "booked":
        return "status-contradicts"
    if one.state in UNDER_WAY:
        _move(turn, house, one, "rejected", said=item.status, reason=item.reason)
    return ""


def meant(conn: Connection, source: Paying, entry: Entry) -> Collection | None:
    """Return the collection that a line is of: this account, in, the amount, and not booked before."""
    if not entry.credit or entry.returned or not entry.end_to_end_id:
        return None
    own = collection.c
    found = listed(conn, own.end_to_end_id == entry.end_to_end_id, own.account == source.code)
    if not found or found[0].amount_fen != entry.amount_fen or found[0].state not in _MAY_COME:
        return None
    return found[0]


def book(turn: Turn, house: "House", found: Collection, line: Booked) -> None:
    """Say that a collection came: whoever asked for it books the money."""
    _move(turn, house, found, "booked", line)
    if found.batch_id is not None:
        close(turn, found.batch_id)


def charged_back(conn: Connection, source: Paying, entry: Entry) -> Collection | None:
    """Return the collection whose money a line takes out of this account again; None: of none."""
    if entry.credit or not entry.end_to_end_id:
        return None
    own = collection.c
    found = listed(conn, own.end_to_end_id == entry.end_to_end_id, own.account == source.code)
    return found[0] if found else None


def give_back(turn: Turn, house: "House", found: Collection, line: Booked, reason: str) -> bool:
    """Say that the bank took back what was booked; whether whoever asked for it could take that in."""
    if found.state != "booked" or found.amount_fen != line.amount_fen or house.charge_back is None:
        return False
    if not house.charge_back(turn, house, found, line):
        return False
    _move(turn, house, found, "returned", reason=reason)
    return True


def close(turn: Turn, batch_id: bytes) -> None:
    """Close a batch that the bank has, with the last of its collections."""
    found = batches.find(turn.conn, batch_id)
    open_ones = [one for one in of_batch(turn.conn, batch_id) if one.state in UNDER_WAY]
    if not open_ones and found.state in ("sent", "acked"):
        batches.change(turn, batch_id, found.state, state="closed")


def unanswered(turn: Turn, house: "House", found: StoredBatch) -> int:
    """Say that nobody knows what became of these: the bank did not answer in its term; how many."""
    late = [one for one in of_batch(turn.conn, found.batch_id) if one.state == "queued" and not one.said]
    for one in late:
        _move(turn, house, one, "unknown")
    return len(late)


def unbooked(turn: Turn, house: "House", found: StoredBatch) -> int:
    """End what statements of later days show nothing of; how many. What comes all the same is booked."""
    own = bank_statement.c
    stated = sa.select(own.sequence).where(own.account == found.account, own.on_date > found.execution_on)
    if turn.conn.execute(stated.limit(1)).first() is None:
        return 0
    late = [one for one in of_batch(turn.conn, found.batch_id) if one.state in UNDER_WAY]
    for one in late:
        _move(turn, house, one, "rejected", reason=_ABSENT)
    close(turn, found.batch_id)
    return len(late)


def _move(
    turn: Turn, house: "House", found: Collection, state: str, line: Booked | None = None, **more: object
) -> None:
    """Bring a collection into another state if it still is in the one it was read in."""
    own = collection.c
    here = (own.collection_id == found.collection_id, own.state == found.state)
    values = {"state": state, "changed_ms": turn.now_ms}
    if turn.conn.execute(collection.update().where(*here).values(values | more)).rowcount != 1:
        raise PaymentState
    bound.touch(turn, collection, (found.collection_id,))
    (now,) = listed(turn.conn, own.collection_id == found.collection_id)
    for follower in house.collection_followers:
        follower(turn, house, now, line)
