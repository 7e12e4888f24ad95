"""One Chromium for a whole test process, whichever room drives it: two cannot share Playwright's loop."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler

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
def chromium() -> Iterator[Any]:
    """Chromium; the test is skipped where none is installed."""
    playwright = pytest.importorskip("playwright.sync_api")
    # How soon a page shows what it must depends on who else uses the machine.
    playwright.expect.set_options(timeout=30_000)
    with playwright.sync_playwright() as engine:
        found = shutil.which("chromium") or shutil.which("google-chrome") or engine.chromium.executable_path
        if not Path(found).exists():
            pytest.skip("no Chromium is installed")
        browser = engine.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()
