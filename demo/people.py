"""The synthetic workers: names, documents with valid numbers, cards, groups, home counties."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable

from demo import names
from recordsvc.people import synthetic

BEFORE_1998 = dt.date(1998, 1, 1)
_CURRENT = (
    ("640104", 9), ("640105", 5), ("640106", 6), ("640121", 4), ("640122", 4), ("640181", 5), ("640202", 4),
    ("640205", 3), ("640221", 4), ("640302", 6), ("640303", 5), ("640323", 3), ("640324", 8), ("640381", 5),
    ("640402", 8), ("640422", 8), ("640423", 3), ("640424", 3), ("640425", 4), ("640502", 6), ("640521", 6),
    ("640522", 7),
)  # fmt: skip
"""The 22 counties and districts of Ningxia with their weight in the draw."""
_RETIRED = {
    "640104": ("640102", "640103", "640111"), "640105": ("640103", "640111"), "640106": ("640111",),
    "640181": ("642125", "642103", "640382"), "640202": ("640203",), "640205": ("640204", "640223"),
    "640221": ("640222",), "640302": ("642121", "642101"), "640323": ("642126",), "640324": ("642127",),
    "640381": ("642122", "642102"), "640402": ("642221",), "640422": ("642223",), "640423": ("642224",),
    "640424": ("642225",), "640425": ("642226",), "640502": ("642123", "640321"),
    "640521": ("642124", "640322"), "640522": ("642222", "640421"),
}  # fmt: skip
"""County of today → codes under which people from there were numbered before 1998-2003."""
_ELSEWHERE = ("620102", "620422", "620525", "610102", "622921", "410102", "150302", "511602", "341222")
HMT_AREAS = ("810000", "820000", "830000")


@dataclasses.dataclass(frozen=True, slots=True)
class Card:
    """One social security card (社会保障卡), used from `from_on` until the next one."""

    number: str
    area: str
    chip: str | None
    from_on: dt.date


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """A synthetic worker. `document` is the kind of the identity document, `area` the county of residence."""

    key: str
    name: str
    male: bool
    ethnic: str
    born: dt.date
    document: str
    number: str
    area: str
    cards: tuple[Card, ...]
    groups: tuple[str, ...]

    def card(self, on: dt.date) -> Card:
        """Return the card in use on that day."""
        return max((card for card in self.cards if card.from_on <= on), key=lambda card: card.from_on)

    def age(self, on: dt.date) -> int:
        """Return the age in full years."""
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))

    def works_until(self) -> dt.date:
        """Return a cautious end of working age: 60 for men, 50 for women, before the bounds began to move."""
        return anniversary(self.born, 60 if self.male else 50)


def anniversary(on: dt.date, years: int) -> dt.date:
    """Return the same calendar day years later; 29 February becomes the 28th."""
    day = 28 if (on.month, on.day) == (2, 29) else on.day
    return dt.date(on.year + years, on.month, day)


class Registry:
    """Draws people; never gives a document or card number twice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: set[str] = set()

    def person(
        self,
        key: str,
        born: dt.date,
        *,
        male: bool,
        groups: tuple[str, ...] = (),
        name: str | None = None,
        area: str | None = None,
        replaced_on: dt.date | None = None,
        document: str = "resident-id",
    ) -> Person:
        """Make one person; what is not given is drawn."""
        drawn, ethnic = names.draw(self._rng, male=male)
        area = (
            area or self._rng.choices([code for code, _ in _CURRENT], [weight for _, weight in _CURRENT])[0]
        )
        number = self._fresh(lambda: self._document(document, area, born, male=male))
        if document == "hmt-residence":
            ethnic = "汉族"
        cards = self._cards(area, replaced_on)
        return Person(key, name or drawn, male, ethnic, born, document, number, area, cards, groups)

    def _document(self, document: str, area: str, born: dt.date, *, male: bool) -> str:
        sex, seed = "male" if male else "female", self._rng.randrange(500)
        if document == "foreign-pr":
            return synthetic.foreign_pr("64", "398", born, sex, seed)
        if document == "hmt-residence":
            return synthetic.resident_id(self._rng.choice(HMT_AREAS), born, sex, seed)
        assigned = area
        if born < BEFORE_1998 and area in _RETIRED and self._rng.random() < 0.6:
            assigned = self._rng.choice(_RETIRED[area])
        elif self._rng.random() < 0.06:
            assigned = self._rng.choice(_ELSEWHERE)
        return synthetic.resident_id(assigned, born, sex, seed)

    def _cards(self, area: str, replaced_on: dt.date | None) -> tuple[Card, ...]:
        first = self._card(area, dt.date(self._rng.randrange(2012, 2018), 6, 1))
        return (first,) if replaced_on is None else (first, self._card(area, replaced_on))

    def _card(self, area: str, from_on: dt.date) -> Card:
        issuing = area[:4] + "00"
        seed = self._rng.randrange(9 * 10**8)
        number = self._fresh(lambda: synthetic.card_number(self._rng.randrange(9 * 10**8)))
        # Rosters filled in by hand carry no chip code; a card reader gives it.
        chip = synthetic.chip_code(seed, issuing) if self._rng.random() < 0.7 else None
        return Card(number, issuing, chip, from_on)

    def _fresh(self, draw: Callable[[], str]) -> str:
        while (value := draw()) in self._used:
            pass
        self._used.add(value)
        return value
