"""What becomes of subsidies in the demo region (样例): whose claims there are, and how far each has come.

Only the stories stand here; `recordsvc run` lets officials, workers and the simulated bank act them out.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

BEGUN_DAYS: Final = 24
"""So many days before the load the first claims were filed: a public list lasts five working days."""
RECENT_DAYS: Final = 4
"""So many days before it those were filed whose list is not over yet."""
BANK: Final = "313871000013"
"""The bank office (联行号) of all workers' accounts: one of the sample `payee_banks`, nobody's number."""
WORDS: Final = "演示：已核对档案、名册和登记"
_ISSUER: Final = "621799640"


@dataclass(frozen=True, slots=True)
class Story:
    """One claim: whose (a role of `stories`), of which kind, what the rule says, and how far it comes."""

    who: str
    kind: str
    verdict: str
    reach: str
    account: bool = True
    """Whether an account of the worker is known."""
    recent: bool = False


STORIES: Final = (
    Story("welder", "TRAIN", "GRANT", "PAID"),
    Story("carer", "TRAIN", "GRANT", "RETURNED"),
    Story("new-card", "TRAIN", "GRANT", "NOTICED"),
    Story("grower", "SKILL_UP", "GRANT", "CHECKED", account=False),
    Story("dotted", "TRAIN", "REFUSE", "REFUSED"),
    Story("graduate", "SKILL_UP", "GRANT", "NOTICED", recent=True),
    Story("graduate", "EVAL", "NEED_INFO", "NEED_INFO", account=False, recent=True),
)
PAID_FOR: Final = frozenset({"PAID", "RETURNED"})
"""How far claims come that were signed for to the end."""


def account_of(who: str) -> str:
    """Return a role's account number: 19 digits of no bank, with their check digit (Luhn)."""
    place = sorted({one.who for one in STORIES}).index(who)
    body = f"{_ISSUER}{place:09d}"
    doubled = (divmod(2 * int(digit), 10) for digit in body[::-2])
    total = sum(map(sum, doubled)) + sum(map(int, body[-2::-2]))
    return f"{body}{-total % 10}"


CLOSED: Final = tuple(account_of(one.who) for one in STORIES if one.reach == "RETURNED")
"""Accounts that were closed since: what is paid there comes back (退票)."""


def begun_on(today: dt.date) -> dt.date:
    """Return the day of the first claims."""
    return today - dt.timedelta(BEGUN_DAYS)
