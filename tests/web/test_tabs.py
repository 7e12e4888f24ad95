"""The tabs of the desk lead where whoever sees them may go."""

import re
from typing import Any

import flask
import pytest

from recordsvc.access import officials
from recordsvc.access.demo import _DESK
from recordsvc.house import House
from tests.web.conftest import Visitor

COUNTY = "640106"
_TAB = re.compile(r'<a[^>]* href="(/(?:desk|window)[^"]*)"')


@pytest.mark.parametrize("area", ["64", COUNTY])
def test_every_tab_of_the_desk_opens(app: flask.Flask, house: House, area: str) -> None:
    """Of a county nobody sees the bank or the book, which are the whole region's."""

    def move(turn: Any) -> None:
        for kind, role, *_ in _DESK:
            officials.revoke(turn, f"demo-{kind}", role, by="test")
            officials.grant(turn, f"demo-{kind}", role, area, by="test")

    house.db.write(move)
    seen = set()
    for kind, *_ in _DESK:
        visitor = Visitor(app).login(kind)
        shown = visitor.get("/desk").text
        tabs = _TAB.findall(shown.partition('<nav class="tabs"')[2].partition("</nav>")[0])
        assert len(tabs) > 1, kind
        for tab in tabs:
            assert visitor.get(tab).status_code == 200, (kind, tab)
        seen |= set(tabs)

    whole = {"/desk/bank", "/desk/ledger"}
    assert whole & seen == (set() if area == COUNTY else whole)
