"""Sending (报盘): released batches go to the bank's folder, each once however often this runs or dies.

    released ── lease (commit) ──> file written, renamed ──> sent (commit)

A crash before the rename leaves nothing the bank sees; one after it leaves the file, and the next run writes
the same bytes under the same name and message id again, which the bank knows. While a lease holds, another
dispatcher keeps away; the one whose lease ran out does not say "sent".
"""

from typing import TYPE_CHECKING, Final

from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.money.bank import batches, breaks
from recordsvc.money.bank.batches import StoredBatch
from recordsvc.money.bank.errors import BatchState
from recordsvc.money.bank.exchanges import exchange
from recordsvc.money.bank.tables import payment_batch
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House

LEASE_MS: Final = 60_000


def run(house: "House") -> int:
    """Send what is released; how many batches. A job of `recordsvc work`."""
    own = payment_batch.c
    with house.db.read() as conn:
        due = batches.listed(conn, own.state == "released", own.lease_ms <= house.clock.now_ms())
        short = {one.account for one in breaks.listed(conn, *breaks.open_of("funds-short"))}
    # An account that lacked funds sends nothing more until a payer has dealt with it.
    return sum(_send(house, found) for found in reversed(due) if found.account not in short)


def _send(house: "House", found: StoredBatch) -> bool:
    try:
        lease_ms: int = house.db.write(lambda turn: _take(turn, found))
        with house.db.read() as conn:
            content = batches.content(house, conn, found)
        exchange(house, found.account).put(found.file_name, content)
        house.db.write(lambda turn: _sent(turn, house, found, lease_ms))
    except BatchState:
        return False
    except (SealError, ValueError):
        # Changed or destroyed at rest: nothing of it leaves; fsck names the row.
        observe.log("bank-batch-damaged", batch=found.message_id)
        return False
    return True


def _take(turn: Turn, found: StoredBatch) -> int:
    """Take the batch for a while. Raises `BatchState` when another has it or sent it."""
    lease_ms = turn.now_ms + LEASE_MS
    free = payment_batch.c.lease_ms <= turn.now_ms
    batches.change(turn, found.batch_id, "released", free, lease_ms=lease_ms)
    return lease_ms


def _sent(turn: Turn, house: "House", found: StoredBatch, lease_ms: int) -> None:
    batches.sent(turn, house, found, payment_batch.c.lease_ms == lease_ms)
