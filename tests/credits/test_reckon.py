"""Reference credits: from minutes, in decimals, rounded once, by the formula of the day it ended."""

from decimal import Decimal
from typing import Any

import pytest

from recordsvc import dated
from recordsvc.credits import reckon

HOURS = {"theory_minutes": 0, "practice_minutes": 0, "online_minutes": 0}


def body(minutes: int, planned: int = 9_000, **changes: Any) -> dict[str, Any]:
    return {
        "planned": {**HOURS, "theory_minutes": planned},
        "attended": {**HOURS, "practice_minutes": minutes},
        "minutes_per_period": 45,
        "ended_on": "2026-05-20",
        "result": "passed",
        **changes,
    }


@pytest.mark.parametrize(
    ("minutes", "period", "value", "hours"),
    [
        (18 * 45, 45, "1.0", "18.00"),
        # 59 class hours: 3.2777…
        (2_655, 45, "3.3", "59.00"),
        # Exactly a half: 1.05 goes up, where a binary fraction would go down.
        (945, 50, "1.1", "18.90"),
        (0, 45, "0.0", "0.00"),
        (1, 45, "0.0", "0.02"),
        # Rounded once: 18.895 hours are 1.0497, not 18.90 ÷ 18 = 1.05.
        (7_558, 400, "1.0", "18.90"),
    ],
)
def test_credits_are_reckoned_from_minutes_and_rounded_once(
    minutes: int, period: int, value: str, hours: str
) -> None:
    found = reckon.reference("training-completion", body(minutes, minutes_per_period=period))
    assert found is not None
    assert (str(found.value), str(found.hours)) == (value, hours)
    assert (found.formula, found.version, found.on) == ("reference-credit", 1, "2026-05-20")


def test_no_more_is_reckoned_than_was_planned() -> None:
    found = reckon.reference("training-completion", body(9_999, planned=810))
    assert found is not None
    assert found.value == Decimal("1.0")


@pytest.mark.parametrize(
    ("record_type", "changes"),
    [
        ("training-completion", {"result": "failed"}),
        ("training-completion", {"result": "not-assessed"}),
        ("training-completion", {"attended": None}),
        ("level-certificate", {}),
    ],
)
def test_what_was_not_passed_or_has_no_hours_has_none(record_type: str, changes: dict[str, Any]) -> None:
    assert reckon.reference(record_type, body(810, **changes)) is None


def test_a_training_keeps_the_formula_of_the_day_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"valid_from": None, "valid_to": "2026-05-20", "hours_per_credit": "18", "version": 1},
        {"valid_from": "2026-05-22", "valid_to": None, "hours_per_credit": "16", "version": 2},
    ]
    same = {"code": "training-completion", "formula": "reference-credit", "digits": 2, "rounding": "down"}
    table = dated.Table(
        {"name": "reference_credits", "kind": "rules", "title_zh": "", "title_en": "", "source": "test"}
        | {"complete": True, "rows": [row | same for row in rows]}
    )
    monkeypatch.setattr(dated, "rule", lambda _name, code, day: table.rule(code, day))

    days = ("2026-05-20", "2026-05-21", "2026-05-22")
    found = [reckon.reference("training-completion", body(900, ended_on=day)) for day in days]
    told = [None if one is None else (str(one.value), one.version) for one in found]
    assert told == [("1.11", 1), None, ("1.25", 2)]
