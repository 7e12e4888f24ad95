"""What a claim may do next (状态转换): one table of {from, event, to, role, guards, effects}, and no other.

    DRAFT ─ SUBMITTED ─ CHECKED ─ ACCEPTED ─ REVIEWED ─ NOTICED ─ APPROVED ─ FINANCED ─ PAYING ─ PAID ─ CLOSED
              NEED_INFO ┘  经办      复核       公示 │ OBJECTED  审批      拨付        │ RETURNED ┘ 退票
    REFUSED · WITHDRAWN out of what is not approved; RECOVERING ─ RECOVERED out of what was paid

A guard asks something of the claim, an effect does something with it; both are named here and written in
`guards` and `effects`. Six states are told to the outside.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

WORKER, SYSTEM, PAYER = "worker", "system", "payer"
HANDLER, REVIEWER = "handler", "reviewer"
PROPOSE: Final = "propose-refusal"
"""To refuse what the rule grants, which another person decides."""


class Transition(NamedTuple):
    """One way out of a state."""

    source: str
    event: str
    target: str
    roles: tuple[str, ...]
    """Who may: `worker` is the claimant or whoever filed the claim, `system` the service itself."""
    guards: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()


_UNDECIDED: Final = ("SUBMITTED", "CHECKED", "NEED_INFO")
_HELD: Final = ("ACCEPTED", "REVIEWED", "NOTICED", "OBJECTED")
_OWN: Final = (WORKER, HANDLER)
_OFFICIALS: Final = ("CHECKED", "ACCEPTED", "REVIEWED", "NOTICED", "OBJECTED", "APPROVED", "RETURNED")
"""States in which a claim waits on somebody at a desk."""
_FIRST: Final = ("behalf", "granted", "current", "account")
_SAME: Final = ("on_behalf", "current", "same_account")

TRANSITIONS: Final = (
    Transition("DRAFT", "submit", "SUBMITTED", _OWN),
    Transition("SUBMITTED", "check", "CHECKED", (SYSTEM,), (), ("limits",)),
    Transition("SUBMITTED", "ask", "NEED_INFO", (SYSTEM,), (), ("limits",)),
    # What was to top another up (补差), and no more is due now.
    Transition("SUBMITTED", "void", "WITHDRAWN", (SYSTEM,)),
    # What no register brings, only the claimant can: the handler asks, in words.
    Transition("CHECKED", "ask", "NEED_INFO", (HANDLER,), ("said", "alive")),
    # The archive of the claimant was closed after a death: a handler has what waited on the worker.
    *(Transition(one, "deceased", "CHECKED", (SYSTEM,)) for one in ("NEED_INFO", "CHECKED")),
    Transition("DRAFT", "deceased", "WITHDRAWN", (SYSTEM,)),
    # Filed in a merge that was undone since: an official finds out whose it is.
    *(Transition(one, "parted", "CHECKED", (SYSTEM,)) for one in ("NEED_INFO", "CHECKED")),
    Transition("DRAFT", "parted", "WITHDRAWN", (SYSTEM,)),
    *(Transition(one, "supplement", "SUBMITTED", (*_OWN, SYSTEM)) for one in ("NEED_INFO", "CHECKED")),
    Transition("CHECKED", "accept", "ACCEPTED", (HANDLER,), _FIRST, ("hold", "sign")),
    Transition("ACCEPTED", "review", "REVIEWED", (REVIEWER,), _SAME, ("sign",)),
    Transition("REVIEWED", "publish", "NOTICED", (HANDLER, REVIEWER), (), ("list",)),
    Transition("NOTICED", "object", "OBJECTED", (HANDLER, REVIEWER)),
    Transition("OBJECTED", "dismiss", "NOTICED", (REVIEWER,)),
    Transition("NOTICED", "approve", "APPROVED", (REVIEWER,), ("notice_over", *_SAME), ("sign",)),
    Transition("NOTICED", "pass", "APPROVED", (SYSTEM,), ("notice_over", *_SAME, "no_approval_needed")),
    Transition("APPROVED", "finance", "FINANCED", (PAYER,), _SAME, ("sign",)),
    Transition("APPROVED", "hand-over", "FINANCED", (SYSTEM,), (*_SAME, "fully_signed")),
    Transition(
        "FINANCED", "pay", "PAYING", (SYSTEM, PAYER), ("fully_signed", *_SAME, "payable"), ("offset", "queue")
    ),
    Transition("PAYING", "paid", "PAID", (SYSTEM,)),
    *(
        Transition(one, "returned", "RETURNED", (SYSTEM,), (), ("back",))
        for one in ("PAYING", "PAID", "RECOVERING")
    ),
    Transition("RETURNED", "pay", "PAYING", (SYSTEM, PAYER), ("fully_signed", "another_hand"), ("queue",)),
    # What it waited for is there: a new account of its payee is verified.
    Transition("RETURNED", "account", "RETURNED", (SYSTEM,)),
    Transition("RETURNED", "lapse", "SUBMITTED", (SYSTEM,), ("not_offset",), ("give_back",)),
    Transition("PAID", "close", "CLOSED", (SYSTEM,)),
    # Overdue: the state stays, and the next above is told.
    *(Transition(one, "escalate", one, (SYSTEM,), (), ("keep",)) for one in _OFFICIALS),
    # What was signed for no longer holds: every signature ends, and so does the hold.
    *(
        Transition(one, "return-to-check", "SUBMITTED", (HANDLER, REVIEWER, PAYER, SYSTEM), (), ("release",))
        for one in (*_HELD, "APPROVED", "FINANCED")
    ),
    # What the rule grants is refused by two: one proposes it, a reviewer does it.
    *(
        Transition(one, PROPOSE, one, (HANDLER, REVIEWER), ("refusal",), ("propose",))
        for one in ("CHECKED", *_HELD)
    ),
    *(
        Transition(one, "refuse", "REFUSED", (HANDLER, REVIEWER), ("refusable",), ("refuse", "release"))
        for one in ("CHECKED", *_HELD)
    ),
    *(
        Transition(one, "withdraw", "WITHDRAWN", _OWN, ("claimants",), ("release",))
        for one in ("DRAFT", *_UNDECIDED, *_HELD)
    ),
    *(Transition(one, "recover", "RECOVERING", (SYSTEM,)) for one in ("PAID", "CLOSED")),
    Transition("RECOVERING", "recovered", "RECOVERED", (SYSTEM,)),
    # Asked back for a record that is good again: paid anew as what tops it up (补差).
    Transition("RECOVERED", "restored", "CLOSED", (SYSTEM,)),
    *(Transition("RECOVERING", one, "CLOSED", (SYSTEM,)) for one in ("keep", "reduced", "written-off")),
)

_TABLE: Final[Mapping[tuple[str, str], Transition]] = {(one.source, one.event): one for one in TRANSITIONS}

OUTSIDE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("DRAFT", "NEED_INFO"), "to-supplement"),
    **dict.fromkeys(("SUBMITTED", "CHECKED", "ACCEPTED", "REVIEWED"), "in-review"),
    **dict.fromkeys(("NOTICED", "OBJECTED"), "in-notice"),
    **dict.fromkeys(("APPROVED", "FINANCED", "PAYING", "RETURNED"), "to-pay"),
    **dict.fromkeys(("PAID", "CLOSED", "RECOVERING", "RECOVERED"), "paid"),
    **dict.fromkeys(("REFUSED", "WITHDRAWN"), "not-granted"),
}
"""What is told to the outside of each state."""
OUTSIDE_ZH: Final[Mapping[str, str]] = {
    "to-supplement": "待补充",
    "in-review": "审核中",
    "in-notice": "公示中",
    "to-pay": "待拨付",
    "paid": "已发放",
    "not-granted": "未通过",
}
NOT_LIVE: Final = ("DRAFT", "REFUSED", "WITHDRAWN", "RECOVERED")
"""States in which a claim keeps nobody from another one for the same."""
OWNERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("DRAFT", "NEED_INFO"), WORKER),
    **dict.fromkeys(("SUBMITTED", "FINANCED", "PAYING", "PAID", "RECOVERING"), SYSTEM),
    **dict.fromkeys(("CHECKED", "REVIEWED"), HANDLER),
    **dict.fromkeys(("ACCEPTED", "NOTICED", "OBJECTED"), REVIEWER),
    **dict.fromkeys(("APPROVED", "RETURNED"), PAYER),
    **dict.fromkeys(("CLOSED", "REFUSED", "WITHDRAWN", "RECOVERED"), ""),
}
"""On whom a claim waits in each state."""


def find(state: str, event: str) -> Transition | None:
    """Return the way out of a state by an event; None: there is none."""
    return _TABLE.get((state, event))


def moves_money(event: str) -> bool:
    """Tell whether an event signs for money or sends it: that asks for a fresh proof."""
    return any(one.event == event and not {"sign", "queue"}.isdisjoint(one.effects) for one in TRANSITIONS)


def ways(state: str, roles: frozenset[str]) -> list[str]:
    """Return the events that somebody with these roles may bring about, in the order of the table."""
    return [one.event for one in TRANSITIONS if one.source == state and not roles.isdisjoint(one.roles)]
