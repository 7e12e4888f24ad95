"""Funds: what may pay what, how budgets move by two officials, what is never taken back; by the doors."""

import concurrent.futures
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc import service
from recordsvc.access import officials
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from recordsvc.money.funds import lines
from recordsvc.money.funds.lines import Forecast, Position, line_of
from recordsvc.money.ledger import booking
from recordsvc.money.ledger.values import Posting, move
from tests.access.conftest import *  # noqa: F403 - the same house, browsers and personas
from tests.access.conftest import ROOMS

LINE = "EMPLOY_SUBSIDY.2026.640104.TRAIN"
ALLOT = {
    "act": "allot", "fund": "EMPLOY_SUBSIDY", "year": 2026, "region": "640104", "kind": "TRAIN",
    "amount_fen": 100_000, "doc": "宁财社指标〔2026〕1号", "reason": "年初下达",
}  # fmt: skip
DAY_MS = 86_400_000


@pytest.fixture
def app(house: House) -> flask.Flask:
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.money.funds.routes"))
    made.testing = False
    return made


def propose(enter: Any, **changes: Any) -> Any:
    body = ALLOT | changes
    return enter("handler").post("/v1/desk/funds/moves", {k: v for k, v in body.items() if v is not None})


def decide(enter: Any, answer: Any, **more: Any) -> Any:
    assert answer.status_code == 202, answer.json
    path = f"/v1/desk/proposals/{answer.json['proposal_id']}/decide"
    return enter("reviewer").post(path, {"approve": True, "reason": "已核对", **more})


def moved(enter: Any, **changes: Any) -> Any:
    answer = decide(enter, propose(enter, **changes))
    assert answer.status_code < 300, answer.json
    return answer


def has(database: Database, line_id: str = LINE) -> Position:
    with database.read() as conn:
        return lines.positions(conn, [lines.find(conn, line_id)])[line_id]


def held(database: Database, amount: int, name: str = "claim:1") -> bool:
    line = line_of("EMPLOY_SUBSIDY", 2026, "640104", "TRAIN")

    def act(turn: Turn) -> bool:
        return booking.place_hold(
            turn, name, line.account, line.expense, amount, "accept", "official:h"
        ).applied

    return database.write(act)


def settled(database: Database, name: str = "claim:1") -> None:
    database.write(lambda turn: booking.settle_hold(turn, f"{name}/paid", f"{name}#1", "paid", "official:p"))


def test_a_budget_is_allotted_by_two(enter: Any, database: Database) -> None:
    answer = propose(enter)
    assert enter("handler").get(f"/v1/desk/funds/{LINE}").json["code"] == "budget-line-unknown"

    decide(enter, answer)

    assert has(database) == Position(100_000, 0, 0, 100_000)
    shown = enter("auditor").get(f"/v1/desk/funds/{LINE}").json
    assert (shown["fund_name"], shown["region_name"], shown["kind_name"]) == (
        "就业补助资金", "兴庆区", "职业培训补贴（按证书）",
    )  # fmt: skip
    (one,) = shown["moves"]
    assert (one["act"], one["amount_fen"], one["doc"]) == ("allot", 100_000, ALLOT["doc"])
    assert one["proposed_by"] != one["decided_by"]


def test_one_official_alone_moves_nothing(enter: Any, database: Database) -> None:
    answer = propose(enter)
    path = f"/v1/desk/proposals/{answer.json['proposal_id']}/decide"

    alone = enter("handler").post(path, {"approve": True, "reason": "自己批准"})

    assert alone.status_code == 403
    with database.read() as conn:
        assert lines.seen(conn) == []


@pytest.mark.parametrize("kind", ["reviewer", "auditor", "inspector", "registrar", "worker"])
def test_others_propose_nothing(enter: Any, kind: str) -> None:
    assert enter(kind).post("/v1/desk/funds/moves", ALLOT).status_code == 403


def test_a_repetition_under_one_key_is_one_proposal(enter: Any) -> None:
    handler = enter("handler")
    first = handler.post("/v1/desk/funds/moves", ALLOT, **{"Idempotency-Key": "budget-move-1"})
    again = handler.post("/v1/desk/funds/moves", ALLOT, **{"Idempotency-Key": "budget-move-1"})
    other = handler.post(
        "/v1/desk/funds/moves", ALLOT | {"amount_fen": 1}, **{"Idempotency-Key": "budget-move-1"}
    )

    assert (first.json, other.json["code"]) == (again.json, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "SKILL_UP"}, "/kind"),
        ({"fund": "UNEMP_INS"}, "/kind"),
        ({"fund": "NONE"}, "/fund"),
        ({"region": "649999"}, "/region"),
        ({"region": "640102"}, "/region"),  # retired in 2002
        ({"year": 26}, "/year"),
        ({"amount_fen": 0}, "/amount_fen"),
        ({"amount_fen": 1.5}, ""),
        ({"amount_fen": 0.1}, ""),
        ({"act": "gift"}, "/act"),
        ({"to_region": "640105"}, "/to_region"),
        ({"act": "shift"}, "/to_region"),
        ({"act": "shift", "to_kind": "SKILL_UP"}, "/to_kind"),
        ({"act": "shift", "to_region": "999999"}, "/to_region"),
        ({"doc": ""}, "/doc"),
    ],
)
def test_case_21_what_a_fund_may_not_pay_is_refused(enter: Any, change: dict[str, Any], pointer: str) -> None:
    answer = propose(enter, **change)

    assert answer.status_code in (400, 422)
    assert not pointer or pointer in [one["pointer"] for one in answer.json["errors"]]


@pytest.mark.parametrize("amount", [0.1, 1.0, 100_000.5, "1000", 10**15 + 1])
def test_case_39_what_is_no_whole_amount_of_fen_is_refused_at_the_door(
    enter: Any, database: Database, amount: object
) -> None:
    answer = propose(enter, amount_fen=amount)

    assert answer.status_code in (400, 422)
    with database.read() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM proposal")) == 0


def test_case_21_a_line_pays_its_kind_division_and_year(enter: Any, database: Database) -> None:
    moved(enter)
    moved(enter, region="640100", fund="SPECIAL_ACCOUNT")
    moved(enter, region="640000")
    moved(enter, region="640105")
    moved(enter, year=2025)
    moved(enter, kind="EVAL")
    funds = ("SPECIAL_ACCOUNT", "EMPLOY_SUBSIDY", "UNEMP_INS")

    with database.read() as conn:
        found = lines.payable(conn, "TRAIN", 2026, "640104", funds, "2026-05-01")
        none = lines.payable(conn, "SKILL_UP", 2026, "640104", funds, "2026-05-01")
        before = lines.payable(conn, "TRAIN", 2026, "640104", funds, "2018-05-01")
    assert [one.id for one in found] == [
        LINE, "SPECIAL_ACCOUNT.2026.640100.TRAIN", "EMPLOY_SUBSIDY.2026.640000.TRAIN",
    ]  # fmt: skip
    # A fund that is not in force on the day pays nothing, whatever lines it has.
    assert (none, before) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        {"other": "EMPLOY_SUBSIDY.2025.640104.TRAIN"},
        {"other": "SPECIAL_ACCOUNT.2026.640104.TRAIN"},
        {"other": LINE},
        {"act": "allot"},
        {"decided_by": "official:demo-handler"},
        {"amount_fen": 0},
    ],
)
def test_case_21_the_database_lets_no_budget_leave_its_fund_or_year(
    enter: Any, database: Database, change: dict[str, Any]
) -> None:
    moved(enter)
    moved(enter, region="640105")
    moved(enter, year=2025)
    moved(enter, fund="SPECIAL_ACCOUNT")
    with database.engine.begin() as conn:
        row = dict(
            conn.execute(sa.text("SELECT * FROM budget_move WHERE line = :l"), {"l": LINE}).mappings().one()
        )
        good = row | {"act": "shift", "other": "EMPLOY_SUBSIDY.2026.640105.TRAIN"}
        proposal, posting = new_ids(conn)
    insert = sa.text(f"INSERT INTO budget_move ({', '.join(row)}) VALUES (:{', :'.join(row)})")
    fresh = {"id": proposal, "posting": posting}
    with pytest.raises(sa.exc.IntegrityError), database.engine.begin() as conn:
        conn.execute(insert, good | fresh | change)
    with database.engine.begin() as conn:
        assert conn.execute(insert, good | fresh).rowcount == 1


def new_ids(conn: sa.Connection) -> tuple[bytes, str]:
    """A proposal and a posting that no move has yet."""
    row = dict(conn.execute(sa.text("SELECT * FROM proposal LIMIT 1")).mappings().one())
    row["id"] = b"\x09" * 16
    conn.execute(sa.text(f"INSERT INTO proposal ({', '.join(row)}) VALUES (:{', :'.join(row)})"), row)
    said = dict(conn.execute(sa.text("SELECT * FROM posting LIMIT 1")).mappings().one()) | {"id": "free"}
    conn.execute(sa.text(f"INSERT INTO posting ({', '.join(said)}) VALUES (:{', :'.join(said)})"), said)
    return row["id"], "free"


def test_case_20_what_is_held_is_not_recalled(enter: Any, database: Database) -> None:
    moved(enter)
    assert held(database, 60_000)
    answer = propose(enter, act="recall", amount_fen=40_001)

    refused = decide(enter, answer)

    assert (refused.status_code, refused.json["code"], refused.json["refusal"]) == (
        409, "ledger-refused", "insufficient",
    )  # fmt: skip
    assert has(database) == Position(100_000, 60_000, 0, 40_000)
    # The proposal is still open: with less held it may be approved.
    database.write(lambda turn: booking.void_hold(turn, "claim:1/void", "claim:1#1", "release", "official:h"))
    assert decide(enter, answer).status_code < 300
    assert has(database) == Position(59_999, 0, 0, 59_999)


def test_case_20_recall_and_holds_at_once_leave_nobody_unfunded(enter: Any, database: Database) -> None:
    moved(enter)
    answers = [propose(enter, act="recall", amount_fen=30_000, doc=f"文{n}") for n in range(3)]
    reviewer = enter("reviewer")
    paths = [f"/v1/desk/proposals/{answer.json['proposal_id']}/decide" for answer in answers]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        holds = [pool.submit(held, database, 20_000, f"claim:{n}") for n in range(4)]
        recalls = [pool.submit(reviewer.post, path, {"approve": True, "reason": "收回"}) for path in paths]
        granted = sum(one.result() for one in holds)
        recalled = sum(one.result().status_code < 300 for one in recalls)

    left = 100_000 - 30_000 * recalled
    assert has(database) == Position(left, 20_000 * granted, 0, left - 20_000 * granted)
    assert left >= 20_000 * granted
    # Nobody was refused who could have been served.
    assert granted == 4 or left - 20_000 * granted < 20_000
    assert recalled == 3 or left - 20_000 * granted < 30_000


def test_what_is_spent_stays_of_the_budget(enter: Any, database: Database) -> None:
    moved(enter)
    held(database, 60_000)
    settled(database)
    moved(enter, act="shift", to_kind="EVAL", amount_fen=10_000)
    moved(enter, act="recall", amount_fen=5_000)

    assert has(database) == Position(85_000, 0, 60_000, 25_000)
    assert has(database, "EMPLOY_SUBSIDY.2026.640104.EVAL") == Position(10_000, 0, 0, 10_000)
    listed = enter("inspector").get("/v1/desk/funds?year=2026&fund=EMPLOY_SUBSIDY").json["items"]
    assert [one["available_fen"] for one in listed] == [10_000, 25_000]
    assert enter("inspector").get("/v1/desk/funds?year=2025").json["items"] == []


def test_the_journal_of_a_line_pages_newest_first(enter: Any, database: Database) -> None:
    moved(enter)
    for n in range(3):
        held(database, 100 + n, f"claim:{n}")
    settled(database, "claim:0")
    database.write(lambda turn: booking.void_hold(turn, "v", "claim:1#1", "release", "official:h"))
    auditor, rows, path = enter("auditor"), [], f"/v1/desk/funds/{LINE}/journal"
    page = auditor.get(f"{path}?limit=2").json
    while True:
        rows += page["items"]
        if page["next"] is None:
            break
        page = auditor.get(f"{path}?limit=2&cursor={page['next']}").json

    ways = [(one["way"], one["amount_fen"]) for one in rows]
    assert ways == [
        ("release", 101),
        ("settle", 100),
        ("hold", 102),
        ("hold", 101),
        ("hold", 100),
        ("in", 100_000),
    ]
    assert auditor.get(f"/v1/desk/funds/{LINE}/journal?cursor=x").status_code == 400


def test_a_forecast_goes_on_as_in_the_last_days(enter: Any, database: Database, clock: FixedClock) -> None:
    moved(enter)
    line = line_of("EMPLOY_SUBSIDY", 2026, "640104", "TRAIN")
    held(database, 30_000)
    held(database, 500, "claim:2")
    settled(database)
    database.write(lambda turn: booking.void_hold(turn, "v", "claim:2#1", "release", "official:h"))

    with database.read() as conn:
        now = lines.forecast(conn, line, clock.now_ms())
        later = lines.forecast(conn, line, clock.now_ms() + 91 * DAY_MS)
    # 70,000 are left; at 30,000 in 90 days they last 210 days.
    assert (now.days, now.used_fen) == (90, 30_000)
    assert now.exhausted_on == day_after(clock, 210)
    assert later == Forecast(90, 0, None)


def day_after(clock: FixedClock, days: int) -> str:
    return beijing_date(clock.now_ms() + days * DAY_MS).isoformat()


def test_an_official_of_a_city_sees_and_moves_its_own(
    enter: Any, house: House, database: Database, app: flask.Flask
) -> None:
    moved(enter)
    moved(enter, region="640205")

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-handler", "handler", by="test")
        officials.grant(turn, "demo-handler", "handler", "6402", by="test")

    handler = enter("handler")
    database.write(elsewhere)

    assert [one["region"] for one in handler.get("/v1/desk/funds").json["items"]] == ["640205"]
    assert handler.get(f"/v1/desk/funds/{LINE}").json["code"] == "budget-line-unknown"
    assert handler.post("/v1/desk/funds/moves", ALLOT).status_code == 403
    shift = {**ALLOT, "act": "shift", "region": "640205", "to_region": "640104"}
    assert handler.post("/v1/desk/funds/moves", shift).status_code == 403
    assert handler.post("/v1/desk/funds/moves", ALLOT | {"region": "640205"}).status_code == 202


def test_a_correction_of_a_spending_is_available_again(enter: Any, database: Database) -> None:
    moved(enter)
    line = line_of("EMPLOY_SUBSIDY", 2026, "640104", "TRAIN")
    posting = Posting("paid", (move(line.account, line.expense, 700),), "paid", "official:p")
    database.write(lambda turn: booking.book(turn, posting))
    database.write(lambda turn: booking.reverse(turn, "back", "paid", "official:q"))

    assert has(database) == Position(100_000, 0, 0, 100_000)
