"""Which purposes the pages of desk and window offer: those in force that the signed-in role may look for."""

import datetime as dt
import re
from typing import Any

import flask
import pytest

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.grants import Role
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from tests.web.conftest import Visitor

ROLES = [role.value for role in Role if role not in (Role.PAYER, Role.ADMINISTRATOR)]
"""Whoever has a desk: money is not paid here yet, and administrators hold no data."""
PAGES = ("/desk", "/desk/numbers", "/desk/papers", "/desk/notices")
WINDOW = ("/window", "/desk/activate")
"""Whatever a signed-in official meets without an object; the pages of an archive ask with the same fields."""


def offered(page: str) -> list[set[str]]:
    """The purposes of each choice on a page."""
    selects = re.findall(r'<select id="[^"]*" name="purpose"[^>]*>(.*?)</select>', page, re.DOTALL)
    return [set(re.findall(r'<option value="([^"]+)"', one)) for one in selects]


def choices(visitor: Visitor, pages: tuple[str, ...] = PAGES) -> list[set[str]]:
    answers = [visitor.get(path) for path in pages]
    return [one for answer in answers if answer.status_code == 200 for one in offered(answer.text)]


@pytest.fixture
def desk(app: flask.Flask, ids: dict[str, str]) -> Any:
    assert ids
    return lambda kind: Visitor(app).login(kind)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_offered_what_it_may_look_for_and_nothing_else(desk: Any, role: str) -> None:
    visitor = desk(role)
    mine = {row["code"] for row in dated.table(looked.PURPOSES).rows if role in row["roles"]}
    found = choices(visitor)
    assert found == [mine] * len(found)
    served = {row["code"] for row in dated.table(looked.PURPOSES).rows if looked.at_window(row)}
    for page, roles in zip(WINDOW, (("handler", "reviewer"), ("handler", "registrar")), strict=True):
        assert choices(visitor, (page,)) == ([mine & served] if role in roles else []), page
    assert bool(found) == (role in ("handler", "reviewer", "data-officer", "registrar", "inspector"))


def test_what_is_offered_is_taken_and_what_is_not_is_refused(
    desk: Any, house: House, region: Any, worker: dict[str, Any]
) -> None:
    """The list on the page and the rule of the look say the same, purpose by purpose."""
    inspector = desk("inspector")
    every = {row["code"] for row in dated.table(looked.PURPOSES).rows}
    (mine,) = {frozenset(one) for one in choices(inspector)}
    typed = {"kind": "resident-id", "number": worker["number"], "case_ref": "J-1"}
    answers = {one: inspector.post("/desk/numbers", purpose=one, **typed).status_code for one in every}
    assert {one for one, status in answers.items() if status == 303} == set(mine)
    with house.db.read() as conn:
        seen = {one.purpose for one in looked.of_worker(conn, region.worker_id(worker))}
    assert seen == set(mine)


@pytest.fixture
def laws(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Purposes whose days are told, and nothing else of the list."""
    real = dated.on

    def put(**days: tuple[str, str | None]) -> None:
        shape = {"basis_zh": "法", "basis_en": "law", "en": "", "roles": ["handler"], "at_window": True}
        rows = [
            {**shape, "code": code, "zh": code, "valid_from": first, "valid_to": last}
            for code, (first, last) in days.items()
        ]
        head = {"name": looked.PURPOSES, "kind": "codes", "title_zh": "", "title_en": "", "source": ""}
        table = dated.Table({**head, "complete": True, "rows": rows})
        monkeypatch.setattr(
            dated, "on", lambda name, day: table.on(day) if name == looked.PURPOSES else real(name, day)
        )

    return put


def test_a_purpose_is_offered_from_its_first_day_to_its_last(desk: Any, laws: Any, clock: Any) -> None:
    handler = desk("handler")
    yesterday, today, tomorrow = days_around(clock)
    laws(
        over=("2021-11-01", yesterday),
        last=("2021-11-01", today),
        first=(today, None),
        later=(tomorrow, None),
    )
    found = choices(handler, (*PAGES, *WINDOW))
    assert len(found) > 4
    assert found == [{"last", "first"}] * len(found)


def days_around(clock: Any) -> list[str]:
    today = beijing_date(clock.now_ms())
    return [(today + dt.timedelta(days=n)).isoformat() for n in (-1, 0, 1)]


def test_a_page_says_so_when_no_purpose_is_in_force(desk: Any, laws: Any, clock: Any) -> None:
    handler = desk("handler")
    laws(over=("2021-11-01", days_around(clock)[0]))
    found = choices(handler, (*PAGES, *WINDOW))
    assert found == [set()] * len(found)
    for path in ("/desk/numbers", "/window", "/desk/activate"):
        assert "今天没有您的岗位可以使用的查阅目的" in handler.get(path).text, path
    assert "今天没有您的岗位可以选择的项" in handler.get("/desk/papers").text
