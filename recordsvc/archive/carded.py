"""What there is to say of the card that a record names (出示的卡), judged on the days the record tells of.

Said only of a record that is entered, and only of a card of its own worker: of one that is held nothing is
told, for all reasons alike. It never refuses a record that names its worker by number and name.
"""

from collections.abc import Mapping
from typing import Any

from recordsvc.archive.checks_case import Finding, finding
from recordsvc.people import cards
from recordsvc.people.cards import Days
from recordsvc.people.resolve import CARD, Hits, Person

PLACE = "/worker/card"


def days_of(record: Mapping[str, Any]) -> Days:
    """Return the days a record tells of: from its course's first to its last, else the day it was issued."""
    body = record["body"]
    start, end = body.get("started_on"), body.get("ended_on")
    if isinstance(start, str) and isinstance(end, str):
        return start, end
    return record["issued_on"], record["issued_on"]


def card_findings(person: Person, hits: Hits, received_on: str) -> list[Finding]:
    """Return what the sender should know of the card."""
    hit = hits.get((CARD, person.card))
    if hit is None or not hit.events or person.days is None:
        return []
    return [finding(code, PLACE, received_on) for code in cards.concerns(hit.events, person.days)]
