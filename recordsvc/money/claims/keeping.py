"""What keeps an archive from being erased (保存): claims under way, and what the law has an office keep.

A claim's decision, signatures and payment are vouchers of an account (会计凭证): while they are kept, erasing
a worker means restricting the archive. Of single records they keep those that the claim rests on.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive.retention import Blocker
from recordsvc.archive.tables import ciphertext, entry
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import sealed, terms
from recordsvc.money.claims.tables import claim_decision, claim_state
from recordsvc.money.claims.values import Claim, listed
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

_OVER: Final = frozenset({"CLOSED", "REFUSED", "WITHDRAWN", "RECOVERED"})


def blocking(house: "House", conn: Connection, worker_id: bytes) -> Iterator[Blocker]:
    """Yield why a worker may not be erased yet. Raises `NoRuleInForce` where nobody laid down how long."""
    found = listed(conn, claim_state.c.worker_id == worker_id)
    if not found:
        return
    open_ids = "、".join(str(uuid.UUID(bytes=one.claim_id)) for one in found if one.state not in _OVER)
    if open_ids:
        # By their ids: of a restricted archive no page shows a claim, yet each can be ended.
        zh = f"有未办结的补贴申领（{open_ids}）：请经办人先办结、不予发放或撤回"
        en = f"a claim is still under way ({open_ids}): a handler ends it first, refuses or withdraws it"
        yield Blocker("claim/open", None, zh, en)
    today = beijing_date(house.clock.now_ms())
    years = int(dated.rule(terms.TABLE, "keep-years", today.isoformat())["years"])
    for one in found:
        # Counted from the first of January after (会计档案管理办法第十四条): to the end of a year.
        until = dt.date(beijing_date(one.changed_ms).year + years, 12, 31)
        if today <= until:
            zh = "补贴申领属于会计凭证，须保存到期"
            yield Blocker("claim/kept", until.isoformat(), zh, "vouchers are kept", _places(conn, one))


def _places(conn: Connection, one: Claim) -> frozenset[int]:
    """Return the log positions that a claim rests on: of its record, and of whatever it took facts from."""
    own, named = claim_decision.c, ciphertext.c.record_id == uuid.UUID(one.certificate).bytes
    made = sa.select(own.document).where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    found = {
        place for document in conn.scalars(made) for place in sealed.places(orjson.loads(document)["facts"])
    }
    same = sa.and_(ciphertext.c.worker_id == entry.c.worker_id, ciphertext.c.seq == entry.c.seq)
    mine = entry.c.worker_id.in_(sorted(merges.together(conn, [one.worker_id])))
    record = sa.select(entry.c.idx).select_from(entry.join(ciphertext, same)).where(named, mine)
    return frozenset(found | set(conn.scalars(record)))
