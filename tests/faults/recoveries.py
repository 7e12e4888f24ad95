"""Recovery of two claims as rows, bound as the service binds them; the claims are those of `claims`."""

import sqlalchemy as sa

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.money.bank.tables import bank_entry
from recordsvc.money.claims.tables import claim_decision
from recordsvc.money.ledger import accounts, booking
from recordsvc.money.ledger.accounts import BUDGET, Account
from recordsvc.money.ledger.values import Posting, move
from recordsvc.money.recovery import tables


def put(turn: Turn, workers: list[bytes]) -> None:
    """Put a case into the house for each of two paid claims: one came back in part, the other wholly.

    Each receipt is a line of the bank that is there, and a posting of the ledger.
    """
    for name, code in (("left", "fund.line"), ("spent", "fund.spent")):
        accounts.open_account(turn, Account(f"{name}:back", BUDGET, code, name), "official:9")
    query = sa.select(bank_entry.c.account, bank_entry.c.reference)
    lines = turn.conn.execute(query.order_by(bank_entry.c.account, bank_entry.c.reference)).all()
    _case(turn, workers[0], 0, [20, 10], lines[:2])
    _case(turn, workers[1], 1, [61], lines[-1:])


def _case(turn: Turn, worker_id: bytes, n: int, came_fen: list[int], lines: list) -> None:
    decided = turn.conn.execute(
        sa.select(claim_decision).where(claim_decision.c.worker_id == worker_id)
    ).one()
    key = {"worker_id": worker_id, "recovery_id": bytes([n + 1]) * 16}
    case = key | {
        "claim_id": decided.claim_id,
        "decision": decided.n,
        "paid_fen": decided.amount_fen,
        "ground": f"ground-{n}",
        "cause": f"entry-{n}",
        "words": f"why {n}",
        "proposed_fen": 90 + n,
        "hear_until": f"2025-05-0{n + 1}",
        "opened_by": f"official:{n}",
        "opened_ms": 100 + n,
        "state": ("PARTIAL", "SETTLED")[n],
        "version": 4 + n,
        "asked_fen": 60 + n,
        "recovered_fen": sum(came_fen),
        "instalments": 2 + n,
        "pay_until": f"2025-06-0{n + 1}",
        "proposed_by": f"official:{n + 2}",
        "decided_by": f"official:{n + 4}",
        "decided_ms": 200 + n,
        "due_on": f"2025-07-0{n + 1}",
        "changed_ms": 300 + n,
    }
    turn.conn.execute(tables.recovery.insert().values(case))
    bound.touch(turn, tables.recovery, (worker_id, key["recovery_id"]))
    event = {"n": n, "event": f"event-{n}", "source": f"FROM-{n}", "target": f"TO-{n}", "amount_fen": 60 + n}
    event |= {"actor": f"official:{n}", "role": f"role-{n}", "reason": f"why {n}", "at_ms": 400 + n}
    _write(turn, tables.recovery_event, key | event)
    for at, (amount_fen, line) in enumerate(zip(came_fen, lines, strict=True)):
        before_fen = sum(came_fen[:at])
        receipt = key | {
            "claim_id": decided.claim_id,
            "n": at + 1,
            "before_n": at or None,
            "paid_fen": decided.amount_fen,
            "before_fen": before_fen,
            "amount_fen": amount_fen,
            "after_fen": before_fen + amount_fen,
            "way": "bank",
            "account": line.account,
            "reference": line.reference,
            "other_claim": None,
            "posting": f"posting-{n}-{at}",
            "proposed_by": f"official:{n}{at}",
            "decided_by": f"official:{n + 6}{at}",
            "at_ms": 500 + 10 * n + at,
        }
        _write(turn, tables.recovery_receipt, receipt)
        legs = (move("spent:back", "left:back", amount_fen),)
        booking.book(turn, Posting(receipt["posting"], legs, "recovered", "official:8"))
        here = {"account": line.account, "reference": line.reference, "worker_id": worker_id}
        _write(turn, tables.recovery_line, here | {"claim_id": decided.claim_id, "n": at + 1})


def _write(turn: Turn, table: sa.Table, row: dict) -> None:
    turn.conn.execute(table.insert().values(row))
    bound.wrote(turn, table, row)
