"""Page of feeds: how far a receiver is, what differs and since when, and who closes it."""

import uuid
from typing import Any

import pytest

from recordsvc.exports import acks, emitting
from recordsvc.exports.acks import BATCH, REUSED, open_ticket
from recordsvc.exports.tables import export_ticket
from recordsvc.house import House
from recordsvc.web.feed_routes import KINDS
from tests.exports.copies import register
from tests.exports.test_acks import rows
from tests.web.conftest import Visitor
from tests.web.test_pages import sound

REF = "ab" * 16


@pytest.fixture
def desk(app: Any) -> Any:
    """Sign in as a persona of the desk."""
    return lambda kind: Visitor(app).login(kind)


@pytest.fixture
def ticket(house: House) -> str:
    """A bank with one open difference; the ticket's id."""
    register(house, "bank-1")

    def act(turn: Any) -> None:
        emitting.open_receivers(turn, ["bank-1"])
        told = {"ours": {"state": "live", "version": 2}, "theirs": None}
        open_ticket(turn, "bank-1", "missing-there", REF, told)

    house.db.write(act)
    return str(uuid.UUID(bytes=rows(house, export_ticket)[0]["ticket_id"]))


def test_every_kind_of_ticket_has_words() -> None:
    assert {BATCH, REUSED, acks.BATCH} <= set(KINDS)
    assert {"missing-here", "missing-there", "version-differs", "state-differs"} < set(KINDS)


def test_without_receivers_the_page_says_so(desk: Any) -> None:
    text = desk("registrar").get("/desk/feeds").text
    assert "还没有取数的接入方" in text


def test_a_difference_stands_with_its_age_until_somebody_closes_it(
    desk: Any, house: House, ticket: str, clock: Any
) -> None:
    clock.advance(3 * 24 * 3_600_000)
    auditor = desk("auditor").get("/desk/feeds").text
    assert "本系统已发出、对方没有" in auditor
    assert "已 3 天" in auditor
    assert "/desk/feeds/settle" not in auditor
    who = desk("data-officer")
    answer = who.get("/desk/feeds")
    sound(answer)
    assert REF in answer.text
    sent = {"receiver": "bank-1", "ticket": ticket}
    empty = who.post("/desk/feeds/settle", **sent, reason="")
    assert empty.status_code == 422
    sound(empty)
    assert who.post("/desk/feeds/settle", **sent, reason="对方已重放补齐").status_code == 303
    (row,) = rows(house, export_ticket)
    assert (row["closed_ms"], row["note"]) == (house.clock.now_ms(), "对方已重放补齐")
    assert row["closed_by"].startswith("official:")
    assert REF not in who.get("/desk/feeds").text
    assert who.post("/desk/feeds/settle", **sent, reason="再次").status_code == 409


def test_who_may_not_close_and_what_is_not_there_answer_as_elsewhere(
    desk: Any, house: House, ticket: str
) -> None:
    sent = {"receiver": "bank-1", "ticket": ticket, "reason": "x"}
    assert desk("auditor").post("/desk/feeds/settle", **sent).status_code == 403
    who = desk("data-officer")
    assert who.post("/desk/feeds/settle", **(sent | {"receiver": "bank-2"})).status_code == 404
    assert who.post("/desk/feeds/settle", **(sent | {"ticket": str(uuid.UUID(int=0))})).status_code == 404
    assert rows(house, export_ticket)[0]["closed_ms"] is None
