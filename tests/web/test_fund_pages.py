"""Pages of funds: what each line has, its journal, moves proposed and decided by two on pages."""

import html
from typing import Any

import pytest

from recordsvc.access import officials
from recordsvc.ground.commit import Turn
from recordsvc.house import House
from recordsvc.money.funds import lines
from recordsvc.money.funds.lines import Position, line_of
from recordsvc.money.ledger import booking
from recordsvc.web import words
from tests.web.conftest import Visitor
from tests.web.test_pages import sound
from tests.web.test_typed_again import stands

LINE = "EMPLOY_SUBSIDY.2026.640104.TRAIN"
NEW = {
    "fund": "EMPLOY_SUBSIDY", "year": "2026", "region": "640104", "kind": "TRAIN", "amount": "1234.50",
    "doc": "宁财社指标〔2026〕1号", "reason": "年初下达",
}  # fmt: skip
WORDS = "写了很久的理由·𬭎鑫"


@pytest.fixture
def desk(app: Any) -> Any:
    """Sign in as a persona of the desk."""
    return lambda kind: Visitor(app).login(kind)


def approve(desk: Any, place: str, word: str = "approve") -> Any:
    return desk("reviewer").post(f"{place}/decide", word=word, reason="核对无误")


@pytest.fixture
def line(desk: Any) -> str:
    """A line that two officials made by the pages."""
    place = desk("handler").post("/desk/funds/new", **NEW).location
    assert approve(desk, place).status_code == 303
    return LINE


def has(house: House, line_id: str = LINE) -> Position:
    with house.db.read() as conn:
        return lines.positions(conn, [lines.find(conn, line_id)])[line_id]


def hold(house: House, amount: int) -> None:
    own = line_of("EMPLOY_SUBSIDY", 2026, "640104", "TRAIN")

    def act(turn: Turn) -> bool:
        return booking.place_hold(
            turn, "c:1", own.account, own.expense, amount, "accept", "official:h"
        ).applied

    assert house.db.write(act)


def test_without_budgets_the_page_says_so_and_only_handlers_propose(desk: Any) -> None:
    for kind, proposes in (("handler", True), ("reviewer", False), ("auditor", False), ("inspector", False)):
        answer = desk(kind).get("/desk/funds")
        sound(answer)
        assert "还没有预算" in answer.text
        assert ("/desk/funds/new" in answer.text) is proposes
        assert 'href="/desk/funds" aria-current="page"' in answer.text
    assert desk("auditor").get("/desk/funds/new").status_code == 403


def test_a_budget_is_allotted_by_two_on_pages(desk: Any, house: House) -> None:
    handler = desk("handler")
    sound(handler.get("/desk/funds/new"))
    place = handler.post("/desk/funds/new", **NEW).location
    shown = desk("reviewer").get(place)
    sound(shown)
    told = html.unescape(shown.text)
    for part in (
        "预算变动",
        "下达",
        "1,234.50 元",
        "兴庆区（640104）",
        "就业补助资金",
        "职业培训补贴（按证书）",
        NEW["doc"],
    ):
        assert part in told, part

    assert approve(desk, place).status_code == 303

    assert has(house) == Position(123_450, 0, 0, 123_450)
    listed = desk("auditor").get("/desk/funds")
    sound(listed)
    assert "1,234.50 元" in listed.text
    assert f"/desk/funds/{LINE}" in listed.text


def test_a_line_shows_what_was_booked_and_who_moved_it(desk: Any, house: House, line: str) -> None:
    hold(house, 23_450)
    answer = desk("auditor").get(f"/desk/funds/{line}")
    sound(answer)
    for part in (
        "1,000.00 元",
        "234.50 元",
        "预留",
        "受理申领，预留额度",
        "下达预算指标",
        "下达 1,234.50 元",
        "用完",
    ):
        assert part in answer.text, part
    assert "<form" not in answer.text.partition("<main")[2], "who reads only is shown no form"


def test_recalling_what_is_held_is_refused_at_the_decision_and_waits(
    desk: Any, house: House, line: str
) -> None:
    hold(house, 100_000)
    typed = {"amount": "234.51", "doc": "文2", "reason": "收回"}
    place = desk("handler").post(f"/desk/funds/{line}/recall", **typed).location
    refused = approve(desk, place)
    sound(refused)
    assert refused.status_code == 409
    assert "可用额度不足" in refused.text
    assert has(house) == Position(123_450, 100_000, 0, 23_450)
    assert approve(desk, place, "refuse").status_code == 303


def test_a_shift_leads_to_both_lines(desk: Any, house: House, line: str) -> None:
    typed = {"amount": "34.5", "to_region": "640105", "to_kind": "", "doc": "文3", "reason": "调剂"}
    place = desk("handler").post(f"/desk/funds/{line}/shift", **typed).location
    assert approve(desk, place).status_code == 303
    other = "EMPLOY_SUBSIDY.2026.640105.TRAIN"
    assert (has(house).available_fen, has(house, other).available_fen) == (120_000, 3_450)
    assert f"/desk/funds/{other}" in desk("auditor").get(f"/desk/funds/{line}").text
    assert f"/desk/funds/{line}" in desk("auditor").get(f"/desk/funds/{other}").text


@pytest.mark.parametrize(
    ("act", "change"),
    [
        ("allot", {"amount": "1.234"}),
        ("allot", {"amount": "-5"}),
        ("allot", {"amount": "0"}),
        ("allot", {"amount": "1,000"}),
        ("recall", {"amount": ""}),
        ("recall", {"doc": ""}),
        ("recall", {"reason": ""}),
        ("shift", {"to_region": "640199"}),
        ("shift", {}),
    ],
)
def test_a_refused_move_stays_as_typed(desk: Any, line: str, act: str, change: dict[str, str]) -> None:
    typed = {"amount": "77.07", "doc": WORDS, "reason": WORDS} | change
    answer = desk("handler").post(f"/desk/funds/{line}/{act}", **typed)
    assert answer.status_code == 422
    sound(answer)
    assert all(stands(answer.text, value) for value in typed.values() if value)


def test_an_act_that_is_none_is_not_there(desk: Any, line: str) -> None:
    assert (
        desk("handler").post(f"/desk/funds/{line}/gift", amount="1", doc="x", reason="x").status_code == 404
    )


def test_a_line_of_another_city_is_not_there(desk: Any, house: House, line: str) -> None:
    auditor = desk("auditor")

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-auditor", "auditor", by="test")
        officials.grant(turn, "demo-auditor", "auditor", "6402", by="test")

    house.db.write(elsewhere)
    assert auditor.get(f"/desk/funds/{line}").status_code == 404
    assert line not in auditor.get("/desk/funds").text


def test_amounts_are_written_exactly() -> None:
    written = [words.yuan(fen) for fen in (0, 1, 100, 123_456_789, 10**15 + 1, -5)]
    assert written == [
        "0.00 元",
        "0.01 元",
        "1.00 元",
        "1,234,567.89 元",
        "10,000,000,000,000.01 元",
        "−0.05 元",
    ]
