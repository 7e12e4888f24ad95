"""The window of another place, and of an official who keeps out: judged once the numbers led to a person."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc.access import areas, officials, recusals
from recordsvc.access.grants import Kind
from recordsvc.access.recusals import Ground
from recordsvc.access.sessions import Entering, Method
from recordsvc.access.tables import looked, service, session
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.web.conftest import Visitor
from tests.web.test_window import CARD, clerk, counter, dialect, done, worker_id

__all__ = ["clerk", "counter", "dialect", "worker_id"]

NEAR, FAR = "clerk-6401", "clerk-6402"


@pytest.fixture
def of(app: flask.Flask, house: House, counter: dict[str, str], worker_id: bytes) -> Callable[[str], Visitor]:
    """Sign in as a handler of Yinchuan (6401), where the worker lies, or of Shizuishan (6402)."""

    def fill(turn: Any) -> None:
        areas.place_worker(turn, worker_id, "640104", "test")
        for name, area in ((NEAR, "6401"), (FAR, "6402")):
            officials.add(turn, name, name)
            officials.grant(turn, name, "handler", area, by="command:test")

    house.db.write(fill)

    def enter(name: str) -> Visitor:
        visitor, sessions = Visitor(app), app.extensions["access"].sessions
        entering = Entering(Kind.OFFICIAL, name, Method.CODE)
        cookie = house.db.write(lambda turn: sessions.begin(turn, entering))
        visitor.client.set_cookie(sessions.cookie.name, cookie, domain="localhost")
        visitor.actor = sessions.find(cookie)
        return visitor

    return enter


def rows(house: House) -> tuple[int, int]:
    """How many looks and services there are."""
    with house.db.read() as conn:
        return tuple(conn.scalar(sa.select(sa.func.count()).select_from(one)) for one in (looked, service))  # type: ignore[return-value]


def api(who: Visitor, counter: dict[str, str]) -> Any:
    headers = {"X-CSRF-Token": who.csrf}
    return who.client.post("/v1/desk/services", json=counter, headers=headers)


def test_who_lies_elsewhere_is_answered_byte_for_byte_like_a_wrong_number(
    of: Callable[[str], Visitor], counter: dict[str, str], house: House
) -> None:
    far, wrong = of(FAR), counter | {"card": "A00000077"}

    pages = [far.post("/window", **typed) for typed in (counter, wrong)]
    answers = [api(far, typed) for typed in (counter, wrong)]

    plain = [re.sub(r'value="[0-9a-f]{32}"', "", one.text) for one in pages]
    assert ([one.status_code for one in pages], plain[0]) == ([404, 404], plain[1])
    told = [{name: value for name, value in one.json.items() if name != "request_id"} for one in answers]
    assert ([one.status_code for one in answers], told[0]) == ([404, 404], told[1])
    assert told[0]["code"] == "window-unmatched"
    kind = counter["document"]
    assert done(house)[:4] == [(f"official:{FAR}", "window.refused", kind)] * 4
    assert rows(house) == (0, 0)


def test_who_lies_here_is_served(of: Callable[[str], Visitor], counter: dict[str, str], house: House) -> None:
    assert of(NEAR).post("/window", **counter).location == "/me"
    assert rows(house) == (1, 1)


def test_an_official_who_keeps_out_is_told_so_and_sees_nothing(
    of: Callable[[str], Visitor], counter: dict[str, str], house: House, worker_id: bytes
) -> None:
    party = f"worker:{uuid.UUID(bytes=worker_id)}"
    house.db.write(lambda turn: recusals.declare(turn, house.random, NEAR, party, Ground.KIN, by="test"))
    near = of(NEAR)

    page, answer = near.post("/window", **counter), api(near, counter)

    assert (page.status_code, answer.status_code, answer.json["code"]) == (403, 403, "recused")
    assert counter["number"] not in page.text
    assert done(house)[0] == (f"official:{NEAR}", "window.refused", counter["document"])
    assert rows(house) == (0, 0)


@pytest.mark.parametrize("ending", ["area", "role", "account", "recusal", "moved"])
def test_a_service_ends_at_the_next_request_when_the_clerk_may_serve_this_worker_no_more(
    of: Callable[[str], Visitor],
    counter: dict[str, str],
    house: House,
    worker_id: bytes,
    clock: FixedClock,
    ending: str,
) -> None:
    near = of(NEAR)
    assert near.post("/window", **counter).status_code == 303
    assert near.get("/me").status_code == 200
    clock.advance(1_000)

    def act(turn: Any) -> None:
        if ending == "area":
            # The role itself goes on, elsewhere.
            officials.revoke(turn, NEAR, "handler", by="test")
            officials.grant(turn, NEAR, "handler", "6402", by="test")
        elif ending == "role":
            officials.revoke(turn, NEAR, "handler", by="test")
            officials.grant(turn, NEAR, "inspector", "6401", by="test")
        elif ending == "account":
            officials.close(turn, NEAR)
        elif ending == "recusal":
            party = f"worker:{uuid.UUID(bytes=worker_id)}"
            recusals.declare(turn, house.random, NEAR, party, Ground.KIN, by="test")
        else:
            areas.place_worker(turn, worker_id, "640202", "test")

    house.db.write(act)
    before = rows(house)

    answer = near.get("/me")

    assert answer.status_code in (302, 303, 401, 403)
    assert CARD not in answer.text
    assert rows(house) == before, "nothing was looked at"
    with house.db.read() as conn:
        assert conn.scalars(sa.select(session.c.desk).where(session.c.desk.is_not(None))).all() == []
        assert list(conn.scalars(sa.select(service.c.ends_ms))) == [house.clock.now_ms()]


def test_a_service_that_ended_does_not_begin_again_when_the_role_comes_back(
    of: Callable[[str], Visitor], counter: dict[str, str], house: House
) -> None:
    near = of(NEAR)
    assert near.post("/window", **counter).status_code == 303
    house.db.write(lambda turn: officials.revoke(turn, NEAR, "handler", by="test"))
    assert near.get("/me").status_code == 403
    house.db.write(lambda turn: officials.grant(turn, NEAR, "handler", "6401", by="test"))
    assert near.get("/me").status_code == 403
    assert near.get("/desk").status_code == 200
