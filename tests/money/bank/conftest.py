"""A house with a paying account, payees whose accounts are verified, and a bank that says as a test wants."""

import pytest

from recordsvc.ground.ports import FixedClock, beijing_ms
from recordsvc.house import House
from tests.money.bank import made
from tests.money.bank.desk import Desk


@pytest.fixture
def clock() -> FixedClock:
    """Nine in the morning of a Monday."""
    return FixedClock(beijing_ms(made.DAY) + 9 * 3_600_000)


@pytest.fixture
def desk(house: House) -> Desk:
    """Two payers at work."""
    return Desk(house)
