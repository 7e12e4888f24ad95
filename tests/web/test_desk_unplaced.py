"""How many archives lie nowhere: told to who covers the whole region and may place them, to nobody else."""

import datetime as dt
from typing import Any

import flask
import pytest

from recordsvc.access import areas, officials
from recordsvc.access.grants import Kind
from recordsvc.access.sessions import Entering, Method
from recordsvc.house import House
from recordsvc.people import standing
from recordsvc.web import desk_routes
from tests.web.conftest import Visitor
from tests.web.region import Region, person

TITLE = "没有区划的劳动者"


@pytest.fixture
def workers(region: Region) -> list[bytes]:
    """Three archives without a card: nobody said where their workers belong."""
    found = []
    for n in range(3):
        who: dict[str, Any] = person("王三", 30 + n)
        region.course(who, (dt.date(2025, 11, 20) + dt.timedelta(days=n)).isoformat(), 30 + n)
        found.append(region.worker_id(who))
    return found


def said(visitor: Visitor) -> str:
    text = visitor.get("/desk").text
    return text[text.index(TITLE) :].split("</section>")[0] if TITLE in text else ""


def test_the_desk_counts_archives_that_lie_nowhere_until_none_is_left(
    app: flask.Flask, house: House, workers: list[bytes]
) -> None:
    assert "<p>3 份档案" in said(Visitor(app).login("handler"))
    house.db.write(lambda turn: areas.place_worker(turn, workers[0], "640104", "test"))
    house.db.write(lambda turn: standing.change(turn, workers[1], standing.OPEN, standing.CLOSED))
    assert "<p>1 份档案" in said(Visitor(app).login("handler"))
    house.db.write(lambda turn: areas.place_worker(turn, workers[2], "640104", "test"))
    assert not said(Visitor(app).login("handler"))


def test_a_large_count_is_told_as_at_least(
    app: flask.Flask, workers: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workers
    monkeypatch.setattr(desk_routes, "MOST_UNPLACED", 2)
    assert "至少 2 份档案" in said(Visitor(app).login("handler"))


def test_who_covers_a_part_or_may_place_nobody_is_told_no_count(
    app: flask.Flask, house: House, workers: list[bytes]
) -> None:
    assert workers
    sessions = app.extensions["access"].sessions

    def begun(turn: Any) -> str:
        officials.add(turn, "near", "近某")
        officials.grant(turn, "near", "handler", "6401", by="test")
        return str(sessions.begin(turn, Entering(Kind.OFFICIAL, "near", Method.CODE)))

    near = Visitor(app)
    near.client.set_cookie(sessions.cookie.name, house.db.write(begun), domain="localhost")

    assert near.get("/desk").status_code == 200
    assert not said(near)
    assert not said(Visitor(app).login("auditor"))
