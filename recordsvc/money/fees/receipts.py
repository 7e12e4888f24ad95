"""Receipts of an institution's counter (票据): each number stands for one payment or refund."""

import sqlalchemy as sa

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.money.fees.errors import ReceiptUsed
from recordsvc.money.fees.tables import fee_receipt


def use(turn: Turn, institution: str, receipt: str, worker_id: bytes, about_id: bytes) -> None:
    """Take a receipt's number of an institution's counter, once. Raises `ReceiptUsed`."""
    row = {"institution": institution, "receipt": receipt, "worker_id": worker_id, "about_id": about_id}
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(fee_receipt.insert().values(row))
    except sa.exc.IntegrityError:
        raise ReceiptUsed from None
    bound.wrote(turn, fee_receipt, row)
