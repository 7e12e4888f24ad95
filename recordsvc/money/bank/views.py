"""What the desk is shown of payments (支付台账): no name and no number of a payee."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import deciding
from recordsvc.access.grants import Actor
from recordsvc.ground import two_person
from recordsvc.ground.ports import beijing_date
from recordsvc.money.bank import batches, breaks, paying, payments, recusing, resolving, services
from recordsvc.money.bank.batches import StoredBatch
from recordsvc.money.bank.breaks import Break
from recordsvc.money.bank.paying import Paying
from recordsvc.money.bank.payments import Payment
from recordsvc.money.bank.tables import collection, payment, recon_break

if TYPE_CHECKING:
    from recordsvc.house import House


def account(house: "House", conn: Connection, found: Paying) -> dict[str, Any]:
    """Return an account of ours with what the books say it holds, and what waits on it to go or to come."""
    own = payment.c
    waiting = sa.select(sa.func.count()).where(own.account == found.code, own.state == "approved")
    of = collection.c
    asked = sa.select(sa.func.count()).where(of.account == found.code, of.state == "approved")
    return {name: getattr(found, name) for name in Paying.__slots__} | {
        "balance_fen": house.cash.balance_fen(conn, found.code),
        "suspense_fen": house.cash.suspense_fen(conn, found.code),
        "waiting": conn.execute(waiting).scalar_one(),
        "collecting": conn.execute(asked).scalar_one(),
    }


def proposals(house: "House", conn: Connection, who: Actor) -> list[dict[str, Any]]:
    """Return what waits for a second payer; what moves money of whom this one keeps out of is left out."""
    kept_out = recusing.kept_out(conn, who.recused)
    mine = two_person.proposal.c.kind.in_(
        sorted((paying.KIND, batches.KIND, batches.COLLECT, resolving.KIND))
    )
    return [
        {
            "proposal_id": one.id,
            "kind": one.kind,
            "subject": one.subject,
            "proposed_by": one.proposed_by,
            "proposed_ms": one.proposed_ms,
            "expires_ms": one.expires_ms,
        }
        for one in two_person.pending(conn, house.clock.now_ms(), mine)
        if services.concerned(conn, one).isdisjoint(kept_out)
    ]


def accounts(house: "House", conn: Connection) -> list[dict[str, Any]]:
    """Return all accounts of ours."""
    return [account(house, conn, one) for one in paying.every(conn)]


def waiting(house: "House", conn: Connection, who: Actor) -> dict[str, int]:
    """Return what waits for a payer: payments and collections to seal, words to give, differences.

    As in the lists, what is of those whom the payer keeps out of does not count.
    """
    today = beijing_date(house.clock.now_ms()).isoformat()
    of, own = recon_break.c, payment.c
    late = of.due_on < today
    kept_out = recusing.kept_out(conn, who.recused)
    open_ = sa.and_(of.state == "open", recusing.breaks_of_others(kept_out))
    counts = {
        "to_seal": sa.select(sa.func.count())
        .select_from(payment)
        .where(own.state == "approved", own.payee.not_in(kept_out)),
        "to_collect": sa.select(sa.func.count())
        .select_from(collection)
        .where(collection.c.state == "approved", collection.c.payer.not_in(kept_out)),
        "differences": sa.select(sa.func.count()).select_from(recon_break).where(open_),
        "late": sa.select(sa.func.count()).select_from(recon_break).where(open_, late),
    }
    by = deciding.reference(who)
    found = {name: int(conn.scalar(query) or 0) for name, query in counts.items()}
    return found | {"to_decide": sum(one["proposed_by"] != by for one in proposals(house, conn, who))}


def batch(conn: Connection, found: StoredBatch) -> dict[str, Any]:
    """Return a batch with what waits for the second payer."""
    waiting = batches.proposal_of(conn, found.batch_id) if found.state == "sealed" else None
    said = {name: getattr(found, name) for name in StoredBatch.__slots__}
    return said | {"sha256": found.sha256.hex(), "proposal_id": waiting}


def one_payment(conn: Connection, found: Payment) -> dict[str, Any]:
    """Return a payment with its steps."""
    steps = [dict(row._mapping) for row in payments.history(conn, found.payment_id)]  # noqa: SLF001 - a row's mapping
    return shown(found) | {"steps": steps}


def shown(found: Payment) -> dict[str, Any]:
    """Return a payment as lists show it."""
    return {name: getattr(found, name) for name in Payment.__slots__}


def difference(house: "House", conn: Connection, found: Break) -> dict[str, Any]:
    """Return a difference with its age, and how it may end."""
    now_ms = house.clock.now_ms()
    rule = dated.rule(breaks.TABLE, found.kind, beijing_date(now_ms).isoformat())
    opened = found.state == "open"
    mine = resolving.candidates(conn, found) if opened and "matched" in rule["resolutions"] else []
    return {name: getattr(found, name) for name in Break.__slots__} | {
        "zh": str(rule["zh"]),
        "age_days": found.age_days(now_ms),
        "resolutions": [one for one in rule["resolutions"] if one != "superseded"] if opened else [],
        "candidates": [one.payment_id for one in mine],
        "repayments": resolving.repayments(house, conn, found)
        if opened and "repaid" in rule["resolutions"]
        else [],
    }
