"""From days attended to money (按天补贴、生活费): the archive's days, and the group that held on each."""

import datetime as dt
import uuid
from typing import Any

import pytest

from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import values, views
from tests.archive.support import Centre, id_of, person
from tests.archive.test_disputes import confirm
from tests.money.claims.world import Assessor, World


@pytest.fixture
def school(world: World) -> Centre:
    world.registers.said["public_payroll"] = False
    return Centre(world.house, 7)


def attended(world: World, school: Centre, days: int) -> tuple[bytes, bytes, dt.date]:
    """A course with so many days attended: worker id, record id, the first day."""
    first = beijing_date(world.house.clock.now_ms()) - dt.timedelta(days=40)
    on = [(first + dt.timedelta(days=n)).isoformat() for n in range(days)]
    record = school.completion(person(1), attended_on=on)
    school.enter(record)
    worker_id = school.worker_id(person(1))
    confirm(world.house, worker_id, record)
    return worker_id, uuid.UUID(id_of(record)).bytes, first


def member(world: World, since: dt.date, group: str = "disabled") -> None:
    """A bureau says to which group the worker belongs since when."""
    bureau = Assessor(world.house, 60, kind="bureau")
    body = {
        "group": group,
        "valid_from": since.isoformat(),
        "source": "certificate",
        "source_body": "示范残联",
        "checked_on": beijing_date(world.house.clock.now_ms()).isoformat(),
    }
    bureau.enter(bureau.record("group-membership", person(1), body))


def facts(world: World, one: Any) -> dict[str, dict[str, Any]]:
    with world.house.db.read() as conn:
        told = views.decision(world.house, conn, one)
    assert told is not None
    return {fact["name"]: fact for fact in told["facts"]}


def test_days_attended_within_the_group_are_paid_to_the_last_fen(world: World, school: Centre) -> None:
    worker_id, course, first = attended(world, school, 10)
    member(world, first + dt.timedelta(days=6))

    one = world.file(worker_id, course, kind="LIVING")

    # Four of ten days lie within the group: 40 yuan each in 2025.
    assert (one.state, one.amount_fen) == ("CHECKED", 4 * 4_000)
    told = facts(world, one)
    assert (told["days_attended"]["value"], told["group"]["value"]) == ("10 天", "残疾人")
    assert told["days"]["source"].startswith("档案日志第")
    paid = world.bring(one, "PAID")
    assert (paid.state, paid.amount_fen) == ("PAID", 16_000)
    assert [amount for _, _, amount, _ in world.bank.queued] == [16_000]
    # The same course twice: the limit of its purpose says no.
    with world.house.db.read() as conn:
        assert [it.kind for it in values.listed(conn, values.claim.c.worker_id == worker_id)] == ["LIVING"]


def test_without_a_group_the_fact_is_missing_and_asked_for(world: World, school: Centre) -> None:
    worker_id, course, _ = attended(world, school, 8)
    one = world.file(worker_id, course, kind="LIVING")
    assert one.state == "NEED_INFO"
    assert "group" not in facts(world, one)


def test_a_course_by_the_day_is_paid_by_its_days(world: World, school: Centre) -> None:
    worker_id, course, _ = attended(world, school, 12)
    one = world.file(worker_id, course, kind="TRAIN_DAY")
    # 10 days at 150 and 2 at 100 yuan, of which level 5 gets 80 percent.
    assert one.amount_fen == (10 * 15_000 + 2 * 10_000) * 80 // 100
    assert world.bring(one, "PAID").state == "PAID"
