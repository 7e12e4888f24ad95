"""A world of fees on each database."""

import pytest

from recordsvc.house import House
from tests.money.fees.world import World


@pytest.fixture
def world(house: House) -> World:
    return World(house)
