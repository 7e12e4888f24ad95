"""A claim is a reason to look for who decides on it, as long as it is under way; and no other is."""

import pytest

from recordsvc.archive.look_relations import Looked
from recordsvc.money.claims import looks
from tests.archive.test_merging import merge
from tests.money.claims.world import World

MINUTE_MS = 60_000


def look(world: World, worker_id: bytes, kind: str = "official") -> Looked:
    now = world.house.clock.now_ms()
    return Looked(1, worker_id, now, kind, "somebody", "claim-review", "records", "r-1")


def related(world: World, one: Looked) -> bool:
    with world.house.db.read() as conn:
        return any(relation(world.house, conn, one) for relation in world.house.look_relations)


def test_from_filing_to_the_end_and_for_what_soon_becomes_a_claim(world: World) -> None:
    worker_id, record_id = world.certified()
    early = look(world, worker_id)
    world.days(1)
    soon = look(world, worker_id)
    assert not related(world, soon)
    one = world.file(worker_id, record_id)
    assert (related(world, early), related(world, soon)) == (False, True)
    at_work = look(world, worker_id)
    assert related(world, at_work)
    world.days(1)
    world.refuse(one, "材料不符")
    world.days(1)
    assert related(world, at_work), "it was under way at the look"
    assert not related(world, look(world, worker_id))


@pytest.mark.parametrize("kind", ["client", "staff", "worker"])
def test_it_is_none_for_anybody_but_officials(world: World, kind: str) -> None:
    worker_id, record_id = world.certified()
    world.file(worker_id, record_id)
    assert not looks_at(world, look(world, worker_id, kind))
    assert looks_at(world, look(world, worker_id))


def test_it_is_none_at_another_person_and_one_at_the_same_under_another_number(world: World) -> None:
    worker_id, record_id = world.certified(1)
    other, _record = world.certified(2)
    world.file(worker_id, record_id)
    assert not looks_at(world, look(world, other))
    merge(world.house, worker_id, other)
    assert looks_at(world, look(world, other))


def looks_at(world: World, one: Looked) -> bool:
    with world.house.db.read() as conn:
        return looks.relation(world.house, conn, one)
