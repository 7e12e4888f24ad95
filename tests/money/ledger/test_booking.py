"""The ledger's cases (money design, section 8) on one process: amounts, guards, holds, groups, answers."""

import dataclasses
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.money.ledger import accounts, booking, seals, tables
from recordsvc.money.ledger.accounts import Account, Balance
from recordsvc.money.ledger.errors import AccountDiffers, LegRefused, PostingRefused, PostingReused
from recordsvc.money.ledger.values import Leg, Outcome, Posting, Refusal, hold, move, settle, undo, void
from tests.conftest import Addresses

LINE, EXPENSE, SOURCE = "line", "expense", "source"


@pytest.fixture
def book(database: Database) -> Callable[..., Outcome]:
    """Three accounts, of which the line is guarded and has 1000 fen; books legs under an id."""
    opened = (
        Account(SOURCE, "BUDGET", "source", "指标来源"),
        Account(LINE, "BUDGET", "fund.line", "预算额度", guard=True),
        Account(EXPENSE, "BUDGET", "expense", "补贴支出"),
        Account("bank", "CASH", "bank", "银行存款"),
    )
    for one in opened:
        database.write(lambda turn, one=one: accounts.open_account(turn, one, "official:1"))

    def booking_of(name: str, *legs: Leg, **more: str) -> Outcome:
        posting = Posting(name, legs, more.pop("code", "test"), "official:1", **more)
        return database.write(lambda turn: booking.book(turn, posting))

    assert booking_of("begin", move(SOURCE, LINE, 1_000)).applied
    return booking_of


def held(database: Database, name: str = LINE) -> Balance:
    with database.read() as conn:
        return accounts.balance(conn, name)


def recomputed(database: Database) -> dict[str, tuple[int, int, int, int]]:
    with database.read() as conn:
        return {name: dataclasses.astuple(one) for name, one in seals.trial(conn).tallies.items()}


def journal(database: Database) -> list[sa.Row]:
    with database.read() as conn:
        return list(conn.execute(sa.select(tables.transfer).order_by(tables.transfer.c.idx)))


# -- amounts and sides


@pytest.mark.parametrize("amount", [0, -1, 1.0, 0.1, True, 10**15 + 1])
def test_case_01_only_whole_fen_above_zero_are_moved(amount: object) -> None:
    with pytest.raises(LegRefused):
        move(SOURCE, LINE, amount)


def test_case_01_nothing_moves_from_an_account_to_itself() -> None:
    with pytest.raises(LegRefused):
        move(LINE, LINE, 1)


def test_case_01_books_do_not_mix(book: Callable[..., Outcome], database: Database) -> None:
    assert book("mixed", move(SOURCE, "bank", 1)).refusal is Refusal.LEDGERS_DIFFER
    assert held(database, "bank").in_posted == 0


def test_case_02_counters_equal_what_the_journal_gives(
    book: Callable[..., Outcome], database: Database
) -> None:
    book("hold", hold(LINE, EXPENSE, 300))
    book("paid", settle("hold#1", 250))
    book("back", undo("paid#1"))
    book("hold-2", hold(LINE, EXPENSE, 10))

    assert held(database) == Balance(
        LINE, closed=False, in_posted=1_250, in_pending=0, out_posted=250, out_pending=10
    )
    with database.read() as conn:
        found = accounts.balances(conn, [SOURCE, LINE, EXPENSE])
    assert recomputed(database) == {
        name: (one.in_posted, one.in_pending, one.out_posted, one.out_pending) for name, one in found.items()
    }


def test_case_03_a_guarded_account_promises_what_it_has_and_no_fen_more(
    book: Callable[..., Outcome], database: Database
) -> None:
    assert book("a", hold(LINE, EXPENSE, 600)).applied
    assert book("b", move(LINE, EXPENSE, 401)).refusal is Refusal.SHORT
    assert book("c", hold(LINE, EXPENSE, 401)).refusal is Refusal.SHORT
    assert book("d", move(LINE, EXPENSE, 400)).applied
    assert held(database).available == 0


def test_case_04_a_hold_ends_once(book: Callable[..., Outcome], database: Database) -> None:
    book("hold", hold(LINE, EXPENSE, 300))

    assert book("paid", settle("hold#1")).applied
    assert book("paid-again", settle("hold#1")).refusal is Refusal.HOLD_ENDED
    assert book("void", void("hold#1")).refusal is Refusal.HOLD_ENDED
    assert (held(database).out_posted, held(database).out_pending) == (300, 0)


def test_case_05_a_refused_hold_is_never_settled(book: Callable[..., Outcome], database: Database) -> None:
    refused = book("hold", hold(LINE, EXPENSE, 1_001))

    assert (refused.refusal, refused.transfers) == (Refusal.SHORT, ())
    assert book("paid", settle("hold#1")).refusal is Refusal.HOLD_UNKNOWN
    assert held(database, EXPENSE).in_posted == 0


def test_case_05_what_was_posted_is_no_hold(book: Callable[..., Outcome]) -> None:
    assert book("paid", settle("begin#1")).refusal is Refusal.HOLD_UNKNOWN
    assert book("void", void("begin#1")).refusal is Refusal.HOLD_UNKNOWN


def test_case_06_what_is_not_settled_of_a_hold_is_free_again(
    book: Callable[..., Outcome], database: Database
) -> None:
    book("hold", hold(LINE, EXPENSE, 300))

    assert book("more", settle("hold#1", 301)).refusal is Refusal.HOLD_EXCEEDED
    assert book("paid", settle("hold#1", 299)).applied
    assert (held(database).available, held(database).out_pending) == (701, 0)
    assert held(database, EXPENSE).in_pending == 0


def test_case_06_a_hold_that_is_given_back_leaves_nothing(
    book: Callable[..., Outcome], database: Database
) -> None:
    book("hold", hold(LINE, EXPENSE, 300))
    book("void", void("hold#1"))

    assert (held(database).available, held(database, EXPENSE).in_pending) == (1_000, 0)


def test_case_07_a_correction_is_a_new_row_and_made_once(
    book: Callable[..., Outcome], database: Database
) -> None:
    book("paid", move(LINE, EXPENSE, 100))
    before = journal(database)

    assert book("back", undo("paid#1")).applied
    assert book("back-again", undo("paid#1")).refusal is Refusal.UNDONE_BEFORE
    assert book("nothing", undo("back#1")).refusal is Refusal.TRANSFER_UNKNOWN
    after = journal(database)
    assert after[: len(before)] == before
    assert (after[-1].source, after[-1].target, after[-1].amount_fen) == (EXPENSE, LINE, 100)


def test_case_07_a_whole_posting_is_taken_back_at_once(
    book: Callable[..., Outcome], database: Database
) -> None:
    book("paid", move(LINE, EXPENSE, 100), move(LINE, EXPENSE, 23), hold(LINE, EXPENSE, 7))

    back = database.write(lambda turn: booking.reverse(turn, "back", "paid", "official:2"))

    assert (back.applied, len(back.transfers)) == (True, 2)
    assert (held(database).posted, held(database).out_pending) == (1_000, 7)


def test_case_08_of_a_group_all_legs_are_booked_or_none(
    book: Callable[..., Outcome], database: Database
) -> None:
    book("hold", hold(LINE, EXPENSE, 900))
    before = held(database)

    refused = book("group", move(LINE, EXPENSE, 60), settle("hold#1"), move(LINE, EXPENSE, 41))

    assert refused.refusal is Refusal.SHORT
    assert held(database) == before
    # The hold was not ended by the leg that came before the refused one.
    assert book("paid", settle("hold#1")).applied


def test_case_08_a_refused_posting_does_not_hinder_the_next_of_a_run(
    book: Callable[..., Outcome], database: Database
) -> None:
    many = [Posting(f"many-{n}", (hold(LINE, EXPENSE, 300),), "test", "official:1") for n in range(5)]
    many.append(Posting("end", (settle("many-0#1"), void("many-1#1")), "test", "official:1"))
    many.append(Posting("more", (hold(LINE, EXPENSE, 300),), "test", "official:1"))

    outcomes = database.write(lambda turn: booking.book_all(turn, many))

    assert [one.applied for one in outcomes] == [True, True, True, False, False, True, True]
    assert (held(database).out_posted, held(database).out_pending) == (300, 600)


def test_case_11_a_closed_account_takes_nothing_new_and_gives_holds_back(
    book: Callable[..., Outcome], database: Database
) -> None:
    book("hold", hold(LINE, EXPENSE, 300))
    book("hold-2", hold(LINE, EXPENSE, 200))
    for _ in range(2):
        database.write(lambda turn: accounts.close_account(turn, LINE, "年度结束", "official:2"))

    assert book("new", move(SOURCE, LINE, 1)).refusal is Refusal.ACCOUNT_CLOSED
    assert book("new-hold", hold(LINE, EXPENSE, 1)).refusal is Refusal.ACCOUNT_CLOSED
    assert book("paid", settle("hold#1")).refusal is Refusal.ACCOUNT_CLOSED
    assert book("undone", undo("begin#1")).refusal is Refusal.ACCOUNT_CLOSED
    assert book("void", void("hold#1")).applied
    assert held(database) == Balance(
        LINE, closed=True, in_posted=1_000, in_pending=0, out_posted=0, out_pending=200
    )


# -- ids and answers


def test_case_12_the_same_id_and_content_has_one_effect_and_one_answer(
    book: Callable[..., Outcome], database: Database
) -> None:
    first = book("hold", hold(LINE, EXPENSE, 300), doc="claim:1")
    again = book("hold", hold(LINE, EXPENSE, 300), doc="claim:1")

    assert (again.again, first.again) == (True, False)
    assert dataclasses.replace(again, again=False) == first
    assert held(database).out_pending == 300


@pytest.mark.parametrize(
    ("legs", "more"),
    [
        ((hold(LINE, EXPENSE, 301),), {}),
        ((move(LINE, EXPENSE, 300),), {}),
        ((hold(LINE, SOURCE, 300),), {}),
        ((hold(LINE, EXPENSE, 300), hold(LINE, EXPENSE, 1)), {}),
        ((hold(LINE, EXPENSE, 300),), {"doc": "claim:2"}),
        ((hold(LINE, EXPENSE, 300),), {"code": "other"}),
    ],
)
def test_case_13_the_same_id_with_other_content_has_no_effect(
    book: Callable[..., Outcome], database: Database, legs: tuple[Leg, ...], more: dict[str, str]
) -> None:
    book("hold", hold(LINE, EXPENSE, 300), doc="claim:1")
    before = journal(database)

    with pytest.raises(PostingReused):
        book("hold", *legs, **({"doc": "claim:1"} | more))

    assert journal(database) == before


def test_case_14_a_refused_id_stays_refused_when_there_is_money(
    book: Callable[..., Outcome], database: Database
) -> None:
    assert book("late", hold(LINE, EXPENSE, 1_001)).refusal is Refusal.SHORT
    book("more", move(SOURCE, LINE, 1_000))

    again = book("late", hold(LINE, EXPENSE, 1_001))

    assert (again.again, again.refusal) == (True, Refusal.SHORT)
    assert held(database).out_pending == 0
    assert book("anew", hold(LINE, EXPENSE, 1_001)).applied


def test_case_14_a_refusal_that_is_raised_leaves_nothing_behind(
    book: Callable[..., Outcome], database: Database
) -> None:
    def insisting(turn: Turn) -> None:
        booking.book(turn, Posting("all", (move(LINE, EXPENSE, 2_000),), "test", "official:1")).or_raise()

    with pytest.raises(PostingRefused) as raised:
        database.write(insisting)

    assert raised.value.members == {"refusal": "insufficient"}
    book("more", move(SOURCE, LINE, 1_000))
    assert database.write(insisting) is None


@pytest.mark.parametrize("name", ["", "有", "a b", "#1", "x" * 121])
def test_an_id_that_could_not_stand_in_a_file_is_refused(name: str) -> None:
    with pytest.raises(LegRefused):
        Posting(name, (move(SOURCE, LINE, 1),), "test", "official:1")


def test_one_transfer_is_acted_on_once_in_a_posting() -> None:
    with pytest.raises(LegRefused):
        Posting("twice", (settle("hold#1"), void("hold#1")), "test", "official:1")


def test_an_account_never_changes(book: Callable[..., Outcome], database: Database) -> None:
    line = Account(LINE, "BUDGET", "fund.line", "预算额度", guard=True)
    database.write(lambda turn: accounts.open_account(turn, line, "official:7"))
    with pytest.raises(AccountDiffers):
        database.write(
            lambda turn: accounts.open_account(turn, dataclasses.replace(line, guard=False), "official:1")
        )


# -- days


def test_a_late_item_says_which_day_it_belongs_to(
    book: Callable[..., Outcome], database: Database, clock: FixedClock
) -> None:
    today = beijing_date(clock.now_ms()).isoformat()
    clock.advance(86_400_000)
    tomorrow = beijing_date(clock.now_ms()).isoformat()
    book("late", move(SOURCE, LINE, 1), on=today)
    book("now", move(SOURCE, LINE, 1))

    late, now = journal(database)[-2:]
    assert (late.value_date, late.period, late.adjusts_period) == (today, tomorrow, today)
    assert (now.value_date, now.period, now.adjusts_period) == (tomorrow, tomorrow, None)


def test_a_clock_set_back_books_in_the_newest_day(
    book: Callable[..., Outcome], database: Database, clock: FixedClock
) -> None:
    today = beijing_date(clock.now_ms()).isoformat()
    clock.advance(-86_400_000)
    book("now", move(SOURCE, LINE, 1))

    assert journal(database)[-1].period == today


@pytest.mark.parametrize("on", ["2999-01-01", "2026-2-1", "gestern", "2025-02-30"])
def test_a_day_to_come_or_none_is_refused(book: Callable[..., Outcome], on: str) -> None:
    with pytest.raises(LegRefused):
        book("then", move(SOURCE, LINE, 1), on=on)


# -- sums


def test_case_39_a_thousand_fen_are_ten_yuan(book: Callable[..., Outcome], database: Database) -> None:
    many = [Posting(f"fen-{n}", (move(LINE, EXPENSE, 1),), "test", "official:1") for n in range(1_000)]

    assert all(one.applied for one in database.write(lambda turn: booking.book_all(turn, many)))
    assert (held(database, EXPENSE).posted, held(database).available) == (1_000, 0)


def test_case_39_ten_trillion_yuan_and_one_fen_stay_exact(
    book: Callable[..., Outcome], database: Database
) -> None:
    for n in range(9):
        book(f"much-{n}", move(SOURCE, LINE, 10**15))
    book("less", move(LINE, EXPENSE, 1))

    assert held(database).available == 9 * 10**15 + 999
    assert recomputed(database)[LINE] == (9 * 10**15 + 1_000, 0, 1, 0)


# -- who writes past the service


HOSTILE = {
    3: {
        "a balance unguarded": "UPDATE balance SET guard = 0 WHERE account = 'line'",
        "more promised than there is": "UPDATE balance SET out_pending = 1001 WHERE account = 'line'",
        "more spent than there is": "UPDATE balance SET out_posted = 1001 WHERE account = 'line'",
        "a counter below zero": "UPDATE balance SET in_pending = -1 WHERE account = 'source'",
    },
    7: {
        "an amount changed": "UPDATE transfer SET amount_fen = 1 WHERE idx = 0",
        "a row deleted": "DELETE FROM transfer WHERE idx = 0",
        "a posting deleted": "DELETE FROM posting",
        "an account unguarded": "UPDATE account SET guard = 0",
    },
}
"""What nobody may do to rows that are there, by the case that says so."""
ROW = {
    "idx": 99, "id": "'x'", "group_id": "'begin'", "kind": "'POST'", "ledger": "'BUDGET'",
    "source": "'source'", "target": "'expense'", "amount_fen": 1,
    "about_id": "NULL", "about_kind": "NULL", "about_fen": "NULL",
    "code": "'x'", "doc": "''", "value_date": "'2026-01-01'", "period": "'2026-01-01'",
    "adjusts_period": "NULL", "actor": "'x'", "at_ms": 0,
}  # fmt: skip
HOLD = {"about_id": "'hold#1'", "about_kind": "'PEND'", "about_fen": 300}
HOSTILE_ROWS = {
    1: {
        "nothing moved": {"amount_fen": 0},
        "a negative amount": {"amount_fen": -1},
        "an account to itself": {"target": "'source'"},
        "from book to book": {"target": "'bank'"},
        "an unknown account": {"target": "'nobody'"},
        "of no posting": {"group_id": "'nothing'"},
    },
    4: {
        "a hold settled twice": {
            "kind": "'SETTLE'",
            "about_id": "'done#1'",
            "about_kind": "'PEND'",
            "about_fen": 1,
        },
        "a hold given back once it is settled": {
            "kind": "'VOID'",
            "about_id": "'done#1'",
            "about_kind": "'PEND'",
            "about_fen": 1,
        },
    },
    5: {
        "a posted amount settled": {"kind": "'SETTLE'"}
        | HOLD
        | {"about_id": "'begin#1'", "about_fen": 1_000},
        "a settling of nothing": {"kind": "'SETTLE'"},
        "a hold that was refused": {"kind": "'SETTLE'"} | HOLD | {"about_id": "'refused#1'"},
    },
    6: {
        "more settled than held": {"kind": "'SETTLE'", "amount_fen": 301} | HOLD,
        "a hold made larger": {"kind": "'SETTLE'", "amount_fen": 301} | HOLD | {"about_fen": 301},
        "a part given back": {"kind": "'VOID'", "amount_fen": 299} | HOLD,
    },
    7: {
        "a hold undone": {"kind": "'UNDO'", "amount_fen": 300} | HOLD,
        "a kind that is none": {"kind": "'GIFT'"},
        "of a day to come": {"value_date": "'2026-01-02'"},
    },
    12: {"an id twice": {"id": "'begin#1'"}},
}
"""What no row may be, by the case that says so."""


def attack(book: Callable[..., Outcome], database: Database, case: int) -> None:
    """Whatever stands above for a case is refused by the database, and nothing of it is there."""
    book("hold", hold(LINE, EXPENSE, 300))
    book("done", hold(LINE, EXPENSE, 1))
    book("done-2", settle("done#1"))
    # More than there ever was: refused whatever is held.
    assert not book("refused", hold(LINE, EXPENSE, 1_001)).applied
    before = (journal(database), held(database), held(database, SOURCE))
    attacks = dict(HOSTILE.get(case, {}))
    attacks |= {what: inserting(ROW | change) for what, change in HOSTILE_ROWS.get(case, {}).items()}
    for statement in attacks.values():
        with pytest.raises(sa.exc.DBAPIError), database.engine.begin() as conn:
            conn.exec_driver_sql(statement)
    assert (journal(database), held(database), held(database, SOURCE)) == before


def inserting(row: dict[str, object]) -> str:
    values = ", ".join(str(value) for value in row.values())
    return f"INSERT INTO transfer ({', '.join(row)}) VALUES ({values})"


def test_case_01_the_database_moves_only_amounts_above_zero_within_a_book(
    book: Callable[..., Outcome], database: Database
) -> None:
    attack(book, database, 1)


def test_case_03_the_database_promises_no_fen_that_is_not_there(
    book: Callable[..., Outcome], database: Database
) -> None:
    attack(book, database, 3)


def test_case_04_the_database_ends_a_hold_once(book: Callable[..., Outcome], database: Database) -> None:
    attack(book, database, 4)


def test_case_05_the_database_settles_nothing_that_is_no_hold(
    book: Callable[..., Outcome], database: Database
) -> None:
    attack(book, database, 5)


def test_case_06_the_database_settles_no_more_than_is_held(
    book: Callable[..., Outcome], database: Database
) -> None:
    attack(book, database, 6)


def test_case_07_the_database_changes_and_deletes_nothing_of_the_journal(
    book: Callable[..., Outcome], database: Database
) -> None:
    attack(book, database, 7)


def test_case_12_the_database_takes_an_id_once(book: Callable[..., Outcome], database: Database) -> None:
    attack(book, database, 12)


def test_a_row_that_is_none_of_these_is_taken(book: Callable[..., Outcome], database: Database) -> None:
    """So that the rows above are refused for what is wrong with them."""
    with database.engine.begin() as conn:
        assert conn.exec_driver_sql(inserting(ROW)).rowcount == 1


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_case_07_the_journal_is_not_emptied(
    book: Callable[..., Outcome], database: Database, addresses: Addresses
) -> None:
    with pytest.raises(sa.exc.ProgrammingError), database.engine.begin() as conn:
        conn.exec_driver_sql("TRUNCATE transfer CASCADE")
