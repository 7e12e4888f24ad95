"""What the simulation knows of one worker: wishes with dates, days already taken, what became of them."""

import dataclasses
import datetime as dt
import enum

from demo.occupations import Trade
from demo.people import Person


class Fate(enum.StrEnum):
    """What happens to one wish; DRAWN leaves it to chance, RESIT fails first."""

    DRAWN = "drawn"
    SUCCEED = "succeed"
    RESIT = "resit"
    FAIL = "fail"
    DROP = "drop"


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """A course somebody wants to take from `from_on` on, at any institution or a named one.

    `exact` starts a class on that very day (the named workers of the tour); otherwise the quarter decides.
    """

    programme: str
    from_on: dt.date
    institution: str | None = None
    fate: Fate = Fate.DRAWN
    exact: bool = False


@dataclasses.dataclass(slots=True)
class Career:
    """A worker on the way. `scripted` careers keep to their wishes; others grow new ones.

    `brought` is level and day of a qualification certificate from before the first year of the demo.
    """

    person: Person
    trade: Trade | None
    wishes: list[Wish]
    employed: bool = False
    scripted: bool = False
    brought: tuple[int, dt.date] | None = None
    busy: set[dt.date] = dataclasses.field(default_factory=set)

    def due(self, by: dt.date) -> list[Wish]:
        """Return the wishes due by that day in order: all of a scripted career, else the first."""
        due = sorted((wish for wish in self.wishes if wish.from_on <= by), key=lambda wish: wish.from_on)
        return due if self.scripted else due[:1]

    def free(self, days: tuple[dt.date, ...]) -> bool:
        """Say whether all those days are free and lie in the person's working age."""
        return self.busy.isdisjoint(days) and days[-1] <= self.person.works_until()
