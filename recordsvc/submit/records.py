"""From a row and the answers to the body of a record: a completion, or the outcome of an enrolment."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recordsvc.people import identifiers
from recordsvc.submit.answers import EVERYTHING_ELSE, Answers
from recordsvc.submit.headers import Field
from recordsvc.submit.questions import hours_key
from recordsvc.submit.reading import Reading
from recordsvc.submit.table import Table
from recordsvc.submit.values import Outcome, Puzzle

COMPLETION = "training-completion"
ENROLMENT = "enrolment-outcome"


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it has an id, a salt and a signature."""

    record_type: str
    worker: dict[str, Any]
    body: dict[str, Any]


def draft(reading: Reading, table: Table, answers: Answers, types: dict[str, str]) -> Draft:
    """The record of one sendable row, every open question answered; `types` are the training types by name.

    Raises `Puzzle` where row and answers contradict each other.
    """
    outcome = reading.outcome
    away = outcome is not None and outcome.kind in ("absent", "dropped")
    body: dict[str, Any] = {
        "class": _class(reading, answers),
        "ended_on": _day(reading.ended, answers.get("ended_on")),
        "institution": _institution(reading, answers),
        "level": reading.level or answers.get("level"),
        "minutes_per_period": int(answers.get("minutes_per_period")),
        "occupation": _occupation(reading, answers),
        "planned": _planned(reading, table, answers),
        "started_on": _day(reading.started, answers.get("started_on")),
        "training_type": _training_type(reading, answers, types),
    }
    if body["ended_on"] < body["started_on"]:
        raise Puzzle("date-order")
    declared = reading.amounts.get(Field.TOTAL)
    if declared is not None and declared == declared.to_integral() and _unit(table, Field.TOTAL) is None:
        body["declared_periods"] = int(declared)
    if reading.attendance is not None:
        body["attendance_percent"] = reading.attendance
    body |= _attended(reading, table, answers)
    if away and outcome is not None:
        return Draft(ENROLMENT, _worker(reading, answers), body | {"outcome": outcome.kind})
    if reading.assessed is not None:
        body["assessed_on"] = reading.assessed.isoformat()
    return Draft(COMPLETION, _worker(reading, answers), body | _result(outcome, answers))


def _worker(reading: Reading, answers: Answers) -> dict[str, Any]:
    worker: dict[str, Any] = {"document": reading.document, "name": reading.name, "number": reading.number}
    area = reading.card_area or reading.chip[:6] or answers.get("card_area") or ""
    if reading.card and area:
        card = {"area": identifiers.card_area(area), "number": reading.card}
        if reading.chip and not identifiers.chip_code(reading.chip, area).warnings:
            card["chip"] = reading.chip
        worker["card"] = card
    return worker


def _class(reading: Reading, answers: Answers) -> dict[str, str]:
    name = reading.texts.get(Field.CLASS_NAME)
    code = reading.texts.get(Field.CLASS_CODE) or answers.get("class", name or EVERYTHING_ELSE)
    found = {"code": code, "filing": reading.texts.get(Field.FILING), "name": name}
    return {key: value for key, value in found.items() if value}


def _institution(reading: Reading, answers: Answers) -> dict[str, str]:
    found = answers.get("institution", reading.texts.get(Field.INSTITUTION, EVERYTHING_ELSE))
    return {key: found[key] for key in ("name", "site", "uscc") if found.get(key)}


def _occupation(reading: Reading, answers: Answers) -> dict[str, str]:
    name = reading.texts.get(Field.OCCUPATION, EVERYTHING_ELSE)
    if reading.occupation_code:
        found = {"code": reading.occupation_code, "edition": str(answers.get("edition")), "name": name}
        if name == EVERYTHING_ELSE:
            found["name"] = (answers.get("occupation", name) or {}).get("name", reading.occupation_code)
    else:
        answered = answers.get("occupation", name)
        found = {key: str(answered[key]) for key in ("catalogue", "code", "edition") if answered.get(key)}
        found["name"] = answered.get("name") or name
    work_type = reading.texts.get(Field.WORK_TYPE)
    return found | ({"work_type": work_type} if work_type else {})


def _training_type(reading: Reading, answers: Answers, types: dict[str, str]) -> str:
    text = reading.texts.get(Field.TRAINING_TYPE, EVERYTHING_ELSE)
    return types.get(text) or str(answers.get("training_type", text))


def _planned(reading: Reading, table: Table, answers: Answers) -> dict[str, int]:
    """Minutes of theory, practice and online time, from the row or from the answered split of its total."""
    per_period = int(answers.get("minutes_per_period"))
    if {Field.THEORY, Field.PRACTICE} <= set(reading.amounts):
        parts = {
            name: _whole(reading.amounts.get(found, Decimal()) * (_unit(table, found) or per_period))
            for name, found in (
                ("online_minutes", Field.ONLINE),
                ("practice_minutes", Field.PRACTICE),
                ("theory_minutes", Field.THEORY),
            )
        }
    else:
        split = answers.get("hours", hours_key(reading))
        parts = {name: int(split[name]) for name in ("online_minutes", "practice_minutes", "theory_minutes")}
        total = reading.amounts.get(Field.TOTAL)
        if total is not None and sum(parts.values()) != total * (_unit(table, Field.TOTAL) or per_period):
            raise Puzzle("hours-mismatch")
    return parts


def _attended(reading: Reading, table: Table, answers: Answers) -> dict[str, Any]:
    """Minutes and days really attended, where the sheet keeps them; nothing is copied from the plan."""
    kept = {Field.ATTENDED_THEORY: "theory_minutes", Field.ATTENDED_PRACTICE: "practice_minutes"}
    found: dict[str, Any] = {}
    if kept.keys() <= reading.amounts.keys():
        per_period = int(answers.get("minutes_per_period"))
        found["attended"] = {
            name: _whole(reading.amounts[field] * (_unit(table, field) or per_period))
            for field, name in kept.items()
        } | {"online_minutes": 0}
    if reading.attended_on:
        found["attended_on"] = [day.isoformat() for day in reading.attended_on]
    return found


def _result(outcome: Outcome | None, answers: Answers) -> dict[str, str]:
    """`result`, and `score` where one number stands for the whole assessment."""
    if outcome is None:
        return {"result": str(answers.get("result"))}
    if outcome.kind == "parts":
        # Each part has to reach the mark; the average means nothing, so no score is written.
        passed = all(_reached(part, answers) for part in (outcome.score or "").split("/"))
        return _settled(outcome, passed=passed)
    scored = {"score": outcome.score} if outcome.score is not None else {}
    if outcome.kind == "scored":
        return _settled(outcome, passed=_reached(outcome.score or "", answers)) | scored
    # Where the centre said what passes, a row that says otherwise is not signed before somebody looked.
    marked = outcome.score is not None and answers.get("pass_mark") is not None
    if marked and _reached(outcome.score or "", answers) != (outcome.kind == "passed"):
        raise Puzzle("result-conflict")
    return {"result": outcome.kind} | scored


def _settled(outcome: Outcome, *, passed: bool) -> dict[str, str]:
    """The result by the pass mark, unless the note says the opposite."""
    if passed and outcome.noted == "failed":
        raise Puzzle("result-conflict")
    return {"result": "passed" if passed else "failed"}


def _reached(part: str, answers: Answers) -> bool:
    return part == "passed" or (part != "failed" and Decimal(part) >= Decimal(str(answers.get("pass_mark"))))


def _unit(table: Table, found: Field) -> int | None:
    column = table.columns.get(found)
    return column.unit if column else None


def _whole(minutes: Decimal) -> int:
    if minutes != minutes.to_integral():
        raise Puzzle("hours-unreadable")
    return int(minutes)


def _day(read: Any, answered: str | None) -> str:
    return read.isoformat() if read is not None else str(answered)
