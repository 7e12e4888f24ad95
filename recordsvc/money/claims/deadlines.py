"""Days that nobody moves for themselves (办理期限不重新起算): a claim is due when it was due.

A handler who has the service look again, or anybody who proposes a refusal, has not begun anew: what was
late stays late, and is reported.
"""

from typing import TYPE_CHECKING

from recordsvc.money.claims.transitions import HANDLER, PROPOSE
from recordsvc.money.claims.values import events_of

if TYPE_CHECKING:
    from recordsvc.money.claims.steps import Run


def stays(run: "Run") -> bool:
    """Tell whether a step leaves the day on which the claim is due as it is."""
    way = run.way
    if way.event == PROPOSE or (way.event, way.source, run.role) == ("supplement", "CHECKED", HANDLER):
        return True
    if way.event not in ("check", "ask") or way.source != "SUBMITTED":
        return False
    last = events_of(run.turn.conn, run.claim)[-1]
    return (last.event, last.source, last.role) == ("supplement", "CHECKED", HANDLER)
