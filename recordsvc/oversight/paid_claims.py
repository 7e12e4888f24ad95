"""Subsidies that were paid (已拨付补贴) as objects of draws: each by its opaque id, in the class of its kind.

What raises the weight of one is what makes a reviewer look at it singly (`claims.signing.FLAGS_ZH`) and can
be told of all at once: it was asked for by or through an institution, objected to, or sent back before.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.ports import beijing_ms
from recordsvc.money.claims import views
from recordsvc.money.claims.agency_tables import claim_agent
from recordsvc.money.claims.tables import claim, claim_objection, claim_state
from recordsvc.oversight.subjects import CONCERNS, Candidate, rule
from recordsvc.people import merges
from recordsvc.people.standing import ERASED, RESTRICTED
from recordsvc.people.tables import worker

PAID: Final = ("PAID", "CLOSED")
_AT_ONCE: Final = 500


class PaidClaims:
    """Claims filed within so many days (`claim-days`) that are paid and asked back by nobody."""

    kind = "claim"
    title_zh = "已拨付补贴"

    def candidates(self, conn: Connection, area: str, day: str) -> Sequence[Candidate]:
        """Return the paid claims that an area handles; an archive that nobody may read is not drawn."""
        since = dt.date.fromisoformat(day) - dt.timedelta(days=rule("claim-days", day))
        flagged = rule("weight-flagged", day)
        own, state = claim.c, claim_state.c
        same = sa.and_(state.worker_id == own.worker_id, state.claim_id == own.claim_id)
        through = sa.exists().where(claim_agent.c.claim_id == own.claim_id)
        disputed = sa.exists().where(claim_objection.c.claim_id == own.claim_id)
        by_another = own.payee.not_like("worker:%")
        query = (
            sa.select(own.claim_id, own.kind, sa.or_(by_another, state.round > 1, through, disputed))
            .select_from(claim.join(claim_state, same).join(worker, worker.c.worker_id == own.worker_id))
            .where(
                state.state.in_(PAID),
                own.filed_ms >= beijing_ms(since),
                own.region.startswith(area),
                worker.c.state.not_in((RESTRICTED, ERASED)),
            )
        )
        return [
            Candidate(str(uuid.UUID(bytes=claim_id)), kind, weight=flagged if weighs else 0)
            for claim_id, kind, weighs in conn.execute(query)
        ]

    def stratum_zh(self, stratum: str) -> str:
        """Return the kind of subsidy in words."""
        return views.kind_zh(stratum)

    def parties(self, conn: Connection, object_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return for each claim the archives of its person, who is paid, and who filed it for them."""
        found = {}
        for row in _claims(conn, object_ids):
            archives = merges.together(conn, [row.worker_id])
            people = {f"worker:{uuid.UUID(bytes=one)}" for one in archives}
            agents = {f"institution:{row.institution}"} if row.institution else set()
            found[str(uuid.UUID(bytes=row.claim_id))] = frozenset(people | {row.payee} | agents)
        return found

    def owner(self, conn: Connection, object_id: str) -> str | None:
        """Return the institution that was paid; beside a worker's own claim nothing is kept here."""
        payees = [row.payee.partition(":") for row in _claims(conn, [object_id])]
        return next((code for kind, _, code in payees if kind == "institution"), None)

    def name(self, conn: Connection, object_id: str, _day: str) -> str:
        """Return the kind of subsidy, with the end of the claim's id."""
        kinds = [views.kind_zh(row.kind) for row in _claims(conn, [object_id])]
        return f"{kinds[0]}（编号尾号 {object_id[-8:]}）" if kinds else object_id


def _claims(conn: Connection, object_ids: Collection[str]) -> list[Any]:
    """Return what is asked for in these claims, by whom, and through which institution."""
    own, agent = claim.c, claim_agent.c
    found: list[Any] = []
    ids = [uuid.UUID(one).bytes for one in object_ids]
    wanted = sa.select(own.claim_id, own.worker_id, own.kind, own.payee, agent.institution).select_from(
        claim.outerjoin(claim_agent, agent.claim_id == own.claim_id)
    )
    for start in range(0, len(ids), _AT_ONCE):
        found += conn.execute(wanted.where(own.claim_id.in_(ids[start : start + _AT_ONCE]))).all()
    return found


def _asked_by(conn: Connection, object_ids: Collection[str], workers: Collection[bytes]) -> bool:
    return any(bytes(row.worker_id) in workers for row in _claims(conn, object_ids))


CONCERNS[PaidClaims.kind] = _asked_by
