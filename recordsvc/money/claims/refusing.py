"""Refusing (不予发放): what the rule refuses one official may say; what it grants is refused by two.

One proposes it with a reason, and the worker is told; a reviewer, another person, refuses or does not. A
proposal is worth what it was made on: any step since, but a report that it is overdue, ends it.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.money.claims import hands, transitions
from recordsvc.money.claims.errors import ClaimStep
from recordsvc.money.claims.values import Claim, Who, decision_of, events_of

PROPOSE: Final = transitions.PROPOSE
REFUSE: Final = "refuse"


def proposed(conn: Connection, one: Claim) -> sa.Row[Any] | None:
    """Return the step that proposed to refuse a claim as it stands now; None: nobody did, or it ended."""
    newest = next((row for row in reversed(events_of(conn, one)) if row.event != "escalate"), None)
    return newest if newest is not None and newest.event == PROPOSE else None


def check_refusal(conn: Connection, one: Claim, who: Who, reason: str) -> None:
    """Let a refusal pass: of what the rule refuses, else with a reason; never for want of a rule.

    Of what the rule grants only as somebody else proposed it, by a reviewer. Raises `ClaimStep`,
    `ClaimSignedBefore`, `StandsTogether`.
    """
    verdict = _verdict(conn, one)
    if verdict == "NO_RULE_IN_FORCE" or (verdict != "REFUSE" and not reason):
        raise ClaimStep(state=one.state, event=REFUSE, verdict=verdict)
    if verdict != "GRANT":
        return
    before = proposed(conn, one)
    if before is None or transitions.REVIEWER not in who.roles:
        raise ClaimStep(state=one.state, event=REFUSE, verdict=verdict, needs=PROPOSE)
    against = hands.two_needed(conn, who.actor, before.actor, before.at_ms)
    if against is not None:
        raise against


def check_proposal(conn: Connection, one: Claim, reason: str) -> None:
    """Let a proposal pass: with a reason, of what the rule grants. Raises `ClaimStep`."""
    verdict = _verdict(conn, one)
    if verdict != "GRANT" or not reason:
        raise ClaimStep(state=one.state, event=PROPOSE, verdict=verdict)


def offered(conn: Connection, one: Claim, event: str, roles: frozenset[str]) -> bool:
    """Tell whether somebody with these roles is offered to refuse a claim, or to propose that."""
    granted = _verdict(conn, one) == "GRANT"
    if event == PROPOSE:
        return granted
    return not granted or (transitions.REVIEWER in roles and proposed(conn, one) is not None)


def _verdict(conn: Connection, one: Claim) -> str:
    found = decision_of(conn, one)
    return "" if found is None else str(found.verdict)
