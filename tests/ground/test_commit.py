"""Group commit against a plain twin that gives every job a transaction of its own: same answers, same rows.

A turn is made by hand: one job holds the writer until the others have queued behind it in a known order, so
that what follows runs as one transaction.
"""

import itertools
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.ground import commit
from recordsvc.ground.commit import CommitUnknown, Turn
from recordsvc.ground.database import Database
from tests.conftest import Addresses

Job = Callable[[sa.Connection], Any]
SECONDS = 120
"""Longest wait for another thread; far beyond what any of these tests needs."""

job = sa.table("job", sa.column("n"), sa.column("v"))


class Refused(Exception):
    """What a job raises on purpose."""


@pytest.fixture
def scratch(addresses: Addresses, database: Database) -> Iterator[Database]:
    """The database with a table of one's own: `job(n, v)`."""
    owner = sa.create_engine(addresses.owner)
    with owner.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE job (n BIGINT PRIMARY KEY, v BIGINT NOT NULL)")
        if database.dialect == "postgresql":
            conn.exec_driver_sql("GRANT SELECT, INSERT, UPDATE, DELETE ON job TO PUBLIC")
    yield database
    database.close()
    with owner.begin() as conn:
        conn.exec_driver_sql("DROP TABLE job")
    owner.dispose()


class Desk:
    """Lines callers up behind a writer who waits, and counts the transactions."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.group = db._writer
        self.turns = 0
        gate = self.group._gate

        def counted() -> Any:
            self.turns += 1
            return gate()

        self.group._gate = counted
        self.pool = ThreadPoolExecutor(64)

    def in_one_turn(self, calls: Sequence[Callable[[], Any]]) -> list[Future[Any]]:
        """Let the calls queue in this order behind one writer; they run when it is done."""
        started, go = threading.Event(), threading.Event()

        def hold(_turn: Turn) -> None:
            started.set()
            assert go.wait(SECONDS)

        holder = self.pool.submit(self.db.write, hold)
        assert started.wait(SECONDS)
        futures = []
        for at, call in enumerate(calls, 1):
            futures.append(self.pool.submit(call))
            self._until(lambda at=at: len(self.group._queue) == at)
        self.turns = 0
        go.set()
        holder.result(SECONDS)
        for future in futures:
            future.exception(SECONDS)
        return futures

    @staticmethod
    def _until(reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not reached():
            assert time.monotonic() < deadline
            time.sleep(0.0005)


@pytest.fixture
def desk(scratch: Database) -> Iterator[Desk]:
    made = Desk(scratch)
    yield made
    made.pool.shutdown()


def rows(db: Database) -> list[tuple[int, int]]:
    with db.read() as conn:
        return [tuple(row) for row in conn.execute(sa.select(job.c.n, job.c.v).order_by(job.c.n))]


# -- the twin


def insert(n: int, v: int) -> Job:
    def run(conn: sa.Connection) -> int:
        conn.execute(sa.insert(job).values(n=n, v=v))
        return v

    return run


def add(n: int, delta: int) -> Job:
    """Add to a row; refuse, after the write, to leave it negative, and refuse a row that is not there."""

    def run(conn: sa.Connection) -> int:
        conn.execute(sa.update(job).where(job.c.n == n).values(v=job.c.v + delta))
        value = conn.execute(sa.select(job.c.v).where(job.c.n == n)).scalar()
        if value is None or value < 0:
            raise Refused(f"{n} {value}")
        return int(value)

    return run


def count(_n: int, _v: int) -> Job:
    return lambda conn: conn.execute(sa.select(sa.func.count(), sa.func.sum(job.c.v)).select_from(job)).one()[
        :
    ]


def delete(n: int, _v: int) -> Job:
    return lambda conn: conn.execute(sa.delete(job).where(job.c.n == n)).rowcount


def plainly(db: Database, jobs: Sequence[Job]) -> tuple[list[Any], list[tuple[int, int]]]:
    """The slow twin: every job in a transaction of its own, one after another."""
    answers = []
    for run in jobs:
        try:
            with db.engine.begin() as conn:
                answers.append(run(conn))
        except (Refused, sa.exc.IntegrityError) as error:
            answers.append(error)
    return answers, rows(db)


def same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, Refused):
        return isinstance(got, Refused) and got.args == wanted.args
    return type(got) is type(wanted) and (isinstance(wanted, Exception) or got == wanted)


@pytest.mark.parametrize("seed", range(12))
def test_a_turn_answers_and_writes_what_single_transactions_would(desk: Desk, seed: int) -> None:
    """Jobs depend on each other and many fail: unique keys, refusals after a write, reads of all rows."""
    pick = random.Random(seed)
    kinds = [insert, insert, add, add, add, count, delete]
    jobs = [
        pick.choice(kinds)(pick.randrange(6), pick.randrange(-9, 10)) for _ in range(pick.randrange(2, 30))
    ]
    wanted, table = plainly(desk.db, jobs)
    with desk.db.engine.begin() as conn:
        conn.execute(sa.delete(job))
    futures = desk.in_one_turn([lambda run=run: desk.db.write(lambda turn: run(turn.conn)) for run in jobs])
    got = [future.exception() or future.result() for future in futures]
    assert [same(*pair) for pair in zip(got, wanted, strict=True)] == [True] * len(jobs), (got, wanted)
    assert rows(desk.db) == table
    failed = sum(isinstance(answer, Exception) for answer in wanted)
    # Every failure costs one repetition of the others, and nothing else does.
    assert desk.turns == failed + (failed < len(jobs))


def test_queued_jobs_share_one_transaction(desk: Desk) -> None:
    desk.in_one_turn([lambda n=n: desk.db.write(lambda turn: insert(n, n)(turn.conn)) for n in range(20)])
    assert desk.turns == 1
    assert len(rows(desk.db)) == 20


def test_a_failing_job_runs_once_and_the_others_again(desk: Desk) -> None:
    """A job must be re-runnable: one that stands runs once more for each that leaves."""
    ran: dict[str, int] = {}

    def note(name: str, *, fail: bool) -> Callable[[], Any]:
        def run(turn: Turn) -> None:
            ran[name] = ran.get(name, 0) + 1
            insert(ord(name), 1)(turn.conn)
            if fail:
                raise Refused

        return lambda: desk.db.write(run)

    desk.in_one_turn(
        [note("a", fail=False), note("b", fail=True), note("c", fail=False), note("d", fail=True)]
    )
    assert ran == {"a": 3, "b": 1, "c": 2, "d": 1}
    assert [n for n, _v in rows(desk.db)] == [ord("a"), ord("c")]


def test_handlers_get_their_payloads_together_and_in_order(desk: Desk) -> None:
    """Payloads of one handler arrive as one list; a blamed one leaves alone, an unblamed error takes all."""
    seen: list[list[int]] = []

    def blaming(turn: Turn, payloads: Sequence[int]) -> list[int]:
        seen.append(list(payloads))
        for at, payload in enumerate(payloads):
            if payload % 3 == 0:
                turn.blame(at)
                raise Refused(str(payload))
        return [payload * 10 for payload in payloads]

    def failing(_turn: Turn, _payloads: Sequence[int]) -> list[int]:
        raise Refused("all")

    calls = [lambda n=n: desk.db.write_grouped(blaming, n) for n in (1, 3, 5)]
    calls[1:1] = [lambda n=n: desk.db.write_grouped(failing, n) for n in (7, 8)]
    got = [future.exception() or future.result() for future in desk.in_one_turn(calls)]
    assert seen == [[1, 3, 5], [1, 5], [1, 5]]
    assert [str(one) for one in got] == ["10", "all", "all", "3", "50"]


def test_a_handler_must_answer_every_payload(desk: Desk) -> None:
    """Too few answers are nobody's commit: everything is undone and everybody hears of it."""

    def short(turn: Turn, payloads: Sequence[int]) -> list[int]:
        insert(payloads[0], 0)(turn.conn)
        return []

    futures = desk.in_one_turn([lambda: desk.db.write_grouped(short, 1)])
    assert isinstance(futures[0].exception(), ValueError)
    assert rows(desk.db) == []


# -- the order of turns


def test_the_lead_goes_to_who_queued_and_the_first_is_not_kept(desk: Desk) -> None:
    """A leader answers its own caller; the next turn is led by the thread that asked for it."""
    started, go = threading.Event(), threading.Event()
    second_runs, second_may = threading.Event(), threading.Event()
    led: dict[str, int] = {}

    def first(_turn: Turn) -> None:
        led["first"] = threading.get_ident()
        started.set()
        assert go.wait(SECONDS)

    def second(_turn: Turn) -> None:
        led["second"] = threading.get_ident()
        second_runs.set()
        assert second_may.wait(SECONDS)

    one = desk.pool.submit(desk.db.write, first)
    assert started.wait(SECONDS)
    two = desk.pool.submit(lambda: (desk.db.write(second), threading.get_ident())[1])
    desk._until(lambda: len(desk.group._queue) == 1)
    go.set()
    one.result(SECONDS)  # done although the second turn still runs
    assert second_runs.wait(SECONDS)
    assert not two.done()
    second_may.set()
    assert two.result(SECONDS) == led["second"] != led["first"]
    assert not desk.group._led


def test_a_turn_takes_no_more_than_its_weight(desk: Desk) -> None:
    """Heavy callers share a turn up to MAX_WEIGHT; one that is heavier than that has a turn to itself."""
    turns: list[list[int]] = []

    def note(_turn: Turn, payloads: Sequence[int]) -> Sequence[int]:
        turns.append(list(payloads))
        return payloads

    half = commit.MAX_WEIGHT // 2
    weights = [half, half, 1, 3 * commit.MAX_WEIGHT, 1, half, half - 1, 1]
    desk.in_one_turn([lambda w=w: desk.db.write_grouped(note, w, weight=w) for w in weights])
    assert turns == [[half, half], [1], [3 * commit.MAX_WEIGHT], [1, half, half - 1], [1]]


def test_time_stands_still_within_a_turn(desk: Desk) -> None:
    futures = desk.in_one_turn([lambda: desk.db.write(lambda turn: turn.now_ms)] * 5)
    assert len({future.result() for future in futures}) == 1


def test_parts_write_last_once_and_forget_failed_attempts(desk: Desk) -> None:
    """What a turn amounts to is written once, from the jobs that stand."""

    class Sum:
        def __init__(self, conn: sa.Connection) -> None:
            self.conn, self.total = conn, 0

        def before_commit(self) -> None:
            insert(99, self.total)(self.conn)

    def adding(value: int) -> Callable[[Turn], None]:
        def run(turn: Turn) -> None:
            turn.part(Sum, lambda: Sum(turn.conn)).total += value
            if value < 0:
                raise Refused

        return run

    desk.in_one_turn([lambda v=v: desk.db.write(adding(v)) for v in (1, 2, -50, 4)])
    assert rows(desk.db) == [(99, 7)]


def test_a_part_that_fails_takes_the_whole_turn(desk: Desk) -> None:
    class Broken:
        def before_commit(self) -> None:
            raise Refused("part")

    def run(turn: Turn) -> None:
        insert(1, 1)(turn.conn)
        turn.part(Broken, Broken)

    futures = desk.in_one_turn(
        [lambda: desk.db.write(run), lambda: desk.db.write(lambda t: insert(2, 2)(t.conn))]
    )
    assert [str(future.exception()) for future in futures] == ["part", "part"]
    assert rows(desk.db) == []


# -- after the commit


def test_after_runs_in_the_callers_thread_when_everything_is_durable(
    desk: Desk, addresses: Addresses
) -> None:
    """`after` sees the committed rows through another connection and belongs to its caller alone."""
    elsewhere = Database(addresses.application)

    def call(n: int) -> tuple[bool, list[tuple[int, int]]]:
        me = threading.get_ident()
        after = lambda value, turn: (threading.get_ident() == me, rows(elsewhere), value, turn.now_ms > 0)  # noqa: E731
        mine, seen, value, timed = desk.db.write(lambda turn: insert(n, n)(turn.conn), after=after)
        assert (value, timed) == (n, True)
        return mine, seen

    futures = desk.in_one_turn([lambda n=n: call(n) for n in range(4)])
    everything = [(n, n) for n in range(4)]
    assert [future.result() for future in futures] == [(True, everything)] * 4
    elsewhere.close()


def test_an_after_that_raises_is_its_callers_own_affair(desk: Desk) -> None:
    def broken(_value: Any, _turn: Turn) -> None:
        raise Refused("mine")

    calls = [
        lambda: desk.db.write(lambda turn: insert(1, 1)(turn.conn), after=broken),
        lambda: desk.db.write(lambda turn: insert(2, 2)(turn.conn)),
    ]
    futures = desk.in_one_turn(calls)
    assert str(futures[0].exception()) == "mine"
    assert futures[1].result() == 2
    assert rows(desk.db) == [(1, 1), (2, 2)]


# -- commits that fail


@pytest.mark.parametrize("effect", [False, True], ids=["nothing-there", "all-there"])
def test_an_unknown_commit_is_unknown_to_everybody_of_the_turn(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, effect: bool
) -> None:
    """No caller of the turn is told yes, no `after` runs, and the next turn is well again."""
    commit_really = desk.db.engine.dialect.do_commit
    broken = itertools.count()
    done_after: list[Any] = []

    def do_commit(driver: Any) -> None:
        # The first commit is that of the job which only holds the writer.
        if next(broken) == 1:
            if effect:
                commit_really(driver)
            raise sqlite3.OperationalError("disk I/O error")
        commit_really(driver)

    monkeypatch.setattr(desk.db.engine.dialect, "do_commit", do_commit)
    after = lambda value, _turn: done_after.append(value)  # noqa: E731
    calls = [lambda n=n: desk.db.write(lambda turn: insert(n, n)(turn.conn), after=after) for n in range(5)]
    calls.insert(2, lambda: desk.db.write(lambda _turn: (_ for _ in ()).throw(Refused("known"))))
    futures = desk.in_one_turn(calls)
    kinds = [type(future.exception()) for future in futures]
    # The refused job is told so: its fate is known, whatever becomes of the others.
    assert kinds == [CommitUnknown, CommitUnknown, Refused, CommitUnknown, CommitUnknown, CommitUnknown]
    assert done_after == []
    assert rows(desk.db) == ([(n, n) for n in range(5)] if effect else [])
    assert desk.db.write(lambda turn: insert(77, 7)(turn.conn)) == 7


def test_a_gate_that_does_not_open_fails_its_turn_only(desk: Desk) -> None:
    gate, closed = desk.group._gate, [True]

    def stuck() -> Any:
        if closed and desk.turns >= 1:
            closed.clear()
            raise OSError("no lock")
        return gate()

    desk.group._gate = stuck
    desk.db.write(lambda turn: insert(1, 1)(turn.conn))
    with pytest.raises(OSError, match="no lock"):
        desk.db.write(lambda turn: insert(2, 2)(turn.conn))
    desk.db.write(lambda turn: insert(3, 3)(turn.conn))
    assert [n for n, _v in rows(desk.db)] == [1, 3]


def test_an_interrupt_reaches_the_leader_and_frees_the_others(desk: Desk) -> None:
    """Ctrl-C in a leader's thread must not leave callers waiting for ever."""

    def interrupted(turn: Turn) -> None:
        insert(1, 1)(turn.conn)
        raise KeyboardInterrupt

    calls = [lambda: desk.db.write(interrupted), lambda: desk.db.write(lambda turn: insert(2, 2)(turn.conn))]
    futures = desk.in_one_turn(calls)
    assert [type(future.exception()) for future in futures] == [KeyboardInterrupt, KeyboardInterrupt]
    assert rows(desk.db) == []
    assert desk.db.write(lambda turn: insert(3, 3)(turn.conn)) == 3


# -- many at once


def test_many_threads_lose_nothing(desk: Desk) -> None:
    """Sixteen callers count up one row: no step is lost, refused ones leave no trace, turns are shared."""
    desk.db.write(lambda turn: insert(0, 0)(turn.conn))
    desk.turns = 0

    def caller(me: int) -> list[int]:
        values = []
        for step in range(25):
            if (me + step) % 7 == 0:
                with pytest.raises(Refused):
                    desk.db.write(lambda turn: add(0, -1_000_000)(turn.conn))
            else:
                values.append(desk.db.write(lambda turn: add(0, 1)(turn.conn)))
        return values

    values = [value for one in desk.pool.map(caller, range(16)) for value in one]
    assert sorted(values) == list(range(1, len(values) + 1))
    assert rows(desk.db) == [(0, len(values))]
    assert desk.turns < 16 * 25


def test_a_part_that_says_so_writes_behind_all_others() -> None:
    """Whatever joined first: rows that every turn locks are locked in one order."""
    written: list[str] = []

    class Last:
        last = True

        def before_commit(self) -> None:
            written.append("last")

    class Other:
        def before_commit(self) -> None:
            written.append("other")

    turn = Turn(None, 0)
    turn.part(Last, Last)
    turn.part(Other, Other)
    turn.finish()

    assert written == ["other", "last"]
