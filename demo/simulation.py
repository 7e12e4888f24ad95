"""Runs the years: quarter by quarter, wishes become classes, classes become records and new wishes."""

import datetime as dt
from collections.abc import Iterator, Sequence

from demo.academy import CLASS_SIZE, Academy
from demo.board import Board
from demo.career import Career, Wish
from demo.institutions import CLOSED
from demo.ledger import Ledger
from demo.occupations import PROGRAMMES
from demo.population import FIRST_YEAR
from demo.schedule import quarter_of, quarters

Learner = tuple[Career, Wish]
_CLOSES = CLOSED.until_on or dt.date.max
_LAST_CLASS = _CLOSES - dt.timedelta(11)
"""First day of the class that the closed school could not finish."""


class Simulation:
    """One run over all careers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._academy = Academy(ledger)
        self._board = Board(ledger)

    def run(self, careers: Sequence[Career]) -> None:
        """Let everybody take what they wish for, from the first year to today."""
        for quarter in quarters(FIRST_YEAR, self._ledger.today):
            if quarter == quarter_of(_CLOSES - dt.timedelta(1)):
                self._close_early([career for career in careers if not career.scripted])
            for learners in self._classes(careers, quarter):
                self._hold(learners, quarter)

    def _close_early(self, careers: Sequence[Career]) -> None:
        """Begin one class at the school that closes, break it off; its learners wish once more."""
        wanted: dict[str, list[Learner]] = {}
        for career in careers:
            for wish in career.due(_LAST_CLASS):
                if CLOSED.offers(wish.programme):
                    wanted.setdefault(wish.programme, []).append((career, wish))
        if not wanted:
            return
        programme, learners = max(wanted.items(), key=lambda item: len(item[1]))
        course = self._academy.begin(CLOSED, PROGRAMMES[programme], _LAST_CLASS)
        for career, wish in learners[:8]:
            if career.free(course.days):
                self._academy.close(course, career)
                career.wishes.remove(wish)
                career.wishes.append(Wish(programme, _CLOSES + dt.timedelta(70)))

    def _classes(self, careers: Sequence[Career], quarter: dt.date) -> Iterator[list[Learner]]:
        """Gather who wants the same thing; a class with a fixed day takes others along."""
        wanted: dict[str, list[Learner]] = {}
        for career in careers:
            for wish in career.due(_end(quarter)):
                wanted.setdefault(wish.programme, []).append((career, wish))
        for learners in wanted.values():
            # Fixed days first, so that they decide about the class; the sort keeps the order of the rest.
            learners.sort(key=lambda learner: not learner[1].exact)
            fixed = [learner for learner in learners if learner[1].exact]
            rest = learners[len(fixed) :]
            for learner in fixed:
                company, rest = rest[:12], rest[12:]
                yield [learner, *company]
            for first in range(0, len(rest), CLASS_SIZE):
                yield rest[first : first + CLASS_SIZE]

    def _hold(self, learners: list[Learner], quarter: dt.date) -> None:
        """Hold one class with those who are free; the others keep their wish for a later quarter."""
        leading = learners[0][1]
        course = self._academy.schedule(PROGRAMMES[leading.programme], leading, quarter)
        if course is None:
            return
        for career, wish in learners:
            if wish.from_on > course.started_on or not career.free(course.days):
                continue
            career.wishes.remove(wish)
            completion = self._academy.attend(course, career, wish.fate)
            if completion is not None:
                self._board.conclude(course, career, wish, completion)


def _end(quarter: dt.date) -> dt.date:
    """Return the last day but a few of a quarter."""
    return quarter + dt.timedelta(85)
