"""Signing many at once (批量签批): clean claims as one hashed list, flagged ones singly.

The list is what was seen: who signs names its hash, and a claim that moved meanwhile makes another list.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.strictjson import canonical
from recordsvc.money.claims import agencies, deceased, hands, notices, refusing, steps, transitions
from recordsvc.money.claims.errors import ClaimListChanged
from recordsvc.money.claims.steps import Done
from recordsvc.money.claims.tables import claim_notice, claim_state
from recordsvc.money.claims.values import Claim, Who, find, listed

if TYPE_CHECKING:
    from recordsvc.house import House

MOST: Final = 500
EVENTS: Final = ("accept", "review", "approve", "finance")
FLAGS_ZH: Final[Mapping[str, str]] = {
    "agency": "由机构代办",
    "agency-denied": "本人否认委托",
    "objected": "公示期间有异议",
    "sent-back": "曾退回重新审核",
    "account-shared": "收款账户与他人相同",
    "deceased": "申领人已故",
    "refusal-proposed": "有人提议不予发放",
}


def due(
    conn: Connection, event: str, by: str, today: str, *where: sa.ColumnElement[bool], limit: int = MOST
) -> list[Claim]:
    """Return the claims that wait for a signature and that `by` can sign, in the order of their filing.

    One that nobody can sign yet, or not this person, would keep back all others of the list: what the rule
    does not grant, what is still public, what they or whom they stand in for filed or signed.
    """
    own, states = claim_state.c, [one.source for one in transitions.TRANSITIONS if one.event == event]
    over = sa.select(claim_notice.c.notice_id).where(claim_notice.c.end_on < today)
    public = sa.or_(own.state != "NOTICED", own.notice_id.in_(over))
    found = listed(
        conn, own.state.in_(states), own.waits == "", own.amount_fen > 0, public, *where, limit=limit
    )
    return [one for one in found if hands.kept_from(conn, one, by) is None]


def flags(house: "House", conn: Connection, one: Claim) -> tuple[str, ...]:
    """Return why a claim is looked at singly; nothing of it refuses."""
    agency = agencies.of_claim(conn, one)
    found = (
        ("agency", agency is not None or not one.payee.startswith("worker:")),
        ("agency-denied", agency is not None and agency.how == agencies.DENIED),
        ("objected", bool(notices.objections(conn, one))),
        ("sent-back", one.round > 1),
        ("account-shared", house.claims.payments.shared(conn, one.payee)),
        ("deceased", deceased.died(conn, one)),
        ("refusal-proposed", refusing.proposed(conn, one) is not None),
    )
    return tuple(name for name, holds in found if holds)


def sheet(claims: Sequence[Claim]) -> str:
    """Return the SHA-256 of a list as it stands: each claim, its version, amount and decision."""
    lines = [[one.claim_id.hex(), one.version, one.amount_fen, one.decision] for one in claims]
    return hashlib.sha256(b"claim-list/v1" + canonical(lines)).hexdigest()


def sign_all(
    turn: Turn, house: "House", event: str, claim_ids: Sequence[bytes], list_sha256: str, who: Who
) -> list[Done]:
    """Sign a list. Raises `ClaimListChanged`, and whatever keeps one of them back: all are signed, or none.

    A claim that is found to have changed is not signed but sent back; the others are signed all the same.
    """
    chosen = [find(turn.conn, one) for one in claim_ids]
    if event not in EVENTS or sheet(chosen) != list_sha256:
        raise ClaimListChanged
    if any(flags(house, turn.conn, one) for one in chosen):
        raise ClaimListChanged
    return [steps.step(turn, house, one, event, who, list_sha256=list_sha256) for one in chosen]
