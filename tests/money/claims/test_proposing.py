"""A certificate arrives: its worker is told what may be had for it, once; nothing is claimed by itself."""

import uuid

import pytest

from recordsvc.archive import noticeboard
from recordsvc.house import House
from recordsvc.money.claims import bank, proposing, values
from tests.archive.support import id_of, person
from tests.archive.test_disputes import confirm
from tests.money.claims.test_trainings_once import Trained
from tests.money.claims.world import World


@pytest.fixture
def connected(world: World) -> World:
    """A world whose registers are those that the page of entitlements asks, too."""
    world.house.registers = [world.registers]
    bank.connect(world.house)
    return world


def told(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        found = noticeboard.of_workers(house, conn, [worker_id])
    return [str(one.params["record_id"]) for one in found if one.kind == proposing.TOLD]


def test_a_worker_is_told_once_of_what_a_new_certificate_may_bring(connected: World) -> None:
    worker_id, record_id = connected.certified()
    for _ in range(2):
        proposing.follower(connected.house).run()
    assert told(connected.house, worker_id) == [str(uuid.UUID(bytes=record_id))]
    with connected.house.db.read() as conn:
        assert values.listed(conn) == []


def test_a_course_is_told_of_when_its_worker_confirms_it_and_what_it_may_bring(connected: World) -> None:
    """Both kinds by the day rest on the course, which counts once it is confirmed."""
    connected.registers.said["public_payroll"] = False
    trained = Trained(connected)
    record = trained.school.completion(person(1))
    trained.school.enter(record)
    proposing.follower(connected.house).run()
    assert told(connected.house, trained.worker_id) == []

    confirm(connected.house, trained.worker_id, record)
    for _ in range(2):
        proposing.follower(connected.house).run()
    assert told(connected.house, trained.worker_id) == [id_of(record)]


def test_what_the_rule_refuses_is_not_proposed(connected: World) -> None:
    connected.registers.said["insured_months"] = 3
    worker_id, _ = connected.certified()
    proposing.follower(connected.house).run()
    assert told(connected.house, worker_id) == []
