"""Where in a text a fault stands, and what a text changes in another."""

import pytest

from recordsvc.money.rules import checking, comparing, pack
from recordsvc.money.rules.errors import RuleRefused

SKILL_UP = pack.samples()["SKILL_UP"].text.decode()


def places(text: str) -> list[tuple[int | None, str]]:
    """The line of each fault, with what stands there."""
    data, lines = text.encode(), text.splitlines()
    with pytest.raises(RuleRefused) as refused:
        checking.load(data)
    found = comparing.lines_of(data)
    told = [comparing.line_of(found, fault.pointer) for fault in refused.value.faults]
    return [(line, lines[line - 1].strip() if line else "") for line in told]


@pytest.mark.parametrize(
    ("before", "after"),
    [("article:", "artikel:"), ("from: 2019-01-01", "from: 2019-13-01"), ("payee: person", "payee: nobody")],
)
def test_a_fault_is_shown_with_its_line(before: str, after: str) -> None:
    text = SKILL_UP.replace(before, after, 1)
    wrong = text[: text.index(after)].count("\n") + 1
    assert wrong in [line for line, _stands in places(text)]


def test_what_is_missing_is_shown_where_it_should_stand() -> None:
    text = SKILL_UP.replace("    article: 第三条第一项\n", "", 1)
    assert (text.splitlines().index("  - id: SU-1") + 1, "- id: SU-1") in places(text)


def test_a_test_that_fails_is_shown_with_its_line() -> None:
    text = SKILL_UP.replace("expect: {GRANT: 200000}", "expect: {GRANT: 200001}", 1)
    line = text[: text.index("200001")].count("\n") + 1
    assert [found for found, _stands in places(text)] == [line]


@pytest.mark.parametrize("text", ["a: [", "a: &x 1\nb: *x", "", "just words", "a: 1\na: 2"])
def test_what_is_no_rule_has_no_lines_or_its_own(text: str) -> None:
    lines = comparing.lines_of(text.encode())
    assert comparing.line_of(lines, "/nowhere/at/all") is None or lines


def test_changes_show_lines_around_and_nothing_for_the_same() -> None:
    assert comparing.changes(SKILL_UP, SKILL_UP) == []
    changed = comparing.changes(SKILL_UP, SKILL_UP.replace("payee: person", "payee: employer", 1))
    assert [(one.way, one.text) for one in changed if one.way not in ("same", "gap")] == [
        ("removed", "payee: person"),
        ("added", "payee: employer"),
    ]
    assert len(changed) <= 2 + 2 * comparing.AROUND
