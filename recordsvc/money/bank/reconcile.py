"""Reconciling (对账): what the bank booked against what we asked for, amount by amount, nothing guessed.

A file is judged before anything of it is written (`assess`); then its lines are taken in (`apply`):

1. by the bank's own reference (银行流水号): known already, the line changes nothing;
2. by end-to-end id and amount: it settles, or returns, that payment;
3. otherwise it stands in suspense and is a break of its kind; payments of that amount are only proposed.

A statement is accepted only as the next in its order, beginning where the one before ended, and adding up.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.money.bank import batches, breaks, collecting, instant, payments
from recordsvc.money.bank.batches import StoredBatch
from recordsvc.money.bank.cash import Booked, Cash
from recordsvc.money.bank.errors import BatchState
from recordsvc.money.bank.formats.model import (
    Entry,
    FileUnfit,
    ItemStatus,
    Message,
    Notification,
    Statement,
    Status,
    StatusReport,
)
from recordsvc.money.bank.paying import Paying
from recordsvc.money.bank.payments import AT_BANK, Payment, Step
from recordsvc.money.bank.tables import bank_entry, bank_statement
from recordsvc.people.spotting import number_in

if TYPE_CHECKING:
    from recordsvc.house import House

GAP: Final = "statement-gap"
UNFIT_BACK: Final = "chargeback-unexpected"
"""A debit that is taken back beyond what was collected, twice, or beside a refund."""
_SHORT: Final = "AM04"
_MOST_ID: Final = 35


class Early(Exception):
    """A statement that comes before the one it follows: it waits."""


# -- before anything is written


def assess(conn: Connection, source: Paying, messages: Sequence[Message]) -> None:
    """Judge a file as a whole. Raises `FileUnfit`, `Early`."""
    last = newest(conn, source.code)
    for message in messages:
        if isinstance(message, StatusReport):
            continue
        if message.account != source.number:
            raise FileUnfit("another-account")
        _agree(conn, source, message.entries)
        if isinstance(message, Statement):
            last = _follows(conn, source, message, last)


def newest(conn: Connection, account: str) -> tuple[int, int] | None:
    """Return sequence number and closing balance of the newest statement, or None before the first."""
    own = bank_statement.c
    query = sa.select(own.sequence, own.closing_fen).where(own.account == account)
    row = conn.execute(query.order_by(own.sequence.desc()).limit(1)).one_or_none()
    return None if row is None else (row.sequence, row.closing_fen)


def _follows(
    conn: Connection, source: Paying, message: Statement, last: tuple[int, int] | None
) -> tuple[int, int]:
    if not message.adds_up:
        raise FileUnfit("statement-sum")
    references = [one.reference for one in message.entries]
    if len(set(references)) < len(references):
        raise FileUnfit("entry-twice")
    if last is not None and message.sequence <= last[0]:
        _same(conn, source, message)
        return last
    if last is not None and message.sequence > last[0] + 1:
        raise Early
    if last is not None and message.opening_fen != last[1]:
        raise FileUnfit("statement-opening")
    _unstated(conn, source, references)
    return message.sequence, message.closing_fen


def _same(conn: Connection, source: Paying, message: Statement) -> None:
    """Let a statement pass that was accepted before, and refuse another one under its number."""
    own = bank_statement.c
    query = sa.select(bank_statement).where(own.account == source.code, own.sequence == message.sequence)
    row = conn.execute(query).one_or_none()
    if row is None or (row.opening_fen, row.closing_fen) != (message.opening_fen, message.closing_fen):
        raise FileUnfit("statement-contradicts")
    entries = bank_entry.c
    kept = sa.select(entries.reference).where(
        entries.account == source.code, entries.sequence == message.sequence
    )
    if set(conn.scalars(kept)) != {one.reference for one in message.entries}:
        raise FileUnfit("statement-contradicts")


def _unstated(conn: Connection, source: Paying, references: list[str]) -> None:
    """Refuse a new statement with a line that stands in an earlier one. Raises `FileUnfit`."""
    own = bank_entry.c
    for start in range(0, len(references), 500):
        some = own.reference.in_(references[start : start + 500])
        query = sa.select(own.reference).where(own.account == source.code, own.sequence.is_not(None), some)
        if conn.execute(query.limit(1)).first() is not None:
            raise FileUnfit("entry-repeated")


def _agree(conn: Connection, source: Paying, entries: Iterable[Entry]) -> None:
    """Refuse a file that tells of a known line in another way, or of a line of nothing."""
    for entry in entries:
        if entry.amount_fen <= 0 or not entry.reference or len(entry.reference) > 35:
            raise FileUnfit("entry")
        known = _known(conn, source.code, entry.reference)
        if known is not None and not _alike(known, entry):
            raise FileUnfit("entry-contradicts")


def _alike(known: sa.Row[tuple[object, ...]], entry: Entry) -> bool:
    said = (entry.credit, entry.amount_fen, kept(entry.end_to_end_id))
    return (bool(known.credit), known.amount_fen, known.end_to_end_id) == said


def _known(conn: Connection, account: str, reference: str) -> sa.Row[tuple[object, ...]] | None:
    own = bank_entry.c
    query = sa.select(bank_entry).where(own.account == account, own.reference == reference)
    return conn.execute(query).one_or_none()


def kept(told: str) -> str:
    """Return an id, or the words (附言) of whoever paid, as they are kept: no number of a person in clear.

    Such a text is kept as its digest, by which the same line is known again; the bank's file has it, sealed.
    """
    if number_in(told) is None:
        return told[:_MOST_ID]
    return "~" + hashlib.sha256(b"bank-words/v1" + told.encode()).hexdigest()[: _MOST_ID - 1]


# -- taking in


def apply(
    turn: Turn, house: "House", cash: Cash, source: Paying, messages: Sequence[Message], file_id: bytes
) -> None:
    """Take in a file that was assessed in this turn."""
    run = _Run(turn, house, cash, source, file_id)
    for message in messages:
        if isinstance(message, StatusReport):
            run.report(message)
        elif isinstance(message, Statement):
            run.statement(message)
        else:
            run.notification(message)


class _Run:
    """Taking in one file."""

    def __init__(self, turn: Turn, house: "House", cash: Cash, source: Paying, file_id: bytes) -> None:
        self._turn, self._house, self._cash, self._source = turn, house, cash, source
        self._file_id, self._cause = file_id, f"file {file_id.hex()}"

    def _break(
        self, kind: str, subject: str, payment: Payment | None = None, amount_fen: int | None = None
    ) -> None:
        breaks.open_break(
            self._turn, self._house, self._source.code, kind, subject, payment=payment, amount_fen=amount_fen
        )

    # -- reports

    def report(self, report: StatusReport) -> None:
        batch = batches.by_message(self._turn.conn, report.message_id)
        if batch is None or batch.account != self._source.code:
            self._break("unknown-batch", report.message_id)
            return
        batch = self._proven_sent(batch)
        if report.count is not None and report.count != batch.count:
            self._break("count-differs", f"{report.message_id} {report.count}")
        if batch.collects:
            self._collections(batch, report)
            return
        if report.status is not None:
            self._whole(report, batch.batch_id)
        for item in report.items:
            self._item(item, batch.batch_id)
        if batch.state == "sent":
            batches.change(self._turn, batch.batch_id, "sent", state="acked")

    def _collections(self, batch: StoredBatch, report: StatusReport) -> None:
        """Take in what a report says of collections."""
        for kind, subject in collecting.hear(self._turn, self._house, batch, report):
            self._break(kind, subject)
        if batch.state == "sent":
            batches.change(self._turn, batch.batch_id, "sent", state="acked")
        collecting.close(self._turn, batch.batch_id)

    def _proven_sent(self, batch: StoredBatch) -> StoredBatch:
        """Let a released batch count as sent: the bank speaks of it, whatever became of who sent it."""
        if batch.state != "released":
            return batch
        batches.sent(self._turn, self._house, batch)
        return batches.find(self._turn.conn, batch.batch_id)

    def _whole(self, report: StatusReport, batch_id: bytes) -> None:
        """Take in what a report says of all of a batch; what single lines say stands over it."""
        single = {one.end_to_end_id for one in report.items}
        for found in payments.of_batch(self._turn.conn, batch_id):
            if found.end_to_end_id in single or found.state not in AT_BANK or report.status is None:
                continue
            if report.status is Status.RJCT and found.said:
                # Refused as a whole after something was said of this one: a double, or a contradiction.
                self._break("status-contradicts", f"{report.message_id} {report.report_id}", found)
                continue
            self._hear(found, ItemStatus(found.end_to_end_id, report.status))

    def _item(self, item: ItemStatus, batch_id: bytes) -> None:
        found = payments.by_identity(self._turn.conn, item.end_to_end_id)
        if found is None or found.batch_id != batch_id:
            self._break("unknown-identity", kept(item.end_to_end_id))
            return
        self._hear(found, item)
        if item.status is Status.RJCT and item.reason == _SHORT:
            self._break("funds-short", f"batch {batch_id.hex()}")

    def _hear(self, found: Payment, item: ItemStatus) -> None:
        if found.state == "queued":
            self._break("status-contradicts", f"{item.end_to_end_id} before it was sent", found)
            return
        kind = payments.hear(self._turn, self._house, found, item, self._cause)
        if kind:
            self._break(kind, f"{item.end_to_end_id} {item.status}", found)

    # -- booked lines

    def notification(self, told: Notification) -> None:
        self._entries(told.entries, None)

    def statement(self, told: Statement) -> None:
        conn, code = self._turn.conn, self._source.code
        last = newest(conn, code)
        if last is not None and told.sequence <= last[0]:
            return
        if last is None:
            self._cash.open(self._turn, code, told.opening_fen, told.on.isoformat())
        row = {
            "account": code,
            "sequence": told.sequence,
            "statement_id": told.statement_id[:35],
            "on_date": told.on.isoformat(),
            "opening_fen": told.opening_fen,
            "closing_fen": told.closing_fen,
            "file_id": self._file_id,
        }
        conn.execute(bank_statement.insert().values(row))
        bound.wrote(self._turn, bank_statement, row)
        self._entries(told.entries, told.sequence)
        self._balance(told)

    def _entries(self, entries: Sequence[Entry], sequence: int | None) -> None:
        # What left first: a return in the same file finds its payment settled. A debit that was taken back
        # comes last: it finds its collection booked.
        for entry in sorted(entries, key=lambda one: 2 if one.returned and not one.credit else one.credit):
            self._entry(entry, sequence)

    def _entry(self, entry: Entry, sequence: int | None) -> None:
        conn, code = self._turn.conn, self._source.code
        own = bank_entry.c
        if _known(conn, code, entry.reference) is not None:
            here = (own.account == code, own.reference == entry.reference, own.sequence.is_(None))
            if sequence is not None:
                conn.execute(bank_entry.update().where(*here).values(sequence=sequence))
                bound.touch(self._turn, bank_entry, (code, entry.reference))
            return
        taken = collecting.meant(conn, self._source, entry)
        at_once = instant.meant(conn, self._source, entry)
        back = collecting.charged_back(conn, self._source, entry)
        found, kind = (None, "") if taken or at_once or back else self._meaning(entry)
        conn.execute(
            bank_entry.insert().values(
                account=code,
                reference=entry.reference,
                credit=int(entry.credit),
                amount_fen=entry.amount_fen,
                booked_on=entry.booked_on.isoformat(),
                end_to_end_id=kept(entry.end_to_end_id),
                returned=entry.returned[:8],
                sequence=sequence,
                payment_id=found.payment_id if found is not None and not kind else None,
                file_id=self._file_id,
            )
        )
        bound.touch(self._turn, bank_entry, (code, entry.reference))
        line = Booked(code, entry.reference, entry.credit, entry.amount_fen, entry.booked_on.isoformat())
        if taken is not None:
            collecting.book(self._turn, self._house, taken, line)
            return
        if at_once is not None:
            instant.book(self._turn, self._house, at_once, line)
            return
        if back is not None:
            if not collecting.give_back(self._turn, self._house, back, line, entry.returned[:8]):
                self._cash.unexplained(self._turn, line)
                self._break(UNFIT_BACK, f"entry {entry.reference}", amount_fen=entry.amount_fen)
            return
        if found is None or kind:
            self._cash.unexplained(self._turn, line)
            self._break(kind, f"entry {entry.reference}", found, entry.amount_fen)
            return
        settle(self._turn, self._house, found, entry, f"entry {entry.reference}")
        if entry.credit:
            self._cash.returned(self._turn, line, found)
        elif not self._cash.paid(self._turn, line, found):
            self._break("hold-not-settled", f"hold of {found.end_to_end_id}", found)

    def _meaning(self, entry: Entry) -> tuple[Payment | None, str]:
        """Return the payment that a line is of, and the break it is instead; the amount always counts."""
        conn = self._turn.conn
        found = payments.by_identity(conn, entry.end_to_end_id) if entry.end_to_end_id else None
        if found is not None and found.account != self._source.code:
            found = None
        if found is None:
            return None, "unknown-credit" if entry.credit else "unknown-debit"
        if entry.amount_fen != found.amount_fen:
            return found, "amount-differs"
        if found.state == "queued" and found.batch_id is not None:
            self._proven_sent(batches.find(conn, found.batch_id))
            found = payments.find(conn, found.payment_id)
        if entry.credit:
            return found, "" if found.state == "settled" else "return-unexpected"
        if found.state in AT_BANK:
            return found, ""
        if found.state in ("settled", "returned"):
            return found, "double-debit"
        return found, "booked-unasked"

    def _balance(self, told: Statement) -> None:
        """Compare our own books with the bank's closing balance, and find what was told and not stated."""
        conn, code, own = self._turn.conn, self._source.code, bank_entry.c
        query = sa.select(bank_entry).where(own.account == code, own.sequence.is_(None))
        unstated = conn.execute(query).all()
        for row in unstated:
            if row.booked_on <= told.on.isoformat():
                self._break("not-on-statement", f"entry {row.reference}", amount_fen=row.amount_fen)
        moved = sum(row.amount_fen if row.credit else -row.amount_fen for row in unstated)
        mirror = self._cash.balance_fen(conn, code) - moved
        if mirror != told.closing_fen:
            self._break("balance-differs", f"statement {told.sequence}", amount_fen=told.closing_fen - mirror)


def settle(turn: Turn, house: "House", found: Payment, entry: Entry, cause: str) -> None:
    """Bring a payment to where a booked line puts it, and close its batch with the last of its payments."""
    step = Step("returned", cause, reason=entry.returned[:8]) if entry.credit else Step("settled", cause)
    if not payments.move(turn, house, found, step):
        raise BatchState
    batch_id = found.batch_id
    if batch_id is None or any(one.state in AT_BANK for one in payments.of_batch(turn.conn, batch_id)):
        return
    batch = batches.find(turn.conn, batch_id)
    if batch.state in ("sent", "acked"):
        batches.change(turn, batch_id, batch.state, state="closed")
