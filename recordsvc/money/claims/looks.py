"""A claim is a reason to look (申领是查阅的业务关系): who decides on it reads what it rests on."""

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Kind
from recordsvc.archive.look_relations import Looked, patience_ms
from recordsvc.money.claims.tables import claim, claim_state

if TYPE_CHECKING:
    from recordsvc.house import House

ENDED: Final = ("CLOSED", "REFUSED", "WITHDRAWN", "RECOVERED")


def relation(house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether a claim of the person was under way at an official's look, or was filed soon after."""
    if look.actor_kind != Kind.OFFICIAL:
        return False
    archives = [look.worker_id, *house.people.read_as(house.db.cursor(conn), look.worker_id)]
    same = sa.and_(claim_state.c.worker_id == claim.c.worker_id, claim_state.c.claim_id == claim.c.claim_id)
    under_way = sa.or_(claim_state.c.state.not_in(ENDED), claim_state.c.changed_ms >= look.at_ms)
    filed = claim.c.filed_ms <= look.at_ms + patience_ms(look.at_ms)
    query = sa.select(claim.c.claim_id).select_from(claim.join(claim_state, same))
    return (
        conn.execute(query.where(claim.c.worker_id.in_(archives), filed, under_way).limit(1)).first()
        is not None
    )
