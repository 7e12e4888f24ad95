"""What was decided of claims, for those who try a new rule on it or work it out once more."""

from collections.abc import Iterator

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.money.claims.tables import claim, claim_decision, claim_state
from recordsvc.money.claims.values import SYSTEM
from recordsvc.money.rules.decisions import Stored
from recordsvc.money.rules.simulating import Case

_GIVEN_UP = ("DRAFT", "WITHDRAWN")


def cases(conn: Connection, rule: str, first: str, last: str, region: str) -> Iterator[Case]:
    """Yield the decision that counts for each claim of a rule with its basis date in a period.

    What was given up was nobody's to grant and is left out, and so is what only tops another up.
    """
    base, own, made = claim.c, claim_state.c, claim_decision.c
    one = sa.and_(own.worker_id == base.worker_id, own.claim_id == base.claim_id)
    counting = sa.and_(made.worker_id == own.worker_id, made.claim_id == own.claim_id, made.n == own.decision)
    query = (
        sa.select(base.claim_id, base.region, made.basis_date, made.verdict, made.amount_fen, made.document)
        .join(claim_state, one)
        .join(claim_decision, counting)
        .where(made.rule == rule, made.basis_date.between(first, last), own.state.not_in(_GIVEN_UP))
        .where(own.part.is_(None))
        .order_by(base.claim_id)
    )
    if region:
        query = query.where(base.region.startswith(region, autoescape=True))
    for claim_id, where, day, verdict, amount_fen, document in conn.execute(query):
        told = orjson.loads(document)
        facts = {name: fact["value"] for name, fact in told["facts"].items()}
        yield Case(bytes(claim_id), where, day, verdict, amount_fen, told["event"], facts)


def stored(conn: Connection) -> Iterator[Stored]:
    """Yield every decision that a rule made of a claim, to be worked out once more."""
    own = claim_decision.c
    columns = (own.worker_id, own.claim_id, own.rule, own.sha256, own.decided_ms, own.document)
    query = sa.select(*columns).where(own.sha256 != "").order_by(own.worker_id, own.claim_id, own.n)
    for worker_id, claim_id, rule, sha256, decided_ms, document in conn.execute(query):
        content = bytes(document)
        engine = str(orjson.loads(content)["engine"])
        key = bytes(worker_id), bytes(claim_id)
        yield Stored(*key, rule, sha256, engine, decided_ms, SYSTEM, content)
