"""The simulated bank as a process of its own, behind a folder, with a scenario from a file."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest

from banksim.book import Book
from recordsvc.ground.ports import FixedClock, beijing_ms
from recordsvc.house import House
from recordsvc.money.bank import breaks, inbox, payments
from tests.money.bank import made
from tests.money.bank.desk import CODE, Desk

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(beijing_ms(made.DAY) + 9 * 3_600_000)


@pytest.fixture
def till(house: House) -> Desk:
    return Desk(house)


def banksim(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "banksim", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def served(till: Desk, store: Path, *more: str | Path) -> None:
    folder = till.house.settings.bank_folder / CODE
    done = banksim(
        "serve",
        "--folder",
        folder,
        "--store",
        store,
        "--number",
        till.source.number,
        "--eager",
        "--once",
        *more,
    )
    assert (done.returncode, done.stderr) == (0, "")
    # The process has the machine's clock: the house follows it, as in the world.
    now = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    till.house.clock.advance(max(0, now - till.house.clock.now_ms()))


def told(till: Desk, file: Path) -> Path:
    with till.house.db.read() as conn:
        rows = payments.listed(conn)
        said = {
            "payments": [
                {
                    "claim": one.claim_ref,
                    "end_to_end_id": one.end_to_end_id,
                    "amount_fen": one.amount_fen,
                    "settled": one.state == "settled",
                    "over": one.state in payments.OVER,
                }
                for one in rows
            ],
            "breaks": [one.subject for one in breaks.listed(conn)],
            "mirror_fen": till.house.cash.balance_fen(conn, CODE),
        }
    file.write_text(json.dumps(said), "utf-8")
    return file


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_subsidy_arrives_and_the_oracle_of_the_process_agrees(till: Desk, tmp_path: Path) -> None:
    paid = till.pay(1)
    till.send()
    store = tmp_path / "bank.db"
    served(till, store)
    inbox.run(till.house)
    assert (till.state(paid), till.open_breaks()) == ("settled", [])
    done = banksim("oracle", "--store", store, "--ours", told(till, tmp_path / "ours.json"))
    assert (done.returncode, done.stdout) == (0, "")
    book = Book(store)
    book._db.execute("UPDATE fund SET balance = balance - 1")
    book.close()
    assert banksim("oracle", "--store", store, "--ours", tmp_path / "ours.json").returncode == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_scenario_rejects_everybody(till: Desk, tmp_path: Path) -> None:
    paid = till.pay(1)
    till.send()
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("faults:\n  reject: 1.0\n", "utf-8")
    served(till, tmp_path / "bank.db", "--scenario", scenario, "--seed", "7")
    inbox.run(till.house)
    assert till.state(paid) == "rejected"


def test_a_scenario_with_an_unknown_fault_is_refused(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("faults: {thunder: 1}\n", "utf-8")
    done = banksim(
        "serve", "--folder", tmp_path, "--store", tmp_path / "b.db", "--number", "1", "--scenario", scenario
    )
    assert done.returncode == 2
    assert "thunder" in done.stderr
