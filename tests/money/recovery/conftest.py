"""A world of paid claims on each database."""

import pytest

from recordsvc.house import House
from tests.money.recovery.world import Recoveries


@pytest.fixture
def world(house: House) -> Recoveries:
    return Recoveries(house)
