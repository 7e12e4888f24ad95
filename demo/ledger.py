"""The drafts of all records: what is signed, by whom, about whom, on which day."""

import dataclasses
import datetime as dt
import random
from typing import Any

from demo import numbers
from demo.institutions import Institution
from demo.people import Card, Person


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """A record without audience, environment and salt, which belong to the installation it is sent to."""

    record_id: str
    type: str
    issuer: Institution
    person: Person
    card: Card | None
    issued_on: dt.date
    body: dict[str, Any]

    def happened_on(self) -> dt.date:
        """Return the day from which the service reckons whether a record comes late."""
        certificate = self.body.get("certificate", {})
        for day in (certificate.get("issued_on"), self.body.get("ended_on"), self.body.get("assessed_on")):
            if day is not None:
                return dt.date.fromisoformat(day)
        return self.issued_on

    def worker(self) -> dict[str, Any]:
        """Return the member `worker`: document, name, and the card if the roster had one."""
        named: dict[str, Any] = {
            "document": self.person.document,
            "name": self.person.name,
            "number": self.person.number,
        }
        if self.card is None:
            return named
        card = {"area": self.card.area, "number": self.card.number}
        return named | {"card": card if self.card.chip is None else card | {"chip": self.card.chip}}


class Ledger:
    """Collects drafts; what would be issued on or after `today` has not happened yet and is left out."""

    def __init__(self, rng: random.Random, today: dt.date) -> None:
        self.rng = rng
        self.today = today
        self.drafts: list[Draft] = []
        self._serials: dict[str, int] = {}

    def serial(self, series: str) -> int:
        """Return the next number of a series, from 1."""
        self._serials[series] = self._serials.get(series, 0) + 1
        return self._serials[series]

    def add(
        self, kind: str, issuer: Institution, person: Person, issued_on: dt.date, body: dict[str, Any]
    ) -> Draft | None:
        """Note one record; `None` when its day has not come."""
        if issued_on >= self.today:
            return None
        # One roster in eight is filled in without the card.
        card = person.card(issued_on) if self.rng.random() < 0.88 or person.key else None
        identity = numbers.record_id(self.rng, issued_on)
        draft = Draft(identity, kind, issuer, person, card, issued_on, body)
        self.drafts.append(draft)
        return draft
