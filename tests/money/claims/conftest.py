"""A world of claims on each database."""

import pytest

from recordsvc.house import House
from tests.money.claims.world import World


@pytest.fixture
def world(house: House) -> World:
    return World(house)
