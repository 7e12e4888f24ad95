"""A claim's place among a person's limits (次数限制): taken once it is granted, held by unique indexes."""

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.money.claims import deciding
from recordsvc.money.claims.errors import ClaimStands
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import Claim, decision_of

if TYPE_CHECKING:
    from recordsvc.house import House

_LIMITS: Final = (
    (("ux_claim_slot", "claim_state.slot"), "number"),
    (("ux_claim_level", "claim_state.level"), "level"),
    (("ux_claim_training", "claim_state.training"), "training"),
    (
        ("ux_claim_certificate", "ux_claim_purpose", "ux_claim_part", "claim_state.certificate"),
        "certificate",
    ),
)
"""How the databases name a limit that is used up, and what it is a limit of."""
_TAKEN: Final = ("occupation", "level", "training_begun", "training_ended", "year", "slot", "slots")


def exceeded(error: sa.exc.IntegrityError) -> Exception:
    """Return the problem of a used-up limit; whatever else the tables refuse is a fault of ours."""
    said = str(error.orig)
    for names, what in _LIMITS:
        if any(name in said for name in names):
            return ClaimStands(limit=what)
    return error


def place(house: "House", conn: Connection, one: Claim) -> dict[str, Any]:
    """Return the place among so many that a claim takes; none where it is not granted. Raises `ClaimStands`.

    What tops another up takes none: it is that one's.
    """
    values: dict[str, Any] = dict.fromkeys(_TAKEN)
    found = decision_of(conn, one)
    if found is None or found.verdict != "GRANT" or one.tops is not None:
        return values
    rule = house.claims.rules.version(found.sha256)
    used = deciding.limits(rule, deciding.again(rule, bytes(found.document)))
    values |= {"occupation": used.occupation, "level": used.level}
    values |= {"training_begun": used.begun, "training_ended": used.ended}
    if used.year is None or used.slots is None:
        return values
    own = claim_state.c
    taken = sa.select(own.slot).where(
        own.worker_id == one.worker_id,
        own.purpose == one.purpose,
        own.year == used.year,
        own.live == 1,
        own.claim_id != one.claim_id,
    )
    there = set(conn.scalars(taken))
    free = next((n for n in range(1, used.slots + 1) if n not in there), None)
    if free is None:
        raise ClaimStands(limit="number")
    return values | {"year": used.year, "slot": free, "slots": used.slots}
