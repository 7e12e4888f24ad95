"""Holding classes: who comes on which day, who drops out, what the institution signs at the end."""

import datetime as dt

from demo import bodies
from demo.career import Career, Fate, Wish
from demo.course import Course
from demo.institutions import INSTITUTIONS, Institution
from demo.ledger import Draft, Ledger
from demo.marks import PASS_MARK
from demo.occupations import Programme
from demo.schedule import training_days

CLASS_SIZE = 50
"""Largest class (宁夏 2018: 每班不超过 50 人)."""
ENROLLED_FROM = dt.date(2026, 7, 1)
"""From this day on the demo's institutions say who entered a class, too."""
_REASONS_TO_LEAVE = (
    "外出务工，本人书面申请退学",
    "家中有人患病需照料，申请退学",
    "已在外地就业，申请退学",
    "身体原因，申请退学",
)


class Academy:
    """All training institutions of the region."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._rng = ledger.rng

    def schedule(self, programme: Programme, wish: Wish, not_before: dt.date) -> Course | None:
        """Plan a class at an institution in force to its end; `None` when nobody offers the programme."""
        start = wish.from_on if wish.exact else not_before + dt.timedelta(self._rng.randrange(60))
        days = _days(programme, start)
        offers = [
            one
            for one in INSTITUTIONS
            if one.offers(programme.key)
            and one.in_force(days[0], days[-1])
            and wish.institution in (None, one.key)
        ]
        return self.begin(self._rng.choice(offers), programme, start) if offers else None

    def begin(self, institution: Institution, programme: Programme, start: dt.date) -> Course:
        """Open a class on the first training day from `start` on."""
        days = _days(programme, start)
        serial = self._ledger.serial(f"class {institution.key} {days[0].year}")
        return Course(institution, programme, days, serial)

    def attend(self, course: Course, career: Career, fate: Fate) -> Draft | None:
        """Let somebody attend, sign what came of it, and return the completion of a course passed."""
        career.busy.update(course.days)
        if course.started_on >= ENROLLED_FROM and course.programme.trade is not None:
            entered = bodies.enrolment(course)
            self._ledger.add("enrolment", course.institution, career.person, course.started_on, entered)
        luck = self._rng.random() if fate is Fate.DRAWN else 0.0 if fate is Fate.DROP else 1.0
        if luck < 0.035:
            self._drop(course, career)
            return None
        attended = self._days_attended(course)
        if fate is Fate.DRAWN and luck < 0.05:
            body = bodies.outcome(course, attended, "absent", "结业考核缺考")
            self._sign(course, career, "enrolment-outcome", body)
            return None
        score = self._score(course, fate)
        body = bodies.completion(course, attended, score)
        completion = self._sign(course, career, "training-completion", body)
        return completion if score is None or score >= PASS_MARK else None

    def _drop(self, course: Course, career: Career) -> None:
        stayed = course.days[: max(1, len(course.days) * self._rng.randrange(15, 60) // 100)]
        reason = self._rng.choice(_REASONS_TO_LEAVE)
        self._sign(course, career, "enrolment-outcome", bodies.outcome(course, stayed, "dropped", reason))

    def close(self, course: Course, career: Career) -> None:
        """Sign what somebody had of a class when the institution closed in the middle of it (机构停办)."""
        closes = course.institution.until_on
        came = tuple(day for day in course.days if closes is None or day < closes)
        career.busy.update(came)
        body = bodies.outcome(course, came, "institution-closed", "培训机构停办，已上课时如实记录")
        self._sign(course, career, "enrolment-outcome", body)

    def _days_attended(self, course: Course) -> tuple[dt.date, ...]:
        """Draw the days somebody came: most miss none or few, one in thirty misses many."""
        missing = 0.3 if self._rng.random() < 0.03 else self._rng.choice((0, 0, 0, 0.04, 0.08, 0.12))
        came = tuple(day for day in course.days if self._rng.random() >= missing)
        return came or course.days[:1]

    def _score(self, course: Course, fate: Fate) -> int | None:
        """Draw a mark out of 100; online courses end without an assessment."""
        if course.programme.online:
            return None
        if fate is Fate.DRAWN and self._rng.random() < 0.04:
            return self._rng.randrange(38, PASS_MARK)
        return min(99, max(PASS_MARK, round(self._rng.gauss(80, 9))))

    def _sign(self, course: Course, career: Career, kind: str, body: bodies.Body) -> Draft | None:
        """Sign within three weeks of the end; one record in sixty is found months later."""
        late = self._rng.randrange(200, 500) if self._rng.random() < 1 / 60 else 0
        signed_on = course.ended_on + dt.timedelta(self._rng.randrange(1, 21) + late)
        closes = course.institution.until_on
        if closes is not None:  # a closed school signs nothing any more
            signed_on = min(signed_on, closes - dt.timedelta(1))
        return self._ledger.add(kind, course.institution, career.person, signed_on, body)


def _days(programme: Programme, start: dt.date) -> tuple[dt.date, ...]:
    return training_days(start, programme.days, online=programme.online)
