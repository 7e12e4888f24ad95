"""Pages of the ledger: closed days, a seal made anew, the way to the files."""

from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.money.ledger import seals
from recordsvc.money.ledger.values import move
from tests.faults.owner import owning
from tests.money.ledger.test_seals import DAY_MS, booked, day_of, opened
from tests.web.conftest import Visitor
from tests.web.test_pages import sound


@pytest.fixture
def desk(app: Any) -> Any:
    """Sign in as a persona of the desk."""
    return lambda kind: Visitor(app).login(kind)


@pytest.fixture
def day(house: House, clock: FixedClock, app: Any) -> str:
    """A closed day of two transfers; a third is not closed yet."""
    opened(house)
    day = day_of(house)
    for n in range(2):
        assert booked(house, f"a{n}", move("source", "line", 100 + n))
    clock.advance(DAY_MS)
    assert seals.keep(house) == 1
    assert booked(house, "open", move("source", "line", 7))
    return day


def test_an_empty_book_says_so_and_only_some_see_it(desk: Any) -> None:
    for kind in ("auditor", "inspector"):
        answer = desk(kind).get("/desk/ledger")
        sound(answer)
        assert "还没有日结" in answer.text
        assert 'href="/desk/ledger" aria-current="page"' in answer.text
    assert desk("handler").get("/desk/ledger").status_code == 403


def test_closed_days_lead_to_their_seals(desk: Any, day: str) -> None:
    auditor = desk("auditor")
    listed = auditor.get("/desk/ledger")
    sound(listed)
    assert f'href="/desk/ledger/{day}"' in listed.text
    assert "分录 2 笔" in listed.text
    assert "尚未日结的分录 1 笔" in listed.text
    shown = auditor.get(f"/desk/ledger/{day}")
    sound(shown)
    assert "与分录相符" in shown.text
    assert f"day {day}" in shown.text
    assert auditor.get("/desk/ledger/1999-01-01").status_code == 404


def test_an_altered_transfer_is_named(desk: Any, day: str, house: House) -> None:
    auditor = desk("auditor")
    with owning(house.db, keep=True) as conn:
        conn.execute(sa.text("UPDATE transfer SET amount_fen = 7 WHERE idx = 1"))
    shown = auditor.get(f"/desk/ledger/{day}")
    sound(shown)
    assert "与分录不符" in shown.text
    assert "第 2 笔" in shown.text


def test_the_form_leads_to_the_files(desk: Any, day: str) -> None:
    auditor = desk("auditor")
    page = auditor.get("/desk/ledger").text
    for path in ("vouchers", "balances"):
        assert f'"/v1/desk/ledger/{path}"' in page
        answer = auditor.get(f"/v1/desk/ledger/{path}?first={day}&last={day}&format=xlsx")
        assert answer.data[:2] == b"PK"
        assert "attachment" in answer.headers["Content-Disposition"]
