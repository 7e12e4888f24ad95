"""One class (班级) of the demo region and what attending some of its days adds up to."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from demo.institutions import Institution
from demo.occupations import Programme

PERIOD_MINUTES = 45
"""Minutes of one class hour (课时) in every teaching plan of the demo."""


@dataclasses.dataclass(frozen=True, slots=True)
class Course:
    """A class with its training days in order; `serial` counts the institution's classes of the year."""

    institution: Institution
    programme: Programme
    days: tuple[dt.date, ...]
    serial: int

    @property
    def started_on(self) -> dt.date:
        """Return the first day."""
        return self.days[0]

    @property
    def ended_on(self) -> dt.date:
        """Return the last day."""
        return self.days[-1]

    def minutes(self, attended: Sequence[dt.date]) -> dict[str, int]:
        """Return theory, practice and online minutes of the days attended.

        Every day has whole class hours; the plan's theory is spread evenly over the days.
        """
        programme = self.programme
        if programme.online:
            return _hours(online=len(attended) * programme.minutes)
        plan = self._theory_by_day()
        theory = sum(plan[day] for day in attended)
        return _hours(theory=theory, practice=len(attended) * programme.minutes - theory)

    def _theory_by_day(self) -> dict[dt.date, int]:
        """Return the theory minutes of each day: whole class hours whose running total follows the plan."""
        programme, plan, given = self.programme, {}, 0
        for place, day in enumerate(self.days, 1):
            due = place * programme.minutes * (100 - programme.practice) // 100
            plan[day] = min((due - given) // PERIOD_MINUTES * PERIOD_MINUTES, programme.minutes)
            given += plan[day]
        return plan


def _hours(*, theory: int = 0, practice: int = 0, online: int = 0) -> dict[str, int]:
    return {"online_minutes": online, "practice_minutes": practice, "theory_minutes": theory}
