"""The draw by itself: its fixed results, and chances that follow the weights."""

import math

import pytest

from recordsvc.oversight import drawing
from recordsvc.oversight.drawing import Inspector, Object

LIST = [
    Object(f"o-{n:02d}", weight, "a" if n < 8 else "b") for n, weight in enumerate([1] * 6 + [5, 3] + [2] * 4)
]
ROSTER = [Inspector(f"i-{n}", 1, frozenset({"o-03"}) if n == 2 else frozenset()) for n in range(5)]


def test_lists_come_back_from_their_lines_whatever_their_order() -> None:
    lines = drawing.text(reversed(LIST))

    assert lines == drawing.text(LIST)
    assert drawing.objects(lines) == LIST
    assert drawing.inspectors(drawing.text(ROSTER)) == ROSTER


def test_a_draw_is_what_it_was_for_good() -> None:
    """Changing the algorithm would make every proof given out false: a new one takes a new name."""
    assert drawing.ALGORITHM == "draw/1"
    root = drawing.root(drawing.text(LIST))
    seed = drawing.seed(root, "ab" * 32, "407")

    assert root == "79a6fa680ecbdaa5ab09d6a3f7441090cc395b771715720179224286ef32a6f4"
    assert seed == "2c22cabe73581cc4f586aba5a05aaa56b05c3044cd2d86a1c1215289a86aaf02"
    assert [one.id for one in drawing.draw(LIST, seed, {"a": 2, "b": 1})] == ["o-06", "o-01", "o-08"]
    assert drawing.order(ROSTER, seed, "o-03") == ["i-1", "i-3", "i-4", "i-0"]


def test_nobody_is_drawn_for_what_they_keep_out_of() -> None:
    assert all("i-2" not in drawing.order(ROSTER, str(n), "o-03") for n in range(100))
    assert any(drawing.order(ROSTER, str(n), "o-04")[0] == "i-2" for n in range(100))


@pytest.mark.long
@pytest.mark.beside
def test_case_53_weights_are_unbiased_over_10_000_seeds() -> None:
    """Drawn first as often as the weight says; within four standard deviations, of fixed seeds."""
    seeds, total = 10_000, sum(one.weight for one in LIST)
    flat = [Object(one.id, one.weight, "") for one in LIST]
    first = dict.fromkeys((one.id for one in flat), 0)
    for n in range(seeds):
        first[drawing.draw(flat, drawing.seed("", str(n), ""), {"": 1})[0].id] += 1

    for one in flat:
        share = one.weight / total
        assert abs(first[one.id] - seeds * share) < 4 * math.sqrt(seeds * share * (1 - share)), one


@pytest.mark.long
@pytest.mark.beside
def test_case_53_inspectors_are_drawn_alike_over_10_000_seeds() -> None:
    seeds, pair = 10_000, dict.fromkeys((one.code for one in ROSTER), 0)
    for n in range(seeds):
        for code in drawing.order(ROSTER, str(n), "o-00")[:2]:
            pair[code] += 1

    share = 2 / len(ROSTER)
    assert all(abs(n - seeds * share) < 4 * math.sqrt(seeds * share * (1 - share)) for n in pair.values())
