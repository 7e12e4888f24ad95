"""What an examination says, and when the next level may be tried."""

import dataclasses
import datetime as dt

from demo.people import anniversary

PASS_MARK = 60
"""Each part must reach it; parts are never averaged."""
CONDITIONS_2023 = dt.date(2023, 1, 1)
"""From this day the application conditions (申报条件) of 2023 hold, before it those of 2018."""
LEVEL_CERTIFICATES_FROM = dt.date(2020, 1, 1)
"""Before this day the demo knows the guidance centre's qualification certificate (职业资格证书) only."""
_YEARS_BETWEEN = {4: (4, 3), 3: (5, 4), 2: (4, 5), 1: (4, 5)}
"""Years since the level below before a level may be taken: under the conditions of 2018, of 2023."""


@dataclasses.dataclass(frozen=True, slots=True)
class Marks:
    """Theory and practice out of 100; `None` is absent (缺考), which is not zero."""

    theory: int | None
    practice: int | None

    @property
    def result(self) -> str:
        """Return passed, failed or absent."""
        if self.theory is None or self.practice is None:
            return "absent"
        return "passed" if min(self.theory, self.practice) >= PASS_MARK else "failed"


def next_level_on(level: int, since: dt.date) -> dt.date:
    """Return the first day a level may be taken by somebody who reached the one below on `since`."""
    before, after = _YEARS_BETWEEN[level]
    old = anniversary(since, before)
    return old if old < CONDITIONS_2023 else max(CONDITIONS_2023, anniversary(since, after))
