"""Two rosters as centres send them, read exactly as a careful reader reads them.

The files stand in `tests/submit/data`; every person in them is synthetic.
"""

import json
from pathlib import Path

import pytest

from recordsvc.submit.sheets import read_sheets
from recordsvc.submit.understand import understand
from tests.submit.rosters import TODAY

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("roster", "expected"), [("roster_a.xlsx", "roster_a"), ("roster_b.csv", "roster_b")]
)
def test_every_row_has_the_expected_class_and_code(roster, expected):
    wanted = json.loads((DATA / f"{expected}.expected.json").read_text(encoding="utf-8"))["rows"]
    found = understand(read_sheets(DATA / roster), TODAY).readings

    assert [
        {"row": one.row, "class": one.row_class.value, "code": one.finding.code if one.finding else ""}
        for one in found
    ] == [{key: row[key] for key in ("row", "class", "code")} for row in wanted]


@pytest.mark.parametrize(
    ("roster", "expected"), [("roster_a.xlsx", "roster_a"), ("roster_b.csv", "roster_b")]
)
def test_accepted_rows_have_the_right_person(roster, expected):
    wanted = json.loads((DATA / f"{expected}.expected.json").read_text(encoding="utf-8"))["rows"]
    found = understand(read_sheets(DATA / roster), TODAY).readings

    pairs = [(one, row) for one, row in zip(found, wanted, strict=True) if row["class"] != "reject"]
    assert [(one.name, one.number) for one, _ in pairs] == [(row["name"], row["id"]) for _, row in pairs]


def test_dates_level_and_occupation_are_those_of_the_class():
    wanted = json.loads((DATA / "roster_a.expected.json").read_text(encoding="utf-8"))
    found = understand(read_sheets(DATA / "roster_a.xlsx"), TODAY).readings

    assert {one.started.isoformat() for one in found} == {wanted["start"]}
    assert {one.ended.isoformat() for one in found} == {wanted["end"]}
    assert {one.level for one in found} == {str(wanted["level"])}
    assert {one.occupation_code for one in found} == {wanted["occupation"][0]}
