"""What a case of recovery may do next (状态转换): one table, and no other.

    OPENED ─ HEARD ─ DECIDED ─ PARTIAL ─ SETTLED
     立案    已听取   决定追回   部分收回   已收回
       └───────┴ DROPPED 不予追回 ┴────┴── WRITTEN_OFF 核销

The worker is told at once of what is asked back and why (告知), and has days to answer (陈述申辩). Two
officials decide; what comes back is matched by two payers, or kept back from a later subsidy where the law
and the decision say so; what cannot be had back is written off by two.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

WORKER, SYSTEM, HANDLER, REVIEWER, PAYER = "worker", "system", "handler", "reviewer", "payer"
AGREE, TAKE_BACK = "agree-offset", "deny-offset"
"""The worker agrees that protected subsidies are kept back for it (同意抵扣), or no longer."""


class Transition(NamedTuple):
    """One way out of a state."""

    source: str
    event: str
    target: str
    roles: tuple[str, ...]
    claim: str = ""
    """What becomes of the claim with it: an event of the claim's own table."""


TRANSITIONS: Final = (
    Transition("OPENED", "say", "HEARD", (WORKER, HANDLER)),
    Transition("HEARD", "say", "HEARD", (WORKER, HANDLER)),
    Transition("OPENED", "hear", "HEARD", (SYSTEM,)),
    *(Transition(one, "drop", "DROPPED", (REVIEWER, SYSTEM), "keep") for one in ("OPENED", "HEARD")),
    Transition("HEARD", "decide", "DECIDED", (REVIEWER,)),
    *(Transition(one, "receive", "PARTIAL", (PAYER, REVIEWER)) for one in ("DECIDED", "PARTIAL")),
    *(Transition(one, "settle", "SETTLED", (PAYER, REVIEWER), "recovered") for one in ("DECIDED", "PARTIAL")),
    *(Transition(one, word, one, (WORKER,)) for one in ("DECIDED", "PARTIAL") for word in (AGREE, TAKE_BACK)),
    # What it rested on is gone: nobody owes it any more, and what was paid back of it is due again.
    *(Transition(one, "lift", "DROPPED", (SYSTEM,), "keep") for one in ("DECIDED", "PARTIAL")),
    *(Transition(one, "write-off", "WRITTEN_OFF", (REVIEWER,), "keep") for one in ("DECIDED", "PARTIAL")),
)
_TABLE: Final[Mapping[tuple[str, str], Transition]] = {(one.source, one.event): one for one in TRANSITIONS}

OWNERS: Final[Mapping[str, str]] = {
    "OPENED": WORKER,
    "HEARD": HANDLER,
    "DECIDED": WORKER,
    "PARTIAL": WORKER,
    "SETTLED": "",
    "WRITTEN_OFF": "",
    "DROPPED": "",
}
"""On whom a case waits in each state."""
OPEN: Final = ("OPENED", "HEARD", "DECIDED", "PARTIAL")
OWING: Final = ("DECIDED", "PARTIAL")
STATES_ZH: Final[Mapping[str, str]] = {
    "OPENED": "已告知，听取陈述申辩",
    "HEARD": "已听取意见，待决定",
    "DECIDED": "已决定追回，待退还",
    "PARTIAL": "已退还一部分",
    "SETTLED": "已退还完毕",
    "WRITTEN_OFF": "已核销",
    "DROPPED": "不予追回",
}


def find(state: str, event: str) -> Transition | None:
    """Return the way out of a state by an event; None: there is none."""
    return _TABLE.get((state, event))


def ways(state: str, roles: frozenset[str]) -> list[str]:
    """Return the events that somebody with these roles may bring about, in the order of the table."""
    return [one.event for one in TRANSITIONS if one.source == state and not roles.isdisjoint(one.roles)]
