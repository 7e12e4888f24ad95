"""Topping up (补差): where the archive now gives more than a paid claim's worker has kept, the difference.

    due now − (paid − come back, over the claim and what topped it up before)

Of a claim that was asked back wholly, for a record that was revoked and is good again, that is all of it.

The difference is a claim of its own (`claim_topup`): the same four eyes, list and payment. One at a time,
each part once by a unique index. What an official refused, or the worker withdrew, is proposed again only
where more is due than then.
"""

from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc.archive import notices
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.money.claims import filing, transitions
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.values import Claim
from recordsvc.money.recovery.values import open_of, recovered_fen

if TYPE_CHECKING:
    from recordsvc.house import House

TOLD: Final = "claim-topup"
AGAIN: Final = "claim-restored"
"""What had been asked back is paid anew: its record is good again."""
_PAID: Final = ("PAID", "CLOSED")
_SAID: Final = ("REFUSED", "WITHDRAWN")


def propose(turn: Turn, house: "House", first: Claim, due_fen: int, cause: str) -> Claim | None:
    """Claim for what a paid claim's worker is short of; None: of nothing, or it is under way, or was said."""
    others = claim_values.parts_of(turn.conn, first)
    live = [one for one in others if one.state not in transitions.NOT_LIVE]
    over = [one for one in others if one.state in _SAID]
    said_fen = max((one.before_fen + one.amount_fen for one in over), default=0)
    settled = all(one.state in _PAID and open_of(turn.conn, one.claim_id) is None for one in (first, *live))
    kept_fen = sum(_kept_fen(turn.conn, one) for one in (first, *live))
    if not settled or due_fen <= max(kept_fen, said_fen):
        return None
    taken = {one.part for one in live}
    part = next(n for n in range(1, len(live) + 2) if n not in taken)
    made = filing.top_up(turn, house, first, part, kept_fen, cause)
    claim = uuid_text(made.claim_id)
    kind = TOLD if kept_fen else AGAIN
    notices.tell_worker(turn, house, made.worker_id, kind, {"case_id": claim}, f"{kind}/{claim}")
    return made


def _kept_fen(conn: Connection, one: Claim) -> int:
    """Return how much of a paid claim has not come back, in fen."""
    return one.amount_fen - recovered_fen(conn, one.worker_id, one.claim_id)
