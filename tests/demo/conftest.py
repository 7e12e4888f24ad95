"""One region for all tests of the demo: it is frozen, and making it takes half a second."""

import datetime as dt

import pytest

from demo.region import Region, build

TODAY = dt.date(2026, 11, 20)


@pytest.fixture(scope="session")
def region() -> Region:
    return build(64, TODAY)
