"""A worker's own account for subsidies (本人收款账户): entered with a fresh proof, checked, then verified.

The newest version counts, and only once verified: until then nothing is paid, and what was signed for another
account goes back to be checked. The owner sees the end of the number only, of every archive that is read as
theirs: what was signed for an archive before it was merged is paid to the account of that archive.
"""

import uuid
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.ground.commit import Turn
from recordsvc.money.bank import payee_accounts
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.bank.payee_accounts import PayeeAccount
from recordsvc.money.bank.tables import payee_account
from recordsvc.people import merges
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House

BANKS: Final = "payee_banks"
TOLD: Final = "payee-account-own"
STATES_ZH: Final = {
    "checking": "正在与银行核对户名和账号",
    "checked": "银行核对一致，等工作人员核实",
    "unavailable": "银行暂时无法核对，等工作人员核实",
    "mismatch": "银行核对不一致：户名与账号不是同一人的，或号码有误，请重新填写",
    "refused": "工作人员未予核实，请到窗口询问或重新填写",
    "verified": "已核实，补贴付到这个账户",
    "ended": "档案合并撤回，合并期间填写的账户已终止，请重新填写",
    "failed": "银行退回过付到这个账户的款项（已销户、冻结或户名不符），请填写本人可用的账户",
    "replaced": "已被后来填写的账户取代",
}


def payee_of(worker_id: bytes) -> str:
    """Return how a worker is named as a payee."""
    return f"worker:{uuid.UUID(bytes=worker_id)}"


def enter(turn: Turn, house: "House", worker_id: bytes, account: Account, by: str) -> bytes:
    """Enter a worker's account as their newest; they are told, wherever else they are reached, and by whom.

    Raises `AccountRefused`.
    """
    account_id = payee_accounts.enter(turn, house, payee_of(worker_id), account, by)
    told = TOLD if by.startswith("worker:") else payee_accounts.ENTERED
    house.tell_worker(turn, worker_id, told, account_id.hex())
    return account_id


def of_worker(house: "House", conn: Connection, worker_id: bytes) -> list[dict[str, Any]]:
    """Return every version of every account of a worker, also those of archives read as the same person.

    First those of the archive that the others are read as; of each archive the newest first.
    """
    own, current = payee_account.c, payee_of(merges.person_id(conn, worker_id))
    payees = sorted(map(payee_of, merges.together(conn, [worker_id])))
    others_last = sa.case((own.payee == current, 0), else_=1)
    query = sa.select(payee_account).where(own.payee.in_(payees))
    rows = conn.execute(query.order_by(others_last, own.payee, own.version.desc()))
    found: list[dict[str, Any]] = []
    before = ""
    for one in (PayeeAccount(*row) for row in rows):
        newest, before = one.payee != before, one.payee
        told = _told(house, conn, one, newest=newest)
        found.append(told | {"counts": newest and one.payee == current})
    return found


def standing(one: PayeeAccount, *, newest: bool) -> str:
    """Return where a version stands, in one code."""
    if one.state in ("ended", "failed"):
        return one.state
    if not newest:
        return "replaced"
    if one.state != "entered":
        return "mismatch" if one.checked == payee_accounts.MISMATCH else one.state
    waiting = {payee_accounts.MATCH: "checked", payee_accounts.UNAVAILABLE: "unavailable"}
    return waiting.get(one.checked or "", "checking")


def _told(house: "House", conn: Connection, one: PayeeAccount, *, newest: bool) -> dict[str, Any]:
    try:
        account = payee_accounts.opened(house, conn, one.account_id)
        tail, bank = account.number[-4:], account.bank
    except SealError:
        tail, bank = "", ""  # its retention is over
    found = standing(one, newest=newest)
    row = dated.table(BANKS).on(dated.OPEN_END).get(bank)
    return {
        "account_id": one.account_id,
        "version": one.version,
        "standing": found,
        "standing_name": STATES_ZH[found],
        "number_tail": tail,
        "bank": bank,
        "bank_name": bank if row is None else str(row["zh"]),
        "own": one.entered_by.startswith("worker:"),
        "entered_ms": one.entered_ms,
        "verified_ms": one.verified_ms,
    }
