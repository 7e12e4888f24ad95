"""Pages of the exchange with credit banks: open rejections and differences."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.credits import tickets
from recordsvc.credits.tables import credit_outcome, credit_ticket
from recordsvc.ground import bound
from recordsvc.house import House
from recordsvc.web.desk_credit_routes import KINDS
from tests.exports.copies import register
from tests.exports.test_acks import rows
from tests.web.conftest import Visitor
from tests.web.test_pages import sound

REF = bytes.fromhex("ab" * 16)
DAY_MS = 24 * 3_600_000


@pytest.fixture
def desk(app: Any) -> Any:
    """Sign in as a persona of the desk."""
    return lambda kind: Visitor(app).login(kind)


@pytest.fixture
def rejected(house: House) -> None:
    """A bank that rejected an outcome."""
    register(house, "bank-1")

    def act(turn: Any) -> None:
        row = {"worker_id": b"w" * 16, "receiver": "bank-1", "outcome_id": REF, "item": 1, "live": True}
        row |= {"due": False, "version": 2, "op": "replace", "state": "rejected", "code": "UNKNOWN_CODE"}
        turn.conn.execute(
            credit_outcome.insert().values(**row, sort="training", minutes=90, since_ms=turn.now_ms)
        )
        bound.touch(turn, credit_outcome, (b"w" * 16, "bank-1", REF))

    house.db.write(act)


def test_every_kind_of_ticket_has_words() -> None:
    known = {value for name, value in vars(tickets).items() if name.isupper() and isinstance(value, str)}
    assert known == set(KINDS)


def test_without_anything_open_the_page_says_so(desk: Any) -> None:
    text = desk("registrar").get("/desk/credits").text
    assert "没有被退回而未再次报送的成果" in text
    assert "没有待核的差异" in text


def test_a_rejection_shows_owner_age_and_remedy_and_goes_out_again(
    desk: Any, house: House, rejected: None, clock: Any
) -> None:
    clock.advance(3 * DAY_MS)
    auditor = desk("auditor").get("/desk/credits").text
    assert "/desk/credits/resend" not in auditor
    who = desk("registrar")
    page = who.get("/desk/credits")
    sound(page)
    for words in ("职业或等级代码不在其目录内", "已 3 天", "登记员", "更正后自动再次报送", "第 2 版"):
        assert words in page.text, words
    sent = {"receiver": "bank-1", "outcome": REF.hex()}
    assert desk("auditor").post("/desk/credits/resend", **sent).status_code == 403
    assert who.post("/desk/credits/resend", **(sent | {"receiver": "bank-2"})).status_code == 404
    assert who.post("/desk/credits/resend", **(sent | {"outcome": "z" * 32})).status_code == 404
    assert who.post("/desk/credits/resend", **sent).status_code == 303
    assert rows(house, credit_outcome)[0]["due"]
    assert "没有被退回而未再次报送的成果" in who.get("/desk/credits").text


def test_a_difference_stands_until_somebody_closes_it(desk: Any, house: House, clock: Any) -> None:
    register(house, "bank-1")
    told = {"ours": {"credits": "3.5", "state": "accepted", "version": 1}, "theirs": None}
    house.db.write(lambda turn: tickets.open_one(turn, "bank-1", tickets.THERE, REF.hex(), told))
    ticket = str(uuid.UUID(bytes=rows(house, credit_ticket)[0]["ticket_id"]))
    who = desk("data-officer")
    page = who.get("/desk/credits")
    sound(page)
    for words in ("本系统已发出、对方没有", "第 1 版，对方已收下，3.5 学分"):
        assert words in page.text, words
    sent = {"receiver": "bank-1", "ticket": ticket}
    assert who.post("/desk/credits/settle", **sent, reason="").status_code == 422
    assert who.post("/desk/credits/settle", **sent, reason="对方已补收").status_code == 303
    with house.db.read() as conn:
        assert conn.scalar(sa.select(credit_ticket.c.note)) == "对方已补收"
    assert who.post("/desk/credits/settle", **sent, reason="再次").status_code == 409
