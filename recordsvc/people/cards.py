"""The life of a social security card (社会保障卡的一生): dated events, and the state on a day. Pure.

Two axes that never tell of each other (domain: a bank payment says nothing of the social function):

    social   unknown → not-activated → normal ⇄ lost-oral, lost-written, frozen → void, cancelled (for good)
    bank     unknown → not-activated → active → expired, closed

Events are ordered by the day on which they happened, then by their entry. A wrong one is withdrawn by a later
event that names it, never changed. What each event means stands in the dated table `card_events`.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from recordsvc import dated

WITHDRAWN: Final = "withdrawn"
REPLACED: Final = "replaced"
MOVED: Final = "moved"
ISSUED: Final = "issued"
TAKEN_BACK: Final = "taken-back"
"""The card turned out to be another person's."""


class Social(StrEnum):
    """The social function (社保功能) of a card."""

    UNKNOWN = "unknown"
    NOT_ACTIVATED = "not-activated"
    NORMAL = "normal"
    LOST_ORAL = "lost-oral"
    LOST_WRITTEN = "lost-written"
    FROZEN = "frozen"
    VOID = "void"
    CANCELLED = "cancelled"


class Bank(StrEnum):
    """The bank function (金融功能) of a card."""

    UNKNOWN = "unknown"
    NOT_ACTIVATED = "not-activated"
    ACTIVE = "active"
    EXPIRED = "expired"
    CLOSED = "closed"


ENDED: Final = frozenset({Social.VOID, Social.CANCELLED})
LOST: Final = frozenset({Social.LOST_ORAL, Social.LOST_WRITTEN})
Days = tuple[str, str]
"""First and last day of what a record tells of (YYYY-MM-DD)."""


@dataclass(frozen=True, slots=True)
class CardEvent:
    """One event: its place among the card's events, the day, what, who says so, and when it was entered.

    `detail`: the number of the new card (replaced), the new area (moved), the event's `n` (withdrawn).
    """

    n: int
    on: str
    what: str
    source: str
    detail: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class CardState:
    """A card on a day. `area`: where it was moved to, if it was; `replaced_on`: since when another one is."""

    social: Social = Social.UNKNOWN
    bank: Bank = Bank.UNKNOWN
    area: str = ""
    replaced_on: str = ""


@cache
def _axes() -> tuple[Mapping[str, Social], Mapping[str, Bank]]:
    """What each event makes of either axis."""
    rows = dated.table("card_events").rows
    return (
        {str(row["code"]): Social(row["social"]) for row in rows if row["social"]},
        {str(row["code"]): Bank(row["bank"]) for row in rows if row["bank"]},
    )


def real_day(year: int, month: int, day: int) -> str:
    """Return a calendar day as YYYY-MM-DD; empty if there is no such day."""
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return ""


def is_event(what: str) -> bool:
    """Tell whether there is such an event."""
    return any(row["code"] == what for row in dated.table("card_events").rows)


def standing_events(events: Iterable[CardEvent]) -> list[CardEvent]:
    """Return the events that nobody withdrew, in the order in which they happened."""
    events = list(events)
    withdrawn: set[str] = set()
    # A withdrawal may itself be withdrawn: the last word counts.
    for event in sorted(events, key=lambda one: one.n, reverse=True):
        if event.what == WITHDRAWN and str(event.n) not in withdrawn:
            withdrawn.add(event.detail)
    counted = (one for one in events if one.what != WITHDRAWN and str(one.n) not in withdrawn)
    return sorted(counted, key=lambda one: (one.on, one.n))


def card_state(events: Iterable[CardEvent], on: str) -> CardState:
    """Return what the events up to a day (included) make of a card. Neither axis is read off the other."""
    return _fold(one for one in standing_events(events) if one.on <= on)


def _fold(events: Iterable[CardEvent]) -> CardState:
    socials, banks = _axes()
    social, bank, area, replaced_on = Social.UNKNOWN, Bank.UNKNOWN, "", ""
    for event in events:
        if social not in ENDED:
            social = socials.get(event.what, social)
        bank = banks.get(event.what, bank)
        if event.what == MOVED:
            area = event.detail
        if event.what == REPLACED:
            replaced_on = replaced_on or event.on
    return CardState(social, bank, area, replaced_on)


def during(events: Sequence[CardEvent], days: Days) -> set[Social]:
    """Return every state of the social function on the days from the first to the last."""
    first, last = days
    changes = {one.on for one in events if first < one.on <= last}
    return {card_state(events, day).social for day in (first, *changes)}


def is_normal(events: Sequence[CardEvent], days: Days) -> bool:
    """Tell whether the social function was normal on all of these days: only then may a card alone select."""
    return during(events, days) == {Social.NORMAL}


def concerns(events: Sequence[CardEvent], days: Days) -> list[str]:
    """Return what there is to say of a card that was shown on these days, as codes of `findings`."""
    if not events:
        return []
    found = []
    states, replaced_on = during(events, days), card_state(events, dated.OPEN_END).replaced_on
    replaced_since = replaced_on > days[0]
    if replaced_since:
        found.append("card-replaced")
    if states & LOST:
        found.append("card-lost")
    if Social.FROZEN in states:
        found.append("card-frozen")
    if states & ENDED and not replaced_since:
        found.append("card-void")
    return found


def adds(events: Sequence[CardEvent], what: str, on: str, detail: str = "") -> bool:
    """Tell whether an event would say anything new: it is not there, and its axis does not say so already."""
    if any((one.what, one.on, one.detail) == (what, on, detail) for one in events):
        return False
    socials, banks = _axes()
    state = card_state(events, on)
    if what in (ISSUED, REPLACED, MOVED, WITHDRAWN):
        return what != ISSUED or not any(one.what == ISSUED for one in standing_events(events))
    said_social, said_bank = socials.get(what), banks.get(what)
    return said_social not in (None, state.social) or said_bank not in (None, state.bank)
