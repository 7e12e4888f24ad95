"""What comes back (退款入账): a line of the bank that two payers found to be a repayment.

    资金账  payee_in ──> suspense          the line came in as unexplained (suspense ──> bank)
    预算账  spent:LINE ──> line:LINE       of this budget year: it can be granted anew
            spent:LINE ──> source          of a year that is over: it goes back where it was allotted from

Both are one posting. A line is one receipt, whoever's; beyond what is still owed nothing is taken.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank import cashbook, paying
from recordsvc.money.bank.cash import Booked
from recordsvc.money.bank.errors import ResolutionRefused
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.money import spent_of
from recordsvc.money.claims.values import Who
from recordsvc.money.ledger import booking
from recordsvc.money.ledger.values import Leg, Posting, move
from recordsvc.money.recovery import steps
from recordsvc.money.recovery.errors import RecoveryUnknown
from recordsvc.money.recovery.tables import recovery, recovery_line, recovery_receipt
from recordsvc.money.recovery.transitions import OWING
from recordsvc.money.recovery.values import Case, find, listed, receipts_of

if TYPE_CHECKING:
    from recordsvc.house import House


OFFSET_ZH: Final = "从以后的一项补贴中抵扣"


def pay_to(conn: Connection, case: Case) -> list[dict[str, str]]:
    """Return the accounts of ours into which a case is paid back: those of the fund that paid."""
    fund = spent_of(conn, claim_values.find(conn, case.claim_id)).fund
    mine = (one for one in paying.every(conn) if one.fund == fund)
    return [{"name": one.name, "number": one.number, "bank": one.bank} for one in mine]


class Repayments:
    """What the bank's room asks when a line is said to be a repayment."""

    def __init__(self, house: "House") -> None:
        """Take repayments in for the cases of `house`."""
        self._house = house

    def candidates(self, conn: Connection, line: Booked, named: str) -> list[bytes]:
        """Return cases that a line may be of, the one that it names first; they are only proposed."""
        owing = listed(conn, recovery.c.state.in_(OWING))
        fits = [one for one in owing if one.reference == named or one.owed_fen == line.amount_fen]
        mine = [one for one in fits if self._fund(conn, one) == paying.find(conn, line.account).fund]
        return [one.recovery_id for one in sorted(mine, key=lambda one: one.reference != named)]

    def check(self, conn: Connection, recovery_id: bytes, line: Booked) -> None:
        """Refuse what cannot be a repayment of a case. Raises `ResolutionRefused`."""
        try:
            case = find(conn, recovery_id)
        except RecoveryUnknown:
            raise _refused("没有这件追回事项") from None
        if not line.credit:
            raise _refused("只有入账才能作为退款")
        if line.amount_fen > case.owed_fen:
            raise _refused(f"这笔入账超过该事项尚应退还的金额（{case.owed_fen} 分），多出的部分须另行退回")
        if self._fund(conn, case) != paying.find(conn, line.account).fund:
            raise _refused("这个账户不属于该补贴的资金")

    def take(self, turn: Turn, recovery_id: bytes, line: Booked, proposed_by: str, decided_by: str) -> None:
        """Take a line for a repayment. Raises `ResolutionRefused`, `RecoveryChanged`."""
        self.check(turn.conn, recovery_id, line)
        case = find(turn.conn, recovery_id)
        one = claim_values.find(turn.conn, case.claim_id)
        cashbook.open_places(turn, line.account, paying.find(turn.conn, line.account).fund, decided_by)
        back = spent_of(turn.conn, one).back(line.amount_fen, beijing_date(turn.now_ms).year)
        legs = (
            move(
                cashbook.place(line.account, "payee_in"),
                cashbook.place(line.account, "suspense"),
                line.amount_fen,
            ),
            back,
        )
        row = {"way": "bank", "account": line.account, "reference": line.reference, "other_claim": None}
        people = {"proposed_by": proposed_by, "decided_by": decided_by}
        receive(
            turn, self._house, case, line.amount_fen, legs, row | people, frozenset({"payer"}), line.booked_on
        )

    def _fund(self, conn: Connection, case: Case) -> str:
        return spent_of(conn, claim_values.find(conn, case.claim_id)).fund


def receive(
    turn: Turn,
    house: "House",
    case: Case,
    amount_fen: int,
    legs: Iterable[Leg],
    row: dict[str, Any],
    roles: frozenset[str],
    on: str = "",
) -> tuple[str, ...]:
    """Book what came back, continue the claim's sum, and bring the case on; the transfers, leg by leg."""
    before = receipts_of(turn.conn, case.worker_id, case.claim_id)
    last = before[-1] if before else None
    n = 1 if last is None else last.n + 1
    name = f"recovery:{case.recovery_id.hex()}/{n}"
    today = beijing_date(turn.now_ms).isoformat()
    doc = f"recovery:{case.recovery_id.hex()}"
    posting = Posting(name, tuple(legs), "recovered", row["decided_by"], doc, min(on, today) if on else today)
    booked = booking.book(turn, posting).or_raise()
    summed = 0 if last is None else int(last.after_fen)
    full = {
        "worker_id": case.worker_id,
        "claim_id": case.claim_id,
        "n": n,
        "before_n": None if last is None else last.n,
        "recovery_id": case.recovery_id,
        "paid_fen": case.paid_fen,
        "before_fen": summed,
        "amount_fen": amount_fen,
        "after_fen": summed + amount_fen,
        "posting": name,
        "at_ms": turn.now_ms,
        **row,
    }
    turn.conn.execute(recovery_receipt.insert().values(full))
    bound.wrote(turn, recovery_receipt, full)
    if full["way"] == "bank":
        line = {name: full[name] for name in ("account", "reference", "worker_id", "claim_id", "n")}
        turn.conn.execute(recovery_line.insert().values(line))
        bound.wrote(turn, recovery_line, line)
    event = "settle" if amount_fen == case.owed_fen else "receive"
    who = Who(str(row["decided_by"]), roles)
    came = {"recovered_fen": case.recovered_fen + amount_fen}
    said, told = (OFFSET_ZH, "recovery-offset") if full["way"] == "offset" else ("", "")
    steps.step(turn, house, case, event, who, said, amount_fen=amount_fen, values=came, told=told)
    return booked.transfers


def _refused(detail: str) -> ResolutionRefused:
    return ResolutionRefused(errors=[{"pointer": "/recovery_id", "code": "value", "detail": detail}])
