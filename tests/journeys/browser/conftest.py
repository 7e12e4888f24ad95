"""A real browser on a real port: the pages as a worker with a cheap phone sees them."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

# The region of the page tests is this journey's as well.
from tests.web.conftest import app, clock, dialect, ids, region, settings, worker

playwright = pytest.importorskip("playwright.sync_api")

__all__ = ["app", "clock", "dialect", "ids", "region", "settings", "worker"]

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Quiet(WSGIRequestHandler):
    """Says nothing on stderr."""

    def log(self, *_: object) -> None:
        """Drop the line."""


@pytest.fixture(scope="session")
def chromium() -> Iterator["playwright.Browser"]:
    """Chromium; the test is skipped where none is installed."""
    with playwright.sync_playwright() as engine:
        found = shutil.which("chromium") or shutil.which("google-chrome") or engine.chromium.executable_path
        if not Path(found).exists():
            pytest.skip("no Chromium is installed")
        browser = engine.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


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
