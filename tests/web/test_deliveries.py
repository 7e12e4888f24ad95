"""The page and the door of deliveries: what a credit bank took, in plain words, to its worker alone."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from recordsvc.access import consents
from recordsvc.access.consents import Wanted
from recordsvc.exports.following import Feeds
from recordsvc.ground.commit import Turn
from recordsvc.house import House
from recordsvc.web.delivery_routes import TOLD, WITHDRAWN
from tests.exports.copies import register
from tests.web.conftest import Visitor
from tests.web.test_pages import sound

BANK = "bank-1"


@pytest.fixture
def taken(house: House, me: Visitor) -> str:
    """A record that the worker gave to a bank, and that the bank's feed has; its id."""
    register(house, BANK)
    assert me.actor is not None
    worker = uuid.UUID(me.actor.id).bytes
    records = me.client.get("/v1/me/archive").json["records"]
    said = next(one for one in records if one["life"] == "active" and one["confirmation"] == "not-needed")
    record_id = uuid.UUID(said["id"]).bytes
    until_ms = house.clock.now_ms() + 86_400_000
    wanted = Wanted(f"client:{BANK}", (record_id,), "credit-recognition", "share-1", until_ms, None)

    def act(turn: Turn) -> None:
        consents.give(turn, house.log, house.random, lambda data: data, worker, wanted, "session-1")

    house.db.write(act)
    Feeds(house).run()
    return str(said["id"])


def test_whatever_an_item_may_say_has_words() -> None:
    table = (Path(__file__).parents[2] / "docs" / "exports.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))
    assert set(re.findall(r"`([a-z-]+)`", rows["withdraw"])) == set(WITHDRAWN)
    assert set(re.findall(r"`([a-z-]+)`", rows["add"] + rows["replace"])) == set(TOLD)


def test_before_anything_left_the_page_says_so(me: Visitor) -> None:
    answer = me.get("/me/deliveries")
    sound(answer)
    assert "还没有接入系统取走过您的记录" in answer.text
    assert me.client.get("/v1/me/deliveries").json == {"items": []}


def test_a_record_stands_under_who_has_it_and_moves_when_sharing_ends(
    me: Visitor, house: House, taken: str
) -> None:
    text = me.get("/me/deliveries").text
    for said in (BANK, "首次提供", "对方尚未确认", "对方现有 1 条，已撤回 0 条", f"/me/records/{taken}"):
        assert said in text
    (item,) = me.client.get("/v1/me/deliveries").json["items"]
    assert (item["receiver"], item["record_id"], item["op"]) == (f"client:{BANK}", taken, "add")
    assert me.post("/me/share/end").status_code == 303
    Feeds(house).run()
    answer = me.get("/me/deliveries")
    sound(answer)
    assert "已撤回：共享已结束" in answer.text
    assert "对方现有 0 条，已撤回 1 条" in answer.text
    assert 'href="/me/deliveries"' in me.get("/me/share").text


def test_nobody_else_is_shown_it(app: Any, taken: str) -> None:
    visitor = Visitor(app)
    assert visitor.client.get("/v1/me/deliveries").status_code == 401
    handler = Visitor(app).login("handler")
    assert handler.client.get("/v1/me/deliveries").status_code == 403
