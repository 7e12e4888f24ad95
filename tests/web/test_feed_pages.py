"""Page of feeds: how far a receiver is, what differs and since when, and who closes it."""

import uuid
from typing import Any

import pytest

from recordsvc.exports import acks, emitting
from recordsvc.exports.acks import BATCH, REUSED, open_ticket
from recordsvc.exports.tables import export_event, export_hook, export_ticket
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


def test_an_event_that_nobody_took_stands_until_it_is_sent_again(
    desk: Any, house: House, ticket: str
) -> None:
    def lose(turn: Any) -> None:
        hook = {"receiver": "bank-1", "url": "https://bank.example/hook", "serial": 1, "renewed_ms": 0}
        turn.conn.execute(export_hook.insert().values(hook | {"state": "active", "told": 7, "events": 1}))
        event = {"receiver": "bank-1", "n": 1, "newest": 7, "made_ms": turn.now_ms, "state": "dead"}
        event |= {"attempts": 8, "due_ms": turn.now_ms, "outcome": "status-503"}
        turn.conn.execute(export_event.insert().values(event))

    house.db.write(lose)
    auditor = desk("auditor").get("/desk/feeds")
    sound(auditor)
    assert "通知第 1 号多次未送达，已放弃" in auditor.text
    assert "status-503" in auditor.text
    assert "/desk/feeds/replay" not in auditor.text
    who = desk("registrar")
    assert who.post("/desk/feeds/replay", receiver="bank-2", n="1").status_code == 404
    assert who.post("/desk/feeds/replay", receiver="bank-1", n="2").status_code == 404
    assert who.post("/desk/feeds/replay", receiver="bank-1", n="1").status_code == 303
    (row,) = rows(house, export_event)
    assert (row["state"], row["attempts"]) == ("pending", 0)
    assert "多次未送达" not in who.get("/desk/feeds").text
