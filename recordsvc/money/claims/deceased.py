"""Claims of a worker who died (申领人已故): nobody asks the dead, the office has what waited on them.

Who inherits what was due is no matter of this service.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.money.claims.errors import ClaimRefused
from recordsvc.money.claims.transitions import HANDLER, WORKER
from recordsvc.money.claims.values import Claim, events_of
from recordsvc.people import merges, standing
from recordsvc.people import tables as people_tables

EVENT: Final = "deceased"
REASON_ZH: Final = "档案已因死亡关闭，不再要求本人办理；由经办人核实后继续办理、不予发放或撤回"
NO_ACCOUNT: Final = "payee-died"
NO_ACCOUNT_ZH: Final = "申领人已故，没有核实过的收款账户：由经办人核实后不予发放或撤回"


def died(conn: Connection, one: Claim) -> bool:
    """Tell whether the archive of the claimant was closed after a death."""
    own = people_tables.worker.c
    state = sa.select(own.state).where(own.worker_id == merges.person_id(conn, one.worker_id))
    return conn.scalar(state) == standing.CLOSED


def is_orphaned(conn: Connection, one: Claim) -> bool:
    """Tell whether an official may take a claim back: its claimant died, or nobody knows whose it is."""
    return died(conn, one) or any(event.event == "parted" for event in events_of(conn, one))


def refuse_asking(conn: Connection, one: Claim) -> None:
    """Raise `ClaimRefused` where there is nobody to ask."""
    if died(conn, one):
        detail, en = "申领人已故，不能再要求补充", "the claimant died: there is nobody to ask"
        raise ClaimRefused(errors=[{"pointer": "/event", "code": "value", "detail": detail, "detail_en": en}])


def without_account(conn: Connection, one: Claim) -> tuple[str, str]:
    """Return for what a claim without a verified account waits, and on whom."""
    if not one.payee.startswith("worker:"):
        return "no-agent-account", "agent"
    return (NO_ACCOUNT, HANDLER) if died(conn, one) else ("no-account", WORKER)
