"""One roster on its way: read, ask, draft. Everything that happens before the first byte is signed."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recordsvc.submit.answers import Answers
from recordsvc.submit.cells import Sheet
from recordsvc.submit.findings import Finding
from recordsvc.submit.profile import profile_path, read_profile
from recordsvc.submit.questions import Question, code_choices, open_questions
from recordsvc.submit.records import Draft, draft
from recordsvc.submit.understand import Understanding, understand
from recordsvc.submit.values import Puzzle


@dataclass(slots=True)
class Roster:
    """A file, what it says, what was answered about it."""

    path: Path
    today: dt.date
    sheets: list[Sheet]
    understood: Understanding
    answers: Answers
    profile: Path

    @property
    def questions(self) -> list[Question]:
        """What still has to be asked."""
        return open_questions(self.understood, self.answers, self.today)

    def ask(self, asker: Callable[[Question], Any]) -> None:
        """Put every open question, one at a time: an answer can open or close others."""
        while questions := self.questions:
            question = questions[0]
            self.answers.put(question.name, asker(question), question.key)
            if question.name in ("columns", "sheets", "theory_practice", "retake"):
                self._read_again()

    def drafts(self) -> dict[int, Draft]:
        """Records by row number. A row that contradicts an answer becomes a rejected one."""
        names = {zh: code for code, zh in code_choices("training_types", self.today).items()}
        # In the order in which they were read: of people side by side a line holds several.
        tables = (table for table in self.understood.tables for _row in table.data)
        made: dict[int, Draft] = {}
        for reading, table in zip(self.understood.readings, tables, strict=True):
            if reading.sendable:
                try:
                    made[reading.row] = draft(reading, table, self.answers, names)
                except Puzzle as puzzle:
                    reading.findings.append(Finding(puzzle.code))
        return made

    def _read_again(self) -> None:
        self.understood = _understood(self.sheets, self.today, self.answers)


def open_roster(
    path: Path,
    sheets: list[Sheet],
    today: dt.date,
    given: Mapping[str, Any],
    kept: Mapping[str, Any] | None = None,
    profile: Path | None = None,
) -> Roster:
    """A roster with what is remembered about its shape, kept about this file, and given now: later wins."""
    named = Answers(kept or {}, given)
    first = understand(sheets, today, None, named.sheets)
    profile = profile or profile_path(path, first.tables)
    answers = Answers(read_profile(profile), kept or {}, given)
    return Roster(path, today, sheets, _understood(sheets, today, answers), answers, profile)


def _understood(sheets: list[Sheet], today: dt.date, answers: Answers) -> Understanding:
    said = (answers.get("theory_practice"), answers.get("retake"))
    return understand(sheets, today, answers.columns, answers.sheets, *said)
