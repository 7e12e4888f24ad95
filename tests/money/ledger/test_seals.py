"""The daily close: sealed days, chained, signed, stated in the archive's log; what is changed is located."""

import base64
import hashlib
import json
import random
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from recordsvc.fsck import fsck
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from recordsvc.money.ledger import accounts, booking, seals, tables
from recordsvc.money.ledger.accounts import Account
from recordsvc.money.ledger.values import Leg, Posting, hold, move, settle, undo, void
from recordsvc.translog import tables as log_tables
from recordsvc.translog.note import NoteKey, SignatureType, open_note
from recordsvc.translog.tree import root
from tests.conftest import Addresses
from tests.faults.owner import owning

DAY_MS = 86_400_000


@pytest.fixture
def almighty(dialect: str, addresses: Addresses, request: pytest.FixtureRequest) -> Iterator[Database]:
    """This test's database, for somebody whom nothing in it stops."""
    url = addresses.owner
    if dialect == "postgresql":
        url = request.getfixturevalue("postgresql").url(sa.make_url(url).database)
    owner = Database(url, pool_size=1)
    yield owner
    owner.close()


def opened(house: House) -> None:
    for name, code, guard in (
        ("source", "fund.source", False),
        ("line", "fund.line", True),
        ("expense", "fund.spent", False),
    ):
        account = Account(name, "BUDGET", code, name, guard)
        house.db.write(lambda turn, account=account: accounts.open_account(turn, account, "official:1"))


def booked(house: House, name: str, *legs: Leg, on: str = "") -> bool:
    posting = Posting(name, legs, "test", "official:1", on=on)
    return house.db.write(lambda turn: booking.book(turn, posting)).applied


def day_of(house: House) -> str:
    return beijing_date(house.clock.now_ms()).isoformat()


def days(house: House) -> list[sa.Row]:
    with house.db.read() as conn:
        return list(conn.execute(sa.select(tables.period).order_by(tables.period.c.size)))


@pytest.fixture
def three_days(house: House, clock: FixedClock) -> list[str]:
    """Two days with transfers, an empty one between them, and a third that goes on."""
    opened(house)
    names = []
    for n in (0, 1, 3):
        names.append(day_of(house))
        assert booked(house, f"a{n}", move("source", "line", 100 + n))
        assert booked(house, f"b{n}", hold("line", "expense", 50 + n))
        assert booked(house, f"c{n}", settle(f"b{n}#1", 49))
        clock.advance(DAY_MS * (2 if n == 1 else 1))
        if n != 3:
            assert seals.keep(house) == 1
    clock.advance(-DAY_MS)
    return names


def test_a_day_is_closed_when_it_is_over(house: House, clock: FixedClock) -> None:
    opened(house)
    today = day_of(house)
    booked(house, "a", move("source", "line", 100))

    assert seals.keep(house) == 0
    clock.advance(DAY_MS)
    assert (seals.keep(house), seals.keep(house)) == (1, 0)
    assert [row.day for row in days(house)] == [today]


def test_days_that_were_missed_are_closed_one_by_one(house: House, clock: FixedClock) -> None:
    opened(house)
    for n in range(3):
        booked(house, f"a{n}", move("source", "line", 100))
        clock.advance(DAY_MS)

    assert seals.keep(house) == 3
    assert [(row.start, row.size) for row in days(house)] == [(0, 1), (1, 2), (2, 3)]


def test_nothing_is_closed_where_nothing_was_booked(house: House, clock: FixedClock) -> None:
    opened(house)
    clock.advance(DAY_MS * 5)

    assert seals.keep(house) == 0


def test_case_09_what_comes_late_stands_in_the_next_day(house: House, clock: FixedClock) -> None:
    opened(house)
    closed = day_of(house)
    booked(house, "a", move("source", "line", 100))
    clock.advance(DAY_MS)
    seals.keep(house)
    before = days(house)
    booked(house, "late", move("source", "line", 1), on=closed)
    clock.advance(-DAY_MS)  # a clock that went back does not open the day again
    booked(house, "later", move("source", "line", 1))

    with house.db.read() as conn:
        late = conn.execute(sa.select(tables.transfer).where(tables.transfer.c.idx > 0)).all()
        assert seals.recompute(conn, closed).digest() == seals.sealed(before[0]).digest()
    assert [row.period > closed for row in late] == [True, True]
    assert late[0].adjusts_period == closed


def test_case_09_a_row_that_somebody_puts_into_a_closed_day_is_named(
    house: House, three_days: list[str], almighty: Database
) -> None:
    """The one writer takes no closed day, the day's seal stays what it was, and the check names the row."""
    with owning(almighty, keep=True) as conn:
        new = dict(
            conn.execute(sa.select(tables.transfer).where(tables.transfer.c.idx == 6)).mappings().one()
        )
        new |= {"idx": 9, "id": "late#1", "period": three_days[0], "value_date": three_days[0]}
        new |= {
            "kind": "POST",
            "about_id": None,
            "about_kind": None,
            "about_fen": None,
            "adjusts_period": None,
        }
        conn.execute(tables.transfer.insert().values(new))

    with house.db.read() as conn:
        assert seals.recompute(conn, three_days[0]) == seals.sealed(days(house)[0])
    found = fsck(house, offline=True).finding
    assert found is not None
    assert "transfer" in found.where


def test_case_10_a_seal_is_recomputed_from_the_journal(house: House, three_days: list[str]) -> None:
    with house.db.read() as conn:
        for row in days(house):
            assert seals.recompute(conn, row.day) == seals.sealed(row)
            assert seals.altered(conn, row.day) == []
        with pytest.raises(LookupError):
            seals.recompute(conn, three_days[2])


@pytest.mark.parametrize(
    "change",
    [
        "amount_fen = amount_fen + 1",
        "doc = 'x'",
        "actor = 'official:2'",
        "at_ms = at_ms + 1",
        "value_date = '2000-01-01'",
        "source = 'expense', target = 'line'",
    ],
)
def test_case_10_one_changed_byte_is_found_and_located(
    house: House, three_days: list[str], almighty: Database, change: str
) -> None:
    with owning(almighty) as conn:
        conn.exec_driver_sql(f"UPDATE transfer SET {change} WHERE idx = 4")
        stored = conn.execute(sa.select(tables.period).order_by(tables.period.c.size)).all()
        changed = [seals.recompute(conn, row.day) != seals.sealed(row) for row in stored]
        located = [seals.altered(conn, day) for day in three_days[:2]]
    assert changed == [False, True]
    assert located == [[], [4]]


def test_case_10_a_row_taken_away_is_located(house: House, three_days: list[str], almighty: Database) -> None:
    with owning(almighty) as conn:
        conn.exec_driver_sql("DELETE FROM transfer WHERE idx = 3")
        assert seals.altered(conn, three_days[1]) == [3]


def test_a_seal_is_signed_chained_and_stated(house: House, three_days: list[str]) -> None:
    log_key = house.log.live_keys()[0]
    first, second = days(house)

    for row in (first, second):
        opened_note = open_note(
            row.note, [NoteKey(log_key.name + "/ledger", SignatureType.ED25519, log_key.public)]
        )
        assert opened_note.text == seals.sealed(row).text()
    assert (first.previous, second.previous) == (bytes(32), hashlib.sha256(open_text(first)).digest())
    with house.db.read() as conn:
        entries = dict(conn.execute(sa.select(log_tables.entry.c.idx, log_tables.entry.c.data)).all())
    assert entries[second.idx] == b"\x04\x01" + hashlib.sha256(open_text(second)).digest()


def open_text(row: sa.Row) -> bytes:
    return row.note.partition("\n\n")[0].encode() + b"\n"


def test_a_stranger_recomputes_a_seal_from_its_description(house: House, three_days: list[str]) -> None:
    """By RFC 6962 and JSON alone, with none of the ledger's own code."""
    with house.db.read() as conn:
        rows = [dict(row) for row in conn.execute(sa.select(tables.transfer)).mappings()]
    second = days(house)[1]
    leaves = [
        hashlib.sha256(
            b"\0" + json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        ).digest()
        for row in sorted(rows, key=lambda row: row["idx"])[second.start : second.size]
    ]
    total = {"source": [0, 0, 201, 0], "line": [201, 0, 98, 0], "expense": [98, 0, 0, 0]}
    text = "".join(f"{name} {' '.join(map(str, total[name]))}\n" for name in sorted(total))
    said = second.note.splitlines()
    assert said[3] == "root " + base64.b64encode(root(leaves)).decode()
    assert said[4] == "balance " + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_what_was_held_and_given_back_leaves_the_trial_balance(house: House) -> None:
    opened(house)
    booked(house, "a", move("source", "line", 100))
    booked(house, "b", hold("line", "expense", 60))
    booked(house, "c", void("b#1"))
    booked(house, "d", move("line", "expense", 5))
    booked(house, "e", undo("d#1"))

    with house.db.read() as conn:
        trial = seals.trial(conn)
    assert trial.text() == "expense 5 0 5 0\nline 105 0 5 0\nsource 0 0 100 0\n"
    assert sum(one.balance for one in trial.tallies.values()) == 0


def world(house: House, clock: FixedClock, seed: int) -> list[str]:
    """A seeded fortnight of postings, some refused; the texts of its seals."""
    chance = random.Random(seed)
    opened(house)
    for n in range(120):
        amount = chance.randrange(1, 500)
        about = f"p{chance.randrange(n)}#1" if n else "none#1"
        leg = chance.choice(
            [
                move("source", "line", amount),
                hold("line", "expense", amount),
                settle(about, chance.randrange(2)),
                void(about),
                undo(about),
            ]
        )
        booked(house, f"p{n}", leg)
        clock.advance(chance.randrange(DAY_MS // 4))
    clock.advance(DAY_MS)
    seals.keep(house)
    return [seals.sealed(row).text() for row in days(house)]


WORLD = "684a4ea2a7ddeb01"


def test_case_57_the_same_seed_gives_the_same_seals_on_both_databases(
    house: House, clock: FixedClock
) -> None:
    texts = world(house, clock, 20_261_129)

    assert len(texts) > 5
    assert hashlib.sha256("".join(texts).encode()).hexdigest()[:16] == WORLD
    assert fsck(house, offline=True).finding is None
