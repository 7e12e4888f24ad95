"""Draws the workers of the region: their groups, their first course, what they wish for."""

import dataclasses
import datetime as dt
import random

from demo.career import Career, Wish
from demo.marks import next_level_on
from demo.occupations import TRADES, Trade
from demo.people import Person, Registry, anniversary

FIRST_YEAR = 2019


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """One kind of career; `extras` are further courses, each with its chance."""

    share: int
    ages: tuple[int, int]
    groups: tuple[str, ...]
    trades: tuple[str, ...]
    extras: tuple[tuple[str, float], ...] = ()
    first: str | None = None
    men: float = 0.5
    employed: bool = False


_POOR = ("former-poor-household", "rural-migrant")
_RELEASED = ("custody", "hard-to-employ")
_PLANT = ("electrician", "fitter", "welder")
_RISKS = ("heights", 0.25), ("chlorination", 0.5)
_SIDE = ("startup", 0.12), ("digital", 0.12), ("snacks", 0.08)
_FIELD = ("goji-pruning", 0.8), ("goji-drying", 0.7), ("sheep", 0.25)
_SITE = ("excavator", 0.12), ("loader", 0.08)
_CITY = ("startup", 0.2), ("digital", 0.3)
_HOME = ("embroidery", 0.25), ("snacks", 0.2), ("startup", 0.1)

_BUILDING = ("welder", "electrician", "cook", "crane", "mechanic", "housekeeper")
_TOWN = ("seller", "carer", "nanny", "electrician", "baker", "cook")

PROFILES = (
    Profile(30, (19, 44), ("rural-migrant",), _BUILDING, (*_SITE, *_SIDE), men=0.65),
    Profile(13, (24, 43), ("registered-unemployed",), _TOWN, _CITY),
    Profile(8, (38, 47), ("hard-to-employ",), ("housekeeper", "carer", "baker", "cook"), _HOME, men=0.3),
    Profile(9, (20, 42), _POOR, ("welder", "cook", "housekeeper", "grower"), (*_HOME, ("sheep", 0.35))),
    Profile(6, (22, 30), ("veteran",), ("electrician", "crane", "mechanic"), _CITY, "veterans", men=0.9),
    Profile(4, (20, 42), ("disabled",), ("seller", "baker", "turner"), (("embroidery", 0.5), *_CITY)),
    Profile(3, (24, 42), _RELEASED, ("welder", "cook", "mechanic"), (("startup", 0.3),), men=0.9),
    Profile(9, (21, 24), ("graduate",), ("seller", "electrician", "turner", "nanny"), _CITY),
    Profile(3, (17, 18), ("school-leaver",), ("mechanic", "turner", "baker"), (), "prep"),
    Profile(8, (20, 42), ("enterprise-worker",), _PLANT, _RISKS, men=0.8, employed=True),
    Profile(7, (25, 44), ("rural-migrant",), ("grower", "gardener"), _FIELD),
)
"""Kinds of careers with their share in hundredths, as the plan names the groups (六)."""

_ENTRY_YEARS = (2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026)
_ENTRY_WEIGHTS = (20, 14, 16, 14, 13, 11, 8, 4)
_OTHER_DOCUMENTS = {7: "foreign-pr", 131: "hmt-residence", 257: "hmt-residence", 383: "hmt-residence"}
_OPERATIONS = {"welder": "hot-work", "electrician": "low-voltage", "crane": "heights", "fitter": "heights"}


class Population:
    """Draws careers one after another from one source of chance."""

    def __init__(self, rng: random.Random, registry: Registry, today: dt.date) -> None:
        self._rng = rng
        self._registry = registry
        self._today = today

    def draw(self, index: int) -> Career:
        """Draw one worker."""
        profile = self._rng.choices(PROFILES, [one.share for one in PROFILES])[0]
        entry = self._entry_day()
        trade = TRADES[self._rng.choice(profile.trades)]
        male = self._sex(profile, trade)
        person = self._person(index, profile, entry, male=male)
        brought = self._brought(person, trade)
        wishes = self._wishes(profile, trade, entry, brought)
        return Career(person, trade, wishes, profile.employed, brought=brought)

    def _entry_day(self) -> dt.date:
        year = self._rng.choices(_ENTRY_YEARS, _ENTRY_WEIGHTS)[0]
        day = dt.date(year, 1, 1) + dt.timedelta(self._rng.randrange(365))
        return min(day, self._today - dt.timedelta(60))

    def _sex(self, profile: Profile, trade: Trade) -> bool:
        if trade.sexes in ("m", "f"):
            return trade.sexes == "m"
        return self._rng.random() < (profile.men + trade.sexes.count("m") / len(trade.sexes)) / 2

    def _person(self, index: int, profile: Profile, entry: dt.date, *, male: bool) -> Person:
        age = self._rng.randrange(profile.ages[0], profile.ages[1] + 1)
        born = anniversary(entry, -age) - dt.timedelta(self._rng.randrange(1, 365))
        replaced = None
        if self._rng.random() < 0.09:
            replaced = entry + dt.timedelta(self._rng.randrange(200, 1800))
        document = _OTHER_DOCUMENTS.get(index, "resident-id")
        groups = profile.groups if document == "resident-id" else ("registered-unemployed",)
        name = "AIGERIM NURLANKYZY" if document == "foreign-pr" else None
        return self._registry.person(
            "",
            born,
            male=male and name is None,
            groups=groups,
            name=name,
            replaced_on=replaced,
            document=document,
        )

    def _brought(self, person: Person, trade: Trade) -> tuple[int, dt.date] | None:
        """Draw an old qualification certificate for one in five of those who were grown up then."""
        day = dt.date(self._rng.randrange(2015, 2018), 8, 10) + dt.timedelta(self._rng.randrange(200))
        if (
            day < trade.from_on
            or person.age(day) < 19
            or person.document != "resident-id"
            or self._rng.random() > 0.2
        ):
            return None
        return self._rng.choice((5, 5, 4)), day

    def _wishes(
        self, profile: Profile, trade: Trade, entry: dt.date, brought: tuple[int, dt.date] | None
    ) -> list[Wish]:
        wishes = [Wish(profile.first, entry)] if profile.first else []
        level, start = 5, max(entry + dt.timedelta(60 if wishes else 0), trade.from_on)
        if brought is not None:
            level = brought[0] - 1
            start = max(start, next_level_on(level, brought[1]))
        wishes.append(Wish(f"{trade.key}-{level}", start))
        operation = _OPERATIONS.get(trade.key)
        if operation is not None and self._rng.random() < 0.4:
            wishes.append(Wish(operation, self._later(entry)))
        wishes.extend(
            Wish(programme, self._later(entry))
            for programme, chance in profile.extras
            if self._rng.random() < chance
        )
        return wishes

    def _later(self, entry: dt.date) -> dt.date:
        return entry + dt.timedelta(self._rng.randrange(90, 1500))
