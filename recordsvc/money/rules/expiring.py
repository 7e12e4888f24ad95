"""What ends (规定到期): rules, numbers of rules and standards of the catalogue that nothing follows.

After its last day nothing is paid on (`NO_RULE_IN_FORCE`, `in_catalogue`), so that whoever can lay down what
comes next is told before, once when the first term begins, once when the second does, and when it is over:

    ahead-days ── standard-ending ──> again-days ── standard-ending ──> last day ── standard-ended

What is followed - by another row, a later version, a new row of the catalogue - is nobody's work any more.
"""

import datetime as dt
import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recordsvc import dated
from recordsvc.archive import notices
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.rules.params import next_day
from recordsvc.money.rules.rule import Rule

if TYPE_CHECKING:
    from recordsvc.house import House

TERMS: Final = "rule_terms"
DESK: Final = "desk:rules"
ENDING, ENDED = "standard-ending", "standard-ended"
ITSELF_ZH: Final = "规则本身"
CATALOGUE_ZH: Final = "职业培训工种目录和补贴标准"


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that nothing follows after a Beijing day."""

    of: str
    """Code of the rule; empty: the catalogue."""
    title: str
    what: tuple[str, ...]
    """Where each number is laid down, or which standards, in words."""
    count: int
    last: str
    over: bool
    """Whether the day is past, and nothing holds now."""


def listed(house: "House", today: dt.date) -> list[Ending]:
    """Return what ends soon or has ended lately, the earliest first. Raises `NoRuleInForce`."""
    first = (today - dt.timedelta(_days("after-days", today))).isoformat()
    until = (today + dt.timedelta(_days("ahead-days", today))).isoformat()
    found = [*_of_rules(house, first, until, today.isoformat())]
    found += _of_catalogue(house, first, until, today.isoformat())
    return sorted(found, key=lambda one: (one.last, one.title))


def _of_rules(house: "House", first: str, until: str, today: str) -> Iterator[Ending]:
    book = house.rules
    for code in book.codes():
        shelf = [one.rule for one in book.history(code)]
        own = book.sample(code)
        for rule in shelf or ([own] if own is not None else []):
            by_day: dict[str, list[str]] = {}
            for what, last in _ends(rule, first, until):
                after = book.on(code, next_day(last))
                # Only what holds on its last day ends then; a number ends where the same text goes on.
                if book.on(code, last) is rule and (after is None if what == ITSELF_ZH else after is rule):
                    by_day.setdefault(last, []).append(what)
            for last, some in by_day.items():
                yield Ending(code, rule.title, tuple(some), len(some), last, last < today)


def _ends(rule: Rule, first: str, until: str) -> Iterator[tuple[str, str]]:
    if first <= rule.head.last <= until:
        yield ITSELF_ZH, rule.head.last
    for row in rule.params.ending(first, until):
        if row.last < rule.head.last:
            yield row.ref, row.last


def _of_catalogue(house: "House", first: str, until: str, today: str) -> Iterator[Ending]:
    counted: Counter[str] = Counter()
    names: dict[str, list[str]] = {}
    for item in house.catalogue.ending(first, until):
        last = str(item.last)
        counted[last] += 1
        names.setdefault(last, []).append(item.title)
    for last, count in counted.items():
        yield Ending("", CATALOGUE_ZH, tuple(dict.fromkeys(names[last])), count, last, last < today)


def run(house: "House") -> int:
    """Tell the desk what has come to a term and was not told for it yet; how much there is.

    A job of `work`.
    """
    today = beijing_date(house.clock.now_ms())
    found = listed(house, today)
    if found:
        again = (today + dt.timedelta(_days("again-days", today))).isoformat()
        house.db.write(functools.partial(_tell, found=found, again=again))
    return len(found)


def _tell(turn: Turn, found: list[Ending], again: str) -> None:
    for one in found:
        stage = "over" if one.over else "again" if one.last <= again else "ahead"
        # One key a stage: told by a run of before, it is the same notice.
        key = f"{stage}/{one.of or 'catalogue'}/{one.last}"
        params = {"count": one.count, "due_on": one.last}
        notices.tell_desk(turn, DESK, ENDED if one.over else ENDING, params, key)


def _days(code: str, today: dt.date) -> int:
    return int(dated.rule(TERMS, code, today.isoformat())["days"])
