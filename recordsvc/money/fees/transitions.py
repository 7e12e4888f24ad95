"""What a fee order may do next (缴费单状态): one table of {from, event, to}, held by the database as well.

    NEW ─ pay ─ PENDING ─ paid ─ PAID ─ refunded ─ PART_REFUNDED ─ refunded ─ REFUNDED
     └ cancel: CANCELLED   ├ fail ─ FAILED                                      └ final
                           └ silence ─ UNKNOWN ─ paid, fail
    PAID ─ charged-back ─ NEW          its payer had the bank take the debit back (代扣退回)

CANCELLED, FAILED and REFUNDED are final: whoever wants the place still orders anew. Money that comes for an
order that takes none is a surplus of its payment and goes back; the order does not move for it.
"""

from typing import Final, NamedTuple


class Transition(NamedTuple):
    """One way out of a state; "" is before the order."""

    source: str
    event: str
    target: str


STATES: Final = ("NEW", "PENDING", "UNKNOWN", "PAID", "PART_REFUNDED", "REFUNDED", "FAILED", "CANCELLED")
FINAL: Final = ("REFUNDED", "FAILED", "CANCELLED")
WAITING: Final = ("NEW", "PENDING", "UNKNOWN")
"""Takes money."""
PAID: Final = ("PAID", "PART_REFUNDED")
"""Has money that may go back."""
TRANSITIONS: Final = (
    Transition("", "order", "NEW"),
    Transition("NEW", "cancel", "CANCELLED"),
    *(Transition(one, "pay", "UNKNOWN" if one == "UNKNOWN" else "PENDING") for one in WAITING),
    Transition("PENDING", "silence", "UNKNOWN"),
    *(Transition(one, "paid", "PAID") for one in ("PENDING", "UNKNOWN")),
    *(Transition(one, "fail", "FAILED") for one in ("PENDING", "UNKNOWN")),
    Transition("PAID", "charged-back", "NEW"),
    # What stays where it is, and is told all the same.
    *(Transition(one, event, one) for one in PAID for event in ("refund", "dispute", "dispute-ended")),
    *(Transition(one, "refunded", to) for one in PAID for to in ("PART_REFUNDED", "REFUNDED")),
)
_WAYS: Final = frozenset(TRANSITIONS)


def allowed(source: str, event: str, target: str) -> bool:
    """Tell whether an order may go that way."""
    return Transition(source, event, target) in _WAYS
