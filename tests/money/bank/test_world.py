"""Days with a bank that fails in every way: case 26 (crashes), 30 to 35, 42; the bank's own oracle judges."""

from pathlib import Path

import pytest

from banksim.faults import FAULTS, Faults
from recordsvc.money.bank import payments
from tests.money.bank.desk import CODE, Desk
from tests.money.bank.world import Crashes, World, watched

DAYS = 9
ALL = {fault: 0.2 for fault in FAULTS if fault != "short"} | {"down": 0.1, "silent": 0.1}


def lived(
    desk: Desk, root: Path, likely: dict[str, float], seed: int, claims: int = 6, days: int = DAYS
) -> World:
    """Some days in which claims come in, and are paid if the bank lets them."""
    world = World(desk, likely, seed, root)
    for day in range(days):
        for n in range(day * 2, min(day * 2 + 2, claims)):
            world.claim(n)
        world.day()
    return quiet(world)


def quiet(world: World, days: int = 5) -> World:
    """Some more days in which nothing new goes wrong: what is under way arrives."""
    world.bank._faults = Faults({}, 0)
    for _ in range(days):
        world.day()
    return world


@pytest.mark.parametrize("fault", FAULTS)
def test_case_35_under_each_fault_the_books_agree_or_the_difference_is_a_list(
    desk: Desk, tmp_path: Path, fault: str
) -> None:
    world = lived(desk, tmp_path, {fault: 0.5 if fault != "down" else 0.3}, seed=11, claims=4, days=7)
    assert world.verdict() == []
    assert world.unpaid() == []


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("seed", range(8))
def test_case_35_under_all_faults_at_once_nothing_differs_in_silence(
    desk: Desk, tmp_path: Path, seed: int
) -> None:
    world = lived(desk, tmp_path, ALL, seed, claims=8, days=14)
    assert (seed, world.verdict(), world.unpaid()) == (seed, [], [])


def test_without_faults_everybody_is_paid_and_nothing_is_open(desk: Desk, tmp_path: Path) -> None:
    world = lived(desk, tmp_path, {}, seed=1, days=4)
    assert (world.verdict(), world.unpaid(), desk.open_breaks()) == ([], [], [])
    with desk.house.db.read() as conn:
        assert {payments.of_claim(conn, claim)[-1].state for claim in world.claims} == {"settled"}
        assert desk.house.cash.balance_fen(conn, CODE) == world.book.balance


def test_the_oracle_sees_what_is_wrong(desk: Desk, tmp_path: Path) -> None:
    """It must not be blind: a payment counted as paid that is not, a wrong mirror, a second credit."""
    world = lived(desk, tmp_path, {}, seed=1, claims=2, days=2)
    assert world.verdict() == []
    line = dict(world.book.lines()[0])
    world.book._db.execute(
        "INSERT INTO line (reference, day, credit, amount, end_to_end_id, returned, truly) "
        "VALUES (?,?,?,?,?,?,?)",
        ("again", line["day"], 0, line["amount"], line["truly"], "", line["truly"]),
    )
    assert any("2 net credits" in one for one in world.verdict())
    world.book._db.execute("DELETE FROM line")
    assert any("at the bank 0 in 0" in one for one in world.verdict())
    world.book._db.execute("UPDATE fund SET balance = balance + 1")
    assert any("mirror" in one for one in world.verdict())


def crashed(desk: Desk, root: Path, seed: int, at: int) -> tuple[Crashes, World]:
    """The same days, with one crash at a point of the payer's side."""
    crashes = Crashes(at)
    likely = {"torn": 0.3, "duplicate_report": 0.5, "reread": 0.5, "return": 0.3}
    with pytest.MonkeyPatch.context() as patch, watched(patch, crashes):
        world = World(desk, likely, seed, root)
        for n in range(3):
            world.claim(n)
        for _ in range(4):
            world.pay()
            crashes.armed = True
            world.jobs()
            world.bank.work(world.now())
            world.jobs()
            crashes.armed = False
            world.house.clock.advance(9 * 3_600_000)
            world.bank.close_day(world.now())
            crashes.armed = True
            world.jobs()
            crashes.armed = False
            world.house.clock.advance(15 * 3_600_000)
        quiet(world)
    return crashes, world


@pytest.mark.parametrize("at", [3, 9, 20])
def test_case_26_a_crash_pays_nobody_twice_and_loses_nothing(desk: Desk, tmp_path: Path, at: int) -> None:
    crashes, world = crashed(desk, tmp_path, 5, at)
    assert crashes.count > at
    assert (world.verdict(), world.unpaid()) == ([], [])


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("at", range(90))
def test_case_26_every_commit_write_and_rename_may_be_the_last(
    desk: Desk, tmp_path: Path, dialect: str, at: int
) -> None:
    """Every point of a run; a run has fewer than these, which the last one proves.

    Each database has one of two histories at a point, and the other one at the next.
    """
    seed = 1 + (at + (dialect == "postgresql")) % 2
    crashes, world = crashed(desk, tmp_path, seed, at)
    assert (seed, at, world.verdict(), world.unpaid()) == (seed, at, [], [])
    assert crashes.count > at or at > 40
    assert at < 89 or crashes.count <= at
