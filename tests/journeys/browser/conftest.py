"""A real browser on a real port: the pages as a worker with a cheap phone sees them."""

import threading
from collections.abc import Iterator

import flask
import pytest
from werkzeug.serving import make_server

from tests.browser import Quiet

# The region of the page tests is this journey's as well.
from tests.web.conftest import app, clock, dialect, house, ids, prepared, region, settings, worker

__all__ = ["app", "clock", "dialect", "house", "ids", "prepared", "region", "settings", "worker"]


@pytest.fixture
def address(app: flask.Flask, ids: dict[str, str]) -> Iterator[str]:
    """Where the application is served, on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
