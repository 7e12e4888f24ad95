"""Each shipped proxy with an application behind it that says what reached it."""

from collections.abc import Iterator

import pytest

from tests.deploy.edge import KINDS, Edge, deployment


@pytest.fixture(scope="module", params=KINDS)
def edge(request: pytest.FixtureRequest) -> Iterator[Edge]:
    """A shipped proxy before the tests' application."""
    with deployment(request.param, "tests.deploy.app:app") as running:
        yield running
