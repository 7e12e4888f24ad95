"""Apprentices of an enterprise: advanced, left, replaced, settled, asked back, to the last fen."""

import datetime as dt
import uuid
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from recordsvc.archive import noticeboard
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import apprentice_ends, apprentices, paying
from recordsvc.money.claims.apprentice_tables import apprentice, apprentice_left
from recordsvc.money.claims.apprentices import Plan
from recordsvc.money.claims.errors import PlaceTaken, PlanRefused
from recordsvc.money.claims.values import Claim, decision_of
from recordsvc.money.recovery import advances
from tests.archive.support import id_of, person
from tests.archive.test_disputes import confirm
from tests.money.claims.test_behalf import School, line
from tests.money.claims.world import APPROVER, HANDLER, PAYER, REVIEWER, SPENT, Assessor
from tests.money.recovery.test_offsetting import zero_sum
from tests.money.recovery.world import Recoveries

BY = "staff:s-1"
LONG = (pytest.mark.long, pytest.mark.beside)
RATE, HALF = 500_000, 250_000
PLANNED = {"theory_minutes": 900, "practice_minutes": 1800, "online_minutes": 0}
FITTER = {"edition": "2022", "code": "6-31-01-03", "name": "电工"}


class Works(School):
    """An enterprise with a plan of apprentices, and the money it gets for them."""

    def __init__(self, world: Recoveries, places: int) -> None:
        super().__init__(world, Assessor(world.house, 60, "employer"))  # type: ignore[arg-type]
        self.records: dict[int, bytes] = {}
        world.fund(50_000_000)
        today = beijing_date(world.house.clock.now_ms())
        self.starts_on = (today - dt.timedelta(days=40)).isoformat()
        said = {
            "course": "XT-1",
            "title": "电工学徒班",
            "occupation": FITTER["code"],
            "level": "4",
            "places": places,
            "advance_pct": 50,
            "starts_on": self.starts_on,
            "ends_on": (today + dt.timedelta(days=120)).isoformat(),
        }
        plan_id = world.write(apprentices.register, self.centre.uscc, said, BY)
        with world.house.db.read() as conn:
            self.plan: Plan = apprentices.find(conn, plan_id)

    def body(self, **more: Any) -> dict[str, Any]:
        return {
            "class": {"code": "XT-1"},
            "institution": {"uscc": self.centre.uscc, "name": "示范机电有限公司"},
            "training_type": "apprentice",
            "occupation": FITTER,
            "level": "4",
            "started_on": self.starts_on,
            **more,
        }

    def enter(self, n: int, record_type: str, **more: Any) -> bytes:
        record = self.centre.record(record_type, person(n), self.body(**more))
        self.centre.enter(record)
        confirm(self.world.house, self.centre.worker_id(person(n)), record)
        self.records[n] = record
        return uuid.UUID(id_of(record)).bytes

    def enrol(self, n: int, place: int | None = None) -> bytes:
        """Have somebody enrolled, and give them a place of the plan; the enrolment's id."""
        record_id = self.enter(n, "enrolment", ends_on=self.plan.ends_on)
        worker_id = self.centre.worker_id(person(n))
        self.given(worker_id, "APPRENTICE")
        self.world.write(apprentices.join, self.plan, place, worker_id, record_id, BY)
        return record_id

    def leaves(self, n: int, place: int) -> None:
        today = beijing_date(self.world.house.clock.now_ms()).isoformat()
        record_id = self.enter(n, "enrolment-outcome", ended_on=today, outcome="dropped")
        self.world.write(apprentices.leave, self.plan, place, record_id, BY)

    def finishes(self, n: int, **more: Any) -> bytes:
        today = beijing_date(self.world.house.clock.now_ms()).isoformat()
        said = {"ended_on": today, "result": "passed", "planned": PLANNED, "minutes_per_period": 45}
        return self.enter(n, "training-completion", **said | more)

    def claims(self, *who: tuple[int, bytes]) -> list[Claim]:
        """File a sheet for the enterprise itself."""
        lines = [line(n, record_id) for n, record_id in who]
        return [self.claim(row) for row in self.sheet(*lines, kind="APPRENTICE")]

    def refused(self, n: int, record_id: bytes) -> str:
        (row,) = self.sheet(line(n, record_id), kind="APPRENTICE")
        assert row.code == "claim-refused", (row.code, row.detail)
        return str(row.detail)

    def pay(self, *claims: Claim) -> None:
        """Take claims along the whole way, until the bank's book has their payments."""
        world = self.world
        world.account(claims[0], 7)  # type: ignore[attr-defined]
        for event, who in (("accept", HANDLER), ("review", REVIEWER)):
            for one in claims:
                world.step(one, event, who)
        world.publish(*claims)
        world.days(14)
        for event, who in (("approve", APPROVER), ("finance", PAYER)):
            for one in claims:
                world.step(one, event, who)
        paying.run(world.house)
        desk = world.desk  # type: ignore[attr-defined]
        desk.send()
        desk.notify(*(desk.debit(bytes.fromhex(world.read(one).payment)) for one in claims))
        assert {world.read(one).state for one in claims} == {"PAID"}

    def kept(self) -> int:
        """What the enterprise has, by the budget and by the bank's book, which agree."""
        world: Any = self.world
        assert zero_sum(world)
        spent = world.posted(SPENT)
        # What came back stands in the bank's account again.
        assert world.posted("cash:employ:bank") == -spent
        return int(spent)


def recovered(world: Recoveries, one: Claim, reference: str) -> None:
    """Let the enterprise be heard, two officials decide, and the money come in at the bank."""
    case = world.owing(one, HALF)
    assert (case.ground, case.proposed_fen) == ("advance-unearned", HALF)
    assert world.repaid(case, HALF, reference).state == "SETTLED"
    assert world.read(one).state == "RECOVERED"


@pytest.mark.parametrize("finished", [pytest.param(0, marks=LONG), 1, pytest.param(2, marks=LONG)])
def test_case_44_whoever_finishes_the_enterprise_keeps_their_number_times_the_rate(
    world: Recoveries, finished: int
) -> None:
    works = Works(world, 2)
    enrolled = {n: works.enrol(n) for n in (1, 2)}
    advanced = works.claims(*enrolled.items())
    assert [one.amount_fen for one in advanced] == [HALF, HALF]
    works.pay(*advanced)
    assert works.kept() == 2 * HALF
    done = [(n, works.finishes(n)) for n in range(1, finished + 1)]
    if done:
        settled = works.claims(*done)
        assert [one.amount_fen for one in settled] == [RATE - HALF] * finished
        works.pay(*settled)
    # Not before the enterprise had its days to settle.
    assert advances.run(world.house) == 0
    world.days(120 + 181)
    assert advances.run(world.house) == 2 - finished
    assert advances.run(world.house) == 0
    for n, one in enumerate(advanced[finished:]):
        recovered(world, one, f"B{n}")
    assert works.kept() == finished * RATE


def test_case_44_a_replacement_finishes_on_the_advance_of_who_left(world: Recoveries) -> None:
    works = Works(world, 2)
    first, second = works.claims((1, works.enrol(1)), (2, works.enrol(2)))
    works.pay(first, second)
    works.leaves(1, 1)
    works.leaves(2, 2)
    record_id = works.enrol(3, 1)
    # Money was advanced for the place, not for the person.
    assert "不再预支" in works.refused(3, record_id)
    (settled,) = works.claims((3, works.finishes(3)))
    assert settled.amount_fen == RATE - HALF
    works.pay(settled)
    with world.house.db.read() as conn:
        made = decision_of(conn, settled)
    facts = orjson.loads(made.document)["facts"]
    assert [facts[name]["value"] for name in ("left", "replaced", "advance_pct")] == [1, 1, 50]
    # Nobody came in the place of the second: it ends, and what was advanced for it is asked back.
    world.days(61)
    assert advances.run(world.house) == 1
    recovered(world, second, "B1")
    assert world.read(first).state in ("PAID", "CLOSED")
    assert works.kept() == RATE
    with pytest.raises(PlaceTaken):
        works.enrol(4, 2)


def test_case_44_the_enterprise_is_told_and_the_apprentice_owes_nothing(world: Recoveries) -> None:
    works = Works(world, 1)
    (one,) = works.claims((1, works.enrol(1)))
    works.pay(one)
    world.write(apprentice_ends.end, works.plan, 1, apprentice_ends.GIVEN_UP, BY)
    assert advances.run(world.house) == 1
    with world.house.db.read() as conn:
        mine = [it.kind for it in noticeboard.of_workers(world.house, conn, [one.worker_id])]
    assert "recovery-opened" not in mine
    # What happens in the archive afterwards neither drops the case nor tops the advance up.
    works.enter(1, "enrolment-outcome", ended_on=works.starts_on, outcome="dropped")
    world.follow()
    (case,) = world.cases(one)
    assert (case.state, world.topups(one)) == ("OPENED", [])


def test_case_44_an_advance_not_paid_yet_of_a_place_that_ended_is_not_paid(world: Recoveries) -> None:
    works = Works(world, 1)
    (one,) = works.claims((1, works.enrol(1)))
    world.account(one, 7)
    world.step(one, "accept", HANDLER)
    world.step(one, "review", REVIEWER)
    before = world.left()
    world.write(apprentice_ends.end, works.plan, 1, apprentice_ends.GIVEN_UP, BY)
    now = world.read(one)
    # Its hold is given back, its signatures ended, and the rule says why.
    assert (now.state, now.amount_fen, world.left() - before) == ("CHECKED", 0, HALF)
    assert advances.run(world.house) == 0


def test_case_44_a_settlement_waits_for_the_advance_and_a_changed_result_gives_both_back(
    world: Recoveries,
) -> None:
    works = Works(world, 1)
    (advanced,) = works.claims((1, works.enrol(1)))
    finished = works.finishes(1)
    assert "还没有办结" in works.refused(1, finished)
    works.pay(advanced)
    (settled,) = works.claims((1, finished))
    works.pay(settled)
    assert works.kept() == RATE
    # What else happens in the archive asks for neither.
    done = works.records[1]
    works.enter(1, "enrolment", ends_on=works.plan.ends_on, **{"class": {"code": "XT-9"}})
    world.follow()
    assert (world.cases(settled), world.cases(advanced)) == ([], [])
    # The completion turns out to be none: first the settlement comes back, then the advance.
    works.centre.enter(works.centre.revocation(person(1), done))
    world.follow()
    case = world.owing(settled, RATE - HALF)
    world.repaid(case, RATE - HALF, "S1")
    world.days(120 + 181)
    assert advances.run(world.house) == 1
    recovered(world, advanced, "S2")
    assert works.kept() == 0


def test_case_44_what_was_never_advanced_is_settled_whole(world: Recoveries) -> None:
    works = Works(world, 1)
    works.enrol(1)
    (settled,) = works.claims((1, works.finishes(1)))
    assert settled.amount_fen == RATE


def test_case_44_only_who_is_of_the_plan_and_its_level_is_advanced_and_settled(world: Recoveries) -> None:
    works = Works(world, 1)
    stranger = works.enter(2, "enrolment", ends_on=works.plan.ends_on)
    works.given(works.centre.worker_id(person(2)), "APPRENTICE")
    assert "不在备案" in works.refused(2, stranger)
    works.enrol(1)
    with pytest.raises(PlaceTaken):
        works.enrol(3)
    with pytest.raises(PlanRefused):
        world.write(apprentices.leave, works.plan, 1, uuid.UUID(id_of(works.records[1])).bytes, BY)
    lower = works.finishes(1, level="5")
    assert "培养目标" in works.refused(1, lower)


def test_case_44_no_more_replace_than_left_even_by_raw_sql(world: Recoveries) -> None:
    works = Works(world, 1)
    works.enrol(1)
    query = sa.select(apprentice).where(apprentice.c.plan_id == works.plan.plan_id)
    with world.house.db.read() as conn:
        row = dict(conn.execute(query).mappings().one())

    def insert(values: dict[str, Any]) -> None:
        world.house.db.write(lambda turn: turn.conn.execute(apprentice.insert().values(values)))

    other = {"worker_id": bytes(16)}
    second = row | other | {"turn": 2, "before": 1}
    for wrong in (second, row | other | {"place": 2}, row | other | {"turn": 2}):
        with pytest.raises(sa.exc.IntegrityError):
            insert(wrong)
    left = {name: row[name] for name in ("plan_id", "place", "turn", "record_id")}
    left |= {"left_by": BY, "left_ms": 1}
    world.house.db.write(lambda turn: turn.conn.execute(apprentice_left.insert().values(left)))
    insert(second)
