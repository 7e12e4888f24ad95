"""What keeps an archive from being erased (保存): money under way, and vouchers that are kept (会计凭证)."""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive.retention import Blocker
from recordsvc.ground.ports import beijing_date
from recordsvc.money.fees import mandates, values
from recordsvc.money.fees.charges import charged
from recordsvc.money.fees.tables import fee_order, fee_refund

if TYPE_CHECKING:
    from recordsvc.house import House

TERMS: Final = "fee_terms"
_NONE: Final[frozenset[int]] = frozenset()
"""No voucher of a fee rests on an entry of the log."""
_UNDER_WAY: Final = ("PENDING", "UNKNOWN")


def blocking(house: "House", conn: Connection, worker_id: bytes) -> Iterator[Blocker]:
    """Yield why a worker may not be erased yet. Raises `NoRuleInForce` where nobody laid down how long."""
    found = values.listed(conn, fee_order.c.worker_id == worker_id)
    today = beijing_date(house.clock.now_ms())
    mandate = mandates.standing(conn, worker_id)
    # Nothing is taken by it once its last day is over.
    if mandate is not None and mandate.until_on >= today.isoformat():
        yield Blocker("fee/mandate", None, "有生效的委托代扣", "a mandate to be debited stands")
    if not found:
        return
    due = values.refunds(conn, fee_refund.c.worker_id == worker_id, fee_refund.c.state != "done")
    if due or any(one.state in _UNDER_WAY or one.disputed for one in found):
        yield Blocker("fee/open", None, "有未办结的缴费、退费或收费争议", "a fee or refund is under way")
    years = int(dated.rule(TERMS, "keep-years", today.isoformat())["years"])
    last = max(beijing_date(one.changed_ms) for one in found)
    # Counted from the first of January after (会计档案管理办法第十四条): to the end of a year.
    until = dt.date(last.year + years, 12, 31)
    if today <= until:
        yield Blocker(
            "fee/kept", until.isoformat(), "缴费单属于会计凭证，须保存到期", "vouchers are kept", _NONE
        )


def connect(house: "House") -> None:
    """Have erasures ask, and other rooms hear what was charged; once."""
    if blocking not in house.erasure_blockers:
        house.erasure_blockers.append(blocking)
    house.fee_charges = charged
