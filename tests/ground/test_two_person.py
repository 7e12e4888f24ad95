"""Two people, one act: who may decide, once, on what, and what a failure leaves."""

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from recordsvc.ground import two_person, versions
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.problems import Conflict
from recordsvc.ground.two_person import (
    AlreadyClosed,
    NotTheProposer,
    Proposal,
    SamePerson,
    StaleProposal,
    UnknownProposal,
    proposal,
)

ANN, BOB, CAI = "official:ann", "official:bob", "official:cai"


class Ledger:
    """What the executors of these tests did, and what their kind is based on."""

    def __init__(self) -> None:
        self.done: list[tuple[str, object]] = []
        self.basis = "1"
        self.fails = False


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    book = Ledger()

    @two_person.executor(
        "test.act", deciders=frozenset({"keeper"}), basis=lambda *_: book.basis, life_ms=1000
    )
    def act(turn, payload, decided: Proposal) -> str:
        versions.bump(turn, "test.acts")
        # What an executor writes shares the fate of the decision.
        turn.conn.execute(proposal.update().where(proposal.c.id == decided.id).values(subject="acted"))
        if book.fails:
            raise Conflict
        book.done.append((payload["what"], decided.tools))
        return "acted"

    yield book
    del two_person._kinds["test.act"]


@pytest.fixture
def proposed(database: Database, ledger: Ledger) -> bytes:
    return database.write(lambda turn: two_person.propose(turn, "test.act", "door", {"what": "open"}, ANN))


def decide(database: Database, proposal_id: bytes, by: str = BOB, approve: bool = True) -> object:
    return database.write(
        lambda turn: two_person.decide(turn, proposal_id, by, approve, "checked", tools="keys")
    )


def state(database: Database, proposal_id: bytes) -> Proposal:
    with database.read() as conn:
        return two_person.read(conn, proposal_id, database.clock.now_ms())


def test_the_second_person_acts(database: Database, ledger: Ledger, proposed: bytes):
    assert decide(database, proposed) == "acted"
    assert ledger.done == [("open", "keys")]
    after = state(database, proposed)
    assert (after.state, after.decided_by, after.reason, after.subject) == ("done", BOB, "checked", "acted")


def test_the_proposer_cannot_decide(database: Database, ledger: Ledger, proposed: bytes):
    for approve in (True, False):
        with pytest.raises(SamePerson):
            decide(database, proposed, ANN, approve)
    assert (ledger.done, state(database, proposed).state) == ([], "open")


def test_the_database_itself_refuses_one_person_twice(database: Database, ledger: Ledger, proposed: bytes):
    forced = proposal.update().values(state="done", decided_by=ANN, closed_ms=1)
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda turn: turn.conn.execute(forced).rowcount)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "done", "closed_ms": 1},
        {"decided_by": BOB},
        {"state": "withdrawn"},
        {"state": "else", "closed_ms": 1},
    ],
)
def test_the_database_refuses_half_a_decision(
    database: Database, ledger: Ledger, proposed: bytes, values: dict
):
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda turn: turn.conn.execute(proposal.update().values(**values)).rowcount)


def test_refusing_does_nothing_else(database: Database, ledger: Ledger, proposed: bytes):
    assert decide(database, proposed, approve=False) is None
    assert (ledger.done, state(database, proposed).state) == ([], "refused")


def test_what_is_closed_stays_closed(database: Database, ledger: Ledger, proposed: bytes):
    decide(database, proposed, approve=False)
    with pytest.raises(AlreadyClosed):
        decide(database, proposed, CAI)
    with pytest.raises(AlreadyClosed):
        database.write(lambda turn: two_person.withdraw(turn, proposed, ANN, "late"))
    assert ledger.done == []


def test_only_the_proposer_withdraws(database: Database, ledger: Ledger, proposed: bytes):
    with pytest.raises(NotTheProposer):
        database.write(lambda turn: two_person.withdraw(turn, proposed, BOB, "mine"))
    database.write(lambda turn: two_person.withdraw(turn, proposed, ANN, "mistake"))
    assert (state(database, proposed).state, state(database, proposed).decided_by) == ("withdrawn", None)
    with pytest.raises(AlreadyClosed):
        decide(database, proposed)


def test_an_act_that_fails_leaves_the_proposal_open(database: Database, ledger: Ledger, proposed: bytes):
    ledger.fails = True
    with pytest.raises(Conflict):
        decide(database, proposed)
    after = state(database, proposed)
    assert (after.state, after.subject, after.decided_by) == ("open", "door", None)
    ledger.fails = False
    assert decide(database, proposed) == "acted"


def test_an_old_proposal_can_only_be_refused(
    database: Database, ledger: Ledger, proposed: bytes, clock: FixedClock
):
    clock.advance(1000)
    assert state(database, proposed).state == "expired"
    with pytest.raises(StaleProposal):
        decide(database, proposed)
    decide(database, proposed, approve=False)
    assert (ledger.done, state(database, proposed).state) == ([], "refused")


def test_changed_facts_make_a_proposal_stale(database: Database, ledger: Ledger, proposed: bytes):
    ledger.basis = "2"
    with pytest.raises(StaleProposal):
        decide(database, proposed)
    assert (ledger.done, state(database, proposed).state) == ([], "open")
    ledger.basis = "1"
    assert decide(database, proposed) == "acted"


def test_many_race_and_one_decides(database: Database, ledger: Ledger, proposed: bytes):
    start, won, lost = threading.Barrier(8), [], []

    def run(by: str, own: Database) -> None:
        start.wait()
        try:
            won.append(decide(own, proposed, by))
        except AlreadyClosed as error:
            lost.append(error)

    # Half of them through a gate of their own, as another process would.
    other = Database(database.url.render_as_string(hide_password=False), clock=database.clock)
    threads = [
        threading.Thread(target=run, args=(f"official:{n}", other if n % 2 else database)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    # A job may run again while others leave its turn, so what counts is what the database kept.
    with database.read() as conn:
        acts = versions.version(conn, "test.acts")
    assert (won, len(lost), acts) == (["acted"], 7, 1)


def test_lists_show_open_and_closed_apart(database: Database, ledger: Ledger, clock: FixedClock):
    made = []
    for what in ("a", "b", "c", "d"):
        made.append(
            database.write(lambda turn, w=what: two_person.propose(turn, "test.act", w, {"what": w}, ANN))
        )
        clock.advance(1)
    decide(database, made[1])
    clock.advance(997)
    with database.read() as conn:
        now = clock.now_ms()
        assert [p.subject for p in two_person.pending(conn, now)] == ["c", "d"]
        assert [p.subject for p in two_person.pending(conn, now, after=made[2])] == ["d"]
        assert [p.state for p in two_person.closed(conn, now)] == ["done", "expired"]
        assert [p.state for p in two_person.closed(conn, now, before=made[1])] == ["expired"]


def test_an_unknown_proposal_is_unknown(database: Database, ledger: Ledger):
    with pytest.raises(UnknownProposal):
        decide(database, b"\0" * 16)


def test_a_kind_has_one_executor(ledger: Ledger):
    with pytest.raises(ValueError, match=r"two executors for 'test\.act'"):
        two_person.executor("test.act")(lambda *_: None)


def test_a_kind_says_who_decides(ledger: Ledger):
    assert two_person.deciders("test.act") == {"keeper"}
