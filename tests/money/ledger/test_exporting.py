"""What leaves the ledger for accountants: vouchers, balances, and a book that another tool balances."""

import csv
import datetime as dt
import io
import os
import re
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import flask
import openpyxl
import pytest

from recordsvc import service
from recordsvc.access import officials
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from recordsvc.money.bank import cashbook
from recordsvc.money.fees import postings
from recordsvc.money.ledger import accounts, booking, exporting, seals, sheets
from recordsvc.money.ledger.accounts import Account
from recordsvc.money.ledger.sheets import Fen
from recordsvc.money.ledger.values import Leg, Posting, hold, move, settle, undo
from tests.access.conftest import *  # noqa: F403 - the same house, browsers and personas
from tests.access.conftest import ROOMS

DAY_MS = 86_400_000
HOSTILE = '=cmd|"/c calc"!A1\\'


@pytest.fixture
def app(house: House) -> flask.Flask:
    made = service.build(house.settings, house, (*ROOMS, "recordsvc.money.ledger.routes"))
    made.testing = False
    return made


@pytest.fixture
def days(database: Database, clock: FixedClock) -> list[str]:
    """Three days of postings, the third in another month; one hold stays open."""

    def begin(turn: Turn) -> None:
        for one in (
            Account("source:F.2026", "BUDGET", "fund.source", "指标来源"),
            Account("line:F.2026.640104.TRAIN", "BUDGET", "fund.line", "兴庆区培训", guard=True),
            Account("line:F.2026.640104-TRAIN", "BUDGET", "fund.line", "名称相近"),
            Account("spent:F", "BUDGET", "fund.spent", "支出"),
            Account("bank", "CASH", "cash.bank", "银行存款"),
            Account("paid", "CASH", "cash.payee_out", "已发放"),
        ):
            accounts.open_account(turn, one, "official:1")

    database.write(begin)
    line, odd = "line:F.2026.640104.TRAIN", "line:F.2026.640104-TRAIN"
    legs: list[tuple[Leg, ...]] = [
        (move("source:F.2026", line, 1_000_07), move("source:F.2026", odd, 50)),
        (hold(line, "spent:F", 300_01),),
        (hold(line, "spent:F", 9),),
        (settle("p1#1", 299_99), move("bank", "paid", 299_99)),
        (undo("p3#1"), move("paid", "bank", 100)),
        (move(odd, "spent:F", 1),),
    ]
    found = []
    until = beijing_date(clock.now_ms()).replace(day=28)
    clock.advance((until - beijing_date(clock.now_ms())).days * DAY_MS)
    for n, some in enumerate(legs):
        code = "reverse" if n == 4 else "paid"
        posting = Posting(f"p{n}", some, code, "official:1", HOSTILE if n == 3 else f"文{n}")
        assert database.write(lambda turn, posting=posting: booking.book(turn, posting)).applied
        found.append(beijing_date(clock.now_ms()).isoformat())
        clock.advance(DAY_MS if n in (2, 3) else 0)
        clock.advance(10 * DAY_MS if n == 4 else 0)
    return found


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def fen(text: str) -> int:
    return int(Decimal(text or "0") * 100)


def of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return read(answer.data)


def test_case_54_vouchers_balance_and_give_the_trial_balance(
    enter: Any, database: Database, days: list[str]
) -> None:
    rows = of(enter("auditor").get(f"/v1/desk/ledger/vouchers?first={days[0]}&last={days[-1]}"))
    sums: dict[str, int] = defaultdict(int)
    by_voucher: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        amount = fen(row["借方金额（元）"]) - fen(row["贷方金额（元）"])
        sums[row["账户"]] += amount
        by_voucher[row["日期"], row["凭证字号"]] += amount

    assert set(by_voucher.values()) == {0}
    with database.read() as conn:
        trial = seals.trial(conn)
    assert dict(sums) == {
        name: tally.balance for name, tally in trial.tallies.items() if tally.balance or name in sums
    }
    # A hold is no voucher; what was settled of it is one, at the amount that moved.
    assert "300.01" not in {row["借方金额（元）"] for row in rows}
    assert ("已发放", "299.99") in {(row["科目名称"], row["借方金额（元）"]) for row in rows}


def test_vouchers_are_numbered_within_their_month_whatever_is_asked_for(enter: Any, days: list[str]) -> None:
    auditor = enter("auditor")

    def numbers(first: str, last: str) -> dict[str, str]:
        rows = of(auditor.get(f"/v1/desk/ledger/vouchers?first={first}&last={last}"))
        return {row["业务编号"]: row["凭证字号"] for row in rows}

    every = numbers(days[0], days[-1])
    month = [
        name
        for name, day in zip(("p0", "p3", "p4"), (days[0], days[3], days[4]), strict=True)
        if day[:7] == days[0][:7]
    ]
    assert [every[name] for name in month] == [f"记-{n + 1}" for n in range(len(month))]
    assert every["p5"] == "记-1"
    assert numbers(days[3], days[3]) == {"p3": every["p3"]}


def test_case_54_balances_open_where_the_day_before_ended(
    enter: Any, database: Database, days: list[str]
) -> None:
    auditor = enter("auditor")

    def table(first: str, last: str) -> dict[str, dict[str, str]]:
        return {
            row["账户"] or row["账簿"]: row
            for row in of(auditor.get(f"/v1/desk/ledger/balances?first={first}&last={last}"))
        }

    early, late = table(days[0], days[0]), table(days[3], days[-1])
    for name, row in early.items():
        for side in ("借", "贷"):
            if name in late and name not in ("BUDGET", "CASH"):
                assert row[f"期末{side}方（元）"] == late[name][f"期初{side}方（元）"], name
    for row in (late["BUDGET"], late["CASH"]):
        assert row["科目名称"] == "合计"
        for part in ("期初", "本期", "期末"):
            assert row[f"{part}借方（元）"] == row[f"{part}贷方（元）"]
    with database.read() as conn:
        trial = seals.trial(conn).tallies
    for name, tally in trial.items():
        row = late[name]
        assert fen(row["期末借方（元）"]) - fen(row["期末贷方（元）"]) == tally.balance
        assert fen(row["期末预留（元）"]) == tally.out_pending
    assert late["line:F.2026.640104.TRAIN"]["期末预留（元）"] == "0.09"


@pytest.mark.parametrize("which", ["vouchers", "balances"])
def test_the_sheet_says_what_the_text_says(enter: Any, days: list[str], which: str) -> None:
    auditor, path = enter("auditor"), f"/v1/desk/ledger/{which}?first={days[0]}&last={days[-1]}"
    answer = auditor.get(f"{path}&format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    head, *lines = ([cell.value for cell in row] for row in sheet.iter_rows())
    rows = of(auditor.get(path))

    assert answer.content_type == sheets.XLSX
    assert head == list(rows[0])
    for line, row in zip(lines, rows, strict=True):
        for shown, text in zip(line, row.values(), strict=True):
            if isinstance(shown, int | float):
                assert fen(str(shown)) == fen(text)
            else:
                # In XLSX a text is a text; in CSV one that looks like a formula stands behind an apostrophe.
                assert (shown or "") == (text.removeprefix("'"))


def test_every_account_that_the_service_opens_has_a_number_of_the_chart(
    enter: Any, house: House, days: list[str]
) -> None:
    def begin(turn: Turn) -> None:
        cashbook.open_places(turn, "acc-1", "EMPLOY", "official:1")
        postings.open_places(turn, "91640100MA00000000", "official:1")
        postings.open_owed(turn, "91640100MA00000000")
        postings.open_kept(turn, "acc-1", "")
        legs = (move("cash:acc-1:funding", "cash:acc-1:bank", 100),)
        booking.book(turn, Posting("funded", legs, "paid", "official:1")).or_raise()

    house.db.write(begin)
    last = beijing_date(house.clock.now_ms()).isoformat()
    rows = of(enter("auditor").get(f"/v1/desk/ledger/vouchers?first={last}&last={last}"))
    assert {row["账户"]: row["科目编码"] for row in rows if row["账户"].startswith("cash:")} == {
        "cash:acc-1:bank": "1002",
        "cash:acc-1:funding": "3001",
    }
    with house.db.read() as conn:
        exporting.check(conn)


def test_the_book_does_not_leave_with_an_account_that_the_chart_does_not_know(
    enter: Any, database: Database, days: list[str]
) -> None:
    odd = Account("odd", "CASH", "odd", "没有科目")
    database.write(lambda turn: accounts.open_account(turn, odd, "official:1"))
    span = f"?first={days[0]}&last={days[-1]}"
    for path in (f"vouchers{span}", f"balances{span}", "beancount"):
        answer = enter("auditor").get(f"/v1/desk/ledger/{path}")
        assert answer.status_code == 409
        assert (answer.json["code"], answer.json["codes"]) == ("account-untitled", ["odd"])


def test_no_text_is_taken_for_a_formula(enter: Any, days: list[str]) -> None:
    path = f"/v1/desk/ledger/vouchers?first={days[0]}&last={days[-1]}"
    docs = {row["依据文号"] for row in of(enter("auditor").get(path))}
    assert f"'{HOSTILE}" in docs
    assert not any(doc.startswith(("=", "+", "-", "@")) for doc in docs)


def test_amounts_of_a_sheet_are_exact() -> None:
    assert [str(Fen(n)) for n in (0, 1, -1, 100, 10**17 + 1)] == [
        "0.00",
        "0.01",
        "-0.01",
        "1.00",
        "1000000000000000.01",
    ]


def book(database: Database) -> str:
    with database.read() as conn:
        return "".join(exporting.beancount(conn))


def test_case_54_the_book_balances_by_its_own_text(database: Database, days: list[str]) -> None:
    """With nothing but the text: each entry sums to nothing, each assertion is met, each name is opened."""
    text, held, entry = book(database), defaultdict(int), 0
    opened = re.findall(r"^\S+ open (\S+) CNY$", text, re.MULTILINE)
    for line in text.splitlines():
        posted = re.fullmatch(r"  (\S+)  (-?\d+\.\d\d) CNY", line)
        if posted:
            held[posted[1]] += fen(posted[2])
            entry += fen(posted[2])
        elif " * " in line:
            assert entry == 0
    asserted = re.findall(r"^\S+ balance (\S+)  (-?\d+\.\d\d) CNY$", text, re.MULTILINE)

    assert entry == 0
    assert len(opened) == len(set(opened)) == 6
    assert {name: fen(amount) for name, amount in asserted} == dict(held)
    with database.read() as conn:
        wanted = sorted(tally.balance for tally in seals.trial(conn).tallies.values())
    assert sorted(held.values()) == wanted


def bean_check() -> str | None:
    """Where an outside tool is: BEAN_CHECK, or on the path. It is never a dependency (GPL)."""
    return os.environ.get("BEAN_CHECK") or shutil.which("bean-check")


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.interop
@pytest.mark.skipif(
    bean_check() is None, reason="bean-check is not installed: pip install beancount in a venv of its own"
)
def test_case_54_bean_check_balances_the_book(database: Database, days: list[str], tmp_path: Path) -> None:
    good, bad = tmp_path / "good.beancount", tmp_path / "bad.beancount"
    text = book(database)
    good.write_text(text, "utf-8")
    bad.write_text(text.replace("299.99 CNY", "299.98 CNY", 1), "utf-8")
    tool = bean_check()
    assert tool

    assert subprocess.run([tool, good], capture_output=True, check=False).returncode == 0
    assert subprocess.run([tool, bad], capture_output=True, check=False).returncode != 0


# -- who may


@pytest.fixture
def sealed(house: House, database: Database, days: list[str]) -> str:
    house.log.create()
    assert seals.keep(house) >= 2
    return days[0]


def test_a_day_is_shown_with_its_seal_made_anew(enter: Any, sealed: str) -> None:
    auditor = enter("auditor")
    listed = auditor.get("/v1/desk/ledger/days").json
    one = auditor.get(f"/v1/desk/ledger/days/{sealed}").json

    assert listed["items"][-1]["day"] == sealed
    assert (one["matches"], one["altered"]) == (True, [])
    assert one["note"].splitlines()[1] == f"day {sealed}"
    assert auditor.get("/v1/desk/ledger/days/1999-01-01").json["code"] == "ledger-day-open"


@pytest.mark.parametrize("kind", ["handler", "reviewer", "registrar", "worker"])
def test_others_see_no_book(enter: Any, days: list[str], kind: str) -> None:
    someone = enter(kind)
    for path in ("days", f"vouchers?first={days[0]}&last={days[0]}", "beancount"):
        assert someone.get(f"/v1/desk/ledger/{path}").status_code == 403


def test_the_book_is_the_whole_regions(enter: Any, database: Database, days: list[str]) -> None:
    auditor = enter("auditor")

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-auditor", "auditor", by="test")
        officials.grant(turn, "demo-auditor", "auditor", "6402", by="test")

    database.write(elsewhere)
    for path in ("days", f"balances?first={days[0]}&last={days[0]}", "beancount"):
        assert auditor.get(f"/v1/desk/ledger/{path}").status_code == 403


@pytest.mark.parametrize(
    "query", ["first=2026-01-01", "first=2026-1-1&last=2026-01-02", "first=x&last=y", ""]
)
def test_days_that_are_none_are_refused(enter: Any, query: str) -> None:
    assert enter("auditor").get(f"/v1/desk/ledger/vouchers?{query}").status_code == 400


def test_a_day_is_a_day(days: list[str]) -> None:
    assert [dt.date.fromisoformat(day).isoformat() for day in days] == days
