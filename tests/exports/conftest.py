"""Two credit banks with feeds of their own, and the region's platform."""

from collections.abc import Callable

import flask
import pytest

from recordsvc.house import House
from tests.archive.support import Centre
from tests.exports.copies import Copy, application


@pytest.fixture
def app(house: House) -> flask.Flask:
    return application(house)


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def copy_of(app: flask.Flask, house: House) -> Callable[[str], Copy]:
    """A receiver's copy, empty."""
    return lambda name: Copy(app, house, name)


@pytest.fixture
def bank(copy_of: Callable[[str], Copy]) -> Copy:
    return copy_of("bank-1")
