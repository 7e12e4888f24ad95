"""What ends is told beforehand: rules, numbers of rules, standards of the catalogue that nothing follows."""

import datetime as dt
import json

import pytest

from recordsvc.archive.notices import DESKS
from recordsvc.archive.tables import office_notice
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from recordsvc.money.rules import expiring
from tests.money.test_rule_book import ROW, publish_rows, published, text

DAY_MS = 86_400_000
UNTIL = ("from: 2019-01-01\nopen_ended: true", "from: 2019-01-01\nuntil: 2026-12-31")
FLOOR = (
    "{from: 2019-01-01, open_ended: true, value: 22000",
    "{from: 2019-01-01, until: 2026-11-30, value: 22000",
)


def go_to(clock: FixedClock, day: str) -> dt.date:
    """Let it be noon of a Beijing day."""
    today = beijing_date(clock.now_ms())
    clock.advance((dt.date.fromisoformat(day) - today).days * DAY_MS)
    return beijing_date(clock.now_ms())


def ends(house: House, clock: FixedClock, day: str) -> list[tuple[str, str, int, bool]]:
    found = expiring.listed(house, go_to(clock, day))
    return [(one.of, one.last, one.count, one.over) for one in found]


def told(house: House) -> list[tuple[str, str, int]]:
    own = office_notice.c
    with house.db.read() as conn:
        rows = conn.execute(office_notice.select().where(own.addressee == expiring.DESK).order_by(own.at_ms))
        return [(row.kind, *(json.loads(row.params)[name] for name in ("due_on", "count"))) for row in rows]


def test_a_rule_and_its_numbers_are_listed_from_the_term_on_and_a_while_after(
    house: House, clock: FixedClock
) -> None:
    published(house, text(UNTIL, FLOOR))
    number, rule = ("EVAL", "2026-11-30", 1), ("EVAL", "2026-12-31", 1)
    assert ends(house, clock, "2026-08-31") == []
    assert ends(house, clock, "2026-09-01") == [(*number, False)]
    assert ends(house, clock, "2026-10-02") == [(*number, False), (*rule, False)]
    assert ends(house, clock, "2026-12-01") == [(*number, True), (*rule, False)]
    assert ends(house, clock, "2027-02-28") == [(*number, True), (*rule, True)]
    assert ends(house, clock, "2027-03-01") == [(*rule, True)]
    # Closed all the while: the last number is not gone on with.
    assert house.rules.on("EVAL", "2027-01-01") is None


def test_what_is_followed_leaves_the_list(house: House, clock: FixedClock) -> None:
    published(house, text(UNTIL, FLOOR))
    assert len(ends(house, clock, "2026-11-01")) == 2
    published(house, text(UNTIL))
    assert ends(house, clock, "2026-11-02") == [("EVAL", "2026-12-31", 1, False)]
    published(house, text(("不低于220元（样例）", "不低于220元")))
    assert ends(house, clock, "2026-11-03") == []


def test_standards_of_a_group_end_for_themselves(house: House, clock: FixedClock) -> None:
    last = {"last": "2026-12-31"}
    publish_rows(
        house,
        ROW,
        {**ROW, "group": "disabled", **last},
        {**ROW, "group": "veteran", **last},
        {**ROW, "level": "3", **last},
        {**ROW, "level": "3", "first": "2027-01-01"},
    )
    assert ends(house, clock, "2026-12-01") == [("", "2026-12-31", 2, False)]
    publish_rows(house, {**ROW, "group": "disabled", "first": "2027-01-01"})
    assert ends(house, clock, "2027-01-01") == [("", "2026-12-31", 1, True)]


def test_the_desk_is_told_once_at_each_term(house: House, clock: FixedClock) -> None:
    published(house, text(UNTIL))
    go_to(clock, "2026-09-30")
    assert (expiring.run(house), told(house)) == (0, [])
    ending, ended = (expiring.ENDING, "2026-12-31", 1), (expiring.ENDED, "2026-12-31", 1)
    for day, known in (
        ("2026-10-03", [ending]),
        ("2026-11-30", [ending]),
        ("2026-12-01", [ending, ending]),
        ("2026-12-31", [ending, ending]),
        ("2027-01-01", [ending, ending, ended]),
        ("2027-02-01", [ending, ending, ended]),
    ):
        go_to(clock, day)
        assert [expiring.run(house) for _ in range(2)] == [1, 1]
        assert told(house) == known
    assert DESKS[expiring.DESK] == {"handler", "reviewer"}


@pytest.mark.parametrize("day", ["2026-10-09", "2027-01-05"])
def test_in_production_without_rules_nothing_ends(house: House, clock: FixedClock, day: str) -> None:
    """The sample that was given up years ago is nobody's work today."""
    assert ends(house, clock, day) == []
